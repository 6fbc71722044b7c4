#include "debug/trace.h"
#include "arch/memory.h"
#include "arch/timer_hardware.h"
#include "debug/console.h"
#include "task/thread.h"

#define TRACE_NAME(name) #name,
const char *const trace_names[] = {TRACE_EVENTS(TRACE_NAME)};

void trace_init(struct cpu *cpu, bool on)
{
    const uint64_t frames = 1 << TRACE_ORDER;
    frame_number ring = 0;
    if (!on)
        return;
    if (!pool_charge(&root_pool, frames) && !(ring = buddy_alloc(TRACE_ORDER, USE_KERNEL)))
        pool_release(&root_pool, frames);
    if (!ring) {
        kprintf(LOG_WARNING, "no memory for the trace ring: tracing stays off\n");
        return;
    }
    frame_of(ring)->pool = &root_pool;
    kernel_frames += frames;
    cpu->trace = frame_address(ring);
    cpu->trace_on = true;
}

void trace_write(struct cpu *cpu, enum trace_event event, uint64_t a, uint64_t b)
{
    cpu->trace[cpu->trace_next++ % TRACE_RECORDS] = (struct trace_record){
        timer_now(), event, cpu->number, cpu->current->number, a, b,
    };
}

unsigned trace_read(const struct cpu *cpu, uint64_t *first, struct trace_record *to, unsigned most)
{
    unsigned count = 0;
    if (cpu->trace_next > TRACE_RECORDS && *first < cpu->trace_next - TRACE_RECORDS)
        *first = cpu->trace_next - TRACE_RECORDS;
    for (; count < most && *first + count < cpu->trace_next; count++)
        to[count] = cpu->trace[(*first + count) % TRACE_RECORDS];
    return count;
}
