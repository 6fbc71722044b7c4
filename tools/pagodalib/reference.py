"""`pagoda reference`: every kernel call as a table, from kernel/entry/syscalls.def."""

import re

from .common import ROOT, Failure, read_bytes

DESCRIPTION = "Prints the reference of all kernel calls (Markdown)."
SOURCE = ROOT / "kernel/entry/syscalls.def"
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_CALL = re.compile(r'CALL\(\s*(\d+)\s*,\s*(\w+)\s*((?:,\s*(?:"(?:[^"\\]|\\.)*"\s*)+)+)\)', re.DOTALL)
_FIELD = re.compile(r',\s*((?:"(?:[^"\\]|\\.)*"\s*)+)', re.DOTALL)
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')


def calls(text):
    """[(number, name, arguments, result, errors, what)]; Failure when a line is not understood."""
    text = _COMMENT.sub("", text)
    found = []
    for number, name, fields in _CALL.findall(text):
        words = ["".join(_STRING.findall(field)) for field in _FIELD.findall(fields)]
        if len(words) != 4:
            raise Failure(f"call {name} has {len(words)} texts, not 4")
        found.append((int(number), name, *words))
    if len(found) != len(re.findall(r"^CALL\(", text, re.MULTILINE)):
        raise Failure("a CALL in syscalls.def is not understood")
    return found


def add_arguments(_parser):
    """No options."""


def main(_options):
    print("# Kernel calls\n\nMade from `kernel/entry/syscalls.def`. `svc #1`, number in x8; what the")
    print("constants mean is in `kernel/entry/abi.h`.\n")
    print("| number | call | arguments | result | errors | what it does |\n|--|--|--|--|--|--|")
    for call in calls(read_bytes(SOURCE, "reference").decode()):
        print("| " + " | ".join(str(field).replace("|", "\\|") for field in call) + " |")
    return 0
