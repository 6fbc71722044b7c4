/*
 * vm.c: what kernel/vm and kernel/arch/translation.c call outside of themselves,
 * for host tests. Only what a test can see is played; vm.h says how.
 */
#include "vm.h"
#include "arch/cache.h"
#include "arch/memory.h"
#include "arch/tlb.h"
#include "debug/panic.h"
#include "debug/trace.h"
#include "ipc/endpoint.h"
#include "task/reaper.h"
#include "vm/fault.h"

void (*tlb_listener)(enum tlb_operation what, uint64_t ttbr, uint64_t va);
const void *stub_synced;
unsigned stub_interrupts, stub_destroyed, stub_retried;
void (*stub_retry)(struct thread *thread);
static unsigned windows; /* bit n: frame window n is open */

bool interrupt_pending(void)
{
    return stub_interrupts && unit_random_below(stub_interrupts) == 0;
}

frame_number linear_end; /* nothing: each frame goes through a window */

void *frame_map(frame_number number, unsigned window)
{
    if (windows >> window & 1)
        kernel_bug("frame_map: this window is in use");
    windows |= 1u << window;
    return frame_address(number);
}

void frame_unmap(void *address, unsigned window)
{
    (void)address;
    windows &= ~(1u << window);
}

void object_unref(struct kernel_object *object)
{
    if (!object->refs)
        kernel_bug("object_unref: nobody had a reference");
    stub_destroyed += --object->refs == 0;
}

void pool_ended(struct pool *pool)
{
    (void)pool;
}

/* ---- Threads that wait for a page: the list is vm/fault.h's, their ways are not ---- */

void thread_unwait(struct thread *thread)
{
    fault_unwait(thread);
}

void fault_unwait(struct thread *thread)
{
    if (thread->fault_previous)
        thread->fault_previous->fault_next = thread->fault_next;
    else
        thread->fault_object->waiters = thread->fault_next;
    if (thread->fault_next)
        thread->fault_next->fault_previous = thread->fault_previous;
    thread->fault_object = NULL;
}

void fault_retry(struct thread *thread)
{
    stub_retried++;
    if (stub_retry)
        stub_retry(thread);
    else
        thread->state = THREAD_STATE_READY;
}

struct thread *reschedule(struct thread *current)
{
    return current;
}

struct thread *reap_wait(struct thread *thread)
{
    return thread;
}

void trace_write(struct cpu *cpu, enum trace_event event, uint64_t a, uint64_t b)
{
    (void)cpu, (void)event, (void)a, (void)b;
    kernel_bug("trace_write: tracing is off");
}
