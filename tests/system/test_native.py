"""Kernel tests: every program of tests/native runs alone on the kernel and audits itself."""

import re

import pytest
from conftest import ROOT

SOURCES = (ROOT / "tests/native").glob("*.c")  # NAME_*.c is part of NAME
PROGRAMS = sorted({path.stem.split("_")[0] for path in SOURCES} - {"support", "panic"})
LIMIT = 120  # seconds for one program


# Other machines, where a kernel test could see something else.
MACHINES = {
    "gic3-max": ["--icount", "--gic", "3", "--cpu", "max"],
    "linear": ["--icount", "--append", "linear=64M"],
    "small-gic3": ["--icount", "--gic", "3", "--memory", "64M"],
    "el2-max": ["--icount", "--el2", "--cpu", "max"],
    "real-time": [],
}
TRIES = 3  # in real time
ELSEWHERE = ("threads", "memory", "faults", "fp")


def passed(result):
    """A kernel test's own account: some checks, none failed."""
    checks = re.search(r"checks: (\d+) passed, (\d+) failed", result.expect(0).stderr)
    assert checks, result.stderr
    assert int(checks[1]) > 0 and int(checks[2]) == 0
    return result


@pytest.mark.parametrize("trace", (0, 1))  # 1: no fast paths, the complete ones do it all
@pytest.mark.parametrize("name", PROGRAMS)
def test_native(pagoda, name, trace):
    program = ROOT / f"build/tests/native/{name}.elf"
    options = ["--icount", "--root", program, "--append", f"trace={trace}"]
    passed(pagoda(options=options, timeout=LIMIT))


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("name", ELSEWHERE)
def test_native_elsewhere(pagoda, name, machine):
    """In real time a busy host makes sleepers late and pagers slow, so that a check about time
    fails; what is wrong fails each time."""
    program = ROOT / f"build/tests/native/{name}.elf"
    for left in reversed(range(TRIES if machine == "real-time" else 1)):
        result = pagoda(options=["--root", program, *MACHINES[machine]], timeout=LIMIT)
        if result.status == 0 or not left:
            passed(result)
            break
        print(result.stderr)


@pytest.mark.parametrize("trace", (0, 1))
def test_random_calls(pagoda, seeded, trace):
    """Another seed each time; `fuzz: seed=` of a failure repeats it, with --icount."""
    program = ROOT / "build/tests/native/fuzz.elf"
    words = ["--append", f"trace={trace}", "--append", f"seed={seeded.randrange(1, 1 << 32)}"]
    result = passed(pagoda(options=["--icount", "--root", program, *words], timeout=LIMIT))
    assert "fuzz: seed=" in result.stderr


def test_every_error_is_reached(pagoda):
    """What syscalls.def lists and what calls.elf saw are the same pairs."""
    table = (ROOT / "kernel/entry/syscalls.def").read_text(encoding="utf-8")
    table = re.sub(r'"\s*\n\s*"', "", table)  # one string over two lines
    listed = {
        (name, error)
        for name, errors in re.findall(r'CALL\(\d+, (\w+),\s*"[^"]*",\s*"[^"]*",\s*"([^"]*)"', table)
        for error in errors.split()
    }
    program = ROOT / "build/tests/native/calls.elf"
    result = passed(pagoda(options=["--root", program], timeout=LIMIT))
    seen = set(re.findall(r"^reached (\w+) (E\w+)$", result.stderr, re.M))
    assert len(listed) > 150
    assert seen == listed


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
