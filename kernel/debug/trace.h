/*
 * trace.h: a ring of binary records for each CPU, there only while tracing is on.
 * Fixed size: the newest TRACE_RECORDS survive.
 */
#pragma once
#include "arch/cpu.h"

#define TRACE_EVENTS(X)                                                                            \
    X(ENTRY) X(SEND) X(RECEIVE) X(REPLY) X(FAULT) X(REQUEST) X(SUPPLY) X(MAP) X(UNMAP)             \
    X(SWITCH) X(EXCEPTION) X(INTERRUPT) X(EXPIRED) X(REFUSED)

#define TRACE_ENUM(name) TRACE_##name,
enum trace_event { TRACE_EVENTS(TRACE_ENUM) TRACE_EVENT_COUNT };
extern const char *const trace_names[];

#define TRACE_ORDER   8 /* 1 MiB a CPU */
#define TRACE_RECORDS (((uint64_t)PAGE_SIZE << TRACE_ORDER) / sizeof(struct trace_record))
extern const uint32_t trace_records; /* the same, for debuggers */

/* Makes the CPU's ring when `on`. Where there is no memory for it tracing stays off, with a line in
 * the log. After the buddy allocator has its memory. */
void trace_init(struct cpu *cpu, bool on);
void trace_write(struct cpu *cpu, enum trace_event event, uint64_t a, uint64_t b);

static inline void trace(enum trace_event event, uint64_t a, uint64_t b)
{
    struct cpu *cpu = this_cpu();

    if (__builtin_expect(cpu->trace_on, 0))
        trace_write(cpu, event, a, b);
}
