"""Symbols of servers and programs. All servers are linked to one address, so one at a time."""

import os
import re
import struct
from pathlib import Path

import gdb

from .kernel import ROOT, Unreadable

ET_DYN = 3
_loaded = []  # (file, offset) whose symbols gdb has, the newest last


def known_images():
    """{name: file}: what `pagoda gdb` says is in the bundle, then everything built."""
    build = Path(os.environ.get("PAGODA_BUILD", ROOT / "build"))
    images = {path.stem: path for path in sorted((build / "userland/servers").glob("*.elf"))}
    for item in filter(None, os.environ.get("PAGODA_IMAGES", "").split(";")):
        name, _, path = item.partition("=")
        images[name] = Path(path)
    return images


def program_base():
    """Where the personality puts position-independent programs."""
    text = (ROOT / "userland/servers/proc/memory/placement.c").read_text(encoding="utf-8")
    found = re.search(r"^#define PROGRAM_BASE\s+(0x[0-9a-fA-F]+)", text, re.MULTILINE)
    if not found:
        raise Unreadable("where is it loaded? pagoda program FILE BASE")
    return int(found[1], 16)


def elf_type(path):
    """e_type of a 64-bit little-endian ELF file."""
    try:
        head = Path(path).read_bytes()[:20]
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from None
    if head[:6] != b"\x7fELF\x02\x01":
        raise Unreadable(f"{path} is not a 64-bit ELF file")
    return struct.unpack_from("<H", head, 16)[0]


def replace(path, offset):
    """Loads symbols of `path`, moved by `offset`, instead of those loaded before."""
    while _loaded:
        gdb.execute(f'remove-symbol-file "{_loaded.pop()}"', to_string=True)
    path = Path(path).resolve()
    gdb.execute(f'add-symbol-file "{path}" -o {offset:#x}', to_string=True)
    _loaded.append(path)
    yield f"symbols of {path}" + (f" at {offset:#x}" if offset else "")


def load_server(name=None):
    images = known_images()
    if name is None:
        yield from (f"{known:<12} {path}" for known, path in sorted(images.items()))
        return
    if name not in images:
        raise Unreadable(f"no image {name}; there is: {', '.join(sorted(images))}")
    elf_type(images[name])
    yield from replace(images[name], 0)


def load_program(path, base=None):
    offset = program_base() if elf_type(path) == ET_DYN else 0
    if base is not None:
        offset = int(gdb.parse_and_eval(base))
    yield from replace(path, offset)
