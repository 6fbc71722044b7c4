"""Random programs give the same lines on Linux and on Pagoda; and how that is found out."""

import secrets
import sys

import pytest
from conftest import ROOT, execute

sys.path.insert(0, str(ROOT / "tests/differential"))

import differential as d  # noqa: E402 (found by the line above)

STEPS = 120
# Each of these disagreed once; and one that nobody has run before.
SEEDS = (2, 3, 10, 108, 113, 129, 228, 275, 300, 303, 314)
FRESH = secrets.randbelow(1 << 31)


# ---- the programs ----


def test_on_linux_a_seed_gives_the_same_lines_twice():
    """What depends on time, chance or order would be noise in every comparison."""
    cases = [d.Case(seed, STEPS) for seed in (7, 8)] * 2
    lines = d.on_linux(cases)
    assert lines[:2] == lines[2:] and all(len(one) > STEPS for one in lines)
    assert lines[0] != lines[1]


def test_every_line_is_the_same_on_linux_and_on_pagoda():
    cases = [d.Case(seed, STEPS) for seed in (*SEEDS, FRESH)]
    print(f"fresh seed: {FRESH}")
    exceptions = d.load_exceptions()
    pairs = zip(cases, d.on_linux(cases), d.on_pagoda(cases), strict=True)
    found = [(d.compare(linux, pagoda, exceptions), case) for case, linux, pagoda in pairs]
    told = [f"seed {case.seed}: {one}\n{d.repeat(case)}" for one, case in found if one]
    assert not told, "\n".join(told)


def test_steps_that_are_left_out_change_no_other_decisions():
    """Lists of steps: the same with and without the others."""
    whole, part = d.Case(5, 40), d.Case(5, 40, frozenset(range(10, 30)))
    listed = d.reference_linux.run([[*case.words(), "--list", "yes"] for case in (whole, part)])
    every, some = (one.output.splitlines() for one in listed)
    assert some == [line for number, line in enumerate(every) if not 10 <= number < 30]


def test_wrong_use_is_told():
    for words in ([], ["1"], ["1", "2", "--skip"], ["1", "2", "--only", "nothing"]):
        assert execute("tools/pagoda", "run", "--", "/bin/differ", *words).status == 2


# ---- finding out ----


def test_the_first_difference_is_found_with_its_step():
    linux = ["0 a", "1 b", "c child", "  child exit 0", "2 d", "end"]
    assert d.compare(linux, list(linux)) is None
    other = [*linux[:3], "  child exit 1", *linux[4:]]
    assert d.compare(linux, other) == d.Difference(1, "  child exit 0", "  child exit 1")
    assert d.compare(linux, linux[:4]) == d.Difference(2, "2 d", "")
    assert d.compare(linux[:1], linux).step == 1


def test_exceptions_excuse_what_they_name_alone():
    one = d.Exception_(r"(\d+) mincore (.*) = 0 [01]+", r"{1} mincore {2} = 0 [01]+", "because")
    assert one.excuses("3 mincore 4+2 = 0 11", "3 mincore 4+2 = 0 10")
    assert not one.excuses("3 mincore 4+2 = 0 11", "3 mincore 5+2 = 0 10")
    assert not one.excuses("3 mincore 4+2 = 0 11", "3 mincore 4+2 = ENOMEM")
    lines = ["3 mincore 4+2 = 0 11", "4 x"], ["3 mincore 4+2 = 0 10", "4 y"]
    assert d.compare(*lines, [one]) == d.Difference(4, "4 x", "4 y")


def test_every_exception_has_its_reason(tmp_path):
    assert all(len(one.why) > 20 for one in d.load_exceptions())
    path = tmp_path / "exceptions"
    path.write_text("# words\n\nwhy: a reason\n  that goes on\nlinux: a\npagoda: b\n")
    assert d.load_exceptions(path) == [d.Exception_("a", "b", "a reason that goes on")]
    path.write_text("linux: a\npagoda: b\n")
    with pytest.raises(ValueError, match="why"):
        d.load_exceptions(path)


def needs(*wanted):
    """A disagreement that shows when all these steps are made."""

    def differences(cases):
        runs.extend(cases)
        return [d.Difference(max(wanted), "a", "b") if set(wanted) <= set(case.kept()) else None
                for case in cases]  # fmt: skip

    runs = []
    return differences


@pytest.mark.parametrize("wanted", [(0,), (149,), (3, 17), (3, 70, 71, 149)])
def test_shortening_keeps_what_is_needed(wanted):
    assert d.shrink(d.Case(9, 150), needs(*wanted)).kept() == list(wanted)


def test_what_agrees_is_not_shortened():
    case = d.Case(9, 150)
    assert d.shrink(case, lambda cases: [None] * len(cases)) == case


def test_spans_and_words():
    assert d.spans({1, 2, 3, 7, 9, 10}) == "1-3,7,9-10"
    words = d.Case(4, 9, frozenset({0, 1}), "memory").words()
    assert words == ["/bin/differ", "4", "9", "--skip", "0-1", "--only", "memory"]
    assert d.Case(4, 9).keeping([2, 5]).words() == ["/bin/differ", "4", "6", "--skip", "0-1,3-4"]
