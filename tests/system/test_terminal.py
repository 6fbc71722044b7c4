"""The person's side of a run: keys, raw mode and back, the ends of input; and pasting."""

import os
import pty
import re
import signal
import subprocess
import termios
import time

import pexpect
import pytest
from conftest import PAGODA, ROOT
from pagodalib.serial import Demultiplexer
from pagodalib.session import Session
from pagodalib.terminal import END_OF_INPUT, Keyboard, Terminal, escape

# In QEMU's place: says that it takes input, then gives back each byte, in octal, as it comes.
ECHO = """printf '\\020R'; exec /usr/bin/python3 -c '
import os
while byte := os.read(0, 1):
    os.write(1, b"%03o " % byte[0])'"""


def test_input_is_escaped():
    assert escape(b"a\x10b\x0e\x0f\x04") == b"a\x10Pb\x0e\x0f\x04"
    assert escape(bytes(range(256))).count(b"\x10") == 1 and END_OF_INPUT == b"\x10D"


@pytest.mark.parametrize(
    "typed, given, leave",
    [
        (b"abc\x03\x1a", b"abc\x03\x1a", False),
        (b"\x01\x01a", b"\x01a", False),
        (b"a\x01xb", b"a", True),
        (b"\x01X", b"", True),
        (b"\x01hx", b"x", False),
        (b"\x01", b"", False),
    ],
)
def test_control_a_is_the_runner_s(typed, given, leave):
    for size in (1, 100):  # one key at a time, and all at once
        keyboard = Keyboard()
        pieces = [typed[at : at + size] for at in range(0, len(typed), size)]
        assert (b"".join(map(keyboard.feed, pieces)), keyboard.leave) == (given, leave)


def test_the_help_is_said():
    said = []
    Keyboard(said.append).feed(b"\x01?")
    assert b"^A x" in said[0]


# ---- A terminal ----


@pytest.fixture
def person(tmp_path):
    """person(script): a pexpect session on a run whose QEMU is that shell script."""
    sessions = []

    def start(script, *options, dimensions=(31, 77)):
        qemu = tmp_path / "qemu"
        qemu.write_text(f"#!/bin/sh\n{script}\n")
        qemu.chmod(0o755)
        session = pexpect.spawn(
            PAGODA, ["run", *options, "--", "/bin/hello"], cwd=str(ROOT), timeout=30, echo=True,
            dimensions=dimensions, encoding="latin-1",
            env={**os.environ, "PAGODA_QEMU": str(qemu), "TERM": "odd-term"},
        )  # fmt: skip
        sessions.append(session)
        return session

    yield start
    for session in sessions:
        session.close(force=True)


def mode_of(session):
    return termios.tcgetattr(session.child_fd)


def test_keys_go_to_the_guest_and_control_a_x_leaves(person):
    session = person(ECHO)
    before = mode_of(session)
    session.expect("control-A x ends the machine")
    while mode_of(session)[3] & termios.ICANON:
        time.sleep(0.01)
    assert not mode_of(session)[3] & (termios.ECHO | termios.ISIG) and not mode_of(session)[1] & termios.OPOST
    session.send("q\x03\x1a\x04\r\x10")
    for byte in ("161", "003", "032", "004", "015", "020", "120"):
        session.expect(byte)
    session.send("\x01x")
    session.expect(pexpect.EOF)
    session.wait()
    assert session.exitstatus == 0 and mode_of(session) == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_the_terminal_is_restored_when_the_runner_is_ended(person, number):
    session = person(ECHO)
    before = mode_of(session)
    while mode_of(session)[3] & termios.ICANON:
        time.sleep(0.01)
    session.kill(number)
    session.expect(pexpect.EOF)
    session.wait()
    assert session.exitstatus == 128 + number and mode_of(session) == before


def test_the_guest_is_told_of_the_terminal(person):
    """… its size, its kind and the time; a run with a seed is not told the time."""
    show = """cat "$(echo "$@" | sed 's/.*-initrd \\([^ ]*\\).*/\\1/')" | grep -a -A3 '^hostname\\|^time\\|^window'; sleep 0.2"""
    text = person(show).read()
    assert "window 31 77\r" in text.replace("\n", "\r") and "environment TERM=odd-term" in text
    seconds = int(re.search(r"\ntime (\d+)", text)[1])
    assert abs(seconds - time.time()) < 60
    text = person(show, "--seed", "3").read()
    assert "window 31 77" in text and "\ntime" not in text


def test_without_a_person_nothing_is_told_of_one(person, tmp_path):
    done = subprocess.run([PAGODA, "bundle", "make", tmp_path / "b", "--", "/bin/hello"], check=True,
                          capture_output=True)  # fmt: skip
    assert b"\nwindow" not in (tmp_path / "b").read_bytes() and not done.stderr
    with open(os.devnull, "rb") as nothing:
        assert not Terminal(nothing.fileno(), 1).present


# ---- Ends, and much at once ----


def test_a_terminal_that_goes_away_is_the_end_of_input():
    master, slave = pty.openpty()
    heard = bytearray()
    demultiplexer = Demultiplexer(heard.extend, lambda line: None)
    script = r"printf '\020R'; head -c 2"
    session = Session(["sh", "-c", script], demultiplexer, 20, source=slave)
    os.close(master)
    outcome = session.run()
    os.close(slave)
    assert not outcome.timed_out and outcome.status == 0 and heard == b"\x10D"


@pytest.mark.parametrize("kind", ["pipe", "file"])
def test_input_of_any_length_arrives(tmp_path, kind, seeded):
    data = seeded.randbytes(1_000_000)
    (tmp_path / "in").write_bytes(data)
    script = rf"printf '\020R'; sleep 0.3; head -c {len(escape(data)) + 2} >{tmp_path}/out"
    demultiplexer = Demultiplexer(lambda data: None, lambda line: None)
    if kind == "file":
        source = os.open(tmp_path / "in", os.O_RDONLY)
        feeder = None
    else:
        source, end = os.pipe()
        feeder = subprocess.Popen(["cat", tmp_path / "in"], stdout=end)
        os.close(end)
    outcome = Session(["sh", "-c", script], demultiplexer, 30, source=source).run()
    os.close(source)
    if feeder:
        feeder.wait()
    assert outcome.status == 0 and (tmp_path / "out").read_bytes() == escape(data) + END_OF_INPUT


def test_a_large_paste_loses_nothing(pagoda, seeded):
    """20 KiB at once through the UART's FIFO of 16 and the driver's ring of 4 KiB, into a program."""
    lines = [f"{number} " + "x" * seeded.randrange(40, 60) for number in range(600)]
    data = ("\n".join(lines) + "\n").encode()
    assert len(data) > 20_000  # 600 lines of at least 40
    result = pagoda("/bin/shout", data=data).expect(0)
    assert result.data == data.upper()


@pytest.mark.parametrize(
    "typed, status",
    [
        ("echo $((40 + 2))\nexit 7\n", 7),  # the shell's status is the machine's
        ("echo $((40 + 2))\n", 0),  # the end of the input ends the shell
        ("echo $((40 + 2))\nsleep 1000 &\npoweroff\nsleep 1000\n", 0),
    ],
)
def test_ways_to_leave_the_interactive_system(pagoda, typed, status):
    result = pagoda(data=typed.encode(), options=["--summary"]).expect(status)
    assert "42" in result.stdout.split() and "every frame accounted for" in result.stderr


def test_a_person_at_the_shell(boot):
    """Only that the pieces fit: test_shell.py has the rest."""
    session = boot(options=[])
    session.expect_exact("# ", timeout=60)
    session.sendline("stty size; echo $TERM")
    session.expect(r"24 80\r+\n")
    session.expect_exact(os.environ.get("TERM", "linux"))
    session.sendline("exit 5")
    session.expect(pexpect.EOF)
    session.close()
    assert session.exitstatus == 5


def test_without_a_terminal_the_guest_has_none(pagoda):
    """A shell in a pipe asks nobody, and so does every program that looks."""
    script = "test -t 0 || test -t 1 || test -t 2 || echo none; tty; stty -a; echo > /dev/tty; ps -o tty"
    result = pagoda("/bin/sh", data=script.encode()).expect(0)
    assert result.stdout.startswith("none\nnot a tty\n"), result.stdout
    assert "Inappropriate ioctl" in result.stdout and "can't create /dev/tty" in result.stdout
    assert not re.search(r"[$#] ", result.stdout), "a prompt"
    assert set(result.stdout.splitlines()[-2:]) == {"?"}, result.stdout
