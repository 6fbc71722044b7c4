"""Debian's Linux beside Pagoda: its boot, and the table that compares the two."""

import re

import pytest
from conftest import PAGODA, ROOT, execute
from pagodalib import compare, cpio, reference_linux
from pagodalib.anchors import ROWS
from pagodalib.common import Failure

# ---- Linux ----


def linux(*words, timeout=170):
    return execute(PAGODA, "linux", "--timeout", timeout, *words, timeout=timeout + 60)


def test_a_program_runs_on_linux_and_its_status_is_ours():
    result = linux("--", "/bin/args", "one", "two words").expect(0)
    assert "one" in result.stdout and "two words" in result.stdout
    assert "\r" not in result.stdout
    linux("--", "/bin/misbehave", "stack-overflow").expect(139)


def test_several_programs_in_one_boot():
    """Each has its own output and status, and its end says that it has ended."""
    ended = reference_linux.run([["/bin/hello"], ["/bin/misbehave", "write-null"], ["/bin/hello"]])
    assert [one.status for one in ended] == [0, 139, 0]
    assert ended[0].output == ended[2].output and "Hello" in ended[0].output


def test_a_program_that_does_not_end():
    result = linux("--", "/bin/faults", "--rounds", "100000000", timeout=12).expect(124)
    assert "no end after 12 s" in result.stderr


def test_wrong_commands(tmp_path):
    assert "run what?" in linux().expect(125).stderr
    assert "neither a file here" in linux("--", "/no/such").expect(125).stderr
    bad = tmp_path / "qemu"
    bad.write_text("#!/bin/sh\necho 'no machine' >&2; exit 1\n")
    bad.chmod(0o755)
    result = execute(PAGODA, "linux", "--", "/bin/hello", environment={"PAGODA_QEMU": str(bad)})
    assert result.status == 125 and "no machine" in result.stderr


def test_what_the_console_says_is_taken_apart():
    data = b"noise\n\x01begin 0\na\nb\x01end 0 3\n\x01begin 1\nhalf"
    first, second, third = reference_linux.parse(data, 3)
    assert (first.status, first.output) == (3, "a\nb")
    assert (second.status, second.output) == (None, "half")
    assert (third.status, third.output) == (None, "")


def test_the_initial_tree_lists_every_command(tmp_path):
    extra = tmp_path / "data"
    extra.write_bytes(b"x")
    commands = [["/bin/hello", "a"], ["/bin/seed"]]
    tree = reference_linux.initial_tree(commands, [(extra, "/etc/deep/data")])
    entries = {entry.name: entry for entry, _ in cpio.read(tree)}
    assert entries["commands"].data == b"/bin/hello\0a\0\0/bin/seed\0\0"
    assert {"init", "bin/hello", "bin/seed", "etc", "etc/deep", "etc/deep/data"} <= set(entries)
    with pytest.raises(Failure):
        reference_linux.initial_tree([["/bin/hello", ""]], [])


# ---- The table ----

COLUMNS = {
    "Linux": ({"linux_null_call": 500, "linux_trap": 6000}, {}),
    "leanest": ({"linux_null_call": 300, "linux_trap": 5800}, {}),
    "Pagoda": ({"linux_null_call": 200}, {"linux_yield_switch": "Function not implemented"}),
}


def row(name):
    return next(row for row in ROWS if row.name == name)


def test_lines_of_the_program_are_read():
    values, reasons = compare.parse("bench a 12\nskip b: Not there\nbench c 3x\n")
    assert values == {"a": 12} and reasons == {"b": "Not there"}


def test_ratio_is_to_the_leaner_linux():
    rows = [row("linux_null_call"), row("linux_trap"), row("linux_yield_switch")]
    head, _, null_call, trap, switch = compare.table(COLUMNS, rows)
    assert re.search(r"Linux +leanest +Pagoda +ratio +target$", head)
    assert re.search(r" 500 +300 +200 +1\.5 +420 +met$", null_call)
    assert re.search(r" 6,000 +5,800 +no answer +2,500$", trap)
    assert re.search(r" no answer +no answer +cannot$", switch)


def test_the_text_says_what_the_numbers_are_not():
    said = "\n".join(compare.notes(COLUMNS))
    assert "Pagoda cannot do linux_yield_switch: Function not implemented" in said
    assert "not cycles on a board" in said


def test_a_row_on_both():
    """The same program counts on both, with one instruction as one nanosecond."""
    result = execute(PAGODA, "compare", "--raw", "linux_null_call", timeout=300).expect(0)
    values = dict(re.findall(r"^(\w+) linux_null_call (\d+)$", result.stdout, re.MULTILINE))
    assert sorted(values) == ["Linux", "Pagoda", "leanest"]
    assert 100 < int(values["leanest"]) < int(values["Linux"]) < 2000
    assert 50 < int(values["Pagoda"]) < 2000
    assert "no row linux_none" in execute(PAGODA, "compare", "linux_none").expect(125).stderr


def test_every_row_of_the_program_has_a_place_in_the_table():
    """Names in the sources of lbench are those of the anchors."""
    sources = (ROOT / "userland/apps/lbench").glob("*.c")
    named = {name for path in sources for name in re.findall(r'\{"(linux_\w+)"', path.read_text())}
    assert named == {row.name for row in ROWS if row.on_linux}
