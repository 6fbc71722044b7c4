/*
 * syscall.c: the dispatch table, made from syscalls.def.
 */
#include "entry/dispatch.h"
#include "task/lookup.h"

struct thread *call_unknown(struct thread *thread)
{
    return answer(thread, -ENOSYS);
}

extern struct thread *(*const call_table[CALL_TABLE_SIZE])(struct thread *);

#define CALL(number, name, ...) [number] = call_##name,
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init" /* all are unknown, but for those named */
struct thread *(*const call_table[CALL_TABLE_SIZE])(struct thread *) = {
    [0 ... CALL_TABLE_SIZE - 1] = call_unknown,
#include "entry/syscalls.def"
};
#pragma GCC diagnostic pop
#undef CALL

#define CALL(number, name, ...) [number] = #name,
const char *const call_names[CALL_TABLE_SIZE] = {
#include "entry/syscalls.def"
};
