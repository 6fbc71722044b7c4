"""Debian's own strace and gdbserver watch programs: what is printed is what they did."""

import re

import pytest
from conftest import PAGODA, ROOT, execute


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


# ---- gdbserver: its protocol goes over the console, to gdb on the host ----

PROGRAM = ROOT / "build/userland/apps/seed.musl"


def gdb(*commands):
    """What gdb prints under "@@@ COMMAND" for each command, about PROGRAM held at its start."""
    server = f"{PAGODA} run --timeout 60 --package gdbserver -- gdbserver - /bin/seed"
    words = ["set pagination off", "set confirm off", "set sysroot /nonexistent",
             "set remotetimeout 30", f"target remote | {server}"]  # fmt: skip
    for command in commands:
        words += [f"echo @@@ {command}\\n", command]
    options = [word for command in words for word in ("-ex", command)]
    text = execute("gdb-multiarch", "-nx", "-batch", *options, PROGRAM).stdout
    parts = re.split(r"^@@@ (.*)\n", text, flags=re.M)
    assert len(parts) == 2 * len(commands) + 1, text
    return list(zip(parts[1::2], parts[2::2], strict=True))


def test_gdbserver_steps_through_a_program():
    """A breakpoint, the stack, source lines one by one, registers, memory, and the end."""
    said = gdb(
        "break main", "continue", "bt", "next", "next", "set var $x9 = 1234", "stepi", "print $x9",
        "print start.step", "set var start.before.ru_minflt = 77", "print start.before.ru_minflt",
        "info threads", "continue",
    )  # fmt: skip
    text = dict(said)
    assert re.search(r"^#0 +main \(\) at .*seed\.c:\d+$", text["bt"], re.M), said
    shown = "".join(part for _, part in said[1:5])
    lines = [int(found) for found in re.findall(r"^(\d+)\t", shown, re.M)]
    assert len(lines) >= 3 and lines == sorted(set(lines)), said
    assert text["print $x9"].strip().endswith("= 1234"), said
    assert text["print start.step"].strip().endswith('"before main"'), said
    assert text["print start.before.ru_minflt"].strip().endswith("= 77"), said
    assert re.search(r"^\* 1 +Thread \S+ .*main \(\)", text["info threads"], re.M), said
    assert "exited normally" in said[-1][1], said


def test_gdbserver_tells_how_a_program_dies():
    said = gdb("set var $pc = 0", "continue", "print $pc", "kill")
    assert "Program received signal SIGSEGV" in said[1][1], said
    assert said[2][1].strip().endswith("0x0"), said
