"""`pagoda doctor`: what this machine lacks, and what to do about it, root or not."""

import os
import platform
import shutil
import subprocess

from .common import ROOT, Failure, build_folder, relative

DESCRIPTION = "Looks at this machine and names each missing thing, its use and its fix."

DISK_WANTED = 2 << 30  # bytes free for packages and build

# What somebody without root can do; {name} is the package.
WITHOUT_ROOT = {
    "qemu-system-arm": "a QEMU of your own: PAGODA_QEMU=/path/to/qemu-system-aarch64",
    "gcc-aarch64-linux-gnu": "any AArch64 compiler in PATH: make CROSS=prefix-",
    "u-boot-qemu": "apt-get download u-boot-qemu && dpkg -x u-boot-qemu_*.deb DIR, then "
    "PAGODA_UBOOT=DIR/usr/lib/u-boot/qemu_arm64/u-boot.bin",
    "python3-pytest": "a Python that has pytest and pexpect: make PYTHON=/path/to/python3",
    "python3-pexpect": "a Python that has pytest and pexpect: make PYTHON=/path/to/python3",
    "build/sysroot": "tools/setup (it needs no root for this)",
}
UNPACK = "apt-get download {name} && dpkg -x {name}_*.deb DIR; PATH=DIR/usr/bin:DIR/usr/sbin:$PATH"
OPTIONAL = {
    "clang-format": "make format, make check-format",
}


def add_arguments(_parser):
    """No options."""


def needed():
    """[(name, there?, what for)] as tools/setup sees them."""
    done = subprocess.run(
        [ROOT / "tools/setup", "--list"], capture_output=True, text=True, check=False, timeout=60
    )
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    if done.returncode or not rows:
        raise Failure(f"tools/setup --list failed:\n{done.stderr.strip()}")
    return [(name, state == "ok", reason) for name, state, reason in rows]


def can_install():
    return os.geteuid() == 0 or shutil.which("sudo") is not None


def show_missing(name, reason):
    print(f"  MISSING  {name:<24} {reason}")
    if name == "build/sysroot":
        print(f"           fix: {WITHOUT_ROOT[name]}")
        return
    if can_install():
        print("           fix: tools/setup")
    else:
        print("           fix (administrator): tools/setup says the exact command")
    print(f"           without root: {WITHOUT_ROOT.get(name, UNPACK.format(name=name))}")


def built_files():
    return [build_folder() / "virt/Image", build_folder() / "userland/servers/root.elf"]


def main(_options):
    missing = 0
    print(f"Pagoda doctor: {platform.system()} on {platform.machine()}")
    for name, there, reason in needed():
        if there:
            print(f"  ok       {name:<24} {reason}")
        else:
            missing += 1
            show_missing(name, reason)
    free = shutil.disk_usage(ROOT).free
    if free < DISK_WANTED:
        missing += 1
        print(f"  MISSING  disk space               {free >> 20} MiB free, {DISK_WANTED >> 20} wanted")
        print("           fix: make clean, or another disk")
    for name, use in OPTIONAL.items():
        if not shutil.which(name):
            print(f"  optional {name:<24} {use} (apt-get install {name})")
    for path in built_files():
        if not path.is_file():
            print(f"  not yet  {relative(path):<24} built by: make")
    print("everything needed is there." if not missing else f"{missing} missing.")
    return 1 if missing else 0
