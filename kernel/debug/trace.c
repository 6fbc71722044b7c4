#include "debug/trace.h"
#include "arch/timer_hardware.h"
#include "task/thread.h"

#define TRACE_NAME(name) #name,
const char *const trace_names[] = {TRACE_EVENTS(TRACE_NAME)};
static struct trace_record rings[CPUS_MAX][TRACE_RECORDS];

void trace_init(struct cpu *cpu, bool on)
{
    cpu->trace = rings[cpu->number];
    cpu->trace_on = on;
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
