"""Archives in the `newc` form of cpio, written so that file data can be mapped in place.

The kernel and the servers map pages of files straight out of the archive. So the data
of every file that has any begins on a page boundary (counted from the archive's start,
which the loader puts on one): an entry named `.pad` before it fills the gap. The bytes
behind a file's end in its last page are the next entry's header, or zeros at the end.

The same entries give the same archive, bit for bit: no number of the host is in it.
"""

import os
import stat
from collections import Counter
from dataclasses import dataclass

from .common import Failure

PAGE = 4096
HEADER = 110  # bytes: magic and 13 fields of eight hex digits
MAGIC = b"070701"
TRAILER = "TRAILER!!!"
PAD = ".pad"
SIZE_LIMIT = 1 << 32  # a field has 32 bits


@dataclass(frozen=True)
class FilePart:
    """Data that stays in a file of the host (a tree may be large) until it is written."""

    path: str
    offset: int
    size: int

    def __len__(self):
        return self.size

    def __bytes__(self):
        try:
            with open(self.path, "rb") as file:
                file.seek(self.offset)
                data = file.read(self.size)
        except OSError as error:
            raise Failure(f"cannot read {self.path}: {error.strerror}") from error
        if len(data) != self.size:
            raise Failure(f"{self.path} became shorter while it was read")
        return data


@dataclass(frozen=True)
class Entry:
    """A file, folder, symbolic link (its target is the data) or device. Names have no leading /.

    Entries with the same `link` (anything but None) are names of one file: hard links.
    """

    name: str
    mode: int  # type and permission bits, as in struct stat
    data: bytes | FilePart = b""
    user: int = 0
    group: int = 0
    time: int = 0  # of the last change, seconds since 1970
    device: int = 0  # of a device file, as in struct stat
    link: object = None


def file_entry(name, data, executable=False):
    return Entry(name, stat.S_IFREG | (0o755 if executable else 0o644), data)


def folder_entry(name):
    return Entry(name, stat.S_IFDIR | 0o755)


def _aligned(size, unit):
    return (size + unit - 1) // unit * unit


def _name_end(offset, name):
    """Where the data of an entry whose header is at `offset` begins."""
    return _aligned(offset + HEADER + len(os.fsencode(name)) + 1, 4)


def _write(out, entry, number, links=1, data=None):
    """`data`: what is written in place of the entry's own."""
    name = os.fsencode(entry.name) + b"\0"
    data = bytes(entry.data) if data is None else data
    time = min(max(int(entry.time), 0), SIZE_LIMIT - 1)
    fields = (number, entry.mode, entry.user, entry.group, links, time, len(data), 0, 0,
              os.major(entry.device), os.minor(entry.device), len(name), 0)  # fmt: skip
    out += MAGIC + b"".join(b"%08x" % field for field in fields) + name
    out += bytes(-len(out) % 4)
    out += data
    out += bytes(-len(out) % 4)


def _gap_before(offset, name):
    """Bytes of data a pad entry at `offset` needs so that `name`'s data is aligned; None: no pad."""
    if _name_end(offset, name) % PAGE == 0:
        return None
    start = _name_end(offset, PAD)
    own = _name_end(0, name)  # header and name of the entry itself
    return _aligned(start + own, PAGE) - own - start


def size_most(entries):
    """Bytes that the archive of `entries` takes at most, without reading their data."""
    names = sum(_name_end(0, entry.name) for entry in entries)
    return names + sum(len(entry.data) + 2 * PAGE for entry in entries if entry.data) + 2 * PAGE


def write(entries):
    """The archive of `entries`, in their order. Its size is a multiple of the page size.

    Of hard links the first has the data; those after it have the same inode number and none.
    """
    for entry in entries:
        if len(entry.data) >= SIZE_LIMIT:
            raise Failure(f"{entry.name} has {len(entry.data) >> 20} MiB: no file may have 4 GiB")
    if size_most(entries) >= SIZE_LIMIT:
        raise Failure("the bundle would be larger than 4 GiB")
    names = Counter(entry.link for entry in entries if entry.link is not None)
    numbers = {}  # of hard links that were written
    out = bytearray()
    number = 0
    for entry in entries:
        links = names[entry.link] if entry.link is not None else 1 + stat.S_ISDIR(entry.mode)
        if entry.link in numbers:
            _write(out, entry, numbers[entry.link], links, b"")
            continue
        if stat.S_ISREG(entry.mode) and entry.data:
            gap = _gap_before(len(out), entry.name)
            if gap is not None:
                number += 1
                _write(out, file_entry(PAD, bytes(gap)), number)
        number += 1
        if entry.link is not None:
            numbers[entry.link] = number
        _write(out, entry, number, links)
    _write(out, Entry(TRAILER, 0), 0)
    out += bytes(-len(out) % PAGE)
    return bytes(out)


def read(archive):
    """Entries of an archive with the offset of their data, pads left out: [(Entry, offset)].

    Failure says at which byte an archive is not one.
    """
    found = []
    first = {}  # data of hard links, by inode number
    offset = 0
    while True:
        header = archive[offset : offset + HEADER]
        if len(header) < HEADER or not header.startswith(MAGIC):
            raise Failure(f"not a newc archive at byte {offset}")
        try:
            fields = [int(header[at : at + 8], 16) for at in range(6, HEADER, 8)]
        except ValueError as error:
            raise Failure(f"bad number in the archive's header at byte {offset}") from error
        number, mode, user, group, links, time, size = fields[:7]
        device, name_size = os.makedev(fields[9], fields[10]), fields[11]
        data = _aligned(offset + HEADER + name_size, 4)
        if name_size == 0 or data + size > len(archive):
            raise Failure(f"archive is cut short: entry at byte {offset}")
        name = archive[offset + HEADER : offset + HEADER + name_size - 1]
        text = os.fsdecode(name)
        if text == TRAILER:
            return found
        if text != PAD:
            link = number if links > 1 and not stat.S_ISDIR(mode) else None
            contents = bytes(archive[data : data + size])
            contents = first.setdefault(number, contents) if link else contents
            found.append((Entry(text, mode, contents, user, group, time, device, link), data))
        offset = _aligned(data + size, 4)
