"""Block devices: virtio-blk behind each of its transports, under tests/native/servers/block-load."""

import json
import re
import socket
import struct
import threading
import zlib

import pytest

SECTOR = 512
MEBIBYTE = 1 << 20
PARTITIONS = {1: (2048, 8192), 2: (16384, 16384), 3: (40960, 4096)}  # first sector, sectors
DISK_SECTORS = 65536

DRIVER = """
server disk
    image servers/virtio-blk
    level 0
    priority 28
    pool 512K 4M
    endpoint
    device pci:1af4:1042
    device pci:1af4:1001
    device virtio-mmio:2
{driver_argument}
"""
CLIENT = """
server {name}
    image servers/block-load
    level 2
    priority {priority}
    pool 1M 16M
    use disk {partition}
    system
    argument {argument}
"""
MMIO = "virtio-blk-device,drive=d"
PCI = "virtio-blk-pci,drive=d"
TRANSPORTS = {
    "pci": [PCI],
    "pci-modern-direct": [PCI + ",disable-legacy=on,indirect_desc=off,queue-size=64"],
    "pci-one-at-a-time": [PCI + ",disable-legacy=on,indirect_desc=off,queue-size=16"],
    "mmio": [MMIO, "-global", "virtio-mmio.force-legacy=false"],
    "mmio-legacy": [MMIO, "-global", "virtio-mmio.force-legacy=true"],
    "mmio-legacy-direct": [MMIO + ",indirect_desc=off", "-global", "virtio-mmio.force-legacy=true"],
}


def table(partitions):
    """A sector with an MBR."""
    entries = b"".join(
        struct.pack("<B3xB3xII", 0, 0x83, *partitions.get(number, (0, 0))) for number in range(1, 5)
    )
    return bytes(446) + entries + b"\x55\xaa"


def pattern(first, sectors):
    return b"".join(struct.pack("<Q", first + i) * (SECTOR // 8) for i in range(sectors))


@pytest.fixture
def disk(tmp_path):
    """A disk with three partitions; each sector outside the table says its number."""
    path = tmp_path / "disk.img"
    path.write_bytes(table(PARTITIONS) + pattern(1, DISK_SECTORS - 1))
    return path


def part(path, first, sectors):
    return path.read_bytes()[first * SECTOR : (first + sectors) * SECTOR]


@pytest.fixture
def load(pagoda, tmp_path, disk):
    """load("model hostile", partition=2, …): the driver and clients; what they said, all passed."""

    def run(*arguments, partition=2, device=(PCI,), drive=None, options=("--icount",), driver=""):
        manifest = tmp_path / "manifest"
        clients = [
            CLIENT.format(name=f"load{i}", priority=20 - i, partition=partition, argument=argument)
            for i, argument in enumerate(arguments)
        ]
        argument = f"    argument {driver}" if driver else ""
        manifest.write_text(DRIVER.format(driver_argument=argument) + "".join(clients))
        words = ["-drive", drive or f"if=none,id=d,format=raw,file={disk}"]
        if device:
            words += ["-device", *device]
        words = [f"--qemu={word}" for word in words]
        result = pagoda(options=["-v", *options, "--manifest", manifest, *words], timeout=100)
        return result.expect(0).stderr

    return run


def passed(text):
    return re.findall(r"^block-load: (.*): passed$", text, re.M)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_model(load, disk, seeded, transport):
    """What was written is there, for the client and on the disk, and nothing beside it changed."""
    arguments = f"model hostile seed={seeded.randrange(1 << 32)}"
    text = load(arguments, device=TRANSPORTS[transport])
    assert passed(text) == ["model", "hostile", "rings"]
    assert int(re.search(r"at most (\d+) under way", text)[1]) > 8
    first, sectors = PARTITIONS[2]
    crc = int(re.search(r"crc32 (\w+)", text)[1], 16)
    assert zlib.crc32(part(disk, first, sectors)) == crc
    assert part(disk, 1, first - 1) == pattern(1, first - 1)
    end = first + sectors
    assert part(disk, end, DISK_SECTORS - end) == pattern(end, DISK_SECTORS - end)


def test_model_in_real_time(load, seeded):
    text = load(f"model rounds=3000 seed={seeded.randrange(1 << 32)}", options=())
    assert passed(text) == ["model", "rings"]


@pytest.mark.parametrize("partition", [0, 1, 3])
def test_badge_is_the_partition(load, partition):
    text = load("hostile", partition=partition)
    sectors = PARTITIONS[partition][1] if partition else DISK_SECTORS
    assert f"there, {sectors} sectors" in text and "hostile" in passed(text)


@pytest.mark.parametrize("partition", [4, 5, (1 << 32) - 1])
def test_no_such_partition(load, partition):
    assert passed(load("absent", partition=partition)) == ["absent"]


@pytest.mark.parametrize(
    "wrong",
    [(0, 100), (DISK_SECTORS, 1), (DISK_SECTORS - 1, 2), (1, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (10000, 16384)],
)
def test_wrong_partition_is_left_out(load, disk, wrong):
    """Another that is right can be used all the same. The last one overlaps partition 1."""
    with disk.open("r+b") as file:
        file.write(table({1: PARTITIONS[1], 2: wrong}))
    text = load("absent", partition=2)
    assert passed(text) == ["absent"]
    assert "disk: partition 2 is not within the device or not alone there" in text
    assert "hostile" in passed(load("hostile", partition=1))


def test_disk_without_a_table(load, disk):
    with disk.open("r+b") as file:
        file.write(bytes(SECTOR))
    assert passed(load("absent", partition=1)) == ["absent"]
    assert "hostile" in passed(load("hostile", partition=0))


def test_board_without_the_device(load):
    text = load("absent", device=())
    assert passed(text) == ["absent"]
    assert text.count("disk: no virtio block device on this board") == 1


def test_read_only(load, disk):
    before = disk.read_bytes()
    text = load("hostile", drive=f"if=none,id=d,format=raw,readonly=on,file={disk}")
    assert passed(text) == ["hostile, read-only", "rings"]
    assert disk.read_bytes() == before


@pytest.mark.parametrize("transport", ["pci", "mmio-legacy-direct"])
def test_bad_sector(load, disk, tmp_path, transport):
    """Who needs it gets EIO, all others what they asked for."""
    bad = 1000
    rules = "".join(
        f'[inject-error]\nevent = "{event}"\nerrno = "5"\nsector = "{PARTITIONS[2][0] + bad}"\nonce = "off"\n'
        for event in ("read_aio", "write_aio")
    )
    (tmp_path / "rules").write_text(rules)
    drive = f"if=none,id=d,format=raw,file=blkdebug:{tmp_path}/rules:{disk}"
    text = load(f"errors={bad}", drive=drive, device=TRANSPORTS[transport])
    assert passed(text) == ["errors", "rings"]


@pytest.mark.parametrize("transport", ["pci", "pci-modern-direct", "mmio"])
def test_device_breaks_down(load, transport):
    """What it had fails, it is reset, and goes on. (Legacy devices do not say that they are broken.)"""
    text = load("resets", partition=0, driver="break=100", device=TRANSPORTS[transport])
    assert passed(text) == ["resets"]
    assert text.count("disk: the device needs a reset") > 3


def test_client_dies_under_load(load, seeded):
    """Two of them, with full rings: the third one's model holds, nothing of them is left."""
    seed = seeded.randrange(1 << 32)
    text = load("victim=100", "victim=30", f"model seed={seed} rounds=1000")
    assert passed(text) == ["model", "rings"]
    assert "server load0 died" in text and "server load1 died" in text


def grow(path, enough):
    """Over QMP: the disk grows a little, again and again, until the run is over."""
    monitor, sectors = None, DISK_SECTORS
    while not enough.wait(0.2):
        if not monitor:
            try:
                link = socket.socket(socket.AF_UNIX)
                link.connect(str(path))
            except OSError:
                continue
            monitor = link.makefile("rw")
            print(json.dumps({"execute": "qmp_capabilities"}), file=monitor, flush=True)
        sectors += 1000
        arguments = {"device": "d", "size": sectors * SECTOR}
        try:
            print(json.dumps({"execute": "block_resize", "arguments": arguments}), file=monitor, flush=True)
        except OSError:
            return


@pytest.mark.parametrize("transport", ["pci", "mmio", "mmio-legacy"])
def test_disk_grows(load, disk, tmp_path, transport):
    """Clients go on, and have the new sectors; partitions stay."""
    enough, path = threading.Event(), tmp_path / "monitor"
    thread = threading.Thread(target=grow, args=(path, enough))
    thread.start()
    try:
        monitor = f"--qemu=-qmp --qemu=unix:{path},server=on,wait=off".split()
        text = load("grows", partition=0, options=monitor, device=TRANSPORTS[transport])
    finally:
        enough.set()
        thread.join()
    assert passed(text) == ["grows", "rings"]
    assert re.search(r"disk: \d+ sectors now, \d+ before", text)
    sector = int(re.search(r"wrote sector (\d+)", text)[1])
    assert sector > DISK_SECTORS and part(disk, sector, 1) == b"\x5a" * SECTOR


def test_reading_costs_little(load):
    """A notification and an interrupt are shared by the requests that come together."""
    text = load("bench")
    alone, together = map(int, re.search(r"4 KiB read: (\d+) ns alone, (\d+) each", text).groups())
    print(f"4 KiB read: {alone} instructions alone, {together} each of many")
    assert together * 2 < alone
