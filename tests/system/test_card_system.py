"""The system from an SD card: programs, files and what is left on the card, as the host sees it."""

import hashlib
import re
import sys

import pytest
from conftest import ROOT, execute
from pagodalib import card_layout, ext4

sys.path.insert(0, str(ROOT / "tests/powercut"))
from write_log import WriteLog, after_a_cut, copy_sparse, repair  # noqa: E402


@pytest.fixture(scope="module")
def cards(tmp_path_factory):
    """cards(package, …): an image with these packages and all programs of the project, made once."""
    made = {}

    def image(*packages):
        if packages not in made:
            path = tmp_path_factory.mktemp("card") / "card.img"
            words = [word for name in packages for word in ("--package", name)]
            execute(ROOT / "tools/pagoda", "card", "make", path, "--every-app", *words, timeout=240).expect(0)
            made[packages] = path
        return made[packages]

    return image


@pytest.fixture(name="from_card")
def run_from_card(pagoda, cards, tmp_path):
    """from_card(words, packages=…): runs from a copy of the card; (result, image). The image is clean."""

    def run(*words, packages=("bash", "coreutils"), image=None, options=(), status=0, timeout=110):
        if image is None:
            image = tmp_path / "card.img"
            copy_sparse(cards(*packages), image)
        options = ["--card", image, "--memory", "512M", "--summary", *options]
        result = pagoda(*words, options=options, timeout=timeout).expect(status)
        assert "every frame accounted for" in result.stderr, result.stderr
        clean, said = ext4.check(image, card_layout.root_of(image)[0])
        assert clean, said
        return result, image

    return run


def get(image, path, tmp_path):
    """A file of the card, as the host reads it."""
    out = tmp_path / "out"
    out.unlink(missing_ok=True)
    ext4.dump(image, card_layout.root_of(image)[0], path, out)
    return out.read_bytes()


@pytest.mark.parametrize("how", [[], ["--virtio"]], ids=["sdhci", "virtio"])
def test_files_written_by_the_guest_are_right_on_the_host(from_card, tmp_path, seeded, how):
    seed = seeded.randrange(1 << 30)
    script = f"""
        mkdir -p /root/a/b && cd /root/a/b
        seq {seed} {seed + 50_000} >numbers && sha256sum numbers | cut -c1-64
        ln numbers same; ln -s ../../etc/passwd link; chmod 640 numbers
        head -c 100000 numbers >>same; truncate -s 123456 same; mv numbers ../moved
        dd if=/dev/zero of=sparse bs=1 count=1 seek=5000000 2>/dev/null
        for i in {{1..200}}; do echo $i >file$i; done; rm file1?; ls | wc -l
        sha256sum same | cut -c1-64; cat /etc/passwd | wc -l
    """
    result, image = from_card("bash", "-c", script, options=how)
    lines = result.stdout.split()
    numbers = "".join(f"{number}\n" for number in range(seed, seed + 50_001)).encode()
    assert lines[0] == hashlib.sha256(numbers).hexdigest()
    assert lines[1] == str(200 - 10 + 3)  # same, link, sparse
    same = get(image, "/root/a/moved", tmp_path)
    assert same == numbers[:123456] and lines[2] == hashlib.sha256(same).hexdigest()
    assert len(get(image, "/root/a/b/sparse", tmp_path)) == 5_000_001
    assert get(image, "/root/a/b/file200", tmp_path) == b"200\n"


def test_python_and_sqlite(from_card, tmp_path):
    script = """
import sqlite3, hashlib, os
base = sqlite3.connect("/root/base.db")
base.execute("pragma journal_mode=wal")
base.execute("create table t (i integer primary key, s text)")
with base:
    base.executemany("insert into t values (?, ?)", ((i, "x" * (i % 100)) for i in range(5000)))
print(base.execute("select count(*), sum(length(s)) from t").fetchone())
base.close()
print(hashlib.sha256(open("/root/base.db", "rb").read()).hexdigest())
"""
    result, image = from_card("python3", "-c", script, packages=("python3", "bash", "coreutils"), timeout=130)
    lines = result.stdout.splitlines()
    assert lines[0] == f"(5000, {sum(i % 100 for i in range(5000))})"
    assert hashlib.sha256(get(image, "/root/base.db", tmp_path)).hexdigest() == lines[1]


def test_what_is_cold_comes_from_the_card_and_what_is_warm_does_not(from_card):
    result, _ = from_card("/bin/sh", "-c", "/bin/seed.musl; /bin/seed.musl; true")
    counts = re.findall(r"before main: \d+ minor faults, (\d+) major", result.stdout)
    assert len(counts) == 2 and int(counts[0]) > 0 and int(counts[1]) == 0
    assert result.stdout.count("first fill: 256 minor faults, 0 major") == 2


def test_a_second_boot_finds_what_the_first_left(from_card, seeded):
    word = f"{seeded.randrange(1 << 60):x}"
    _, image = from_card("/bin/sh", "-c", f"echo {word} >/root/word; mkdir /root/folder; mv /root/word /root/folder")
    result, _ = from_card("/bin/sh", "-c", "cat /root/folder/word", image=image)
    assert result.stdout == f"{word}\n"


RECORDS = """
    cd /root; echo old >old; sync
    for i in 1 2 3 4 5 6; do
        echo "record $i" >r$i.new; sync r$i.new; mv r$i.new r$i; sync
        head -c 20000 /dev/urandom >junk$i; rm -f junk$((i - 2))
    done
"""


def check_promises(image, tmp_path, what):
    """Repaired, it has the first so many records, whole. How many?"""
    offset = card_layout.root_of(image)[0]
    status, said = repair(image, offset)
    assert status in (0, 1), f"{what}: {said}"
    there = [i for i in range(1, 7) if ext4.exists(image, offset, f"/root/r{i}")]
    assert there == list(range(1, len(there) + 1)), (what, there)
    for i in there:
        assert get(image, f"/root/r{i}", tmp_path) == f"record {i}\n".encode(), what
    return len(there)


@pytest.mark.parametrize("how", [[], ["--virtio"]], ids=["sdhci", "virtio"])
def test_a_power_cut_at_any_moment_loses_nothing_promised(from_card, tmp_path, cards, seeded, how):
    """Every state that a cut could leave is repaired by e2fsck to one with all that sync promised; later
    states have no fewer records. QEMU's SD card has no cache, so its states are what was written so far; a
    virtio disk has one, so what follows a flush may be there in any part."""
    base, log = cards("bash", "coreutils"), tmp_path / "log"
    from_card("bash", "-c", RECORDS, options=["--record", log, *how])
    writes = WriteLog(log)
    assert len(writes.epochs) > 12 if how else writes.writes > 100
    states = writes.states(seeded, 24) if how else writes.prefixes(seeded, 24)
    seen = [(what, check_promises(after_a_cut(writes, base, tmp_path, some), tmp_path, what)) for what, some in states]
    counts = [count for what, count in seen if "," not in what]
    assert counts == sorted(counts) and counts[0] < counts[-1], seen
