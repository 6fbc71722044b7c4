"""The way of an address through the translation tables (Arm ARM D8.2, D8.3)."""

import gdb

from .kernel import (
    Unreadable, constant, entries, enum_names, find_space, physical_address, reading, text,
    variable, word,
)  # fmt: skip
from .spaces import rights

ADDRESS = 0x0000FFFFFFFFF000
MEMORY = ("NORMAL", "DEVICE")  # MAIR_* of arch/registers.h
ACCESS = ("EL1 read-write", "EL0 read-write", "EL1 read-only", "EL0 read-only")  # AP[2:1]
SHARING = ("non-shareable", "SH=1 reserved", "outer shareable", "inner shareable")
UPPER = {51: "DBM", 52: "contiguous", 53: "PXN", 54: "UXN"}
HIERARCHICAL = {63: "NSTable", 62: "APTable[1]", 61: "APTable[0]", 60: "UXNTable", 59: "PXNTable"}
SLOT_STATES = ("EMPTY", "RESIDENT", "ZERO", "TOKEN")
SLOT_FLAGS = ("BUSY", "WRITABLE", "DIRTY", "SYNCED")


def memory_type(index):
    names = {constant("arch/registers.h", f"MAIR_{name}"): name.lower() for name in MEMORY}
    return names.get(index, "unused")


def describe(entry, level):
    """A descriptor's bits in words."""
    if not entry & 1:
        return "not valid" if not entry else "not valid (its other bits mean nothing)"
    if level < 3 and entry & 2:
        also = [name for bit, name in HIERARCHICAL.items() if entry >> bit & 1]
        return ", ".join(["valid, table", *also])
    if level == 3 and not entry & 2:
        return "reserved (bit 1 clear at level 3): faults"
    index, access = entry >> 2 & 7, entry >> 6 & 3
    words = [
        "valid", "page" if level == 3 else "block", f"AttrIndx={index} {memory_type(index)}",
        f"AP={access:02b} {ACCESS[access]}", SHARING[entry >> 8 & 3],
        "AF" if entry >> 10 & 1 else "AF=0: the first access faults",
        "nG" if entry >> 11 & 1 else "global",
    ]  # fmt: skip
    words += [name for bit, name in UPPER.items() if entry >> bit & 1]
    return ", ".join(words)


def steps(root, va):
    """(level, table's physical address, index, descriptor) down to the one that ends the walk."""
    table = root
    for level in range(4):
        index = va >> (39 - 9 * level) & 511
        entry = word(physical_address(table) + 8 * index)
        yield level, table, index, entry
        if not entry & 1 or level == 3 or not entry & 2:
            return
        table = entry & ADDRESS


def slot_text(value):
    """A slot in words (vm/object.h)."""
    states = {constant("vm/object.h", f"SLOT_{state}"): state for state in SLOT_STATES}
    state = states[value & constant("vm/object.h", "SLOT_STATE")]
    words = [state] + [f for f in SLOT_FLAGS if value & constant("vm/object.h", f"SLOT_{f}")]
    if state == "RESIDENT":
        words.append(f"frame {value & ADDRESS:#x}")
    return " ".join(words)


def slot_of(obj, index):
    """The slot of a page, or None where nothing was ever there."""
    for chunk in entries(obj["chunks"], "chunk", "node"):
        at = index - int(chunk["node"]["key"])
        if 0 <= at < int(chunk["size"]):
            return int(chunk["slots"][at])
    return None


def what_is_there(space, va):
    """The region over an address, and the object's slot behind it."""
    for region in entries(space["regions"], "region", "node"):
        start, obj = int(region["node"]["key"]), region["object"]
        if not start <= va < start + int(region["length"]):
            continue
        index = int(region["first"]) + (va - start >> 12)
        where = f"{start:#x}-{start + int(region['length']):#x} {rights(int(region['rights']))}"
        yield f"region {where}: page {index:#x} of object {int(obj['id'])}"
        if enum_names("object_kind", "OBJECT_")[int(obj["kind"])] == "range":
            yield f"range object: physical {int(obj['base']) + (index << 12):#x}"
            return
        slot = slot_of(obj, index)
        yield f"slot {'EMPTY (no chunk)' if slot is None else slot_text(slot)}"
        return
    yield "no region: an access ends as EXCEPTION_NO_REGION"


def walk_lines(root, va):
    last = None
    for level, table, index, entry in steps(root, va):
        where = f"level {level}  table {table:#x} [{index:3}]"
        yield f"  {where} = {entry:#018x}  {describe(entry, level)}"
        last = (level, entry)
    level, entry = last
    if entry & 1:
        inside = (1 << (39 - 9 * level)) - 1
        yield f"  {va:#x} is physical {entry & ADDRESS & ~inside | va & inside:#x}"
    else:
        yield f"  {va:#x} is not mapped"


@reading
def show_walk(wanted, address):
    va = int(gdb.parse_and_eval(address)) & (1 << 64) - 1
    if wanted == "kernel":
        root = int(variable("kernel_root_table").address) - constant("arch/memory.h", "KERNEL_BASE")
        root += int(variable("image_physical"))
        yield f"kernel: TTBR1, level 0 table at {root:#x}"
        yield from walk_lines(root, va)
        return
    space = find_space(wanted)
    translation = space["translation"]
    if va >= constant("arch/memory.h", "USER_END"):
        raise Unreadable(f"{va:#x} is in the kernel's half: pagoda walk kernel {va:#x}")
    if not translation["root"]:
        raise Unreadable(f"space {wanted} has no tables any more")
    ttbr = int(translation["ttbr"])
    asid = f"ASID {ttbr >> 48}" if translation["asid_generation"] else "no ASID: never ran"
    yield (f"space {int(space['id'])} {text(space['name'])}: TTBR0 {ttbr:#018x}, {asid}, "
           f"level 0 table at {ttbr & ADDRESS:#x}")  # fmt: skip
    yield from walk_lines(ttbr & ADDRESS, va)
    for line in what_is_there(space, va):
        yield f"  {line}"
