"""`pagoda trace`: the kernel's trace records as text.

A dump is lines of hex words `trace CPU TIME EVENT THREAD A B` between `trace begin`
and `trace end` (struct trace_record in kernel/entry/abi.h; TIME in ns since boot).
The names of events come from the list X(NAME) X(NAME) … in kernel/debug/trace.h.
"""

import re
import sys
from pathlib import Path

from .common import ROOT, Failure, read_bytes

DESCRIPTION = "Turns a trace that `pagoda run --trace FILE` kept (or a log with one in it) into text."
_RECORD = re.compile(r"trace((?: (?:0x)?[0-9a-fA-F]+){6})$")
_EVENT = re.compile(r"\bX\(([A-Z_]+)\)")


class TraceCollector:
    """Keeps the dump that goes by among the system's lines."""

    def __init__(self):
        self.lines = []
        self._inside = False

    def take(self, line):
        """True when the line belongs to a dump and need not be shown."""
        if line in ("trace begin", "trace end"):
            self._inside = line == "trace begin"
        elif not self._inside:
            return False
        self.lines.append(line)
        return True

    def save(self, path):
        if not self.lines:
            raise Failure("the system gave no trace")
        try:
            Path(path).write_text("\n".join(self.lines) + "\n", encoding="utf-8")
        except OSError as error:
            raise Failure(f"{path}: {error.strerror}") from error


def event_names():
    """{number: name} as the kernel declares them; empty when there is no such file."""
    path = ROOT / "kernel/debug/trace.h"
    if not path.is_file():
        return {}
    return dict(enumerate(_EVENT.findall(path.read_text(encoding="utf-8"))))


def parse(text):
    """Records (cpu, ns, event, thread, a, b) of a dump, in order of time."""
    records = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line.startswith("trace ") or line in ("trace begin", "trace end"):
            continue
        found = _RECORD.match(line)
        if not found:
            raise Failure(f"line {number} is no trace record: {line}")
        records.append(tuple(int(word, 16) for word in found[1].split()))
    return sorted(records, key=lambda record: record[1])


def render(records, names):
    """One line per record; times in microseconds, with the step since the record before."""
    lines, before = [], None
    for cpu, time, event, thread, a, b in records:
        step = 0 if before is None else time - before
        before = time
        name = names.get(event, f"event-{event}")
        lines.append(
            f"{time / 1000:14.3f} us {step / 1000:+11.3f}  cpu {cpu}  thread {thread:<5} "
            f"{name:<20} {a:#x} {b:#x}"
        )
    return lines


def add_arguments(parser):
    parser.add_argument("file", help="the dump; - for standard input")


def main(options):
    if options.file == "-":
        text = sys.stdin.read()
    else:
        text = read_bytes(options.file, "trace").decode(errors="replace")
    records = parse(text)
    if not records:
        raise Failure(f"{options.file} has no trace records")
    print("\n".join(render(records, event_names())))
    return 0
