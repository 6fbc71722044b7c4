"""The system boots on every machine it is made for, and says so."""

import re

import pytest

STARTS = ("--direct", "--uboot")
MEMORIES = ("64M", "128M", "256M", "1G", "3G", "4G")


def check_seed(result):
    """The seed program's counts are Linux's: exactly one minor fault for each page, once."""
    text = result.expect(0).stdout
    assert re.search(r"^first fill: 256 minor faults, 0 major$", text, re.MULTILINE), text
    assert re.search(r"^second fill: 0 minor faults, 0 major$", text, re.MULTILINE), text


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("gic", [2, 3])
@pytest.mark.parametrize("cpu", ["cortex-a72", "max"])
def test_machines(pagoda, start, gic, cpu):
    result = pagoda("/bin/seed", options=[start, "--gic", gic, "--cpu", cpu, "-v"])
    check_seed(result)
    assert "Pagoda on " in result.stderr


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("memory", MEMORIES)
def test_memory_sizes(pagoda, start, memory):
    check_seed(pagoda("/bin/seed", options=[start, "--memory", memory]))


@pytest.mark.parametrize("memory", ["256M", "1G", "4G"])
@pytest.mark.parametrize("start", STARTS)
def test_frames_outside_the_linear_map(pagoda, start, memory):
    check_seed(pagoda("/bin/seed", options=[start, "--memory", memory, "--append", "linear=128M"]))


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("gic", [2, 3])
def test_entry_at_el2(pagoda, start, gic):
    check_seed(pagoda("/bin/seed", options=[start, "--el2", "--gic", gic]))


def test_less_memory_than_there_is(pagoda):
    check_seed(pagoda("/bin/seed", options=["--memory", "1G", "--append", "mem=96M"]))


def test_counted_instructions_are_repeatable(pagoda):
    options = ["--icount", "--seed", 1, "--no-input", "--trace", "/dev/stdout"]
    runs = [pagoda("/bin/seed", options=options) for _ in range(2)]
    check_seed(runs[0])
    assert "trace begin" in runs[0].stdout
    assert runs[0].stdout == runs[1].stdout


def test_the_summary_tells_what_happened(pagoda):
    result = pagoda("/bin/seed", options=["--uboot", "--summary"])
    check_seed(result)
    assert "exit status 0" in result.stderr
    faults = re.search(r"faults +(\d+): (\d+) sent to a pager", result.stderr)
    assert faults and int(faults[1]) >= int(faults[2]) >= 256


def test_a_quiet_run_is_quiet(pagoda):
    assert pagoda("/bin/hello", options=["--quiet"]).expect(0).stderr == ""


@pytest.mark.parametrize("cpus", [2, 4])
def test_further_processors_do_no_harm(pagoda, cpus):
    check_seed(pagoda("/bin/seed", options=["--cpus", cpus]))


def test_a_manifest_that_is_wrong_is_named(pagoda, tmp_path):
    manifest = tmp_path / "manifest"
    manifest.write_text("frobnicate\n")
    result = pagoda(options=["--manifest", manifest, "--append", "x=1"], timeout=20)
    assert result.status == 125
