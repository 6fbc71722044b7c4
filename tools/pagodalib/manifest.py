"""The manifest: a template with the servers, and the lines of one run added to it.

Only what is needed to add lines is understood here; the root server parses the text
and says what is wrong with it. The form of a manifest is in userland/README.md.
"""

import os
import re

from .common import Failure

ONCE = {"image", "level", "priority", "pool", "argument", "restart"}
NAME_BYTES = 23  # longest name of a server, as the root server has it


def escape(word):
    """One word of a line: blanks, #, backslashes and all that is not plain ASCII as \\xHH."""
    data = os.fsencode(word)
    if not data:
        return r"\e"
    return "".join(
        chr(byte) if 0x20 < byte < 0x7F and byte not in b"#\\" else f"\\x{byte:02x}"
        for byte in data
    )


def server_name(path):
    """Name of a server made from a file's name, e.g. ./My-Pager.elf -> my-pager."""
    stem = os.path.basename(path).split(".")[0].lower()
    return re.sub(r"[^a-z0-9_-]", "-", stem)[:NAME_BYTES] or "server"


class Manifest:
    """Lines of a manifest; servers are the stanzas `server NAME` with indented lines below."""

    def __init__(self, text):
        self.lines = text.splitlines()

    def text(self):
        return "\n".join(self.lines) + "\n"

    def _stanza(self, name):
        """Index range [first, end) of a server's lines, its `server` line included."""
        for first, line in enumerate(self.lines):
            if line.split()[:2] == ["server", name] and not line[0].isspace():
                break
        else:
            raise Failure(f"the manifest has no server named {name}")
        end = first + 1
        while end < len(self.lines) and (not self.lines[end].strip() or self.lines[end][0].isspace()):
            end += 1
        return first, end

    def servers(self):
        """Names in the order of the text."""
        return [
            words[1]
            for line in self.lines
            if line and not line[0].isspace() and len(words := line.split()) > 1
            and words[0] == "server"
        ]

    def image(self, name):
        """Bundle path of a server's program."""
        first, end = self._stanza(name)
        for line in self.lines[first + 1 : end]:
            words = line.split()
            if len(words) > 1 and words[0] == "image":
                return words[1]
        raise Failure(f"server {name} of the manifest has no image line")

    def lay(self, text):
        """Lays another manifest over this one: a `server` that is there already gets the further
        lines; of lines that a server has once (image, level, …) the new one counts."""
        other = Manifest(text)
        for name in other.servers():
            first, end = other._stanza(name)
            lines = [line for line in other.lines[first + 1 : end] if line.strip()]
            if name in self.servers():
                self._extend(name, lines)
            else:
                self.lines += ["", other.lines[first], *lines]
            other.lines[first:end] = []
        self.lines += [line for line in other.lines if line.strip() and not line.startswith("#")]

    def _extend(self, name, lines):
        first, end = self._stanza(name)
        once = {line.split()[0] for line in lines} & ONCE
        kept = [line for line in self.lines[first + 1 : end] if line.strip() and line.split()[0] not in once]
        self.lines[first + 1 : end] = [*kept, *lines, ""]

    def remove(self, *directives):
        """Removes top-level lines that begin with one of these words."""
        self.lines = [
            line
            for line in self.lines
            if not line or line[0].isspace() or line.split()[0] not in directives
        ]

    def add(self, *words):
        self.lines.append(" ".join([words[0], *(escape(word) for word in words[1:])]))

    def has(self, directive):
        """Is there a top-level line that begins with this word?"""
        return any(line.split()[:1] == [directive] and not line[0].isspace() for line in self.lines if line)

    def has_run(self):
        return self.has("run")

    def run_words(self):
        """All words of all run lines, as they stand there."""
        return [
            word
            for line in self.lines
            if line and not line[0].isspace() and line.split()[:1] == ["run"]
            for word in line.split()[1:]
        ]

    def copy_server(self, name, new_name, image, priority):
        """A second server like `name`: the same level, pool and grants, another image."""
        first, end = self._stanza(name)
        copy = [f"server {new_name}", f"    image {image}", f"    priority {priority}"]
        for line in self.lines[first + 1 : end]:
            if line.split()[:1] not in ([], ["image"], ["priority"]):
                copy.append(line)
        self.lines[end:end] = copy + [""]

    def unused_name(self, wish):
        """`wish`, or with a number behind it when a server has that name already."""
        taken = set(self.servers()) | {"root"}
        name, count = wish, 1
        while name in taken:
            count += 1
            name = f"{wish[:NAME_BYTES - 1 - len(str(count))]}-{count}"
        return name
