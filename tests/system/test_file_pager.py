"""The pager of files over vfs and a virtio disk, under tests/native/servers/file-load; then the host
looks at the image with e2fsprogs."""

import re
import subprocess

import pytest
from conftest import execute

PAGE = 4096
BIG_PAGES = 700
SIZE = 64 << 20

MANIFEST = """
server disk
    image servers/virtio-blk
    level 0
    priority 28
    pool 512K 8M
    endpoint
    device pci:1af4:1042
    device pci:1af4:1001
server vfs
    image servers/vfs
    level 2
    priority 26
    pool 1M 16M
    endpoint
    use disk
    argument disk
server file
    image servers/file
    level 3
    priority 25
    pool 1M {pool}
    endpoint
    use vfs
    use disk
    argument disk
server load
    image servers/file-load
    level 5
    priority 20
    pool 1M 64M
    use vfs
    use file
    system
    argument {argument}
"""


def big():
    pages = [bytes((page * 7 + i) & 255 for i in range(PAGE)) for page in range(BIG_PAGES + 1)]
    return pages


@pytest.fixture
def image(tmp_path):
    """An ext4 file system with a few files."""
    root = tmp_path / "tree"
    root.mkdir()
    (root / "big").write_bytes(b"".join(big())[: BIG_PAGES * PAGE + 123])
    (root / "small").write_bytes(b"x" * 3 * PAGE)
    with (root / "holes").open("wb") as file:
        file.truncate(64 * PAGE)
        file.seek(5 * PAGE)
        file.write(b"h" * PAGE)
    path = tmp_path / "image"
    words = ["-q", "-F", "-t", "ext4", "-O", "^has_journal", "-b", PAGE, "-d", root, path, f"{SIZE >> 10}k"]
    execute("/usr/sbin/mke2fs", *words).expect(0)
    return path


@pytest.fixture
def load(pagoda, tmp_path, image):
    """load("read write"): what was said; the image is clean afterwards."""

    def run(argument, pool="32M", options=(), status=0):
        manifest = tmp_path / "manifest"
        manifest.write_text(MANIFEST.format(argument=argument, pool=pool))
        drive = f"if=none,id=d,format=raw,file={image}"
        words = [f"--qemu={word}" for word in ("-drive", drive, "-device", "virtio-blk-pci,drive=d")]
        result = pagoda(options=["-v", *options, "--manifest", manifest, *words], timeout=100)
        text = result.expect(status).stderr
        assert "stay" in argument or passed(text)[-1] == "unmount"
        check = subprocess.run(["/usr/sbin/e2fsck", "-fn", image], capture_output=True, check=False)
        assert check.returncode == 0, check.stdout.decode() + check.stderr.decode()
        return text

    return run


def passed(text):
    return re.findall(r"^file-load: (.*): passed$", text, re.M)


def contents(image, name, tmp_path):
    out = tmp_path / "out"
    out.unlink(missing_ok=True)
    execute("/usr/sbin/debugfs", "-R", f"dump {name} {out}", image).expect(0)
    return out.read_bytes()


def test_reading(load):
    """Files as the host made them, by FILL and by faults, few of them major."""
    assert passed(load("read")) == ["read", "unmount"]


def test_writing(load, image, tmp_path):
    """What was synced is in the image, and nothing else changed."""
    text = load("read write new size hole")
    assert passed(text) == ["read", "write", "new", "size", "hole", "unmount"]
    pages = big()
    for page in range(0, BIG_PAGES, 3):
        pages[page] = bytes(byte ^ 255 for byte in pages[page])
    assert contents(image, "big", tmp_path) == b"".join(pages)[: BIG_PAGES * PAGE + 123]
    new = bytes((at // PAGE * 3 + at % PAGE) & 255 for at in range(100 * PAGE + 1000))
    assert contents(image, "new", tmp_path) == new
    small = b"x" * 5000 + bytes(6 * PAGE - 5000) + b"y" + bytes(PAGE - 1)
    assert contents(image, "small", tmp_path) == small
    holes = bytearray(64 * PAGE)
    holes[5 * PAGE : 6 * PAGE] = b"h" * PAGE
    holes[40 * PAGE + 7] = ord("w")
    assert contents(image, "holes", tmp_path) == holes


def test_more_than_there_is_room_for(load, image, tmp_path):
    """16 MiB through a cache of less."""
    assert passed(load("crowd read", pool="12M")) == ["read", "crowd", "unmount"]
    data = contents(image, "crowd", tmp_path)
    assert len(data) == 4096 * PAGE
    assert all(data[at : at + 8] == (at // PAGE).to_bytes(8, "little") for at in range(0, len(data), PAGE))


def test_cost(load):
    """Instructions, counted while time stands still for a disk: waiting is none of it."""
    text = load("bench", options=["--qemu=-icount", "--qemu=shift=0,sleep=on"])
    print(re.search(r"file-load: cold.*", text)[0])
