"""Reading the kernel's memory: values, constants, lists and trees.

Types come from the debug information of kernel.elf; constants that are macros come
from the headers themselves. So a change of the kernel needs none here.
"""

import contextlib
import functools
import re
from pathlib import Path

import gdb

ROOT = Path(__file__).resolve().parents[3]
PSTATE_EL = 0xF  # M[3:0]: exception level and stack pointer (Arm ARM C5.2.19)
PSTATE_EL1H = 0x5


class Unreadable(Exception):
    """The question cannot be answered; the text says why."""


@contextlib.contextmanager
def access():
    """Makes the kernel's half readable.

    QEMU reads memory for gdb with the rights of the code that is stopped. While that is
    a program (EL0), PSTATE says EL1 for as long as the reading takes, and then again what
    it said before.
    """
    frame = gdb.selected_frame()
    gdb.newest_frame().select()
    before = int(gdb.parse_and_eval("$cpsr"))
    try:
        if not before & PSTATE_EL:
            gdb.execute(f"set var $cpsr = {before & 0xFFFFFFFF | PSTATE_EL1H:#x}", to_string=True)
        yield
    except gdb.MemoryError as error:
        raise Unreadable(
            f"{error}. Has the kernel set up its tables yet? Go to a breakpoint first, "
            "for example: break root_start, continue"
        ) from None
    finally:
        if not before & PSTATE_EL:
            gdb.execute(f"set var $cpsr = {before & 0xFFFFFFFF:#x}", to_string=True)
        if frame.is_valid():
            frame.select()


def reading(function):
    """Decorator of what is printed: all lines are made before the machine can change."""

    @functools.wraps(function)
    def complete(*arguments):
        with access():
            return list(function(*arguments))

    return complete


@functools.lru_cache(maxsize=None)
def constant(header, name):
    """Value of an integer macro of a kernel header, such as LINEAR_BASE."""
    text = (ROOT / "kernel" / header).read_text(encoding="utf-8")
    found = re.search(rf"^#define {name}[ \t]+(.+)$", text, re.MULTILINE)
    if not found:
        raise Unreadable(f"kernel/{header} does not define {name}")
    expression = re.sub(r"/\*.*", "", found[1]).strip()
    expression = re.sub(r"\b(0x[0-9a-fA-F]+|\d+)[uUlL]+\b", r"\1", expression)
    if not re.fullmatch(r"[0-9a-fA-Fx<|()+* -]+", expression):
        raise Unreadable(f"kernel/{header}: {name} is more than numbers and operators")
    return int(eval(expression, {"__builtins__": {}}))  # pylint: disable=eval-used


def variable(name):
    """A global or static variable of the kernel."""
    symbol = gdb.lookup_global_symbol(name) or gdb.lookup_static_symbol(name)
    if symbol is None:
        raise Unreadable(f"the kernel has no {name}: is build/virt/kernel.elf the one that runs?")
    return symbol.value()


def enum_names(tag, prefix):
    """{value: name without prefix, in lower case} of an enum."""
    fields = gdb.lookup_type(f"enum {tag}").fields()
    return {field.enumval: field.name[len(prefix) :].lower() for field in fields}


def text(array):
    """A char array up to its first NUL."""
    size = array.type.range()[1] + 1
    data = bytes(int(array[i]) & 0xFF for i in range(size))
    return data.split(b"\0")[0].decode(errors="replace")


def chain(first, link):
    """The elements of a linked list."""
    while first:
        yield first.dereference()
        first = first[link]


def entries(tree, type_name, member):
    """The owners of a tree's nodes, in order of their keys (struct tree_node, mm/tree.h)."""
    owner = gdb.lookup_type(f"struct {type_name}")
    offset = next(f.bitpos // 8 for f in owner.fields() if f.name == member)
    path, node = [], tree["root"]
    while node or path:
        while node:
            path.append(node)
            node = node["side"][0]
        node = path.pop()
        yield gdb.Value(int(node) - offset).cast(owner.pointer()).dereference()
        node = node["side"][1]


def physical_address(physical):
    """The kernel's own address of a physical one: its image is not in the linear map."""
    offset = physical - int(variable("image_physical"))
    image = int(gdb.parse_and_eval("(char *)&image_end - (char *)&image_start"))
    if 0 <= offset < image:
        return constant("arch/memory.h", "KERNEL_BASE") + offset
    return constant("arch/memory.h", "LINEAR_BASE") + physical


def word(address):
    """The 64 bits at a kernel address."""
    return int.from_bytes(gdb.selected_inferior().read_memory(address, 8).tobytes(), "little")


def all_spaces():
    """Every address space, oldest first."""
    return sorted(chain(variable("spaces"), "next"), key=lambda space: int(space["id"]))


def find_space(wanted):
    """A space by id, or by name where only one has it."""
    found = [s for s in all_spaces() if wanted in (str(int(s["id"])), text(s["name"]))]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(str(int(space["id"])) for space in found)
        raise Unreadable(f"several spaces are called {wanted}: use an id ({ids})")
    raise Unreadable(f"no space {wanted}: `pagoda spaces` lists them")


def running_space():
    """Name of the space of the thread that runs, or ran last, on CPU 0; "" before the first."""
    thread = variable("cpus")[0]["current"]
    return text(thread["space"]["name"]) if thread and thread["space"] else ""


def table(heads, rows):
    """Rows of cells as lines. A column whose head begins with '<' is aligned left."""
    rows = [[str(cell) for cell in row] for row in rows]
    names = [head.lstrip("<") for head in heads]
    widths = [max(map(len, column)) for column in zip(names, *rows)]
    for row in [names, *rows]:
        cells = (
            cell.ljust(width) if head.startswith("<") else cell.rjust(width)
            for head, cell, width in zip(heads, row, widths)
        )
        yield "  ".join(cells).rstrip()
