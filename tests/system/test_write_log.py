"""The reader of recorded writes: what a power cut can leave, against logs made by hand."""

import random
import sys

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "tests/powercut"))
from write_log import DISCARD, ENTRY, FLUSH, FUA, MAGIC, MARK, SUPERBLOCK, WriteLog, after_a_cut  # noqa: E402

UNIT = 512


def record(path, *entries):
    """A log of (sector, bytes or count, flags)."""
    with open(path, "wb") as file:
        file.write(SUPERBLOCK.pack(MAGIC, 1, len(entries), UNIT).ljust(UNIT, b"\0"))
        for sector, data, flags in entries:
            count = data if isinstance(data, int) else len(data) // UNIT
            file.write(ENTRY.pack(sector, count, flags, 0).ljust(UNIT, b"\0"))
            if not isinstance(data, int):
                file.write(data)
    return path


def sector(letter):
    return letter.encode() * UNIT


@pytest.fixture(name="base")
def zeroed_disk(tmp_path):
    path = tmp_path / "base.img"
    path.write_bytes(bytes(8 * UNIT))
    return path


def letters(image):
    data = image.read_bytes()
    return "".join(chr(data[at] or ord(".")) for at in range(0, len(data), UNIT))


def test_flushes_divide_what_was_written(tmp_path, base):
    path = record(tmp_path / "log", (0, sector("a"), 0), (1, sector("b"), 0), (0, 0, FLUSH),
                  (1, sector("c"), 0), (2, sector("d"), FUA), (3, sector("e"), 0))  # fmt: skip
    log = WriteLog(path)
    assert [len(epoch) for epoch in log.epochs] == [2, 2, 1] and log.writes == 5
    seen = {letters(after_a_cut(log, base, tmp_path, writes)) for _, writes in log.prefixes()}
    assert seen == {"........", "a.......", "ab......", "ac......", "acd.....", "acde...."}


def test_what_a_flush_covers_is_in_every_later_state(tmp_path, base):
    path = record(tmp_path / "log", (0, sector("a"), 0), (0, 0, FLUSH), *[(i, sector("x"), 0) for i in (1, 2, 3)])
    log = WriteLog(path)
    seen = set()
    for seed in range(40):
        for what, writes in log.states(random.Random(seed), 6):
            state = letters(after_a_cut(log, base, tmp_path, writes))
            seen.add(state)
            assert state[0] == "a" or "after flush 0" in what
    assert {"a.x.....", "a..x....", "axxx....", "a......."} <= seen  # any part, not only prefixes


def test_discards_and_marks(tmp_path, base):
    path = record(tmp_path / "log", (4, sector("a") * 2, 0), (0, 0, MARK), (4, 1, DISCARD))
    log = WriteLog(path)
    states = [letters(after_a_cut(log, base, tmp_path, writes)) for _, writes in log.prefixes()]
    assert states == ["........", "....aa..", ".....a.."]


@pytest.mark.parametrize("damage", [b"", b"x" * 512])
def test_what_is_no_log_is_refused(tmp_path, damage):
    path = record(tmp_path / "log", (0, sector("a"), 0))
    data = path.read_bytes()
    path.write_bytes(data[:512] if not damage else damage + data[512:])
    with pytest.raises(ValueError):
        WriteLog(path)
