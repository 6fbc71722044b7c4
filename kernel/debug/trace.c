#include "debug/trace.h"
#include "arch/memory.h"
#include "arch/timer_hardware.h"
#include "debug/console.h"
#include "mm/buddy.h"
#include "mm/pool.h"
#include "task/thread.h"

#define TRACE_NAME(name) #name,
const char *const trace_names[] = {TRACE_EVENTS(TRACE_NAME)};
const uint32_t trace_records = TRACE_RECORDS;

void trace_init(struct cpu *cpu, bool on)
{
    frame_number first = on ? buddy_alloc(TRACE_ORDER, USE_KERNEL) : 0;

    if (!first || pool_charge(&root_pool, 1ul << TRACE_ORDER)) {
        if (on)
            kprintf(LOG_WARNING, "no memory for the trace ring: tracing stays off\n");
        return;
    }
    for (frame_number i = 0; i < 1ul << TRACE_ORDER; i++)
        frame_of(first + i)->state = FRAME_KERNEL; /* for ever: the root pays */
    cpu->trace = frame_address(first);
    cpu->trace_on = true;
}

void trace_write(struct cpu *cpu, enum trace_event event, uint64_t a, uint64_t b)
{
    struct trace_record *record = &cpu->trace[cpu->trace_next++ % TRACE_RECORDS];

    record->time = timer_now();
    record->event = event;
    record->cpu = cpu->number;
    record->thread = cpu->current->number;
    record->a = a;
    record->b = b;
}
