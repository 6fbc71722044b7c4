# Drivers are native programs: userland/build.mk finds every folder here but lib/, whose files are
# linked with each of them where it needs them.
