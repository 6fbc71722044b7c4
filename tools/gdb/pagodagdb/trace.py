"""The newest records of the trace rings (kernel/debug/trace.h)."""

from .kernel import Unreadable, reading, table, variable


def records_of(cpu, ring_size):
    """The records that a CPU's ring still holds."""
    written = int(cpu["trace_next"])
    for number in range(max(0, written - ring_size), written):
        yield cpu["trace"][number % ring_size]


@reading
def show_trace(wanted="20"):
    if not wanted.isdigit() or not int(wanted):
        raise Unreadable(f"how many records? {wanted} is not a number above 0")
    cpus, names = variable("cpus"), variable("trace_names")
    ring_size = int(variable("TRACE_RECORDS"))
    records, on = [], False
    for number in range(cpus.type.range()[1] + 1):
        if cpus[number]["trace"]:
            on = on or bool(cpus[number]["trace_on"])
            records += records_of(cpus[number], ring_size)
    if not records:
        raise Unreadable(
            "no records: " + ("nothing happened yet" if on else
            "tracing is off. Boot with trace=1 (tools/pagoda gdb --append trace=1)")
        )  # fmt: skip
    newest = sorted(records, key=lambda record: int(record["time"]))[-int(wanted) :]
    rows = [
        (f"{int(r['time']) / 1000:.3f}", int(r["cpu"]), int(r["thread"]),
         names[int(r["event"])].string().lower(), f"{int(r['a']):#x}", f"{int(r['b']):#x}")
        for r in newest
    ]  # fmt: skip
    return table(("us", "cpu", "thread", "<event", "a", "b"), rows)
