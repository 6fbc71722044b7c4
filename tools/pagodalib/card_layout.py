"""Where things are on an SD card: the conventional layout, and what an image's own table says."""

from .common import Failure

SECTOR = 512
BOOT, ROOT, SWAP = 1, 2, 3  # numbers of the partitions
KINDS = {BOOT: "c", ROOT: "83", SWAP: "82"}  # in the MBR: FAT32, Linux, Linux swap


def partitions(image):
    """{number: (offset, bytes, kind)} as the table of an image says."""
    try:
        with open(image, "rb") as file:
            table = file.read(SECTOR)
    except OSError as error:
        raise Failure(f"{image}: {error.strerror}") from error
    if table[510:512] != b"\x55\xaa":
        raise Failure(f"{image} has no partition table")
    found = {}
    for number in range(1, 5):
        entry = table[446 + 16 * (number - 1) :][:16]
        first, count = (int.from_bytes(entry[at : at + 4], "little") for at in (8, 12))
        if entry[4]:
            found[number] = (first * SECTOR, count * SECTOR, entry[4])
    return found


def root_of(image):
    """(offset, bytes) of the root file system."""
    found = partitions(image).get(ROOT)
    if not found:
        raise Failure(f"{image} has no partition {ROOT}")
    return found[:2]
