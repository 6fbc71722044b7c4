"""Signals, clocks and timers, as programs see them that know Linux's answers."""

import re
import time

import pytest

FLAVOURS = ["musl", "musl-pie", "glibc", "glibc-pie"]


def clean(result):
    """The run's end says that no frame was lost or counted twice."""
    assert re.search(r"^  frames +\d+ of 4 KiB: ", result.stderr, re.M), result.stderr
    assert "every frame accounted for" in result.stderr, result.stderr


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("program", ["signals", "timers", "jobs", "signal_crowd", "signal_files", "tracer"])
def test_answers_are_linux_s(pagoda, program, flavour):
    """Handlers, masks, frames, stacks, queues; clocks and timers; stops and deaths."""
    result = pagoda(f"/bin/{program}.{flavour}", options=["--summary"])
    last = result.stdout.splitlines()[-1:]
    assert last and re.fullmatch(rf"{program}: [1-9]\d+ passed, 0 failed", last[0]), (
        result.stdout + result.stderr
    )
    clean(result.expect(0))


def test_the_time_of_day_is_the_host_s(pagoda):
    """The runner says it in the manifest (`time`)."""
    for words in [["/bin/clock"], ["/bin/clock", "--call"]]:
        told = re.search(r"^realtime (\d+)$", pagoda(*words).expect(0).stdout, re.M)
        assert abs(int(told[1]) - time.time()) < 300


def test_clocks_are_read_without_a_call(pagoda):
    """A thousand readings, and not one of them in the log of calls."""
    for flavour in ("musl", "glibc"):
        result = pagoda(f"/bin/clock.{flavour}", options=["--strace"]).expect(0)
        assert "readings 1000" in result.stdout
        assert "clock_gettime" not in result.stderr and "gettimeofday" not in result.stderr
    result = pagoda("/bin/clock", "--call", options=["--strace"]).expect(0)
    assert result.stderr.count("clock_gettime") == 1000


def test_death_by_signal_is_said_of_programs_without_parent(pagoda):
    """What a shell kills does not fill the console: its parent knows."""
    result = pagoda("/bin/jobs").expect(0)
    assert "SIGKILL" not in result.stderr and "SIGTERM" not in result.stderr, result.stderr
