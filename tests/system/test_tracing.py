"""Debian's own strace watches programs: what it prints is what they did."""

import re

import pytest


@pytest.fixture
def strace(pagoda):
    """strace("-f", "/bin/sh", …): the run; status 0 and balanced frames unless said otherwise."""

    def run(*words, status=0):
        options = ["--package", "strace", "--summary"]
        result = pagoda("/usr/bin/strace", *words, options=options, timeout=100).expect(status)
        assert "every frame accounted for" in result.stderr, result.stderr
        return result.stdout

    return run


def test_calls_arguments_and_results(strace):
    text = strace("/bin/calls")
    assert re.search(r'^execve\("/bin/calls", \["/bin/calls"\], 0x\w+ /\* \d+ vars \*/\) = 0$', text, re.M)
    assert re.search(r"^getpid\(\) += \d+$", text, re.M)
    assert re.search(r"^writev\(77, .*\) += -1 EBADF \(Bad file descriptor\)$", text, re.M)
    assert "+++ exited with 0 +++" in text


def test_children_signals_and_death(strace):
    """With -f every child is followed, from its first instruction to its end."""
    script = "echo one | cat; sleep 100 & kill $!; wait; (exit 3)"
    text = strace("-f", "/bin/sh", "-c", script, status=3)
    children = set(re.findall(r"Process (\d+) attached", text))
    assert len(children) >= 3, text
    ends = dict(re.findall(r"^\[pid +(\d+)\] \+\+\+ (.*) \+\+\+$", text, re.M))
    assert children <= set(ends), text
    assert "killed by SIGTERM" in ends.values() and "exited with 0" in ends.values()
    assert "--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_KILLED" in text
    assert text.rstrip().endswith("+++ exited with 3 +++")


def test_a_program_is_attached_to(pagoda):
    """strace -p sees a loop that runs already, from the middle, and lets it go on when it ends."""
    script = """
        while :; do sleep 0.01; done & loop=$!
        strace -o /tmp/log -p $loop & tracer=$!
        sleep 0.7; kill -TERM $tracer; wait $tracer
        kill -0 $loop && echo goes on; kill -9 $loop; wait $loop; echo died of $(($? - 128))
        grep -c wait4 /tmp/log
    """
    options = ["--package", "strace", "--summary"]
    result = pagoda("/bin/sh", "-c", script, options=options, timeout=100).expect(0)
    assert "every frame accounted for" in result.stderr
    said = re.search(r"^goes on\n(?:.*\n)*?died of 9\n(\d+)$", result.stdout, re.M)
    assert said and int(said[1]) > 3, result.stdout
