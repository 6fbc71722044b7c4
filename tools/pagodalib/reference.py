"""`pagoda reference`: all calls and messages, as Markdown, from where they are declared.

Calls come from kernel/entry/syscalls.def, constants and errors from kernel/entry/abi.h and
its comments, messages of servers from userland/protocols/*.def. What does not fit together
is a Failure.
"""

import re

from .common import ROOT, Failure, read_bytes

DESCRIPTION = "Prints the reference of all calls, errors, constants and messages (Markdown)."
SOURCE = ROOT / "kernel/entry/syscalls.def"
CONSTANTS = ROOT / "kernel/entry/abi.h"
OF_SERVERS = ROOT / "userland/lib/errors.h"
PROTOCOLS = ROOT / "userland/protocols"
HEADING_MOST = 80  # characters: the rest of a longer comment is a paragraph
FIELDS = 6  # number, name, arguments, result, errors, what it does
_TOKEN = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([A-Za-z0-9_]+)|([(),]))')
_DEFINE = re.compile(r"#define ([A-Z]\w+)[ \t]+(\(.*?\)|[\w-]+)[ \t]*(?:/\*(.*?)\*/)?[ \t]*$")
_ERROR = re.compile(r"\bE[A-Z0-9]{2,}\b")


def read_text(path):
    return read_bytes(path, "reference").decode()


def declarations(text, macro, where):
    """Every use of `macro` as (number, name, …), in order; neighbouring strings are one."""
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)
    found = []
    for start in re.finditer(rf"\b{macro}\s*\(", text):
        at, fields = start.end(), [""]
        while True:
            token = _TOKEN.match(text, at)
            if not token or token[3] == "(":
                raise Failure(f"{where}: cannot read {text[start.start():at + 30]!r}")
            at = token.end()
            if token[3] == ")":
                break
            if token[3] == ",":
                fields.append("")
            else:
                fields[-1] += token[2] if token[1] is None else token[1].replace('\\"', '"')
        if len(fields) != FIELDS or not fields[0].isdigit():
            raise Failure(f"{where}: {macro}({', '.join(fields)}) is not {FIELDS} fields")
        found.append((int(fields[0]), *fields[1:]))
    for place, what in ((0, "number"), (1, "name")):
        values = [fields[place] for fields in found]
        twice = sorted({str(value) for value in values if values.count(value) > 1})
        if twice:
            raise Failure(f"{where}: {what} {', '.join(twice)} is declared twice")
    return sorted(found)


def calls(text):
    """[(number, name, arguments, result, errors, what it does)] of syscalls.def."""
    return declarations(text, "CALL", "syscalls.def")


def constant_groups(text):
    """[(heading, more about it, [(name, value, meaning), …]), …] as comments divide them."""
    groups, comment = [], None
    for line in text[text.index("#pragma once") :].splitlines():
        line = line.strip()
        if comment is not None:  # a comment of several lines
            comment += " " + line.removeprefix("*/").removeprefix("*").removesuffix("*/").strip()
        elif line.startswith("/*"):
            comment = line.removeprefix("/*").removesuffix("*/").strip(" -")
        elif found := _DEFINE.match(line):
            if not groups:
                groups.append(("Pages", "", []))
            groups[-1][2].append((found[1], found[2].strip("()"), (found[3] or "").strip()))
        if comment is not None and line.endswith("*/"):
            heading, more = comment.strip(" ."), ""
            if len(heading) > HEADING_MOST:
                heading, _, more = heading.partition(": ")
            groups.append((heading, more, []))
            comment = None
    return [group for group in groups if group[2]]


def table(heads, rows):
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        cells = (str(cell).replace("|", "\\|").strip() for cell in row)
        yield "| " + " | ".join(cells) + " |"
    yield ""


def check_errors(declared, errors, where):
    for fields in declared:
        for error in _ERROR.findall(fields[4]):
            if error not in errors:
                raise Failure(f"{where}: {fields[1]} names {error}, nobody declares it")


def calls_section(declared):
    yield "## Kernel calls\n"
    yield "`svc #1` with the number in x8. h: is a handle; the result is in x0, negative: an error.\n"
    heads = ("number", "call", "arguments", "result", "errors", "what it does")
    yield from table(heads, declared)


def errors_section(errors, declared):
    yield "## Errors\n"
    rows = []
    for name, (value, meaning) in errors.items():
        users = [f"`{call[1]}`" for call in declared if name in _ERROR.findall(call[4])]
        rows.append((name, value, meaning, " ".join(users)))
    yield from table(("error", "number", "meaning", "calls that answer it"), rows)


def constants_section(groups):
    yield "## Constants\n"
    for heading, more, constants in groups:
        yield f"### {heading}\n"
        if more:
            yield f"{more}\n"
        yield from table(("name", "value", "meaning"), constants)


def protocols_section(protocols):
    yield "## Messages of servers\n"
    yield "`call` with w0 = the number; the answer's w0 is 0 or more, or a negated error.\n"
    heads = ("number", "message", "request", "reply", "errors", "what it does")
    for name, messages in protocols.items():
        yield f"### {name}\n"
        yield from table(heads, messages)


def reference():
    """All lines."""
    groups = constant_groups(read_text(CONSTANTS))
    of_errors = [group for group in groups if any(name == "EINVAL" for name, _, _ in group[2])]
    errors = {name: (value, what) for group in of_errors for name, value, what in group[2]}
    declared = calls(read_text(SOURCE))
    check_errors(declared, errors, SOURCE.name)
    further = constant_groups(read_text(OF_SERVERS))
    of_servers = {name: (value, what) for group in further for name, value, what in group[2]}
    protocols = {}
    for path in sorted(PROTOCOLS.glob("*.def")):
        protocols[path.stem] = declarations(read_text(path), "MESSAGE", path.name)
        check_errors(protocols[path.stem], errors | of_servers, path.name)
    yield "# Reference\n"
    yield "Made by `make reference` from the declarations themselves: do not edit.\n"
    yield from calls_section(declared)
    yield from errors_section(errors, declared)
    yield from constants_section([group for group in groups if group not in of_errors])
    yield from protocols_section(protocols)


def add_arguments(_parser):
    """No options."""


def main(_options):
    print("\n".join(reference()), end="")
    return 0
