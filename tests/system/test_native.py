"""Kernel tests: every program of tests/native runs alone on the kernel and audits itself."""

import re

import pytest
from conftest import ROOT

SOURCES = (ROOT / "tests/native").glob("*.c")  # NAME_*.c is part of NAME
PROGRAMS = sorted({path.stem.split("_")[0] for path in SOURCES} - {"support", "panic"})
LIMIT = 120  # seconds for one program


@pytest.mark.parametrize("trace", (0, 1))  # 1: no fast paths, the complete ones do it all
@pytest.mark.parametrize("name", PROGRAMS)
def test_native(pagoda, name, trace):
    program = ROOT / f"build/tests/native/{name}.elf"
    options = ["--icount", "--root", program, "--append", f"trace={trace}"]
    result = pagoda(options=options, timeout=LIMIT).expect(0)
    checks = re.search(r"checks: (\d+) passed, (\d+) failed", result.stderr)
    assert checks, result.stderr
    assert int(checks[1]) > 0 and int(checks[2]) == 0


@pytest.mark.parametrize("how,what", [(0, "asked for"), (1, "exception 4"), (2, "exception 4")])
def test_panic_tells_all(pagoda, how, what):
    """Registers, a backtrace with names, the last records; and QEMU ends with a status."""
    program = ROOT / "build/tests/native/panic.elf"
    options = ["--root", program, "--append", f"how={how}", "--append", "trace=1"]
    result = pagoda(options=options, timeout=LIMIT).expect(125)
    assert "kernel panic: " + what in result.stderr
    assert re.search(r"is (panic_on_purpose|overflow_stack) at kernel/debug/debug.c:\d+", result.stderr)
    assert re.search(r"^trace: +\d+ ns thread \d+ ENTRY", result.stderr, re.M)
    if how:
        assert re.search(r"^sp [0-9a-f]{16}  pc [0-9a-f]{16}", result.stderr, re.M)
