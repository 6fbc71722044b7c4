"""Archives in the `newc` form of cpio, written so that file data can be mapped in place.

The kernel and the servers map pages of files straight out of the archive. So the data
of every file that has any begins on a page boundary (counted from the archive's start,
which the loader puts on one): an entry named `.pad` before it fills the gap. The bytes
behind a file's end in its last page are the next entry's header, or zeros at the end.

The same entries give the same archive, bit for bit: no times, owners or host numbers.
"""

import stat
from dataclasses import dataclass

from .common import Failure

PAGE = 4096
HEADER = 110  # bytes: magic and 13 fields of eight hex digits
MAGIC = b"070701"
TRAILER = "TRAILER!!!"
PAD = ".pad"
SIZE_LIMIT = 1 << 32  # a field has 32 bits


@dataclass(frozen=True)
class Entry:
    """A file, folder or symbolic link (its target is the data). Names have no leading /."""

    name: str
    mode: int  # type and permission bits, as in struct stat
    data: bytes = b""


def file_entry(name, data, executable=False):
    return Entry(name, stat.S_IFREG | (0o755 if executable else 0o644), data)


def folder_entry(name):
    return Entry(name, stat.S_IFDIR | 0o755)


def _aligned(size, unit):
    return (size + unit - 1) // unit * unit


def _name_end(offset, name):
    """Where the data of an entry whose header is at `offset` begins."""
    return _aligned(offset + HEADER + len(name.encode()) + 1, 4)


def _write(out, entry, number):
    name = entry.name.encode(errors="surrogateescape") + b"\0"
    links = 2 if stat.S_ISDIR(entry.mode) else 1
    fields = (number, entry.mode, 0, 0, links, 0, len(entry.data), 0, 0, 0, 0, len(name), 0)
    out += MAGIC + b"".join(b"%08x" % field for field in fields) + name
    out += bytes(-len(out) % 4)
    out += entry.data
    out += bytes(-len(out) % 4)


def _gap_before(offset, name):
    """Bytes of data a pad entry at `offset` needs so that `name`'s data is aligned; None: no pad."""
    if _name_end(offset, name) % PAGE == 0:
        return None
    start = _name_end(offset, PAD)
    own = _name_end(0, name)  # header and name of the entry itself
    return _aligned(start + own, PAGE) - own - start


def write(entries):
    """The archive of `entries`, in their order. Its size is a multiple of the page size."""
    out = bytearray()
    number = 0
    for entry in entries:
        if stat.S_ISREG(entry.mode) and entry.data:
            gap = _gap_before(len(out), entry.name)
            if gap is not None:
                number += 1
                _write(out, file_entry(PAD, bytes(gap)), number)
        number += 1
        _write(out, entry, number)
    _write(out, Entry(TRAILER, 0), 0)
    out += bytes(-len(out) % PAGE)
    if len(out) >= SIZE_LIMIT:
        raise Failure("the bundle would be larger than 4 GiB")
    return bytes(out)


def read(archive):
    """Entries of an archive with the offset of their data, pads left out: [(Entry, offset)].

    Failure says at which byte an archive is not one.
    """
    found = []
    offset = 0
    while True:
        header = archive[offset : offset + HEADER]
        if len(header) < HEADER or not header.startswith(MAGIC):
            raise Failure(f"not a newc archive at byte {offset}")
        try:
            fields = [int(header[at : at + 8], 16) for at in range(6, HEADER, 8)]
        except ValueError as error:
            raise Failure(f"bad number in the archive's header at byte {offset}") from error
        mode, size, name_size = fields[1], fields[6], fields[11]
        data = _aligned(offset + HEADER + name_size, 4)
        if name_size == 0 or data + size > len(archive):
            raise Failure(f"archive is cut short: entry at byte {offset}")
        name = archive[offset + HEADER : offset + HEADER + name_size - 1]
        text = name.decode(errors="surrogateescape")
        if text == TRAILER:
            return found
        if text != PAD:
            found.append((Entry(text, mode, bytes(archive[data : data + size])), data))
        offset = _aligned(data + size, 4)
