"""Kernel tests: every program of tests/native runs alone on the kernel and audits itself."""

import re

import pytest
from conftest import ROOT

PROGRAMS = sorted(path.stem for path in (ROOT / "tests/native").glob("*.c") if path.stem != "support")
LIMIT = 120  # seconds for one program


@pytest.mark.parametrize("name", PROGRAMS)
def test_native(pagoda, name):
    program = ROOT / f"build/tests/native/{name}.elf"
    result = pagoda(options=["--root", program], timeout=LIMIT).expect(0)
    checks = re.search(r"checks: (\d+) passed, (\d+) failed", result.stderr)
    assert checks, result.stderr
    assert int(checks[1]) > 0 and int(checks[2]) == 0
