"""`pagoda card`: SD-card images in the conventional layout, made, checked and read on the host."""

import tempfile
from pathlib import Path

from . import bundle as bundles
from . import ext4, guest
from .card_layout import BOOT, KINDS, ROOT, SECTOR, SWAP, partitions, root_of
from .common import Failure, find_program, relative, run_quietly
from .disk import make_fat, make_table
from .machine import size_bytes, size_text
from .options import add_bundle_options

MIB = 1 << 20
FIRST = 4 * MIB  # partitions begin on what cards erase at once
ROOM = 1.25  # of the root file system beyond what is put in
LEAST = 256 * MIB

DESCRIPTION = """\
  pagoda card make FILE [layers] [--size SIZE]   an image: FAT32, ext4 root, swap
  pagoda card check FILE                         what e2fsck finds in its root, unchanged
  pagoda card get FILE PATH HOSTFILE             a file of its root, copied out
  pagoda card list FILE                          its partitions

The root file system holds what the same words after `pagoda run` would put in the system:
BusyBox, --package NAME, --root FOLDER, --add FILE. `pagoda run --card FILE` starts from it."""


def add_arguments(parser):
    parser.add_argument("action", choices=("make", "check", "get", "list"))
    parser.add_argument("file")
    parser.add_argument("words", nargs="*", metavar="PATH HOSTFILE")
    parser.add_argument("--size", metavar="SIZE", help="of the card: 512M, 4G, a power of two")
    parser.add_argument("--swap", metavar="SIZE", default="64M", help="of its swap partition (64M)")
    parser.add_argument("--boot", metavar="SIZE", default="40M", help="of its FAT32 partition (40M)")
    add_bundle_options(parser)


def tree_of(options):
    """The guest's tree for a card: everything that a shell would find."""
    bundle = bundles.Bundle(bundles.load_manifest(None))
    guest.fill(bundle, options, ["/sbin/init"])
    return bundle.tree


def card_size(tree, options):
    """Bytes: as asked for, or the smallest power of two that leaves room."""
    fixed = FIRST + size_bytes(options.boot, "--boot") + size_bytes(options.swap, "--swap")
    data = sum((len(entry.data) + ext4.BLOCK - 1) // ext4.BLOCK * ext4.BLOCK + 1024
               for entry in tree.entries.values())  # fmt: skip
    size = LEAST
    if options.size:
        size = size_bytes(options.size, "--size")
        if size & (size - 1):
            raise Failure(f"a card's size is a power of two, {options.size} is not")
        if size < fixed + data * 1.1 + 8 * MIB:
            raise Failure(f"{options.size} is too small: the root has {data // MIB + 1} MiB, boot and "
                          f"swap take {fixed // MIB}")  # fmt: skip
        return size
    while size < fixed + data * ROOM + 16 * MIB:
        size *= 2
    return size


def partition(image, size, options):
    """Writes the table. {number: (offset, bytes)}."""
    boot, swap = size_bytes(options.boot, "--boot"), size_bytes(options.swap, "--swap")
    places = {
        BOOT: (FIRST, boot),
        ROOT: (FIRST + boot, size - FIRST - boot - swap),
        SWAP: (size - swap, swap),
    }
    lines = ["label: dos", "label-id: 0x50a60da0"] + [
        f"start={offset // SECTOR}, size={length // SECTOR}, type={KINDS[number]}"
        + (", bootable" if number == BOOT else "")
        for number, (offset, length) in places.items()
    ]
    with tempfile.TemporaryDirectory() as folder:
        make_table(image, size, lines, folder)
    return places


def make_swap(image, offset, size):
    """A Linux swap area, made aside and copied to its place: mkswap knows no offset everywhere."""
    with tempfile.TemporaryDirectory() as folder:
        area = Path(folder) / "swap"
        with open(area, "wb") as file:
            file.truncate(size)
        run_quietly([find_program("mkswap"), "-q", "-L", "swap", "-U", "clear", area], "making the swap area")
        with open(area, "rb") as source, open(image, "r+b") as target:
            target.seek(offset)
            target.write(source.read(ext4.BLOCK))  # the header; the rest is nothing yet


def make(options):
    tree = tree_of(options)
    size = card_size(tree, options)
    places = partition(options.file, size, options)
    make_fat(options.file, *places[BOOT])
    ext4.make(options.file, *places[ROOT], tree, "root")
    make_swap(options.file, *places[SWAP])
    print(f"{relative(options.file)}: {size_text(size)}, {len(tree.entries)} files in its root; "
          f"run it: tools/pagoda run --card {relative(options.file)}")  # fmt: skip


def main(options):
    if options.action != "get" and options.words:
        raise Failure(f"pagoda card {options.action} takes one file")
    if options.action == "make":
        make(options)
    elif options.action == "list":
        for number, (offset, length, kind) in partitions(options.file).items():
            print(f"{number}  at {offset // MIB:>5} MiB  {length / MIB:>8g} MiB  type {kind:x}")
    elif options.action == "check":
        clean, said = ext4.check(options.file, root_of(options.file)[0])
        print(said)
        return 0 if clean else 1
    elif len(options.words) != 2:
        raise Failure("pagoda card get FILE PATH HOSTFILE")
    else:
        ext4.dump(options.file, root_of(options.file)[0], *options.words)
    return 0
