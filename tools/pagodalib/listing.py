"""`pagoda tree`: what the guest's file tree would hold, and from where each thing is."""

import os
import stat
import time

from . import bundle as bundles
from .common import Failure
from .options import add_bundle_options, split_words

DESCRIPTION = """\
Lists the guest's file tree for the same options and words as `pagoda run`: mode, owner,
size, time, name, and the layer it is from. Without PROGRAM: that of an interactive system."""


def add_arguments(parser):
    add_bundle_options(parser)
    parser.add_argument("--sizes", action="store_true", help="only what each layer takes")
    parser.add_argument("words", nargs="*", metavar="-- PROGRAM ARGS…", help="what would run")


def printable(text):
    """A name on one line, whatever is in it."""
    return "".join(c if c.isprintable() else f"\\x{ord(c) & 0xFF:02x}" for c in text)


def line_of(path, entry):
    size = f"{os.major(entry.device)}, {os.minor(entry.device)}" if entry.device else len(entry.data)
    arrow = f" -> {printable(os.fsdecode(entry.data))}" if stat.S_ISLNK(entry.mode) else ""
    when = time.strftime("%Y-%m-%d", time.gmtime(entry.time))
    owner = f"{entry.user}:{entry.group}"
    return f"{stat.filemode(entry.mode)} {owner:>7} {size:>9} {when} {printable(path)}{arrow}"


def sizes(tree):
    """Lines "NUMBER files, KIB  LAYER", the largest first."""
    layers = {}
    for path, layer in tree.origins.items():
        if path in tree.entries:
            count, total = layers.get(layer, (0, 0))
            layers[layer] = (count + 1, total + len(tree.entries[path].data))
    for layer, (count, total) in sorted(layers.items(), key=lambda item: -item[1][1]):
        yield f"{count:>6} files {(total + 1023) >> 10:>8} KiB  {layer}"


def main(options):
    if options.root:
        raise Failure("--root FILE is a native program alone: it has no file tree")
    tree = bundles.make(options, split_words(options), complete=False).tree
    if options.sizes:
        print("\n".join(sizes(tree)))
        return 0
    lines = {path: line_of(path, entry) for path, entry in sorted(tree.entries.items())}
    width = min(max(map(len, lines.values())), 100)
    for path, line in lines.items():
        print(f"{line:<{width}}  {tree.origins.get(path, 'Pagoda')}")
    return 0
