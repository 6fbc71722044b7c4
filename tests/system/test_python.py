"""Python's own tests, held against tests/python/expected."""

import fnmatch
import os
import re
from dataclasses import dataclass, field

import pytest
from conftest import ROOT

PACKAGES = ("python3", "libpython3.11-testsuite")
FOLDER = ROOT / "tests/python"
ALL = os.environ.get("PAGODA_PYTHON") == "all"
# Not in `make test`: they wait by design, or start a hundred interpreters one after the other.
SLOW = (
    "test_signal.StressTest.*",
    "test_signal.SiginterruptTest.*",
    "test_subprocess.ProcessTestCaseNoPoll.*",
    "test_subprocess.ProcessTestCase.*",
)
MODULES = {  # and how long each may take on a busy host
    "test_mmap": 100,
    "test_os": 150,
    "test_signal": 400,
    "test_subprocess": 500,
    "test_threading": 400,
}


@dataclass
class Paragraph:
    """A reason, what is said then, and of which tests ("*": any)."""

    why: str = ""
    says: str = ""
    tests: list = field(default_factory=list)

    def excuses(self, name, outcome):
        return (name in self.tests or "*" in self.tests) and re.fullmatch(self.says, outcome)


def load(text):
    """The paragraphs; ValueError where one lacks something."""
    found = []
    for part in re.split(r"\n\s*\n", re.sub(r"(?m)^#.*\n", "", text).strip()):
        one = Paragraph()
        for line in re.sub(r"\n\s+", " ", part).splitlines():
            key, _, value = line.partition(": ")
            if key == "test":
                one.tests.append(value)
            elif key in ("why", "says"):
                setattr(one, key, value)
            else:
                raise ValueError(f"expected: {line}")
        if not (one.why and one.says and one.tests):
            raise ValueError(f"expected: needs why, says and test: {part}")
        found.append(one)
    return found


def judge(outcomes, paragraphs):
    """What is wrong with {name: outcome}: not ok and not listed, or listed by name and ok."""
    listed = {name for one in paragraphs for name in one.tests}
    wrong = []
    for name, outcome in outcomes.items():
        if outcome == "ok":
            if name in listed:
                wrong.append(f"{name}: ok, but listed in tests/python/expected")
        elif not any(one.excuses(name, outcome) for one in paragraphs):
            wrong.append(f"{name}: {outcome}")
    return wrong


def outcomes_of(output):
    """{name: outcome} from the lines of runner.py."""
    lines = re.findall(r"^= (\S+|\S+ \(.*?\)) \d+\.\d+ (.*?)\r?$", output, re.M)
    return dict(lines)


@pytest.mark.parametrize("module", MODULES)
def test_python(pagoda, module):
    slow = () if ALL else SLOW
    without = [word for one in slow for word in ("--without", one)]
    options = [word for name in PACKAGES for word in ("--package", name)]
    options += ["--add", f"{FOLDER}/runner.py:/root/runner.py", "--memory", "1G", "--summary"]
    words = ["python3", "/root/runner.py", *without, module]
    result = pagoda(*words, options=options, timeout=MODULES[module]).expect(0)
    outcomes = outcomes_of(result.stdout)
    assert f"= {len(outcomes)} outcomes" in result.stdout, result.stdout
    assert list(outcomes.values()).count("ok") > 30
    assert not any(fnmatch.fnmatchcase(name, one) for one in slow for name in outcomes)
    paragraphs = load((FOLDER / "expected").read_text(encoding="utf-8"))
    wrong = judge(outcomes, paragraphs)
    assert not wrong, "\n".join(wrong)
    if ALL:
        own = {name for one in paragraphs for name in one.tests if name.startswith(f"{module}.")}
        assert own <= set(outcomes), f"listed, but not there: {own - set(outcomes)}"
    assert "every frame accounted for" in result.stderr, result.stderr


def test_what_is_not_listed_fails_and_what_is_listed_and_passes_too():
    paragraphs = load("# words\n\nwhy: a\n  b\nsays: skipped .*\ntest: m.A.x\n\nwhy: c\nsays: skipped win\ntest: *\n")
    assert [one.why for one in paragraphs] == ["a b", "c"]
    assert not judge({"m.A.x": "skipped y", "m.A.z": "skipped win", "m.A.k": "ok"}, paragraphs)
    for name, outcome in (("m.A.x", "ok"), ("m.A.x", "failed y"), ("m.A.z", "skipped y")):
        assert len(judge({name: outcome}, paragraphs)) == 1
    said = "noise\n= m.A.x 0.10 ok\n= setUpClass (m.B) 1.00 skipped for now\n"
    assert outcomes_of(said) == {"m.A.x": "ok", "setUpClass (m.B)": "skipped for now"}
    for text in ("says: a\ntest: b", "why: a\ntest: b", "why: a\nsays: b", "why: a\nwhat: b"):
        with pytest.raises(ValueError, match="expected"):
            load(text)
