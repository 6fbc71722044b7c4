"""The card as a device file, and what becomes of one that was not unmounted."""

import hashlib
import os
import re
import signal
import subprocess
import sys

import pytest
from conftest import PAGODA, ROOT, execute
from pagodalib import card_layout, ext4
from pagodalib.common import find_program

sys.path.insert(0, str(ROOT / "tests/powercut"))
from write_log import copy_sparse  # noqa: E402

PACKAGES = ("coreutils", "util-linux", "fdisk")


@pytest.fixture(scope="module", name="base")
def _base(tmp_path_factory):
    path = tmp_path_factory.mktemp("card") / "card.img"
    words = [word for name in PACKAGES for word in ("--package", name)]
    execute(PAGODA, "card", "make", path, *words, timeout=240).expect(0)
    return path


@pytest.fixture(name="card")
def _card(base, tmp_path):
    """A copy of the card."""
    path = tmp_path / "card.img"
    copy_sparse(base, path)
    return path


@pytest.fixture(name="run")
def _run(pagoda, card):
    """run("commands"): what a shell with the card as root says."""

    def start(commands, options=(), status=0, words=None):
        words = words or ["/bin/sh", "-c", commands]
        return pagoda(*words, options=["--card", card, *options], timeout=110).expect(status)

    return start


def debugfs(card, *commands):
    """Changes the root file system behind its back."""
    place = ext4.place(card, card_layout.root_of(card)[0])
    for command in commands:
        done = subprocess.run([find_program("debugfs"), "-w", "-R", command, place], capture_output=True,
                              check=True, timeout=60)  # fmt: skip
        said = done.stderr.decode().splitlines()[1:]
        assert not said, said


def is_clean(card):
    return ext4.check(card, card_layout.root_of(card)[0])


def part(card, number, skip=0, size=None):
    """Bytes of a partition; 0: of the disk."""
    offset, length = (0, card.stat().st_size) if not number else card_layout.partitions(card)[number][:2]
    with card.open("rb") as file:
        file.seek(offset + skip)
        return file.read(length - skip if size is None else size)


# ---- Device files ----

WAYS = {"sdhci": ([], "/dev/mmcblk0", "p"), "virtio": (["--virtio"], "/dev/vda", "")}


@pytest.fixture(params=WAYS, name="way")
def _way(request):
    return WAYS[request.param]


def test_a_device_reads_as_the_image(run, card, way):
    options, disk, p = way
    result = run(
        f"dd if={disk} bs=1M skip=4 count=12 | sha256sum; dd if={disk}{p}1 bs=777 skip=5 count=999 | sha256sum;"
        f"dd if={disk}{p}3 bs=64k | sha256sum; tail -c 1000 {disk}{p}3 | sha256sum",
        options=options,
    )
    wanted = [part(card, 0, 4 << 20, 12 << 20), part(card, 1, 777 * 5, 777 * 999), part(card, 3)]
    wanted.append(wanted[-1][-1000:])
    assert re.findall(r"\w{64}", result.stdout) == [hashlib.sha256(data).hexdigest() for data in wanted]


def test_writes_at_any_place_change_nothing_else(run, card, way, seeded):
    options, disk, p = way
    old, commands = bytearray(part(card, 3)), []
    for _ in range(25):
        size = seeded.choice([1, 3, 511, 512, 513, 1024, 5000, 65536, 200_001])
        at = seeded.randrange(len(old) - size)
        letter = chr(seeded.randrange(97, 123))
        commands.append(f"head -c {size} /dev/zero | tr '\\0' {letter} |"
                        f" dd of={disk}{p}3 bs={size} iflag=fullblock oflag=seek_bytes seek={at} conv=notrunc,fsync")  # fmt: skip
        old[at : at + size] = letter.encode() * size
    before = part(card, 2)
    run("set -e; PATH=/usr/bin:/bin; exec 2>/dev/null\n" + "\n".join(
        command.replace("| dd", "| /bin/dd").replace("head", "/usr/bin/head") for command in commands
    ), options=options)  # fmt: skip
    assert part(card, 3) == bytes(old)
    assert len(before) == len(part(card, 2)) and is_clean(card)[0]


def test_the_end_of_a_device(run, card):
    size = len(part(card, 3))
    result = run(
        f"exec 2>&1; printf abcdef | /bin/dd of=/dev/mmcblk0p3 bs=6 oflag=seek_bytes seek={size - 3};"
        f"/bin/dd if=/dev/mmcblk0p3 iflag=skip_bytes skip={size} 2>/dev/null | /usr/bin/wc -c",
    )
    assert "No space left on device" in result.stdout
    assert part(card, 3)[-3:] == b"abc"
    assert result.stdout.splitlines()[-1] == "0"


def test_tools_see_the_layout(run, card, way):
    options, disk, p = way
    layout = card_layout.partitions(card)
    result = run(f"/sbin/sfdisk -d {disk}; /sbin/fdisk -l; /sbin/blkid; /bin/lsblk -b", options=options)
    for number, (offset, size, kind) in layout.items():
        sectors = rf"start= *{offset // 512}, size= *{size // 512}, type={kind:x}\b"
        assert re.search(rf"^{disk}{p}{number} : {sectors}", result.stdout, re.M), result.stdout
        assert re.search(rf"{disk[5:]}{p}{number} +\S+ +\d +{size} ", result.stdout), result.stdout
    assert f"Disk {disk}: 256 MiB, {card.stat().st_size} bytes" in result.stdout
    assert re.search(rf'^{disk}{p}2: LABEL="root" .*TYPE="ext4"', result.stdout, re.M), result.stdout


def test_what_a_mounted_device_allows(run):
    result = run("/sbin/wipefs /dev/mmcblk0p2 | /bin/grep -c ext4; exec 2>&1; /sbin/wipefs -a /dev/mmcblk0p2;"
                 "/sbin/blkdiscard /dev/mmcblk0p3; /sbin/blockdev --getsize64 --getss --getbsz --getro /dev/mmcblk0p3")  # fmt: skip
    assert result.stdout.splitlines()[0] == "1"
    assert "Device or resource busy" in result.stdout and "Operation not supported" in result.stdout
    assert result.stdout.split()[-4:] == [str(64 << 20), "512", "4096", "0"]


# ---- The check ----


def test_a_clean_card_is_not_checked(run, card):
    run("echo word >/root/word")
    result = run("cat /root/word")
    assert result.stdout == "word\n" and "e2fsck" not in result.stderr
    assert is_clean(card)[0]


def killed_while_writing(card, options, commands, until):
    """QEMU ends in the middle, as if the power had been cut, once the guest has said `until`."""
    words = [PAGODA, "run", "--card", card, "--timeout", 100, *options, "--", "/bin/sh", "-c", commands]
    with subprocess.Popen([str(word) for word in words], cwd=ROOT, stdout=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:  # fmt: skip
        for line in run.stdout:
            if line.strip() == until:
                break
        else:
            pytest.fail("the guest did not come so far")
        children = f"/proc/{run.pid}/task/{run.pid}/children"
        with open(children, encoding="ascii") as file:
            machine = [int(pid) for pid in file.read().split()
                       if "qemu" in os.readlink(f"/proc/{pid}/exe")]  # fmt: skip
        assert len(machine) == 1
        os.kill(machine[0], signal.SIGKILL)
        run.communicate(timeout=60)


def test_a_power_cut_is_repaired_at_the_next_start(run, card, way, seeded):
    options, disk, p = way
    word = f"{seeded.randrange(1 << 40):x}"
    last = seeded.randrange(5, 60)
    killed_while_writing(card, options, f"""
        cd /root; echo {word} >promised; sync; i=0
        while true; do
            i=$((i + 1)); mkdir d$i; head -c $((i * 1000)) /dev/urandom >d$i/file; rm -rf d$((i - 3)); echo $i
            test $((i % 7)) = 0 && sync
        done""", str(last).encode())  # fmt: skip
    result = run("cat /root/promised; cp -r /etc /root/copy && ls /root/copy/passwd", options=options)
    assert result.stdout.splitlines() == [word, "/root/copy/passwd"]
    assert f"{disk}{p}2 was unclean: " in result.stderr
    assert "Pass 5: Checking group summary information" in result.stderr
    assert is_clean(card)[0]
    again = run("cat /root/promised", options=options)
    assert "e2fsck" not in again.stderr and again.stdout == f"{word}\n"


def test_a_damaged_directory_is_repaired(run, card):
    debugfs(card, "clri /etc", "set_super_value state 0")
    assert not is_clean(card)[0]
    result = run("ls -d /lost+found/*")
    assert "was unclean: repaired" in result.stderr and "/lost+found/#" in result.stdout
    assert is_clean(card)[0]


def test_what_cannot_be_repaired_is_refused(run, card):
    """It has a feature that nobody knows."""
    offset, _ = card_layout.root_of(card)
    debugfs(card, "set_super_value state 0")
    with card.open("r+b") as file:
        for superblock in (1024, 32768 * 4096):  # and the copy
            file.seek(offset + superblock + 0x60)  # s_feature_incompat
            file.write(b"\x00\x00\x00\x80")
    damaged = part(card, 2)
    result = run(None, words=["/bin/on-the-card"], status=127)
    assert re.search(r"could not repair it: status \d+", result.stderr), result.stderr
    assert "the bundle is the root instead" in result.stderr
    assert part(card, 2) == damaged
