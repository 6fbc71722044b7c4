"""What each entry of the kernel costs beyond instructions: barriers, system registers, locks.

An instruction count does not see that a barrier waits or that a system register is slow. So
one emulated run is logged instruction by instruction, cut at every way into and out of the
kernel, and the instructions of each piece are counted by kind.
"""

import argparse
import collections
import os
import re
import statistics
import subprocess
import tempfile
from pathlib import Path

from .bundle import make
from .common import Failure, build_folder, cross_tool
from .machine import boot_arguments, machine_for
from .options import add_bundle_options, add_machine_options

KINDS = {
    "barriers": re.compile(r"^(dsb|dmb|isb)\b"),
    "tlbi": re.compile(r"^tlbi\b"),
    "msr": re.compile(r"^msr\b"),
    "mrs": re.compile(r"^mrs\b"),
    "exclusive": re.compile(r"^(ldaxr|ldxr|stxr|stlxr|stlr|ldar)\b"),
}
VECTORS = {"vectors"}
DONE = "eret"


def kernel_instructions(elf):
    """pc -> (function, kinds, is_eret) of every instruction of the kernel."""
    objdump = cross_tool("objdump")
    if not objdump:
        raise Failure("objdump for AArch64 is not installed; tools/setup gets it")
    text = subprocess.run([objdump, "-d", "--no-show-raw-insn", elf], capture_output=True, text=True,
                          check=True).stdout  # fmt: skip
    table, function = {}, "?"
    for line in text.splitlines():
        head = re.match(r"^[0-9a-f]+ <(.+)>:$", line)
        if head:
            function = head[1]
            continue
        found = re.match(r"^([0-9a-f]+):\s+(.*)$", line)
        if found:
            words = found[2]
            kinds = tuple(kind for kind, pattern in KINDS.items() if pattern.match(words))
            table[int(found[1], 16)] = (function, kinds, words.startswith(DONE))
    return table


def pieces(log, table):
    """Yields (handler, instructions, counts) for each stay in the kernel."""
    inside, handler, length, counts = False, "", 0, collections.Counter()
    for line in log:
        found = re.search(r"/([0-9a-f]{16})/", line)
        entry = table.get(int(found[1], 16)) if found else None
        if entry is None:
            continue
        function, kinds, is_eret = entry
        if function in VECTORS:
            inside, handler, length, counts = True, "", 0, collections.Counter()
        if not inside:
            continue
        length += 1
        counts.update(kinds)
        if not handler and function not in VECTORS and function not in ("synchronous", "interrupt"):
            handler = function
        if is_eret:
            yield handler, length, counts
            inside = False


def run_options(program):
    """The options of `pagoda run` for a short run of a kernel test."""
    parser = argparse.ArgumentParser()
    add_bundle_options(parser)
    add_machine_options(parser)
    options = ["--icount", "--memory", "1G", "--root", str(program), "--append", "rounds=20"]
    return parser.parse_args(options)


def measure(program):
    """handler -> list of (instructions, counts), of one run of a kernel test."""
    options = run_options(program)
    elf = build_folder() / "virt/kernel.elf"
    table = kernel_instructions(elf)
    machine = machine_for(options)
    seen = collections.defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="pagoda-") as folder:
        pipe = Path(folder) / "log"
        os.mkfifo(pipe)
        command = machine.command(make(options, []).write(), boot_arguments(options), folder)
        command += ["-accel", "tcg,one-insn-per-tb=on", "-d", "exec,nochain", "-D", str(pipe)]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as process:  # fmt: skip
            try:
                with open(pipe, encoding="ascii", errors="replace") as log:
                    for handler, length, counts in pieces(log, table):
                        seen[handler].append((length, counts))
                process.wait(timeout=20)
            finally:
                process.kill()
    return seen


def table(seen):
    """Lines: the middle one of each handler's visits, by instructions."""
    head = f"{'kernel entry':<24} {'visits':>7} {'instructions':>12} " + " ".join(
        f"{kind:>9}" for kind in KINDS
    )
    yield head
    yield "-" * len(head)
    for handler, visits in sorted(seen.items(), key=lambda item: -len(item[1])):
        middle = statistics.median_low([length for length, _ in visits])
        counts = next(counts for length, counts in visits if length == middle)
        yield f"{handler:<24} {len(visits):>7} {middle:>12} " + " ".join(
            f"{counts[kind]:>9}" for kind in KINDS
        )
