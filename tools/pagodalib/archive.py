"""`pagoda bundle`: make, list and extract boot bundles."""

import os
import stat
from pathlib import Path

from . import bundle as bundles
from . import cpio
from .common import Failure, read_bytes
from .options import add_bundle_options, split_words

DESCRIPTION = """\
  pagoda bundle make FILE [options] [-- PROGRAM ARGS…]
  pagoda bundle list FILE
  pagoda bundle extract FILE FOLDER"""


def add_arguments(parser):
    parser.add_argument("action", choices=("make", "list", "extract"))
    parser.add_argument("file")
    parser.add_argument("words", nargs="*", metavar="FOLDER or -- PROGRAM ARGS…")
    add_bundle_options(parser)


def list_archive(path):
    """Mode, size, offset of the data, name; one line per entry."""
    for entry, offset in cpio.read(read_bytes(path, "bundle")):
        arrow = f" -> {os.fsdecode(entry.data)}" if stat.S_ISLNK(entry.mode) else ""
        mode = stat.filemode(entry.mode)
        print(f"{mode} {len(entry.data):>9} {offset:>#10x} {entry.name}{arrow}")


def extract(path, folder):
    """Writes the entries below `folder`; a name that would leave it is refused."""
    folder = Path(folder)
    for entry, _ in cpio.read(read_bytes(path, "bundle")):
        parts = Path(entry.name).parts
        if not parts or ".." in parts or entry.name.startswith("/"):
            raise Failure(f"refusing to extract {entry.name!r}")
        target = folder / entry.name
        if any(parent.is_symlink() for parent in list(target.parents)[: len(parts) - 1]):
            raise Failure(f"refusing to extract {entry.name!r} through a symbolic link")
        target.parent.mkdir(parents=True, exist_ok=True)
        if stat.S_ISDIR(entry.mode):
            target.mkdir(exist_ok=True)
        elif stat.S_ISLNK(entry.mode):
            target.unlink(missing_ok=True)
            target.symlink_to(os.fsdecode(entry.data))
        else:
            target.unlink(missing_ok=True)
            target.write_bytes(entry.data)
            target.chmod(stat.S_IMODE(entry.mode))


def main(options):
    words = split_words(options)
    if options.action == "make":
        archive = bundles.make(options, words).write()
        Path(options.file).write_bytes(archive)
        print(f"{options.file}: {len(archive) >> 10} KiB")
    elif options.action == "list":
        list_archive(options.file)
    elif len(words) != 1:
        raise Failure("extract into which folder? pagoda bundle extract FILE FOLDER")
    else:
        extract(options.file, words[0])
    return 0
