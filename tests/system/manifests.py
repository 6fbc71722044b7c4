"""Manifests for tests that run several programs in one boot, one after the other."""

import re
from pathlib import Path

from pagodalib import trace as traces

ROOT = Path(__file__).resolve().parents[2]
_ENDED = re.compile(
    r"^proc: (\S+) \(pid (\d+)\) ended: status (\d+), (\d+) minor and (\d+) major faults$", re.M
)


def write(folder, *lines):
    """The standard system with these further lines; the path of the manifest."""
    path = Path(folder) / "manifest"
    text = (ROOT / "userland/manifest").read_text(encoding="utf-8")
    path.write_text(text + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def ends(result):
    """[(program, status, minor faults)] of the programs that ended, in order."""
    return [(name, int(status), int(minor)) for name, _, status, minor, _ in _ENDED.findall(result.stderr)]


def events(path, name):
    """How many records of this event a trace file has."""
    records = traces.parse(Path(path).read_text(encoding="utf-8"))
    number = {event: number for number, event in traces.event_names().items()}[name]
    return sum(record[2] == number for record in records)
