"""`pagoda card`: images that the host's own tools find right."""

import os
import stat
import subprocess

import pytest
from pagodalib import card_layout as card
from pagodalib import ext4

MIB = 1 << 20


def pagoda_card(*words):
    done = subprocess.run(
        ["tools/pagoda", "card", *map(str, words)], capture_output=True, text=True, check=False, timeout=120
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(name="folder")
def odd_folder(tmp_path):
    """Files of all kinds that a person may put on a card."""
    folder = tmp_path / "root"
    (folder / "deep/er").mkdir(parents=True)
    (folder / "empty").write_bytes(b"")
    (folder / "large").write_bytes(os.urandom(3 * MIB + 17))
    (folder / "set-user").write_bytes(b"x")
    (folder / "set-user").chmod(0o4711)
    (folder / "deep/er/name with \"quotes\" and 'more'; $HOME").write_text("odd")
    (folder / ("n" * 255)).write_text("long")
    (folder / "link").symlink_to("deep/er")
    (folder / "long-link").symlink_to("x" * 1000)
    os.link(folder / "large", folder / "deep/same")
    os.mkfifo(folder / "fifo")
    os.utime(folder / "empty", (1_000_000_000, 1_000_000_000))
    return folder


@pytest.fixture(name="image")
def made_image(folder, tmp_path):
    image = tmp_path / "card.img"
    status, said, errors = pagoda_card("make", image, "--bare", "--root", folder, "--size", "256M")
    assert status == 0, errors
    assert "256M" in said and f"--card {image}" in said
    return image


def look(image, command):
    """What debugfs answers."""
    place = ext4.place(image, card.root_of(image)[0])
    done = subprocess.run(
        [ext4.find_program("debugfs"), "-R", command, place], capture_output=True, text=True, check=True, timeout=30
    )
    return done.stdout


def test_the_card_has_the_usual_layout_and_a_clean_root(image):
    status, said, _ = pagoda_card("list", image)
    kinds = [line.split()[-1] for line in said.splitlines()]
    assert (status, kinds) == (0, ["c", "83", "82"])
    ends = [offset + length for offset, length, _ in card.partitions(image).values()]
    assert ends[-1] == image.stat().st_size == 256 * MIB
    status, said, _ = pagoda_card("check", image)
    assert status == 0 and "root: " in said, said
    swap, length, _ = card.partitions(image)[card.SWAP]
    with open(image, "rb") as file:
        file.seek(swap)
        header = file.read(4096)
    assert header[4086:] == b"SWAPSPACE2" and int.from_bytes(header[1028:1032], "little") == length // 4096 - 1


def test_every_file_is_on_it_as_it_was(image, folder, tmp_path):
    for name in ("large", "deep/same", "empty", "n" * 255, "deep/er/name with \"quotes\" and 'more'; $HOME"):
        status, _, errors = pagoda_card("get", image, f"/{name}", tmp_path / "out")
        assert status == 0, errors
        assert (tmp_path / "out").read_bytes() == (folder / name).read_bytes()
    assert "Mode:  04711" in look(image, "stat /set-user") and "Links: 2" in look(image, "stat /large")
    assert 'Fast link dest: "deep/er"' in look(image, "stat /link")
    assert "Type: FIFO" in look(image, "stat /fifo") and "Size: 1000" in look(image, "stat /long-link")
    assert "Sun Sep  9" in look(image, "stat /empty") or "2001" in look(image, "stat /empty")
    for name in ("/", "/large", "/deep", "/fifo", "/link"):
        facts = look(image, f"stat {name}")
        assert "User:     0   Group:     0" in facts


def test_the_same_tree_gives_the_same_bytes(image, folder, tmp_path):
    again = tmp_path / "again.img"
    assert pagoda_card("make", again, "--bare", "--root", folder, "--size", "256M")[0] == 0
    assert subprocess.run(["cmp", image, again], check=False).returncode == 0


def test_damage_is_seen(image):
    offset, _ = card.root_of(image)
    with open(image, "r+b") as file:
        file.seek(offset + 1024 + 12)  # the superblock's count of free blocks, s_free_blocks_count_lo
        file.write(b"\x01\0\0\0")
    status, said, _ = pagoda_card("check", image)
    assert status == 1 and "checksum does not match" in said


@pytest.mark.parametrize("words, complaint", [
    (["make", "OUT", "--size", "300M"], "power of two"),
    (["make", "OUT", "--size", "128M", "--swap", "120M"], "too small"),
    (["make", "OUT", "--size", "big"], "a size like"),
    (["check", "no/such.img"], "No such file"),
    (["check", "README.md"], "no partition table"),
])  # fmt: skip
def test_mistakes_are_named(tmp_path, words, complaint):
    words = [tmp_path / "x.img" if word == "OUT" else word for word in words]
    status, _, errors = pagoda_card(*words)
    assert status == 125 and complaint in errors


def test_a_file_that_is_not_there(image, tmp_path):
    status, _, errors = pagoda_card("get", image, "/etc/nothing", tmp_path / "out")
    assert status == 125 and "no file /etc/nothing" in errors
    assert stat.S_ISREG(image.stat().st_mode)
