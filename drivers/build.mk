# Drivers are native programs: userland/build.mk finds every folder here and links it like a server.
