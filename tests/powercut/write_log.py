"""What a disk was told, in order: QEMU's `blklogwrites` records it, here it is read and replayed.

The log has the form of Linux's dm-log-writes (Documentation/admin-guide/device-mapper/log-writes.rst): a
superblock, then entries of one sector each, those of writes followed by their data. After a power cut a disk
holds everything it was told before the last flush it completed, and any part of what came after it, in any
order. So the states a file system must survive are: all up to a flush, and a choice of what follows.
"""

import os
import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

MAGIC = 0x6A736677736872
SUPERBLOCK = struct.Struct("<QQQI")
ENTRY = struct.Struct("<QQQQ")
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8
SECTOR = 512  # unit of places on the disk


@dataclass(frozen=True)
class Write:
    """`size` bytes at `offset`; they lie in the log at `data`, or are zeros (None: a discard)."""

    offset: int
    size: int
    data: int | None


class WriteLog:
    """The log as a list of epochs: each a list of writes that a flush, or the end, follows."""

    def __init__(self, path):
        self.path = Path(path)
        self.epochs = [[]]
        with open(path, "rb") as file:
            magic, version, count, self.unit = SUPERBLOCK.unpack(file.read(SUPERBLOCK.size))
            if magic != MAGIC or version != 1:
                raise ValueError(f"{path} is no log of writes")
            at, end = self.unit, os.fstat(file.fileno()).st_size
            for _ in range(count):
                if at + self.unit > end:
                    raise ValueError(f"{path} ends before its entries do")
                file.seek(at)
                at = self._take(ENTRY.unpack(file.read(ENTRY.size)), at + self.unit)

    def _take(self, entry, at):
        """One entry; returns where the next one begins."""
        sector, count, flags, _ = entry
        size = count * self.unit
        holds = count and not flags & (DISCARD | MARK)
        if flags & FLUSH:
            self.epochs.append([])
        if count and not flags & MARK:
            self.epochs[-1].append(Write(sector * self.unit, size, at if holds else None))
        if flags & FUA:
            self.epochs.append([])
        return at + size if holds else at

    @property
    def writes(self):
        return sum(map(len, self.epochs))

    def states(self, random, most):
        """Yields (what it is, [writes]) of at most `most` moments: after each flush as far as there is
        room for them, and between two flushes with a random choice of writes in random order."""
        flushes = range(len(self.epochs) + 1)
        chosen = sorted(random.sample(flushes, min(len(flushes), (most + 1) // 2)))
        before = {number: [write for epoch in self.epochs[:number] for write in epoch] for number in chosen}
        for number in chosen:
            yield f"after flush {number}", before[number]
        for number in chosen[: most - len(chosen)]:
            if number == len(self.epochs) or not self.epochs[number]:
                continue
            epoch = self.epochs[number]
            some = random.sample(epoch, random.randint(0, len(epoch)))
            yield f"after flush {number}, and {len(some)} of {len(epoch)} writes", before[number] + some

    def prefixes(self, random=None, most=None):
        """Yields (what it is, [writes]) of every prefix, or of `most` of them: what a cut leaves of a
        disk that keeps nothing back, as an SD card does."""
        writes = [write for epoch in self.epochs for write in epoch]
        counts = range(len(writes) + 1)
        if most and most < len(counts):
            counts = sorted(random.sample(counts, most))
        for count in counts:
            yield f"{count} of {len(writes)} writes", writes[:count]

    def apply(self, image, writes):
        """Carries writes out on an image file."""
        with open(self.path, "rb") as log, open(image, "r+b") as disk:
            for write in writes:
                disk.seek(write.offset)
                if write.data is None:
                    disk.write(bytes(write.size))
                    continue
                log.seek(write.data)
                disk.write(log.read(write.size))


def copy_sparse(source, target):
    """A copy that takes no room for holes."""
    subprocess.run(["cp", "--sparse=always", "--reflink=auto", source, target], check=True, timeout=60)


def after_a_cut(log, base, folder, writes):
    """An image as the disk is when it was `base` and got these writes."""
    image = Path(folder) / "cut.img"
    if image.exists():
        image.unlink()
    copy_sparse(base, image)
    log.apply(image, writes)
    return image


def repair(image, offset):
    """e2fsck -fy as at the next start: (status, what it said). 0: nothing to do, 1: repaired."""
    program = shutil.which("e2fsck", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    done = subprocess.run([program, "-f", "-y", f"{image}?offset={offset}"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=120)  # fmt: skip
    return done.returncode, done.stdout.decode(errors="replace")
