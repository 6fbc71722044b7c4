/*
 * dispatch.h: how calls reach their functions. Each takes the calling thread,
 * whose registers hold the arguments, and returns the thread to run next.
 */
#pragma once

#define CALL_TABLE_SIZE 64 /* rest filled with call_unknown; vectors.S compares with this */

#ifndef __ASSEMBLER__
#include <stdbool.h>
struct thread;

#define CALL(number, name, ...) struct thread *call_##name(struct thread *thread);
#include "entry/syscalls.def"
#undef CALL

/* Calls leave a trace record from now on, or no more. */
void calls_trace(bool on);
struct thread *call_unknown(struct thread *thread);
extern const char *const call_names[CALL_TABLE_SIZE];
#endif
