"""Disk images: a boot disk as U-Boot expects it, and U-Boot's own settings."""

import tempfile
from pathlib import Path

from .common import Failure, find_program, read_bytes, run_quietly

MIB = 1 << 20
PARTITION_START = MIB
FAT32_LEAST = 40 * MIB  # below about 33 MiB a file system is no FAT32
SECTOR = 512
SETTINGS_SIZE = 0x40000  # of U-Boot's environment
FLASH_SIZE = 64 * MIB  # of each of virt's two flash banks
IMAGE_MAGIC = b"ARM\x64"  # at byte 56: "ARM64 boot executable Image"


def _image_bytes(path):
    """Memory the kernel takes, from its Linux boot protocol header (bss included)."""
    head = read_bytes(path, "kernel")[:64]
    if head[56:60] != IMAGE_MAGIC:
        raise Failure(f"{path} has no Linux boot header: U-Boot cannot start it")
    return int.from_bytes(head[16:24], "little")


def boot_script(machine, image, arguments):
    """U-Boot commands. The bundle goes behind the kernel's memory and stays where it is put:
    its pages are mapped in place."""
    behind = machine.kernel_address + _image_bytes(image)
    bundle_address = (behind + 2 * MIB - 1) // (2 * MIB) * (2 * MIB)
    words = arguments.replace("\\", "\\\\").replace("'", r"'\''").replace(";", r"\;")
    return "\n".join([
        f"setenv bootargs '{words}'",
        "setenv initrd_high 0xffffffffffffffff",
        "load virtio 0:1 ${kernel_addr_r} Image",
        f"load virtio 0:1 {bundle_address:#x} bundle",
        f"booti ${{kernel_addr_r}} {bundle_address:#x}:${{filesize}} ${{fdtcontroladdr}}",
        "",
    ])  # fmt: skip


def make_boot_disk(machine, image, bundle, arguments, disk):
    """Writes `disk`: MBR, one FAT32 partition with Image, bundle and boot.scr."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "bundle").write_bytes(bundle)
        (folder / "boot.txt").write_text(boot_script(machine, image, arguments), encoding="utf-8")
        run_quietly(
            [find_program("mkimage"), "-A", "arm64", "-T", "script", "-C", "none",
             "-d", folder / "boot.txt", folder / "boot.scr"],
            "making the boot script",
        )  # fmt: skip
        size = max(FAT32_LEAST, image.stat().st_size + len(bundle) + 8 * MIB)
        size = (size + MIB - 1) // MIB * MIB
        _partition(disk, size, folder)
        run_quietly(
            [find_program("mcopy"), "-i", f"{disk}@@{PARTITION_START}", image,
             folder / "bundle", folder / "boot.scr", "::/"],
            "filling the boot disk",
        )  # fmt: skip
        if image.name != "Image":
            run_quietly(
                [find_program("mren"), "-i", f"{disk}@@{PARTITION_START}", image.name, "Image"],
                "filling the boot disk",
            )


def _partition(disk, size, folder):
    lines = ["label: dos", f"start={PARTITION_START // SECTOR}, type=c, bootable"]
    make_table(disk, PARTITION_START + size, lines, folder)
    make_fat(disk, PARTITION_START, size)


def make_table(image, size, lines, folder):
    """A new image of `size` bytes with the partitions that sfdisk reads from these lines."""
    with open(image, "wb") as file:
        file.truncate(size)
    table = Path(folder) / "table"
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    sfdisk = find_program("sfdisk")
    run_quietly(["sh", "-c", f'"{sfdisk}" --quiet "$1" <"$2"', "sh", image, table], "partitioning")


def make_fat(image, offset, size):
    """An empty FAT32 boot partition at `offset`."""
    run_quietly(
        [find_program("mkfs.vfat"), "--invariant", "-F", "32", "-n", "BOOT",
         "--offset", offset // SECTOR, image, size // 1024],
        "making the boot partition",
    )  # fmt: skip


def make_boot_settings(machine, flash):
    """Writes U-Boot's environment as it lies in virt's second flash bank: no waiting."""
    lines = [
        "bootdelay=-2",  # at once, and without looking for a key
        f"kernel_addr_r={machine.kernel_address:#x}",
        f"scriptaddr={machine.ram_start + 2 * MIB:#x}",
        "bootcmd=virtio scan; load virtio 0:1 ${scriptaddr} boot.scr && source ${scriptaddr}",
    ]
    with tempfile.TemporaryDirectory() as folder:
        text, settings = Path(folder) / "text", Path(folder) / "settings"
        text.write_text("\n".join(lines) + "\n", encoding="utf-8")
        run_quietly(
            [find_program("mkenvimage"), "-s", SETTINGS_SIZE, "-o", settings, text],
            "making the boot loader's settings",
        )
        with open(flash, "wb") as file:
            file.write(settings.read_bytes())
            erased = b"\xff" * MIB
            while (left := FLASH_SIZE - file.tell()) > 0:
                file.write(erased[:left])
