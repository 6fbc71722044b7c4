/*
 * syscall.c: the dispatch table, made from syscalls.def.
 */
#include "entry/dispatch.h"
#include "debug/trace.h"
#include "task/lookup.h"

struct thread *call_unknown(struct thread *thread)
{
    return answer(thread, -ENOSYS);
}

typedef struct thread *call_function(struct thread *);

#define CALL(number, name, ...) [number] = call_##name,
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init" /* all are unknown, but for those named */
static call_function *const call_table[CALL_TABLE_SIZE] = {
    [0 ... CALL_TABLE_SIZE - 1] = call_unknown,
#include "entry/syscalls.def"
};
#pragma GCC diagnostic pop
#undef CALL

/* Every entry of the kernel is a record, too: at no cost while nobody traces. */
static struct thread *call_traced(struct thread *thread)
{
    uint64_t number = thread->registers.x[8];

    trace(TRACE_ENTRY, number, thread->registers.x[0]);
    return call_table[number](thread);
}
static call_function *const call_table_traced[CALL_TABLE_SIZE] = {
    [0 ... CALL_TABLE_SIZE - 1] = call_traced};

call_function *const *calls = call_table; /* what vectors.S dispatches by */

void calls_trace(bool on)
{
    calls = on ? call_table_traced : call_table;
}

#define CALL(number, name, ...) [number] = #name,
const char *const call_names[CALL_TABLE_SIZE] = {
#include "entry/syscalls.def"
};
