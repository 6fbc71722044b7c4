"""A person at the shell: Debian's BusyBox on the serial console, driven as one would type."""

import re
import time

import pexpect
import pytest

PROMPT = "pagoda> "
WHERE_AM_I = "\x1b[6n"  # the shell asks its terminal, before it reads a line
CONTROL_C, CONTROL_D, CONTROL_Z, ESCAPE = "\x03", "\x04", "\x1a", "\x1b"


class Shell:
    """One interactive shell; run() types a line and returns what it printed."""

    def __init__(self, session):
        self.session = session
        session.delaybeforesend = None
        session.sendline("stty columns 200; PS1='pagoda''> '")
        self.prompt()

    def prompt(self, timeout=20):
        self.session.expect_exact(PROMPT, timeout=timeout)
        return self.session.before

    def type(self, text):
        self.session.send(text)

    def run(self, line, timeout=20):
        self.session.sendline(line)
        shown = self.prompt(timeout).replace("\r\n", "\n").removeprefix(WHERE_AM_I)
        assert shown.startswith(line), f"no echo of {line!r}: {shown!r}"
        return shown[len(line):].lstrip("\n")  # fmt: skip

    def begin(self, line):
        """A program that goes on reading: it has the terminal a moment after the shell's newline."""
        self.session.send(line + "\n")
        self.session.expect_exact(line + "\r\n")
        time.sleep(0.7)

    def status(self):
        return int(self.run("echo $?"))

    def leave(self, status=0):
        self.session.sendline(f"exit {status}")
        self.session.expect(pexpect.EOF, timeout=30)
        self.session.close()
        assert self.session.exitstatus == status, self.session.before
        return self.session.before


@pytest.fixture
def shell(boot):
    """A shell whose machine ends with the frame ledger."""
    started = Shell(boot("/bin/sh", options=["--summary", "--memory", "256M"], timeout=120))
    yield started
    summary = started.leave()
    assert "every frame accounted for" in summary, summary


def test_lines_pipes_and_here_documents(shell):
    assert re.search(r"\bbin\b.*\bdev\b", shell.run("ls / | tr '\\n' ' '"))
    listed = shell.run("ls -l /bin/ | sort | head -n 3").splitlines()
    assert len(listed) == 3
    assert shell.run("seq 1000 | wc -l").strip() == "1000"
    assert shell.run("yes | head -n 3 | sort -u").strip() == "y"
    shell.type("cat <<END | tr a-z A-Z\n")
    shell.type("one $((40 + 2))\n")
    shell.type("END\n")
    assert "ONE 42" in shell.prompt()


def test_editing_a_line_as_a_person_does(shell):
    shell.type("echo wrogn\x7f\x7fng\n")
    assert "wrong" in shell.prompt().splitlines()[-1]
    shell.type("echo first")
    shell.type(CONTROL_C)
    shell.prompt()
    shell.type(f"{ESCAPE}[A")  # the last line that was entered
    shell.session.expect_exact("echo wrong")
    shell.type("\n")
    assert "wrong" in shell.prompt()


def test_statuses_and_commands_that_are_not_there(shell):
    assert "not found" in shell.run("no-such-command")
    assert shell.status() == 127
    shell.run("(exit 7)")
    assert shell.status() == 7
    shell.run("sh -c 'kill -TERM $$'")
    assert shell.status() == 128 + 15
    assert "can't open" in shell.run("cat /no/such/file")
    assert shell.status() == 1
    assert shell.run("false || echo other").strip() == "other"


def test_jobs_are_stopped_and_go_on(shell):
    shell.begin("sleep 1000")
    shell.type(CONTROL_Z)
    assert "Stopped" in shell.prompt()
    assert "Stopped" in shell.run("jobs")
    shell.run("bg")
    assert "Running" in shell.run("jobs")
    shell.begin("fg")
    shell.type(CONTROL_C)
    shell.prompt()
    assert shell.status() == 128 + 2
    assert shell.run("jobs").strip() == ""


def test_background_jobs_and_waiting(shell):
    assert re.search(r"\[1\]|^$", shell.run("sleep 1 &").strip() or "")
    shell.run("wait", timeout=30)
    shown = shell.run("(sleep 1; echo later) & echo now; wait", timeout=30)
    assert shown.index("now") < shown.index("later")
    shell.run("sleep 100 & sleep 100 & sleep 100 &")
    shell.run("kill %1 %2 %3; wait", timeout=30)
    assert shell.run("jobs").strip() == ""


def test_end_of_file_ends_what_reads(shell):
    shell.begin("cat")
    shell.type("typed\n")
    shell.session.expect_exact("typed\r\ntyped\r\n")
    shell.type(CONTROL_D)
    shell.prompt()
    assert shell.status() == 0


def test_vi_edits_and_saves(shell):
    shell.run("printf 'one\\ntwo\\nthree\\n' >/tmp/text; stty rows 24 columns 80")
    shell.type("vi /tmp/text\n")
    shell.session.expect_exact("three", timeout=20)
    shell.type("jdd")  # the second line goes
    shell.type("ofour" + ESCAPE)  # and another comes below the third
    shell.session.expect_exact("four", timeout=20)
    shell.type(":wq\n")
    shell.prompt()
    assert shell.run("cat /tmp/text").split() == ["one", "three", "four"]


def test_what_is_running_and_how_much_memory_there_is(shell):
    assert re.search(r"^ *1 ", shell.run("ps"), re.MULTILINE)
    total = re.search(r"Mem:\s+(\d+)\s+(\d+)", shell.run("free"))
    assert 100_000 < int(total[1]) <= 262_144 and 0 < int(total[2]) < int(total[1])
    top = shell.run("top -b -n1", timeout=40)
    assert "Mem:" in top and re.search(r"\btop\b", top)


def test_a_thousand_forks(shell):
    """The ledger at the end of every test here is what makes this one a test."""
    line = "i=0; while [ $i -lt 1000 ]; do (exit 3); i=$((i + $? - 2)); done; echo $i forks"
    assert shell.run(line, timeout=60).strip() == "1000 forks"


def test_files_directories_and_links(shell):
    shell.run("mkdir -p /tmp/a/b && cd /tmp/a && echo text >b/file && ln -s b/file link")
    assert shell.run("pwd").strip() == "/tmp/a"
    assert shell.run("cat link").strip() == "text"
    assert shell.run("readlink link").strip() == "b/file"
    shell.run("mv b/file b/other; rm link; cp b/other copy; chmod 600 copy")
    assert re.match(r"-rw-------\s+1 ", shell.run("ls -l copy"))
    shell.run("cd /; rm -r /tmp/a")
    assert shell.run("ls /tmp | grep -c '^a$'").strip() == "0"


def test_a_flood_of_output_can_be_stopped(shell):
    shell.begin("yes")
    shell.session.expect_exact("y\r\ny\r\n")
    shell.type(CONTROL_C)
    shell.prompt(timeout=30)
    assert shell.status() == 128 + 2
