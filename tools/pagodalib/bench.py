"""`pagoda bench`: instructions per operation, beside what the best systems need.

Two programs measure and print lines `bench NAME VALUE`: one native (in the place of the
root server), one an ordinary Linux program. tools/anchors.txt has what to compare with.
"""

import re
import subprocess
import sys
from dataclasses import dataclass

from .common import ROOT, Failure, build_folder, cross_tool, relative, run_quietly
from .options import positive

DESCRIPTION = """\
Measures under -icount shift=0 (1 instruction = 1 ns, the same on every machine) and
prints a table: measured, target, seL4, Linux."""

_LINE = re.compile(r"^bench (\w+) (\d+)\r?$", re.MULTILINE)
_FRAMES = re.compile(r"frames\s+(\d+) of 4 KiB: (\d+) free")


@dataclass(frozen=True)
class Anchor:
    name: str
    operation: str
    target: int | None
    sel4: int | None
    linux: int | None


def anchors(path=ROOT / "tools/anchors.txt"):
    """The rows of the table, in its order."""
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        words = [word.strip() for word in line.split("|")]
        if len(words) != 5:
            raise Failure(f"{relative(path)}:{number}: five columns wanted")
        values = [None if word == "-" else int(word) for word in words[2:]]
        rows.append(Anchor(words[0], words[1], *values))
    return rows


def run_measurement(options, *words):
    """Everything one run said, output and system text together."""
    command = [sys.executable, ROOT / "tools/pagoda", "run", "--timeout", options.timeout,
               "--gic", options.gic, *words]  # fmt: skip
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL,
                          capture_output=True, check=False)  # fmt: skip
    text = (done.stdout + done.stderr).decode(errors="replace")
    if done.returncode:
        raise Failure(f"a measurement ended with status {done.returncode}:\n{text[-2000:]}")
    return text


def measure(options):
    """{name: value}, from all programs."""
    native = build_folder() / "tests/native/bench.elf"
    print("measuring: kernel …", file=sys.stderr)
    text = run_measurement(options, "--icount", "--memory", "1G", "--root", native)
    print("measuring: Linux programs …", file=sys.stderr)
    text += "\n" + run_measurement(options, "--icount", "--", "/bin/bench")
    values = {name: int(value) for name, value in _LINE.findall(text)}
    values["memory_at_idle_kib"] = idle_memory(options)
    values["kernel_text_bytes"] = text_bytes(build_folder() / "virt/kernel.elf")
    return {name: value for name, value in values.items() if value is not None}


def idle_memory(options):
    """KiB of a 256 MiB board that are not free, as root counts them in its summary."""
    found = _FRAMES.search(run_measurement(options, "--summary", "--", "/bin/hello"))
    return (int(found[1]) - int(found[2])) * 4 if found else None


def text_bytes(elf):
    """Size of the section .text."""
    size = cross_tool("size")
    if not size or not elf.is_file():
        return None
    found = re.search(rb"^\.text\s+(\d+)", run_quietly([size, "-A", elf], "size"), re.MULTILINE)
    return int(found[1]) if found else None


def table(values, rows):
    """Lines of the table; measured names without an anchor come last, anchors without a
    measurement are named below."""
    def cell(value):
        return "-" if value is None else f"{value:,}"

    lines = [f"{'operation':<48} {'measured':>12} {'target':>10} {'':6} {'seL4':>10} {'Linux':>12}"]
    known = {row.name for row in rows}
    rows = rows + [Anchor(name, name, None, None, None) for name in values if name not in known]
    for row in rows:
        value = values.get(row.name)
        if value is None:
            continue
        verdict = "" if row.target is None else "met" if value <= row.target else "over"
        lines.append(f"{row.operation:<48} {cell(value):>12} {cell(row.target):>10} {verdict:<6} "
                     f"{cell(row.sel4):>10} {cell(row.linux):>12}")  # fmt: skip
    absent = [row.name for row in rows if row.name not in values]
    if absent:
        lines.append("not measured: " + ", ".join(absent))
    return lines


def add_arguments(parser):
    parser.add_argument("--gic", type=int, choices=(2, 3), default=2)
    parser.add_argument("--timeout", type=positive, default=120.0, metavar="SECONDS",
                        help="for each measurement")  # fmt: skip


def main(options):
    print("\n".join(table(measure(options), anchors())))
    return 0
