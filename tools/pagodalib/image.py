"""`pagoda image`: a disk image with one FAT partition that U-Boot starts."""

from pathlib import Path

from . import bundle as bundles
from .common import build_folder, relative
from .disk import make_boot_disk
from .machine import boot_arguments, machine_for
from .options import add_bundle_options, add_machine_options, split_words

DESCRIPTION = """\
Makes build/virt/disk.img: Image, bundle and boot.scr in a FAT partition. Without
PROGRAM it runs what the manifest's own run line says."""


def add_arguments(parser):
    parser.add_argument("--output", "-o", metavar="FILE", help="default: build/BOARD/disk.img")
    add_bundle_options(parser)
    add_machine_options(parser)
    parser.add_argument("words", nargs="*", metavar="-- PROGRAM ARGS…", help="what it runs")


def main(options):
    options.uboot = True
    machine = machine_for(options)
    disk = Path(options.output or build_folder() / machine.name / "disk.img")
    disk.parent.mkdir(parents=True, exist_ok=True)
    archive = bundles.make(options, split_words(options)).write()
    new = disk.with_name(disk.name + ".new")
    make_boot_disk(machine, machine.kernel(), archive, boot_arguments(options), new)
    new.replace(disk)
    print(f"{relative(disk)}: {disk.stat().st_size >> 20} MiB, bundle {len(archive) >> 10} KiB")
    return 0
