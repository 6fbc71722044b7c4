"""The conservation ledger, counted again by reading the frame table.

The kernel's own audit is DEBUG_LEDGER (kernel/debug/debug.c); this one trusts none of
its code, only its descriptors. In the middle of an allocation the two may differ by the
frame under way: compare at a quiet moment, for example at a breakpoint on `supply_slow`.
"""

from collections import Counter

import gdb

from .kernel import all_spaces, chain, enum_names, reading, table, text, variable

READ_AT_ONCE = 1 << 16  # bytes of the frame table
PAGE = 4096


class FrameTable:
    """Walks the blocks of all banks as frame_count() does: heads only (kernel/mm/frame.h)."""

    def __init__(self):
        kind = gdb.lookup_type("struct frame")
        self.size = kind.sizeof
        self.offset = {}
        for field in kind.fields():  # unions have no name: what is in them has their offset
            names = [field.name] if field.name else [f.name for f in field.type.fields()]
            self.offset.update((name, field.bitpos // 8) for name in names)
        self.names = enum_names("frame_state", "FRAME_")

    def blocks(self):
        """(state's name, frames in the block, address of its pool)"""
        banks = variable("banks")
        for number in range(int(variable("bank_count"))):
            bank = banks[number]
            yield from self.blocks_of(int(bank["frames"]), int(bank["count"]))

    def blocks_of(self, start, count):
        inferior, at, begin, data = gdb.selected_inferior(), 0, 0, b""
        while at < count:
            offset = at * self.size
            if not begin <= offset < begin + len(data):
                begin = offset
                size = min(READ_AT_ONCE, (count - at) * self.size)
                data = inferior.read_memory(start + begin, size).tobytes()
            head = data[offset - begin : offset - begin + self.size]
            state = self.names.get(head[self.offset["state"]], "invalid")
            frames = 1 if state == "kernel" else 1 << head[self.offset["order"]]
            pool = int.from_bytes(head[self.offset["pool"]:][:8], "little")
            yield state, frames, pool
            at += frames


def frames_of(size):
    return -(-size // PAGE)


def count(root):
    """(Counter of frames by state, Counter of frames by address of the pool that pays)"""
    states, owners = Counter(), Counter()
    for state, frames, pool in FrameTable().blocks():
        states[state] += frames
        if state in ("kernel", "slab"):
            owners[root] += frames
        elif state not in ("free", "cached"):
            owners[pool] += frames
    return states, owners


def array(name):
    whole = variable(name)
    return [whole[i] for i in range(whole.type.range()[1] + 1)]


def free_by_allocator():
    """What buddy_free_frames() would say."""
    zones = array("zones")
    caches = [cpu["caches"]["of"][zone] for cpu in array("cpus") for zone in range(len(zones))]
    return sum(int(zone["free"]) for zone in zones) + sum(int(cache["count"]) for cache in caches)


def charged_ahead():
    """{address of a pool: frames that CPUs charged it ahead}"""
    frames = Counter()
    for cpu in array("cpus"):
        frames[int(cpu["ahead"]["pool"])] += int(cpu["ahead"]["frames"])
    return frames


def expected_used(pool, pools, slabs):
    """The equation of kernel/mm/pool.h."""
    below = sum(
        max(int(p["used"]), int(p["guaranteed"])) for p in pools if p["parent"] == pool.address
    )
    used = int(pool["own"]) + frames_of(int(pool["bytes"])) + below
    if not pool["parent"]:
        objects = sum(frames_of(int(p["bytes"])) for p in pools)
        used += max(slabs - objects, 0) - slabs
    return used


def depth(pool):
    return 1 + depth(pool["parent"].dereference()) if pool["parent"] else 0


def in_order(pools, parent=0):
    """Children behind their parents."""
    for pool in pools:
        if int(pool["parent"]) == parent:
            yield pool
            yield from in_order(pools, int(pool.address))


def owner_names():
    """{address of a pool: names of the spaces charged to it}"""
    names = {}
    for space in all_spaces():
        names.setdefault(int(space["pool"]["pool"]), []).append(text(space["name"]))
    return names


@reading
def show_ledger():
    pools = list(chain(variable("root_pool").address, "next"))
    states, owners = count(int(pools[0].address))
    total, free = sum(states.values()), states["free"] + states["cached"]
    wrong, rows, names, ahead = [], [], owner_names(), charged_ahead()

    yield "frames by state, counted in the frame table"
    yield from table(("<state", "frames"), [*states.most_common(), ("total", total)])
    for pool in in_order(pools):
        address = int(pool.address)
        name = "root" if not pool["parent"] else f"pool {address & 0xFFFFFFFFFF:#x}"
        own, used = int(pool["own"]) - ahead[address], int(pool["used"])
        expected = expected_used(pool, pools, states["slab"])
        if own != owners[address]:
            wrong.append(f"{name} says {own} own frames, {owners[address]} descriptors name it")
        if used != expected:
            wrong.append(f"{name} says {used} used, {expected} expected")
        rows.append((
            "  " * depth(pool) + name, int(pool["guaranteed"]), int(pool["limit"]), used, own,
            owners.pop(address, 0), int(pool["bytes"]), int(pool["refused"]),
            " ".join(names.get(address, [])),
        ))  # fmt: skip
    yield ""
    yield "pools, in frames; own: as the pool says, counted: as the frame table says; used: with"
    yield "what CPUs charged ahead"
    heads = ("<pool", "guaranteed", "limit", "used", "own", "counted", "object bytes", "refused",
             "<spaces")  # fmt: skip
    yield from table(heads, rows)
    wrong += [f"{frames} frames name {pool:#x}, no pool" for pool, frames in owners.items()]
    if free != free_by_allocator():
        wrong.append(f"{free} frames are marked free, the allocator has {free_by_allocator()}")
    charged = sum(int(pool["own"]) for pool in pools) - sum(ahead.values())
    if charged + free != total:
        wrong.append(f"{charged} charged + {free} free is not {total}")
    yield ""
    yield from (f"wrong: {line}" for line in wrong)
    yield f"{free} free + {charged} charged = {free + charged} of {total}: " + (
        f"{len(wrong)} contradictions" if wrong else "the ledger balances"
    )
