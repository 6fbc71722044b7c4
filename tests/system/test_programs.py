"""Unmodified Linux programs: four ways to link each, and what they do is what Linux does."""

import re

import pytest

FLAVOURS = ("musl", "musl-pie", "glibc", "glibc-pie")


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("program", ["hello", "calls"])
def test_runs(pagoda, program, flavour):
    pagoda(f"/bin/{program}.{flavour}").expect(0)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_first_fill_costs_256_minor_faults(pagoda, flavour):
    text = pagoda(f"/bin/seed.{flavour}").expect(0).stdout
    assert "first fill: 256 minor faults, 0 major\n" in text
    assert "second fill: 0 minor faults, 0 major\n" in text


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_counted_faults_equal_a_model(pagoda, flavour, seeded):
    seed = seeded.randrange(1, 1 << 31)
    pagoda(f"/bin/faults.{flavour}", "--seed", seed, "--rounds", 5).expect(0)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_arguments_and_environment_arrive(pagoda, flavour):
    words = ["a b", "", "#", "\\", "ü", "'", '"', "x" * 50]
    options = ["--environment", "HOME=/a b", "--environment", "EMPTY="]
    text = pagoda(f"/bin/args.{flavour}", *words, options=options).expect(0).stdout
    assert f"argc={len(words) + 1}\n" in text
    for number, word in enumerate(words, 1):
        assert f"argv[{number}]={word}\n" in text
    assert "HOME=/a b" in text and "EMPTY=" in text and "stack aligned=1" in text


def forbidden_acts(pagoda):
    """[(case, status)] as the program itself lists them."""
    text = pagoda("/bin/misbehave").expect(0).stdout
    return re.findall(r"^([\w-]+) (\d+)$", text, re.MULTILINE)


def test_whoever_does_what_is_forbidden_dies_alone(pagoda):
    """Each case ends with Linux's status; the system itself stays well (the summary is its
    last word, and it is reached only by a root server that still runs)."""
    cases = forbidden_acts(pagoda)
    assert len(cases) > 10
    wrong = []
    for case, status in cases:
        result = pagoda("/bin/misbehave", case, options=["--summary"])
        if result.status != int(status) or f"exit status {status}" not in result.stderr:
            wrong.append(f"{case}: {result.status}, not {status}\n{result.stderr}")
    assert not wrong, "\n".join(wrong)


def test_segmentation_fault_is_explained(pagoda):
    case = next(case for case, status in forbidden_acts(pagoda) if status == "139")
    text = pagoda("/bin/misbehave", case).expect(139).stderr
    assert re.search(r"0x[0-9a-f]+", text) and "pc" in text


def test_memory_runs_out_for_the_program_alone(pagoda):
    result = pagoda("/bin/eat", options=["--pool-limit", "8M", "--summary"])
    assert result.status in (0, 137, 139, 135), result.stderr
    assert "exit status" in result.stderr


def test_system_calls_are_shown(pagoda):
    text = pagoda("/bin/hello", options=["--strace"]).expect(0).stderr
    assert "write" in text and "exit_group" in text
