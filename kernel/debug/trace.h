/*
 * trace.h: a ring of binary records for each CPU, there only while tracing is on. Fixed size (1 MiB
 * a CPU): the newest TRACE_RECORDS survive.
 */
#pragma once
#include "arch/cpu.h"

#define TRACE_EVENTS(X)                                                                            \
    X(ENTRY)                                                                                       \
    X(SEND)                                                                                        \
    X(RECEIVE)                                                                                     \
    X(REPLY)                                                                                       \
    X(FAULT)                                                                                       \
    X(REQUEST) X(SUPPLY) X(MAP) X(UNMAP) X(SWITCH) X(EXCEPTION) X(INTERRUPT) X(EXPIRED) X(REFUSED)

#define TRACE_ENUM(name) TRACE_##name,
enum trace_event { TRACE_EVENTS(TRACE_ENUM) TRACE_EVENT_COUNT };
extern const char *const trace_names[];

enum { TRACE_ORDER = 8, TRACE_RECORDS = (PAGE_SIZE << TRACE_ORDER) / sizeof(struct trace_record) };

/* Makes the CPU's ring when `on`, after the buddy allocator has its memory. Where there is no
 * memory for it tracing stays off, with a line in the log. */
void trace_init(struct cpu *cpu, bool on);
void trace_write(struct cpu *cpu, enum trace_event event, uint64_t a, uint64_t b);
/* Copies a CPU's records from number *first (since boot) on, at most `most`; returns how many.
 * *first becomes the number of the first one there is: the ring may have lost older ones. */
unsigned trace_read(const struct cpu *cpu, uint64_t *first, struct trace_record *to, unsigned most);

static inline void trace(enum trace_event event, uint64_t a, uint64_t b)
{
    struct cpu *cpu = this_cpu();
    if (__builtin_expect(cpu->trace_on, 0))
        trace_write(cpu, event, a, b);
}
