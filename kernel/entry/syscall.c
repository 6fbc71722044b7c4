/*
 * syscall.c: the dispatch table, made from syscalls.def.
 */
#include "arch/cpu.h"
#include "debug/trace.h"
#include "entry/dispatch.h"
#include "ipc/fast.h"
#include "task/lookup.h"
#include "vm/fast.h"

struct thread *call_unknown(struct thread *thread)
{
    return answer(thread, -ENOSYS);
}

typedef struct thread *call_function(struct thread *);

enum {
#define CALL(number, name, ...) CALL_##name = number,
#include "entry/syscalls.def"
#undef CALL
};

#define CALL(number, name, ...) [number] = call_##name,
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init" /* all are unknown, but for those named */
static call_function *const call_table[CALL_TABLE_SIZE] = {
    [0 ... CALL_TABLE_SIZE - 1] = call_unknown,
#include "entry/syscalls.def"
};
/* Without the short ways, so that nothing is left out of a trace. */
static call_function *const call_table_complete[CALL_TABLE_SIZE] = {
    [0 ... CALL_TABLE_SIZE - 1] = call_unknown,
#include "entry/syscalls.def"
    [CALL_call] = call_slow,
    [CALL_reply_recv] = reply_recv_slow,
    [CALL_notify] = notify_slow,
    [CALL_page_supply] = supply_slow,
};
#pragma GCC diagnostic pop
#undef CALL

/* Every entry of the kernel is a record, too: at no cost while nobody traces. */
static struct thread *call_traced(struct thread *thread)
{
    uint64_t number = thread->registers.x[8];

    trace(TRACE_ENTRY, number, thread->registers.x[0]);
    return call_table_complete[number](thread);
}
static call_function *const call_table_traced[CALL_TABLE_SIZE] = {[0 ... CALL_TABLE_SIZE - 1] =
                                                                      call_traced};

void calls_init(struct cpu *cpu)
{
    cpu->calls = cpu->trace_on ? call_table_traced : call_table;
}
