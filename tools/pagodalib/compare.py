"""`pagoda compare`: the same static program measured on Debian's Linux and on Pagoda."""

import re
import sys

from . import reference_linux
from .anchors import ROWS
from .bench import BENCH, program_lines, verdict
from .common import Failure

DESCRIPTION = """\
Runs one unmodified program (userland/apps/lbench) on Debian's arm64 Linux, once as it
boots by default and once with everything left out that can be, and on Pagoda, under the
same QEMU with one instruction counted as one nanosecond. Prints the three columns, how
many times fewer instructions Pagoda needs than the leaner Linux, and Pagoda's target.

These are instructions on an emulator. They are not cycles on a board: caches, TLBs,
barriers and system-register writes cost what the hardware says. Nothing else is claimed."""

PROGRAM = "/bin/lbench"
BOOTS = {"Linux": False, "leanest": True}  # column -> with LEAN
SKIPPED = re.compile(r"^skip (\w+): (.*)$", re.MULTILINE)


def add_arguments(parser):
    parser.add_argument("--raw", action="store_true", help="`SYSTEM NAME VALUE` lines instead")
    parser.add_argument("rows", nargs="*", metavar="NAME", help="these rows alone (linux_null_call …)")


def parse(text):
    """(values, reasons): what `bench NAME VALUE` and `skip NAME: REASON` lines of lbench say."""
    values = {name: int(value) for name, value in BENCH.findall(text)}
    return values, dict(SKIPPED.findall(text))


def on_linux(rows, lean):
    print(f"measuring Debian's Linux{' (leanest boot)' if lean else ''} …", file=sys.stderr, flush=True)
    boot = reference_linux.Boot(icount=True, lean=lean, timeout=600)
    ended = reference_linux.run([[PROGRAM, *rows]], boot)[0]
    if ended.status != 0:
        raise Failure(f"lbench on Linux ended with status {ended.status}\n{ended.output[-1000:]}")
    return parse(ended.output)


def on_pagoda(rows):
    return parse(program_lines("Pagoda", "--memory", "512M", "--", PROGRAM, *rows))


def cell(values, reasons, name):
    if name in values:
        return f"{values[name]:,}"
    return "cannot" if name in reasons else "no answer"


def table(columns, rows):
    """Lines of the table. `columns`: name of the system -> (values, reasons)."""
    head = f"{'instructions per operation':<44}"
    head += "".join(f"{name:>11}" for name in columns) + f"{'ratio':>7} {'target':>9}"
    yield head
    yield "-" * len(head)
    lean, own = columns["leanest"][0], columns["Pagoda"][0]
    for row in rows:
        line = f"{row.title:<44}"
        line += "".join(f"{cell(*column, row.name):>11}" for column in columns.values())
        ratio = f"{lean[row.name] / own[row.name]:.1f}" if own.get(row.name) and row.name in lean else ""
        target = "" if row.target is None else f"{row.target:,}"
        line += f"{ratio:>7} {target:>9}"
        if row.name in own:
            line += f"  {verdict(row, own[row.name])}"
        yield line.rstrip()


def notes(columns):
    """Why a row has no value, and what the numbers are not."""
    for system, (_, reasons) in columns.items():
        for name, reason in reasons.items():
            yield f"{system} cannot do {name}: {reason}"
    yield "ratio: leanest Linux / Pagoda. Instructions on an emulator, not cycles on a board:"
    yield "caches, TLBs, barriers and system-register writes cost what the hardware says."


def main(options):
    wanted = [*options.rows, *options.after_dashes]
    rows = [row for row in ROWS if row.on_linux and (not wanted or row.name in wanted)]
    if len(rows) < len(wanted):
        known = {row.name for row in rows}
        raise Failure(f"no row {', '.join(name for name in wanted if name not in known)}")
    columns = {name: on_linux(wanted, lean) for name, lean in BOOTS.items()}
    columns["Pagoda"] = on_pagoda(wanted)
    if options.raw:
        for system, (values, _) in columns.items():
            print("\n".join(f"{system} {name} {value}" for name, value in values.items()))
        return 0
    print("\n".join([*table(columns, rows), "", *notes(columns)]))
    return 0
