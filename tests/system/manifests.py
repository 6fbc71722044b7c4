"""Manifests for tests that run several programs in one boot, one after the other."""

import re
import struct
from pathlib import Path

from pagodalib import trace as traces

ROOT = Path(__file__).resolve().parents[2]
_ENDED = re.compile(
    r"^proc: (\S+) \(pid (\d+)\) ended: status (\d+), (\d+) minor and (\d+) major faults$", re.M
)


def write(folder, *lines):
    """The standard system with these further lines; the path of the manifest."""
    path = Path(folder) / "manifest"
    text = (ROOT / "userland/manifest").read_text(encoding="utf-8")
    path.write_text(text + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def ends(result):
    """[(program, status, minor faults)] of the programs that ended, in order."""
    return [(name, int(status), int(minor)) for name, _, status, minor, _ in _ENDED.findall(result.stderr)]


def events(path):
    """The events of a trace file, by name, in order of time."""
    names = traces.event_names()
    return [names[record[2]] for record in traces.parse(Path(path).read_text(encoding="utf-8"))]


def program_that_exits(status):
    """The bytes of a Linux program for AArch64 that calls exit_group(status) at once."""
    code = struct.pack("<3I", 0xD2800000 | status << 5, 0xD2800000 | 94 << 5 | 8, 0xD4000001)
    size = 64 + 56
    header = struct.pack(
        "<4s5B7x2HI3QI6H", b"\x7fELF", 2, 1, 1, 0, 0, 2, 183, 1, 0x400000 + size, 64, 0, 0, 64, 56, 1, 0, 0, 0
    )
    segment = struct.pack("<2I6Q", 1, 5, 0, 0x400000, 0x400000, size + len(code), size + len(code), 4096)
    return header + segment + code
