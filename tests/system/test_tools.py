"""The smaller tools: trace, reference, bench's table, the rules of the house."""

import re

import pytest
from conftest import ROOT
from pagodalib import bench, lint, reference, trace
from pagodalib.cli import COMMANDS
from pagodalib.common import Failure

DUMP = "noise\ntrace begin\ntrace 0 1f4 4 3 10 20\ntrace 1 64 63 2 ffff000000000000 0\ntrace end\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(command, name):
    assert name in command(name, "--help").expect().stdout


def test_trace_is_sorted_and_named():
    records = trace.parse(DUMP)
    assert [record[1] for record in records] == [0x64, 0x1F4]
    lines = trace.render(records, {4: "FAULT"})
    assert "event-99" in lines[0] and "0xffff000000000000" in lines[0] and "cpu 1" in lines[0]
    assert "FAULT" in lines[1] and "0.500 us" in lines[1] and "+0.400" in lines[1]
    with pytest.raises(Failure):
        trace.parse("trace 0 1 2\n")


def test_event_names_are_the_kernel_s():
    names = trace.event_names()
    assert "FAULT" in names.values() and sorted(names) == list(range(len(names)))


def test_the_dump_is_taken_out_of_the_lines(tmp_path):
    collector = trace.TraceCollector()
    rest = [line for line in DUMP.splitlines() if not collector.take(line)]
    assert rest == ["noise"]
    collector.save(tmp_path / "dump")
    assert trace.parse((tmp_path / "dump").read_text()) == trace.parse(DUMP)
    with pytest.raises(Failure):
        trace.TraceCollector().save(tmp_path / "none")


def test_reference_has_every_call(command):
    calls = reference.calls(reference.SOURCE.read_text())
    assert [call[0] for call in calls] == list(range(len(calls)))
    text = command("reference").expect().stdout
    known = set(re.findall(r"#define (E[A-Z0-9]+) ", (ROOT / "kernel/entry/abi.h").read_text()))
    for number, name, _, _, errors, what in calls:
        assert f"| {number} | {name} |" in text and what
        assert set(errors.split()) <= known, name
    with pytest.raises(Failure):
        reference.calls('CALL(0, broken, "one text")\n')


def test_bench_table():
    names = [row.name for row in bench.ROWS]
    assert len(set(names)) == len(names)
    aims = [row for row in bench.ROWS if row.target is not None]
    met = list(bench.table({row.name: row.target for row in aims}))[2:]
    over = list(bench.table({row.name: 2 * row.target for row in aims}))[2:]
    for row, good, bad in zip(bench.ROWS, met, over, strict=True):
        expected = (" met ", "+100 %") if row.target is not None else ("not measured",) * 2
        assert expected[0] in good and expected[1] in bad, row.name


def test_rules_of_the_house():
    found = lint.problems(lint.project_files())
    assert not found, "\n".join(found)
