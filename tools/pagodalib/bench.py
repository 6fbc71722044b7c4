"""`pagoda bench`: instructions per operation, measured now, beside those of others."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from . import entries
from .anchors import ROWS
from .common import ROOT, Failure, build_folder, run_quietly

DESCRIPTION = """\
Boots Pagoda with one instruction counted as one nanosecond (-icount shift=0,sleep=off)
and measures kernel operations with a native program (tests/native/bench.c), Linux calls
with an unmodified one (userland/apps/lbench), and the memory of an idle system. The
numbers are deterministic. `pagoda compare` runs the same program on Linux. They count instructions, not cycles: caches, TLBs, barriers and
system-register writes cost what the hardware says."""

TIMEOUT = 300
BENCH = re.compile(r"^bench (\w+) (\d+)$", re.MULTILINE)


def add_arguments(parser):
    parser.add_argument("--raw", action="store_true", help="only `bench NAME VALUE` lines")
    parser.add_argument(
        "--entries", action="store_true",
        help="count barriers, TLB and system-register instructions of each kernel entry instead",
    )  # fmt: skip


def program_lines(what, *arguments):
    """What one run under -icount says. A program that does not come to its end is reported
    and what it measured before that is kept; without any line it is a Failure."""
    print(f"measuring {what} …", file=sys.stderr, flush=True)
    command = [ROOT / "tools/pagoda", "run", "--icount", "--summary", "--timeout", str(TIMEOUT), *arguments]
    done = subprocess.run(
        [str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    text = done.stdout + done.stderr
    if done.returncode:
        words = f"benchmark of {what} ended with status {done.returncode}\n{done.stderr[-2000:]}"
        if not BENCH.search(text):
            raise Failure(words)
        print(f"pagoda: {words}", file=sys.stderr)
    return text


def measure(what, *arguments):
    """The `bench NAME VALUE` lines of one run, as a dictionary."""
    text = program_lines(what, *arguments)
    idle = re.search(r"frames +(\d+) of 4 KiB: (\d+) free", text)
    values = {name: int(value) for name, value in BENCH.findall(text)}
    if idle:
        values["idle_memory_kib"] = 4 * (int(idle[1]) - int(idle[2]))
    if not values:
        raise Failure(f"benchmark of {what} measured nothing\n{text[-2000:]}")
    return values


def on_card():
    """The rows of files on an SD card, and of a dynamic program there, in the controller's own time: QEMU's
    SD card answers within the instruction that asks."""
    with tempfile.TemporaryDirectory(prefix="pagoda-") as folder:
        card = Path(folder) / "card.img"
        make = [ROOT / "tools/pagoda", "card", "make", card, "--every-app", "--package", "coreutils"]
        run_quietly(make, "making a card to measure")
        rows = [row.name for row in ROWS if row.name.startswith("card_")]
        return measure("a card", "--memory", "512M", "--card", card, "--", "/bin/lbench.musl", *rows)


def verdict(row, value):
    if row.target is None:
        return ""
    if value <= row.target:
        return "met"
    return f"{100 * (value - row.target) / row.target:+.0f} %"


def table(values):
    """The lines of the table, in the order of the anchors."""
    head = f"{'operation':<44} {'measured':>11} {'target':>10} {'':>7}  others"
    yield head
    yield "-" * len(head)
    for row in ROWS:
        if row.name not in values:
            yield f"{row.title:<44} {'not measured':>11}"
            continue
        target = "" if row.target is None else f"{row.target:,}"
        value = values[row.name]
        yield f"{row.title:<44} {value:>11,} {target:>10} {verdict(row, value):>7}  {row.others}"


def main(options):
    build = build_folder()
    if options.entries:
        print("logging every kernel instruction of a short run …", file=sys.stderr, flush=True)
        print("\n".join(entries.table(entries.measure(build / "tests/native/bench.elf"))))
        return 0
    values = measure("the kernel", "--memory", "1G", "--root", build / "tests/native/bench.elf")
    values |= measure("Linux calls", "--memory", "512M", "--", build / "userland/apps/lbench.musl")
    values |= on_card()
    values |= measure("an idle system", "--memory", "256M", "--", build / "userland/apps/hello.musl")
    if options.raw:
        print("\n".join(f"bench {name} {value}" for name, value in sorted(values.items())))
        return 0
    print("\n".join(table(values)))
    return 0
