"""`make reference`: complete, and strict about what does not fit together."""

import re

import pytest
from conftest import ROOT
from pagodalib import reference
from pagodalib.common import Failure


@pytest.fixture(scope="module")
def text():
    return "\n".join(reference.reference())


def test_every_constant_stands_once_with_its_value(text):
    source = (ROOT / "kernel/entry/abi.h").read_text(encoding="utf-8")
    defined = re.findall(r"^#define (\w+) +([\w()-]+)", source, re.MULTILINE)
    assert len(defined) > 100
    for name, value in defined:
        assert text.count(f"\n| {name} | {value.strip('()')} | ") == 1, name


def test_errors_say_which_calls_answer_them(text):
    rows = dict(re.findall(r"^\| (E[A-Z]+) \| \d+ \| (.*) \|$", text, re.MULTILINE))
    calls = reference.calls(reference.SOURCE.read_text(encoding="utf-8"))
    for _, name, _, _, errors, _ in calls:
        for error in errors.split():
            assert f"`{name}`" in rows[error]


def test_every_message_of_every_protocol_is_there(text):
    for path in (ROOT / "userland/protocols").glob("*.def"):
        section = text.partition(f"\n### {path.stem}\n")[2].partition("\n### ")[0]
        messages = re.findall(r"^MESSAGE\((\d+), (\w+),", path.read_text(), re.MULTILINE)
        assert messages
        for number, name in messages:
            assert f"| {number} | {name} | " in section


@pytest.mark.parametrize("broken", [
    'CALL(0, a, "", "", "", "") CALL(0, b, "", "", "", "")',  # a number twice
    'CALL(0, a, "", "", "", "") CALL(1, a, "", "", "", "")',  # a name twice
    'CALL(0, a, "", "", "")',  # a field missing
    'CALL(zero, a, "", "", "", "")',
    'CALL(0, a, "", "", "", ""',  # never ends
    'CALL(0, a, "", f(x), "", "")',
])  # fmt: skip
def test_declarations_that_do_not_fit_are_refused(broken):
    with pytest.raises(Failure):
        reference.calls(broken)


def test_unknown_errors_are_refused():
    with pytest.raises(Failure, match="ENOTHING"):
        reference.check_errors([(0, "a", "", "", "ENOTHING", "")], {"EINVAL": ("22", "")}, "here")
