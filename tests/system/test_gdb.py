"""The debugger's commands (tools/gdb): each against something that is known without them.

One gdb session for each kind of stop; its commands are separated by lines that name them.
"""

import os
import re
import struct
import subprocess
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("PAGODA_BUILD", ROOT / "build"))
PROGRAM = BUILD / "userland/apps/hello.musl"
PIE = BUILD / "userland/apps/hello.musl-pie"
LINEAR_BASE = 0xFFFF000000000000
PAGE = 4096
EXIT_GROUP = 94


def session(commands, program=PROGRAM, arguments=()):
    """{command: its output} of one run of gdb. An error of a command is its last line."""
    marked = []
    for command in commands:
        marked += [f"python print('\\n@@@ ' + {command!r})",
                   f"python\ntry: gdb.execute({command!r})\n"
                   "except gdb.error as error: print(f'error: {error}')\nend"]  # fmt: skip
    with tempfile.NamedTemporaryFile("w", suffix=".gdb", encoding="utf-8") as script:
        script.write("\n".join(marked) + "\n")
        script.flush()
        done = subprocess.run(
            [ROOT / "tools/pagoda", "gdb", "--batch", "--timeout", "60", *arguments,
             "-x", f"source {script.name}", "--", program],
            capture_output=True, text=True, timeout=90, check=False,
        )  # fmt: skip
    parts = re.split(r"^@@@ (.*)\n", done.stdout, flags=re.MULTILINE)
    outputs = {name: text.strip("\n") for name, text in zip(parts[1::2], parts[2::2])}
    assert len(outputs) == len(set(commands)), done.stdout + done.stderr
    return outputs


def rows(output):
    """A table as dictionaries: columns begin where at least two blanks separate cells."""
    heads, *lines = [re.split(r"\s{2,}", line.strip()) for line in output.splitlines()]
    return [dict(zip(heads, line)) for line in lines]


def segments(path):
    """(first address, end, rights) of what an ELF file loads, in whole pages."""
    data = path.read_bytes()
    start, size, count = *struct.unpack_from("<Q", data, 32), *struct.unpack_from("<HH", data, 54)
    for at in range(start, start + size * count, size):
        kind, flags, _, va, _, _, memory = struct.unpack_from("<IIQQQQQ", data, at)
        if kind == 1:
            rights = "".join(c if flags & b else "-" for c, b in (("r", 4), ("w", 2), ("x", 1)))
            yield va // PAGE * PAGE, -(-(va + memory) // PAGE) * PAGE, rights


def manifest():
    """{server: {word: rest}} of the standard manifest."""
    servers, current = {}, None
    for line in (ROOT / "userland/manifest").read_text(encoding="utf-8").splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "server":
            current = servers[rest] = {}
        elif line.startswith(" ") and word != "#":
            current[word] = rest
    return servers


@pytest.fixture(scope="module")
def at_fault():
    """Stopped in the kernel, where the pager answers the program's first fault."""
    return session(
        ["break supply_slow", "continue", "pagoda spaces", "pagoda threads", "pagoda ledger",
         "pagoda regions hello.musl", "pagoda regions anon", "pagoda trace 12",
         "pagoda trace many", "pagoda walk", "pagoda regions nobody",
         "set var root_pool.own = root_pool.own + 1", "pagoda  ledger"],
        arguments=["--append", "trace=1"],
    )  # fmt: skip


def bytes_of(limit):
    """A pool's limit as the manifest says it; percent are those of the usual 256 MiB."""
    number, unit = int(limit[:-1]), limit[-1]
    return (256 << 20) // 100 * number // PAGE * PAGE if unit == "%" else number << {"K": 10, "M": 20}[unit]


def test_spaces_are_those_of_the_manifest(at_fault):
    spaces = {row["name"]: row for row in rows(at_fault["pagoda spaces"])}
    wanted = {name: int(lines["level"]) for name, lines in manifest().items()}
    wanted |= {"root": 7, "hello.musl": 6}
    assert {name: int(row["level"]) for name, row in spaces.items()} == wanted
    assert len({row["id"] for row in spaces.values()}) == len(spaces)
    for name, lines in manifest().items():
        limit = lines["pool"].split()[1]
        used, frames = map(int, spaces[name]["pool used/limit"].split("/"))
        assert frames * PAGE == bytes_of(limit)
        assert 0 < used <= frames
        assert int(spaces[name]["tables"]) >= 4 and int(spaces[name]["resident"]) > 0


def test_threads_say_who_waits_for_what(at_fault):
    threads = {row["space"]: row for row in reversed(rows(at_fault["pagoda threads"]))}  # the first of each
    assert [name for name, row in threads.items() if row["state"] == "running"] == ["anon"]
    assert threads["proc"]["state"] == "receiving"
    assert threads["hello.musl"]["state"] == "answer"
    assert re.match(r"page 0x\w+ of object \d+ at 0x\w+", threads["hello.musl"]["waits for"])


@pytest.mark.parametrize("space, image", [
    ("hello.musl", PROGRAM), ("anon", BUILD / "userland/servers/anon.elf"),
])  # fmt: skip
def test_regions_are_the_segments_of_the_image(at_fault, space, image):
    regions = rows(at_fault[f"pagoda regions {space}"])
    found = {(*(int(end, 16) for end in row["range"].split("-")), row["rights"]) for row in regions}
    assert set(segments(image)) <= found


def test_ledger_balances_and_notices_when_it_does_not(at_fault):
    good, bad = at_fault["pagoda ledger"], at_fault["pagoda  ledger"]
    assert good.endswith("the ledger balances") and "wrong:" not in good
    free, charged, both, total = map(int, re.findall(r"\d+", good.splitlines()[-1]))
    assert free + charged == both == total == (256 << 20) // PAGE
    by_state = good.partition("\n")[2].split("\n\n")[0]
    states = {row["state"]: int(row["frames"]) for row in rows(by_state)}
    assert states.pop("total") == sum(states.values()) == total
    assert states["free"] + states["cached"] == free
    assert "contradictions" in bad and re.search(r"wrong: root says \d+ own frames", bad)


def test_trace_shows_the_newest_records(at_fault):
    records = rows(at_fault["pagoda trace 12"])
    assert len(records) == 12
    times = [float(record["us"]) for record in records]
    assert times == sorted(times)
    events = set(re.findall(r"X\((\w+)\)", (ROOT / "kernel/debug/trace.h").read_text()))
    assert {record["event"].upper() for record in records} <= events
    request = [record for record in records if record["event"] == "request"][-1]
    waiting = next(r for r in rows(at_fault["pagoda threads"]) if r["space"] == "hello.musl")
    assert request["a"] in waiting["waits for"]


def test_wrong_questions_get_one_line(at_fault):
    assert at_fault["pagoda trace many"] == "error: how many records? many is not a number above 0"
    assert at_fault["pagoda walk"] == "error: usage: pagoda walk SPACE VA"
    assert at_fault["pagoda regions nobody"].startswith("error: no space nobody")


def test_walk_finds_the_programs_bytes():
    """Stopped at exit_group: text is mapped in place, the stack is private memory."""
    text = next(segments(PROGRAM))[0]
    walk_text = f"pagoda walk hello.musl {text:#x}"
    bytes_there = (
        f"python at = gdb.execute('{walk_text}', False, True).split('is physical ')[1].split()[0]; "
        f"at = int(at, 16) + {LINEAR_BASE:#x}; "
        "print(gdb.selected_inferior().read_memory(at, 64).tobytes().hex())"
    )
    out = session([
        f"break personality_syscall if thread->registers.x[8] == {EXIT_GROUP}", "continue",
        walk_text, "pagoda walk hello.musl thread->registers.sp", "pagoda walk hello.musl 0x1000",
        "pagoda walk kernel &spaces", "pagoda walk hello.musl &spaces", "pagoda trace", bytes_there,
    ])  # fmt: skip
    walk = out[walk_text]
    levels = [int(level) for level in re.findall(r"^  level (\d)", walk, re.MULTILINE)]
    assert levels == [0, 1, 2, 3] and walk.count("valid, table") == 3
    assert "AP=11 EL0 read-only" in walk and "UXN" not in walk
    assert bytes.fromhex(out[bytes_there].splitlines()[0]) == PROGRAM.read_bytes()[:64]
    stack = out["pagoda walk hello.musl thread->registers.sp"]
    for word in ("AP=01 EL0 read-write", "AF", "nG", "PXN", "UXN", "slot RESIDENT WRITABLE DIRTY"):
        assert word in stack
    assert "not mapped" in out["pagoda walk hello.musl 0x1000"]
    assert "no region" in out["pagoda walk hello.musl 0x1000"]
    assert "AP=00 EL1 read-write" in out["pagoda walk kernel &spaces"]
    assert out["pagoda walk hello.musl &spaces"].startswith("error: 0xffffff80")
    assert "tracing is off" in out["pagoda trace"]


def test_at_user_level_nothing_changes_by_looking():
    """Stopped in a server at EL0, where QEMU gives gdb no kernel memory by itself."""
    out = session([
        "pagoda spaces", "pagoda symbols", "pagoda symbols anon",
        'break main if $_streq($pagoda_space(), "anon")', "continue",
        "info registers pc cpsr sp", "pagoda  spaces", "info  registers pc cpsr sp", "stepi",
        "pagoda symbols proc", "info line main", "pagoda symbols nothing",
    ])  # fmt: skip
    assert "Has the kernel set up its tables yet?" in out["pagoda spaces"]
    assert {"anon", "proc", "root", "uart", "hello.musl"} <= set(out["pagoda symbols"].split())
    assert "anon/main.c" in out["continue"]
    before = out["info registers pc cpsr sp"]
    assert re.search(r"cpsr +0x\w*0 ", before) and before == out["info  registers pc cpsr sp"]
    assert {row["name"] for row in rows(out["pagoda  spaces"])} >= set(manifest()) | {"root"}
    assert "error" not in out["stepi"]
    assert "proc/main.c" in out["info line main"]
    assert out["pagoda symbols nothing"].startswith("error: no image nothing; there is: ")


def test_symbols_of_a_position_independent_program():
    out = session([f"pagoda program {PIE}", "break main", "continue", "info symbol $pc"], PIE)
    assert "apps/hello.c" in out["continue"]
    assert out["info symbol $pc"].startswith("main in section .text")
