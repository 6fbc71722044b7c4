/*
 * trace.h: a ring of binary records for each CPU. Fixed size: the newest
 * TRACE_RECORDS survive.
 */
#pragma once
#include "arch/cpu.h"

#define TRACE_EVENTS(X)                                                                            \
    X(ENTRY) X(SEND) X(RECEIVE) X(REPLY) X(FAULT) X(REQUEST) X(SUPPLY) X(MAP) X(UNMAP)             \
    X(SWITCH) X(EXCEPTION) X(INTERRUPT) X(EXPIRED) X(REFUSED)

#define TRACE_ENUM(name) TRACE_##name,
enum trace_event { TRACE_EVENTS(TRACE_ENUM) TRACE_EVENT_COUNT };
extern const char *const trace_names[];

#define TRACE_RECORDS 2048 /* 64 KiB a CPU */

void trace_init(struct cpu *cpu, bool on);
void trace_write(struct cpu *cpu, enum trace_event event, uint64_t a, uint64_t b);

static inline void trace(enum trace_event event, uint64_t a, uint64_t b)
{
    struct cpu *cpu = this_cpu();

    if (__builtin_expect(cpu->trace_on, 0))
        trace_write(cpu, event, a, b);
}
