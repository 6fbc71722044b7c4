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

struct cpu;
/* Gives the CPU its table: calls leave records, and take no short ways, where it traces. */
void calls_init(struct cpu *cpu);
struct thread *call_unknown(struct thread *thread);
#endif
