"""The file system on a card, by what only vfs decides: names, space, order, and what it refuses."""

import os
import re
import signal
import subprocess
import time

import pytest
from conftest import PAGODA, ROOT, execute
from pagodalib import card_layout, ext4

SIZE = "512M"  # for more than 10,000 inodes


@pytest.fixture(scope="module", name="fresh")
def make_card(tmp_path_factory):
    """A card with BusyBox, made once; copies of it are used."""
    path = tmp_path_factory.mktemp("vfs") / "fresh.img"
    execute(PAGODA, "card", "make", path, "--size", SIZE, "--boot", "16M", "--swap", "16M").expect()
    return path


@pytest.fixture(name="card")
def copy_card(fresh, tmp_path):
    path = tmp_path / "card.img"
    execute("cp", "--sparse=always", fresh, path).expect()
    return path


def run(pagoda, card, script, status=0, timeout=100):
    options = ["--card", card, "--virtio"]
    return pagoda("/bin/sh", "-c", script, options=options, timeout=timeout).expect(status)


def check(card):
    clean, said = ext4.check(card, card_layout.root_of(card)[0])
    assert clean, said


def patch(card, at, data):
    """Overwrites bytes of the root file system."""
    with card.open("r+b") as file:
        file.seek(card_layout.root_of(card)[0] + at)
        file.write(data)


def test_the_server_cannot_call_linux():
    done = execute(os.environ.get("CROSS", "aarch64-linux-gnu-") + "objdump", "-d", ROOT / "build/userland/servers/vfs.elf").expect()
    calls = re.findall(r"\tsvc\t(#0x[0-9a-f]+)", done.stdout)
    assert calls and set(calls) == {"#0x1"}


def test_many_names_in_a_directory(pagoda, card):
    script = """
        mkdir /many && cd /many && seq 1 10000 | xargs touch && ls | wc -l
        ls | head -n 5000 | xargs rm && ls | wc -l && test -e 9999 && sync
    """
    result = run(pagoda, card, script)
    assert result.stdout.split() == ["10000", "5000"]
    check(card)


def test_long_names_links_and_what_is_refused(pagoda, card):
    script = """
        exec 2>/dev/null; cd /root; long=$(printf %255s | tr ' ' n); echo text >$long; cat n*
        echo 1 >${long}x || echo too long
        mkdir a a/b; mv a a/b/c || echo below itself
        rmdir a || echo not empty; ln a d || echo no link
        ln -s $long short; cat short; ln -s $(printf %3000s | tr ' ' s) slow; readlink slow | wc -c
        mknod null c 1 3; stat -c '%t %T' null; echo 1 >null
        exec 3<$long; rm $long; cat <&3
    """
    result = run(pagoda, card, script)
    wanted = "text\ntoo long\nbelow itself\nnot empty\nno link\ntext\n3001\n1 3\ntext\n"
    assert result.stdout == wanted, result.stderr
    check(card)


def test_a_full_card_loses_nothing(pagoda, card):
    script = """
        cd /root; echo precious >kept; sync
        dd if=/dev/zero of=big bs=1M 2>/dev/null || echo full
        echo more >new && sync && cat new || echo full too
        mkdir folder; cat kept; rm big; sync; echo again >new; cat new; sync
    """
    result = run(pagoda, card, script)
    assert result.stdout.startswith("full\n") and result.stdout.endswith("precious\nagain\n")
    check(card)


def test_killed_at_a_moment_and_mended(pagoda, card, seeded):
    """QEMU is killed in the middle of work; what was synced is there after e2fsck -fy."""
    script = """
        cd /root; echo promised >old; sync; echo synced
        i=0; while :; do i=$((i+1)); echo $i >f$((i % 50)); mv f$((i % 50)) g$((i % 7)); done
    """
    words = [PAGODA, "run", "--timeout", "60", "--card", card, "--virtio", "--", "/bin/sh", "-c", script]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               stdin=subprocess.DEVNULL, start_new_session=True)  # fmt: skip
    assert process.stdout.readline() == b"synced\n"
    time.sleep(seeded.uniform(0.5, 7))
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    offset = card_layout.root_of(card)[0]
    refused = pagoda("/bin/sh", "-c", "echo here", options=["--card", card, "--virtio"], timeout=60)
    assert "e2fsck first" in refused.stderr
    mended = execute("e2fsck", "-fy", f"{card}?offset={offset}", environment={"PATH": os.environ["PATH"] + ":/usr/sbin"})
    assert mended.status in (0, 1), mended.stdout
    assert run(pagoda, card, "cat /root/old").stdout == "promised\n"
    check(card)


DAMAGE = {
    "block size": (1024 + 24, b"\0"),
    "number of blocks": (1024 + 4, b"\xff\xff\xff\x7f"),
    "checksum": (1024 + 1020, b"1234"),
    "descriptors": (4096, bytes(range(256))),
    "unknown feature": (1024 + 96, b"\xff\xff\xff\xff"),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_a_damaged_file_system_is_refused_until_it_was_checked(pagoda, card, what):
    patch(card, *DAMAGE[what])
    result = pagoda("/bin/sh", "-c", "echo alive", options=["--card", card, "--virtio"], timeout=60)
    assert "not mounted" in result.stderr, result.stderr
    assert "is unclean: /sbin/e2fsck begins" in result.stderr, result.stderr
