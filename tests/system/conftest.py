"""Fixtures of the system tests; README.md says how they are used."""

import os
import random
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pexpect
import pytest

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
PAGODA = str(ROOT / "tools/pagoda")
sys.path.insert(0, str(ROOT / "tools"))
MARGIN = 60  # seconds that a run may take longer than its own --timeout


@dataclass
class Result:
    """What one run of tools/pagoda did."""

    status: int
    stdout: str
    stderr: str
    seconds: float
    data: bytes  # stdout as it was

    def expect(self, status=0):
        """Fails the test with everything that was said unless the status is this one."""
        assert self.status == status, f"status {self.status}\n{self.stdout}\n{self.stderr}"
        return self


def execute(*words, data=b"", environment=None, timeout=140):
    """Runs a command to its end and returns a Result."""
    started = time.monotonic()
    done = subprocess.run(
        [str(word) for word in words],
        input=data,
        capture_output=True,
        check=False,
        timeout=timeout,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
    )
    return Result(
        done.returncode,
        done.stdout.decode(errors="replace"),
        done.stderr.decode(errors="replace"),
        time.monotonic() - started,
        done.stdout,
    )


@pytest.fixture
def command():
    """command("doctor", …): tools/pagoda with these words."""
    return lambda *words, **more: execute(PAGODA, *words, **more)


@pytest.fixture
def pagoda():
    """pagoda("/bin/hello", "argument", options=["--gic", 3]): `tools/pagoda run`."""

    def run(*words, options=(), timeout=60, **more):
        options = ["--timeout", timeout, *options]
        tail = ["--", *words] if words else []
        return execute(PAGODA, "run", *options, *tail, timeout=timeout + MARGIN, **more)

    return run


@pytest.fixture
def boot():
    """boot("/bin/program", options=[…]): a pexpect session on `tools/pagoda run`."""
    sessions = []

    def start(*words, options=(), timeout=60):
        arguments = ["run", "--timeout", timeout, *options, "--", *words]
        session = pexpect.spawn(
            PAGODA, [str(word) for word in arguments], cwd=str(ROOT), timeout=timeout + MARGIN,
            encoding="utf-8", codec_errors="replace", echo=False,
        )  # fmt: skip
        sessions.append(session)
        return session

    yield start
    for session in sessions:
        session.close(force=True)


@pytest.fixture
def seeded(request):
    """random.Random; its seed is printed, so that a failure can be repeated with PAGODA_SEED."""
    seed = int(os.environ.get("PAGODA_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"{request.node.name}: PAGODA_SEED={seed}")
    return random.Random(seed)
