"""The runner of all tests: a suite that fails in any way is never taken for success."""

import sys

import pytest
from conftest import ROOT, execute

RUN = ROOT / "tests/run"


def last_line(result):
    return result.stdout.splitlines()[-1]


@pytest.fixture
def fake_make(tmp_path):
    """fake_make("commands"): a script in make's place."""

    def make(commands):
        script = tmp_path / "make"
        script.write_text(f"#!/bin/sh\n{commands}\n")
        script.chmod(0o755)
        return script

    return make


def test_a_build_that_fails(fake_make):
    result = execute(sys.executable, RUN, "all", "--make", fake_make("exit 2")).expect(1)
    assert last_line(result) == "0 passed, 1 failed"


@pytest.mark.parametrize(
    "commands, line",
    [
        ("echo '7 passed, 0 failed'", "7 passed, 0 failed"),
        ("echo '5 passed, 2 failed'; exit 2", "5 passed, 2 failed"),
        ("echo '5 passed, 2 failed'", "5 passed, 2 failed"),
        ("echo '7 passed, 0 failed'; exit 2", "7 passed, 1 failed"),
        ("echo '0 passed, 0 failed'", "0 passed, 1 failed"),
        ("true", "0 passed, 1 failed"),
        ("exit 2", "0 passed, 1 failed"),
    ],
)
def test_unit_tests_are_counted(fake_make, commands, line):
    result = execute(sys.executable, RUN, "unit", "--make", fake_make(commands))
    assert last_line(result) == line
    assert result.status == (0 if line.endswith(" 0 failed") else 1)


@pytest.mark.parametrize(
    "text, line",
    [
        ("def test_a(): pass\ndef test_b(): assert False\n", "1 passed, 1 failed"),
        ("def test_a(): pass\n", "1 passed, 0 failed"),
        ("", "0 passed, 1 failed"),
        ("import no_such_module\n", "0 passed, 1 failed"),
        ("import os\ndef test_a(): os._exit(0)\n", "0 passed, 1 failed"),
        ("import pytest\n@pytest.mark.skip\ndef test_a(): pass\n", "0 passed, 1 failed"),
    ],
)
def test_system_tests_are_counted(tmp_path, text, line):
    file = tmp_path / f"test_sample_of_{tmp_path.name}.py"  # results go by this name
    file.write_text(text)
    result = execute(sys.executable, RUN, "system", file)
    assert last_line(result) == line, result.stdout
    assert result.status == (0 if line.endswith(" 0 failed") else 1)


def test_every_mutant_still_finds_its_place():
    result = execute(ROOT / "tests/mutants/run", "--check")
    assert result.status == 0, result.stdout
