"""Command lines for QEMU, one board per class."""

import os
import re
import sys
from pathlib import Path

from .common import Failure, build_folder, find_program
from .disk import make_boot_disk, make_boot_settings

MIB = 1 << 20
MEMORY_USUAL = 256 * MIB
BUNDLE_AT = 128 * MIB  # where QEMU puts what it loads beside a kernel, see hw/arm/boot.c
AROUND_BUNDLE = 4 * MIB  # device tree, and what is left for the system
UBOOT_FIRMWARE = "/usr/lib/u-boot/qemu_arm64/u-boot.bin"


def size_bytes(text, option):
    """256M, 1G, … of an option in bytes."""
    found = re.fullmatch(r"([1-9][0-9]*)([MG])", text)
    if not found:
        raise Failure(f"{option} needs a size like 256M or 4G, not {text}")
    return int(found[1]) << {"M": 20, "G": 30}[found[2]]


def _mib(size):
    return (size + MIB - 1) // MIB


def size_text(size):
    return f"{size >> 30}G" if size % (1 << 30) == 0 else f"{size >> 20}M"


def qemu():
    """The emulator: PAGODA_QEMU, or the one that is installed."""
    return os.environ.get("PAGODA_QEMU") or find_program("qemu-system-aarch64")


class Virt:
    """QEMU's `virt`: GICv2 or v3, PL011, PSCI, virtio over PCI."""

    name = "virt"
    ram_start = 0x40000000
    kernel_address = 0x40400000  # where U-Boot loads the Image

    def __init__(self, options):
        self.options = options
        self.memory = size_bytes(options.memory, "--memory") if options.memory else MEMORY_USUAL
        if options.cpus < 1:
            raise Failure("--cpus needs at least 1")
        if options.icount and options.uboot:
            raise Failure("--icount counts from a direct start: leave out --uboot")

    def kernel(self):
        path = Path(self.options.kernel or build_folder() / "virt/Image")
        if not path.is_file():
            raise Failure(f"no kernel at {path} (run make)")
        return path

    def basis(self):
        """What every start has: the machine, its serial line, nothing else."""
        options = self.options
        machine = f"virt,gic-version={options.gic}" + (",virtualization=on" if options.el2 else "")
        command = [
            qemu(),
            "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-nic", "none",
            "-M", machine, "-cpu", options.cpu, "-smp", str(options.cpus), "-m", size_text(self.memory),
            "-semihosting-config", "enable=on,target=native",
            "-chardev", f"{options.serial},id=serial", "-serial", "chardev:serial",
        ]  # fmt: skip
        if options.icount:
            command += ["-icount", "shift=0,sleep=off"]
        if options.seed is not None:
            command += ["-seed", str(options.seed)]
        return command

    def command(self, bundle, arguments, folder):
        """The whole command line; files it needs are made in `folder`."""
        self.memory = self.memory_for(len(bundle))
        start = self.uboot_start if self.options.uboot else self.direct_start
        return self.basis() + start(bundle, arguments, Path(folder)) + self.card() + self.options.qemu

    def card(self):
        """The SD card: in QEMU's SD host controller behind PCI, or as a virtio block device."""
        options = self.options
        if not options.card:
            return []
        path = Path(options.card)
        if not path.is_file():
            raise Failure(f"no card at {path}; tools/pagoda card make {path} makes one")
        size = path.stat().st_size
        if not options.virtio and size & (size - 1):
            raise Failure(f"{path} has {size} bytes: QEMU wants a power of two for an SD card (or say --virtio)")
        device = "virtio-blk-device" if options.virtio else "sd-card"
        controller = [] if options.virtio else ["-device", "sdhci-pci,id=sdhci"]
        return [*self.drive(path), *controller, "-device", f"{device},drive=card,id=card0"]

    def drive(self, path):
        """What the card is to QEMU: the file, or with every write recorded beside it."""
        name, snapshot = str(path).replace(",", ",,"), ",snapshot=on" if self.options.snapshot else ""
        if not self.options.record:
            return ["-drive", f"if=none,id=card,format=raw,file={name}{snapshot}"]
        if snapshot:
            raise Failure("--record needs the writes to be made: leave out --snapshot")
        log = Path(self.options.record)
        log.write_bytes(b"")
        record = str(log).replace(",", ",,")
        return [
            "-blockdev", f"driver=file,node-name=record,filename={record}",
            "-blockdev", f"driver=file,node-name=image,filename={name}",
            "-blockdev", "driver=raw,node-name=raw,file=image",
            "-blockdev", "driver=blklogwrites,node-name=card,file=raw,log=record,log-super-update-interval=1",
        ]  # fmt: skip

    def memory_for(self, bundle):
        """Bytes of memory for a bundle of so many bytes: as asked for, or enough to leave programs
        the larger part. The bundle is put behind the first 128 MiB, or half of a smaller memory."""
        if self.options.memory:
            room = self.memory - min(self.memory // 2, BUNDLE_AT) - AROUND_BUNDLE
            if bundle > room:
                raise Failure(f"the bundle has {_mib(bundle)} MiB; --memory {self.options.memory} has room "
                              f"for {_mib(max(room, 0))}")  # fmt: skip
            return self.memory
        memory = self.memory
        while bundle > memory * 3 // 8:
            memory *= 2
        if memory != self.memory and not self.options.quiet:
            print(f"pagoda: {size_text(memory)} of memory, for a bundle of {_mib(bundle)} MiB "
                  "(--memory says otherwise)", file=sys.stderr)  # fmt: skip
        return memory

    def direct_start(self, bundle, arguments, folder):
        (folder / "bundle").write_bytes(bundle)
        return [
            "-kernel", str(self.kernel()), "-initrd", str(folder / "bundle"),
            "-append", arguments,
        ]  # fmt: skip

    def uboot_start(self, bundle, arguments, folder):
        firmware = os.environ.get("PAGODA_UBOOT", UBOOT_FIRMWARE)
        if not Path(firmware).is_file():
            raise Failure(f"no U-Boot at {firmware}; tools/setup gets it")
        disk, settings = folder / "disk.img", folder / "settings.img"
        make_boot_disk(self, self.kernel(), bundle, arguments, disk)
        make_boot_settings(self, settings)
        return [
            "-bios", firmware,
            "-drive", f"if=pflash,index=1,format=raw,readonly=on,file={settings}",
            "-drive", f"if=none,id=disk,format=raw,readonly=on,file={disk}",
            "-device", "virtio-blk-pci,drive=disk",
        ]  # fmt: skip


BOARDS = {board.name: board for board in (Virt,)}


def machine_for(options):
    if options.board not in BOARDS:
        raise Failure(f"no board {options.board}; there is: {', '.join(BOARDS)}")
    return BOARDS[options.board](options)


def boot_arguments(options):
    """What the kernel is told (/chosen bootargs)."""
    words = ["console=runner", "semihosting", f"loglevel={log_level(options)}"]
    if options.seed is not None:
        words.append(f"seed={options.seed}")
    if options.trace:
        words.append("trace=dump")
    return " ".join(words + options.append)


def log_level(options):
    """Lines above this level stay in the kernel's log: errors and warnings are for everybody,
    notices (the summary is one) and system calls for who asked, the rest for -v and -vv."""
    if options.quiet:
        return 3
    if options.strace:
        return 6 if options.verbose < 2 else 7
    notices = bool(options.summary or options.trace or options.root)  # told as notices
    return min(4 + notices + 2 * options.verbose, 7)
