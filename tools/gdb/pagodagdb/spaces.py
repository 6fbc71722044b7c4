"""Spaces, threads, regions: what exists, and who waits for whom."""

from .kernel import (
    all_spaces, chain, constant, entries, enum_names, find_space, reading, table, text, variable,
)  # fmt: skip

RIGHTS = (("r", "MAP_READ"), ("w", "MAP_WRITE"), ("x", "MAP_EXEC"))
KINDS = ("CALL", "SEND", "NOTIFY", "FAULT", "SYSCALL", "EXCEPTION", "START", "INTERRUPT")


def rights(bits):
    """ "rw-" of a region's rights."""
    return "".join(
        letter if bits & constant("entry/abi.h", name) else "-" for letter, name in RIGHTS
    )


@reading
def show_spaces():
    rows = []
    for space in all_spaces():
        pool = space["pool"]["pool"]
        rows.append((
            int(space["id"]),
            text(space["name"]) + (" (dying)" if space["dying"] else ""),
            int(space["level"]),
            sum(1 for _ in chain(space["threads"], "space_next")),
            sum(1 for _ in entries(space["regions"], "region", "node")),
            int(space["resident"]),
            int(space["translation"]["tables"]),
            f"{int(pool['used'])}/{int(pool['limit'])}",
        ))  # fmt: skip
    heads = ("id", "<name", "level", "threads", "regions", "resident", "tables", "pool used/limit")
    return table(heads, rows)


def waits_for(thread, state):
    """In words, what a thread that does not run waits for."""
    request = thread["request"]
    if state == "page" or (thread["fault_object"] and request["id"]):
        page = f"page {int(thread['fault_index']):#x} of object {int(thread['fault_object']['id'])}"
        if state == "page":
            return f"{page}, asked for by another thread"
        return f"{page} at {int(request['va']):#x}, request {int(request['id']):#x}"
    if not request["id"]:
        return ""
    kinds = {constant("entry/abi.h", f"KIND_{name}"): name for name in KINDS}
    kind = kinds.get(int(request["kind"]), "?")
    server = text(request["server"]["name"]) if request["server"] else "nobody yet"
    return f"{kind} request {int(request['id']):#x}, received by {server}"


def stopped(thread):
    return int(thread["special"]) & constant("task/thread.h", "SPECIAL_STOPPED")


@reading
def show_threads():
    states = enum_names("thread_state", "THREAD_STATE_")
    rows = []
    for space in all_spaces():
        for thread in chain(space["threads"], "space_next"):
            state = states.get(int(thread["state"]), "?")
            rows.append((
                int(thread["number"]),
                text(space["name"]),
                state + (", stopped" if stopped(thread) and state != "held" else ""),
                f"{int(thread['priority'])}/{int(thread['base_priority'])}",
                f"{int(thread['registers']['pc']):#x}",
                waits_for(thread, state),
            ))  # fmt: skip
    return table(("thread", "<space", "<state", "priority", "pc", "<waits for"), sorted(rows))


@reading
def show_regions(wanted):
    space, rows = find_space(wanted), []
    for region in entries(space["regions"], "region", "node"):
        start = int(region["node"]["key"])
        source = ""
        if region["source"]:
            first = int(region["source_first"])
            source = f"object {int(region['source']['id'])} from page {first:#x}"
        rows.append((
            f"{start:#x}-{start + int(region['length']):#x}",
            rights(int(region["rights"])),
            int(region["object"]["id"]),
            enum_names("object_kind", "OBJECT_")[int(region["object"]["kind"])],
            f"{int(region['first']):#x}",
            source,
        ))  # fmt: skip
    return table(("range", "<rights", "object", "<kind", "first page", "<source"), rows)
