"""Where things are, and how a tool of this folder fails."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

STATUS_TIMEOUT = 124  # as timeout(1)
STATUS_FAILURE = 125  # the system, not the program, failed

ELF_MAGIC = b"\x7fELF"
PT_INTERP = 3
AARCH64 = 183  # number of the machine in an ELF file


class Failure(Exception):
    """Something outside the program under test is wrong; its text is for the user."""


def build_folder():
    """Folder with everything built: build/, or PAGODA_BUILD."""
    return Path(os.environ.get("PAGODA_BUILD", ROOT / "build"))


def relative(path):
    """`path` as a person standing in the project would write it."""
    try:
        return str(Path(path).resolve().relative_to(ROOT))
    except ValueError:
        return str(path)


def find_program(name, hint="tools/setup"):
    """Path of a host program, also in the sbin folders; Failure names the fix."""
    search = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    found = shutil.which(name, path=search)
    if not found:
        raise Failure(f"{name} is not installed; {hint} gets it")
    return found


def cross_tool(name):
    """A binutils program for AArch64, or None. CROSS is the prefix, as in the Makefile."""
    for prefix in (os.environ.get("CROSS"), "aarch64-linux-gnu-"):
        if prefix is not None and shutil.which(prefix + name):
            return prefix + name
    return shutil.which("llvm-" + name)


def run_quietly(command, what, environment=None):
    """Runs a host program to its end, with further variables; Failure carries its own words when it
    fails."""
    try:
        done = subprocess.run(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=60,
            env={**os.environ, **(environment or {})},
        )
    except OSError as error:
        raise Failure(f"{what}: {error}") from error
    except subprocess.TimeoutExpired as error:
        raise Failure(f"{what}: {command[0]} did not end within 60 s") from error
    if done.returncode:
        words = done.stdout.decode(errors="replace").strip()
        raise Failure(f"{what}: {command[0]} failed with status {done.returncode}\n{words}")
    return done.stdout


def read_bytes(path, what):
    """Contents of a file that must be there."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise Failure(f"{what}: {relative(path)}: {error.strerror}") from error


def elf_interpreter(path):
    """The dynamic loader that a program asks for (gABI, PT_INTERP), or None."""
    data = Path(path).read_bytes()
    if data[:4] != ELF_MAGIC or len(data) < 64:
        return None
    table, size, count = (int.from_bytes(data[at : at + n], "little") for at, n in ((32, 8), (54, 2), (56, 2)))
    for at in range(table, table + size * count, max(size, 1)):
        if int.from_bytes(data[at : at + 4], "little") == PT_INTERP:
            start = int.from_bytes(data[at + 8 : at + 16], "little")
            length = int.from_bytes(data[at + 32 : at + 40], "little")
            return os.fsdecode(data[start : start + length].rstrip(b"\0"))
    return None


def elf_machine(path):
    """Machine number of an ELF file; None when it is no ELF file."""
    try:
        with open(path, "rb") as file:
            head = file.read(20)
    except OSError:
        return None
    return int.from_bytes(head[18:20], "little") if head[:4] == ELF_MAGIC else None
