"""Cards that go wrong in the middle of a load: errors that are retried, errors that are told to the program
concerned alone, a card that is taken out; and images that nobody should trust."""

import re
import struct
import subprocess
import threading
import time

import pytest
from conftest import ROOT, execute
from pagodalib import card_layout, ext4
from pagodalib.common import find_program
from pagodalib.manifest import Manifest
from test_card import Monitor

USERLAND = ROOT / "userland"
SECTORS = 8  # of a block
VERIFIER = "/bin/verifier.musl"


@pytest.fixture(scope="module", name="made")
def a_card(tmp_path_factory):
    path = tmp_path_factory.mktemp("card") / "card.img"
    execute(ROOT / "tools/pagoda", "card", "make", path, "--every-app", timeout=240).expect(0)
    return path


@pytest.fixture(name="card")
def a_copy(made, tmp_path):
    path = tmp_path / "card.img"
    execute("cp", "--sparse=always", made, path).expect(0)
    return path


def manifest(folder, driver, argument="", root=True):
    """The system with a card behind this driver, which gets an argument; the file's path."""
    whole = Manifest((USERLAND / "manifest").read_text())
    storage = (USERLAND / "manifest.card").read_text()
    part = (USERLAND / f"manifest.{driver}").read_text()
    whole.lay(storage if root else storage.replace("root card\n", ""))
    whole.lay(part + (f"    argument {argument}\n" if argument else ""))
    path = folder / "manifest"
    path.write_text(whole.text())
    return path


def is_clean(image):
    clean, said = ext4.check(image, card_layout.root_of(image)[0])
    assert clean, said


def repaired(image):
    """e2fsck's repair leaves a file system without errors."""
    offset = card_layout.root_of(image)[0]
    place = ext4.place(image, offset)
    done = subprocess.run(
        [find_program("e2fsck"), "-fy", place], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    is_clean(image)


# ---- Retried ----


def test_errors_now_and_then_are_not_noticed(pagoda, card, tmp_path, seeded):
    """Data CRC errors and time-outs of the controller, in every ninth command with data."""
    words = f"/root/model {seeded.randrange(1 << 32)} 150"
    options = ["--card", card, "--manifest", manifest(tmp_path, "sdhci", "force=300000/9"), "--memory", "512M"]
    script = f"{VERIFIER} run {words} && sync && {VERIFIER} check {words}"
    result = pagoda("/bin/sh", "-c", script, options=options, timeout=110).expect(0)
    assert result.stdout.count(" 0 failed") == 2, result.stdout
    is_clean(card)


# ---- Told ----


def block_of(image, path, number):
    """The sector of the card where a file's block is."""
    offset = card_layout.root_of(image)[0]
    asked = [find_program("debugfs"), "-R", f"blocks {path}", ext4.place(image, offset)]
    blocks = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=60).stdout.split()
    return offset // 512 + int(blocks[number]) * SECTORS


def bad_sector(image, sector, event):
    """QEMU's options for the image as a virtio disk, one of whose sectors gives errors."""
    return [
        f"--qemu={word}"
        for word in (
            "-blockdev", f"driver=file,node-name=image,filename={image}",
            "-blockdev", f"driver=blkdebug,node-name=bad,image=image,inject-error.0.event={event},"
            f"inject-error.0.errno=5,inject-error.0.sector={sector},inject-error.0.once=off",
            "-blockdev", "driver=raw,node-name=raw,file=bad",
            "-device", "virtio-blk-device,drive=raw,rerror=report,werror=report",
        )
    ]  # fmt: skip


@pytest.fixture(name="with_files")
def a_card_with_files(pagoda, card):
    script = "cd /root; seq 20000 >victim; seq 30000 >other; head -c 65536 victim >v; mv v victim; sync"
    pagoda("/bin/sh", "-c", script, options=["--card", card, "--virtio", "--memory", "256M"]).expect(0)
    return card


def test_a_block_that_cannot_be_read(pagoda, with_files, tmp_path):
    """EIO to read, SIGBUS to a mapping, of that page alone; the others go on."""
    sector = block_of(with_files, "/root/victim", 7)
    script = f"""cd /root
        cat victim >/dev/null; echo cat $?
        /bin/pages.musl victim; echo pages $?
        dd if=victim bs=4096 count=7 2>/dev/null | tail -c 5
        cat other | tail -n 1; echo more >new; sync; cat new
        {VERIFIER} run /root/model 1 60"""
    options = ["--manifest", manifest(tmp_path, "virtio"), *bad_sector(with_files, sector, "read_aio")]
    said = pagoda("/bin/sh", "-c", script, options=[*options, "--every-app"], timeout=90).expect(0).stdout
    assert "cat 1" in said and "pages 1" in said, said
    assert "page 7: SIGBUS\npages: 16 pages, 1 lost" in said, said
    assert "30000\nmore\n" in said and " 0 failed" in said, said
    is_clean(with_files)


def test_a_block_that_cannot_be_written(pagoda, with_files, tmp_path):
    """EIO to fsync of that file; other files are written and synced."""
    sector = block_of(with_files, "/root/victim", 7)
    script = f"""cd /root
        dd if=/dev/zero of=victim bs=4096 seek=7 count=1 conv=notrunc,fsync 2>/dev/null; echo write $?
        echo more >new; sync new; echo new $?; cat new
        {VERIFIER} run /root/model 1 60"""
    options = ["--manifest", manifest(tmp_path, "virtio"), *bad_sector(with_files, sector, "write_aio")]
    said = pagoda("/bin/sh", "-c", script, options=[*options, "--every-app"], timeout=90).stdout
    assert "write 1" in said and "new 0\nmore\n" in said and re.search(r"\d passed, ", said), said
    repaired(with_files)


# ---- Taken out ----


def test_the_card_is_taken_out_and_put_in_again(pagoda, card, tmp_path, seeded):
    """In the middle of a load: programs get errors, the shell answers, what was synced stays."""
    script = """
        cat /bin/busybox >/dev/null; cd /root; echo promised >kept; sync
        (i=0; while echo $i | dd of=file$((i % 20)) conv=fsync 2>/dev/null; do i=$((i + 1)); [ $i = 5 ] && echo begun; done; echo stopped) &
        i=0; while [ $i -lt 4 ]; do sleep 1; i=$((i + 1)); echo alive $i; done
        wait; sleep 5; echo shell answers
    """
    failures = []

    def remove_and_insert():
        try:
            monitor = Monitor(tmp_path / "monitor")
            time.sleep(6 + 2 * seeded.random())
            monitor.command("eject", id="card0", force=True)
            time.sleep(1 + seeded.random())
            monitor.command("blockdev-change-medium", id="card0", filename=str(card), format="raw")
        except (OSError, ValueError, AssertionError) as error:
            failures.append(error)

    thread = threading.Thread(target=remove_and_insert)
    thread.start()
    options = ["--card", card, "--memory", "256M", "--qemu=-qmp", f"--qemu=unix:{tmp_path}/monitor,server=on,wait=off"]
    result = pagoda("/bin/sh", "-c", script, options=options, timeout=90)
    thread.join()
    assert not failures, result.stdout + result.stderr
    said = result.stdout + result.stderr
    assert result.status != 124 and "stopped" in said and "shell answers" in said, said
    repaired(card)
    out = tmp_path / "out"
    ext4.dump(card, card_layout.root_of(card)[0], "/root/kept", out)
    assert out.read_bytes() == b"promised\n"


# ---- Not to be trusted ----


def damage(image, kind, chance):
    """Spoils an image by chance in one of these ways; True: there is a file system left, perhaps."""
    offset, size = card_layout.root_of(image)
    with image.open("r+b") as file:
        if kind == "table":  # partitions that overlap, end behind the card, or have no length
            file.seek(446)
            for _ in range(4):
                file.write(struct.pack("<B3xB3xII", 0, chance.choice((0x0C, 0x83, 0x82)),
                                       chance.randrange(1 << 32), chance.choice((0, 1, 1 << 31))))  # fmt: skip
        elif kind == "cut":  # the end of the file system is empty
            first = offset + chance.randrange(1 << 20, size)
            file.truncate(first)
            file.truncate(offset + size)
        else:
            first, length = {"superblock": (1024, 256), "descriptors": (4096, 4096), "inodes": (0, 1 << 20),
                             "directories": (1 << 20, size - (1 << 20))}[kind]  # fmt: skip
            for _ in range(200 if kind in ("inodes", "directories") else 4):
                place = offset + first + chance.randrange(length)
                file.seek(place)
                byte = file.read(1)
                file.seek(place)
                file.write(bytes([byte[0] ^ 1 << chance.randrange(8)]))


@pytest.mark.parametrize("kind", ["table", "cut", "superblock", "descriptors", "inodes", "directories"])
def test_hostile_image(pagoda, card, tmp_path, seeded, kind):
    """The system starts from its bundle and comes to its end: the card works, or there is an error."""
    damage(card, kind, seeded)
    script = """mount; for i in /mnt/bin/* /mnt/etc/*; do cat "$i"; done >/dev/null 2>&1
        find /mnt 2>/dev/null | head -n 2000 >/dev/null
        mkdir /mnt/root/new && echo x >/mnt/root/new/file && rm -r /mnt/root/new; sync; echo end"""
    drive = ["--qemu=-drive", f"--qemu=if=none,id=d,format=raw,file={card}",
             "--qemu=-device", "--qemu=virtio-blk-device,drive=d"]  # fmt: skip
    options = ["--manifest", manifest(tmp_path, "virtio", root=False), *drive]
    result = pagoda("/bin/sh", "-c", script, options=options, timeout=90).expect(0)
    assert result.stdout.endswith("end\n"), result.stdout


@pytest.mark.parametrize("kind", ["table", "superblock"])
def test_hostile_root(pagoda, card, seeded, kind):
    """Asked to start from it, the system says what is wrong, or works; it comes to its end."""
    damage(card, kind, seeded)
    result = pagoda("/bin/sh", "-c", "echo works", options=["--card", card, "--virtio"], timeout=60)
    assert result.status != 124 and ("works" in result.stdout or "cannot" in result.stderr), result.stderr
