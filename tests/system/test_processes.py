"""Processes and threads: how they begin, end, are waited for; exec, futexes, identities, quotas."""

import re

import manifests
import pytest

FLAVOURS = ["musl", "musl-pie", "glibc", "glibc-pie"]


def clean(result):
    """The run's end says that no frame was lost or counted twice."""
    assert "every frame accounted for" in result.stderr, result.stderr


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("program", ["families", "threads", "futexes", "execs", "identities"])
def test_answers_are_linux_s(pagoda, program, flavour):
    """200 generations, 500 children, 1,000 forks in a row; each end of a thread; #! lines; …"""
    result = pagoda(f"/bin/{program}.{flavour}", options=["--summary"])
    last = result.stdout.splitlines()[-1:]
    assert last and re.fullmatch(rf"{program}: [1-9]\d* passed, 0 failed", last[0]), (
        result.stdout + result.stderr
    )
    clean(result.expect(0))


@pytest.mark.parametrize("flavour", ["musl", "glibc"])
def test_processes_killed_in_the_middle_of_everything(pagoda, seeded, flavour):
    """Workers that fork, execute, make threads and wait, each killed at a random moment."""
    seed = seeded.randrange(1 << 31)
    words = [f"/bin/turmoil.{flavour}", "--seed", seed, "--rounds", 100]
    result = pagoda(*words, options=["--summary"]).expect(0)
    assert re.search(r"^turmoil: \d\d+ workers killed, nobody is left$", result.stdout, re.M)
    clean(result)


def test_what_processes_had_is_there_for_the_next(pagoda, tmp_path):
    """Twice the same crowd: the second takes no more of proc's memory than the first left it."""
    peaks = []
    for times in (1, 4):
        lines = ["run /bin/turmoil --seed 7 --rounds 60"] * times
        options = ["--manifest", manifests.write(tmp_path, *lines), "--summary"]
        result = pagoda(options=options).expect(0)
        clean(result)
        peaks.append(int(re.search(r"proc (\d+) of \d+, programs 0 of", result.stderr)[1]))
    assert peaks[1] < peaks[0] + 512, peaks


def test_first_process_ends_all(pagoda, tmp_path):
    """PID 1 is the program of the run line; whoever is left when it ends is killed."""
    script = "sleep 1000 & sleep 1000 & (sleep 1000 | sleep 1000) & echo pid $$; exit 3"
    options = ["--manifest", manifests.write(tmp_path, *[f"run /bin/sh -c {word(script)}"] * 2)]
    result = pagoda(options=[*options, "--summary"]).expect(3)
    assert result.stdout == "pid 1\npid 1\n"
    assert [status for _, status, _ in manifests.ends(result)] == [3, 3]
    clean(result)


def word(text):
    """One word of a manifest."""
    return "".join(c if c.isalnum() else f"\\x{ord(c):02x}" for c in text)


def test_power_off_from_anywhere(pagoda, tmp_path):
    """reboot ends the machine's work: later run lines have no turn."""
    lines = [f"run /bin/sh -c {word('(sleep 1000 & poweroff -f); echo never')}", "run /bin/hello"]
    options = ["--manifest", manifests.write(tmp_path, *lines), "--summary"]
    result = pagoda(options=options).expect(0)
    assert "never" not in result.stdout and "Hello" not in result.stdout
    clean(result)


def test_fork_bomb_in_a_quota_leaves_others_alone(pagoda):
    """In 64 MiB of its own; whoever is outside goes on forking, and can kill it."""
    result = pagoda("/bin/bomb", "64M", options=["--summary"], timeout=90).expect(0)
    told = re.fullmatch(
        r"bomb: (\d+) processes inside, (\d+) forked outside, 0 failed, the slowest took \d+ ms\n",
        result.stdout,
    )
    assert told and int(told[1]) > 200 and int(told[2]) >= 1, result.stdout
    clean(result)


def test_quota_is_told_and_bad_sizes_are_refused(pagoda):
    script = """
        head -1 /proc/self/pool
        for size in 0 5 1K 63K 64 x -1 99G ''; do
            (echo "$size" > /proc/self/pool) 2> /dev/null && echo "accepted: $size"
        done
        (echo 2M > /proc/self/pool; cat /proc/self/pool | head -1)
        (echo 2M > /proc/self/pool; sh -c '(echo 3M > /proc/self/pool) 2> /dev/null || echo no')
        head -1 /proc/self/pool
    """
    result = pagoda("/bin/sh", "-c", script, options=["--summary"]).expect(0)
    lines = result.stdout.splitlines()
    assert re.fullmatch(r"limit \d+ kB", lines[0]) and lines[-1] == lines[0]
    assert lines[1:-1] == ["limit 2048 kB", "no"], result.stdout
    clean(result)
