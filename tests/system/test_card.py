"""SD cards behind drivers/sdhci, under tests/native/servers/block-load."""

import json
import re
import socket
import struct
import threading
import time
import zlib

import pytest

SECTOR = 512
MEBIBYTE = 1 << 20
PART_SECTORS = 12288
CARDS = {  # size of the card, first sector of partition 2
    "SDSC": (8 * MEBIBYTE, 3000),
    "SDSC-2GiB": (2048 * MEBIBYTE, 4194304 - PART_SECTORS),
    "SDHC": (4096 * MEBIBYTE, 8388608 - PART_SECTORS),
}
WAYS = {"ADMA2": "", "programmed I/O": "    argument pio"}

DRIVER = """
server disk
    image servers/sdhci
    level 0
    priority 28
    pool 512K 4M
    endpoint
    device pci:0805
    device emmc2
{argument}
"""
CLIENT = """
server load
    image servers/block-load
    level 2
    priority 20
    pool 1M 16M
    use disk {partition}
    system
    argument {argument}
"""
HOST = ["-device", "sdhci-pci"]


def make_card(path, kind):
    """An image, mostly a hole: a table with partition 2, whose sectors' neighbours are marked."""
    size, first = CARDS[kind]
    with path.open("wb") as file:
        file.truncate(size)
        file.write(bytes(446) + bytes(16) + struct.pack("<B3xB3xII", 0, 0x83, first, PART_SECTORS))
        file.seek(510)
        file.write(b"\x55\xaa")
        file.seek((first - 1) * SECTOR)
        file.write(b"\xa5" * SECTOR)
    return path


def partition(path, kind):
    """The sector before partition 2, and its contents."""
    with path.open("rb") as file:
        file.seek((CARDS[kind][1] - 1) * SECTOR)
        return file.read(SECTOR), file.read(PART_SECTORS * SECTOR)


@pytest.fixture
def card(tmp_path):
    return lambda kind: make_card(tmp_path / "card.img", kind)


@pytest.fixture
def load(pagoda, tmp_path):
    """load("model", image): the driver and a client; what they said."""

    def run(argument, image, way="", badge=2, options=("--icount",), more=(), status=0):
        manifest = tmp_path / "manifest"
        manifest.write_text(
            DRIVER.format(argument=way) + CLIENT.format(partition=badge, argument=argument)
        )
        words = []
        if image:
            words = [*HOST, "-drive", f"if=none,id=d,format=raw,file={image}"]
            words += ["-device", "sd-card,drive=d,id=card"]
        words = [f"--qemu={word}" for word in [*words, *more]]
        result = pagoda(options=["-v", *options, "--manifest", manifest, *words], timeout=150)
        return result.expect(status).stderr

    return run


def passed(text):
    return re.findall(r"^block-load: (.*): passed$", text, re.M)


def check_contents(text, image, kind):
    """What the client wrote last is on the card, and nothing before it was touched."""
    before, contents = partition(image, kind)
    assert before == b"\xa5" * SECTOR
    assert zlib.crc32(contents) == int(re.search(r"crc32 (\w+)", text)[1], 16)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", CARDS)
def test_model(load, card, seeded, kind, way):
    image = card(kind)
    text = load(f"model hostile rounds=300 seed={seeded.randrange(1 << 32)}", image, WAYS[way])
    assert passed(text) == ["model", "hostile", "rings"]
    size = CARDS[kind][0] // MEBIBYTE
    assert re.search(rf"disk: {kind[:4]} card of {size} MiB, 26000 kHz, {way}", text)
    check_contents(text, image, kind)


@pytest.mark.parametrize("options", [(), ("--cpus", 2), ("--gic", 3)], ids=["", "2 CPUs", "GICv3"])
def test_model_in_real_time(load, card, seeded, options):
    image = card("SDSC")
    text = load(f"model rounds=200 seed={seeded.randrange(1 << 32)}", image, options=options)
    assert passed(text) == ["model", "rings"]
    check_contents(text, image, "SDSC")


@pytest.mark.parametrize("kind", ["SDSC", "SDHC"])
def test_started_by_firmware(load, card, seeded, kind):
    """U-Boot has given the function's BAR an address, which is kept."""
    image = card(kind)
    text = load(f"model rounds=100 seed={seeded.randrange(1 << 32)}", image, options=("--uboot",))
    assert passed(text) == ["model", "rings"]
    check_contents(text, image, kind)


def test_board_without_a_controller(load):
    text = load("absent", None)
    assert passed(text) == ["absent"]
    assert text.count("disk: no SD host controller") == 1


def test_controller_without_a_card(load):
    text = load("model", None, more=HOST, status=1)
    assert "disk: no card" in text and "!error: ENOMEDIUM" in text


# ---- Errors ----

ERRORS = {"no response": 0x10000, "command CRC": 0x20000, "data time-out": 0x100000,
          "data CRC": 0x200000, "several": 0x330000}  # fmt: skip


@pytest.mark.parametrize("way", ["ADMA2", "programmed I/O"])
@pytest.mark.parametrize("error", ERRORS)
def test_error_now_and_then(load, card, seeded, error, way):
    """Upon every fifth command with data: the client does not notice."""
    image = card("SDSC")
    words = ("pio " if WAYS[way] else "") + f"force={ERRORS[error]:x}/5"
    text = load(f"model rounds=150 seed={seeded.randrange(1 << 32)}", image, f"    argument {words}")
    assert passed(text) == ["model", "rings"]
    check_contents(text, image, "SDSC")


@pytest.mark.parametrize("error", ["no response", "data CRC"])
def test_error_always(load, card, error):
    """Every request ends with an error, and the driver still answers."""
    text = load("broken", card("SDSC"), f"    argument force={ERRORS[error]:x}/1", badge=0)
    assert passed(text) == ["broken"]
    assert "disk: cannot read the partition table" in text


def test_argument_that_makes_no_sense(load, card):
    text = load("hostile", card("SDSC"), "    argument clock=x pio nonsense force=12")
    assert passed(text) == ["hostile", "rings"]
    assert text.count("not an argument of this driver") == 3 and "programmed I/O" in text


class Monitor:
    """QEMU's monitor (QMP)."""

    def __init__(self, path):
        for _ in range(200):
            self.socket = socket.socket(socket.AF_UNIX)
            try:
                self.socket.connect(str(path))
                break
            except OSError:
                time.sleep(0.05)
        self.file = self.socket.makefile("rw")
        self.file.readline()
        self.command("qmp_capabilities")

    def command(self, name, **arguments):
        json.dump({"execute": name, "arguments": arguments}, self.file)
        self.file.write("\n")
        self.file.flush()
        while True:
            answer = json.loads(self.file.readline())
            if "event" not in answer:
                assert "return" in answer, answer
                return


@pytest.mark.parametrize("way", WAYS)
def test_removal_under_load(load, card, seeded, tmp_path, way):
    """The card is taken out and put in again, three times: what was written is there, and what was
    not said to be written is there as a whole or not at all."""
    image = card("SDSC")
    failures = []

    def remove_and_insert():
        try:
            monitor = Monitor(tmp_path / "monitor")
            for _ in range(3):
                time.sleep(1 + seeded.random())
                monitor.command("eject", id="card", force=True)
                time.sleep(seeded.random())
                monitor.command(
                    "blockdev-change-medium", id="card", filename=str(image), format="raw"
                )
                time.sleep(1.5)  # the controller waits a second before it says that a card is in
        except (OSError, ValueError, AssertionError) as error:
            failures.append(error)

    thread = threading.Thread(target=remove_and_insert)
    thread.start()
    text = load(
        f"removal=3 seed={seeded.randrange(1 << 32)}", image, WAYS[way], options=(),
        more=["-qmp", f"unix:{tmp_path}/monitor,server=on,wait=off"],
    )  # fmt: skip
    thread.join()
    assert not failures
    assert passed(text) == ["removal", "rings"]
    assert "3 removals" in text and text.count("disk: no card") == 3


@pytest.mark.parametrize("step", ["queued", "running", "done"])
@pytest.mark.parametrize("way", WAYS)
def test_driver_dies_and_is_started_again(load, card, seeded, way, step):
    """In every 400th request, under load: the next one resets the controller and takes over; what
    was written is there."""
    image = card("SDSC")
    words = ("pio " if WAYS[way] else "") + f"die={step}/400"
    text = load(f"restart=8 seed={seeded.randrange(1 << 32)}", image,
                f"    argument {words}\n    restart 50 1000")  # fmt: skip
    assert passed(text) == ["restart"]
    assert text.count("server disk died") >= 8


def test_reading_costs_little(load, card):
    text = load("bench", card("SDSC"))
    alone, together = map(int, re.search(r"4 KiB read: (\d+) ns alone, (\d+) each", text).groups())
    print(f"4 KiB read: {alone} instructions alone, {together} each of many")
    assert together < alone < 10000
