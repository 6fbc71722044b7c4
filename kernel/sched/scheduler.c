/*
 * scheduler.c: run queues by priority, slices only while somebody waits for one.
 */
#include "sched/scheduler.h"
#include "task/lookup.h"
#include "arch/fpu.h"
#include "arch/timer_hardware.h"
#include "debug/trace.h"
#include "entry/trap.h"
#include "ipc/endpoint.h"
#include "ipc/personality.h"
#include "sched/timer.h"
#include "task/reaper.h"

/* Stands in for "no thread": what `current` is before the first and after a dead one. */
static struct thread nobody[CPUS_MAX];

void scheduler_forget(struct cpu *cpu)
{
    cpu->current = &nobody[cpu->number];
}

void scheduler_init(struct cpu *cpu)
{
    cpu->current = &nobody[cpu->number];
    cpu->timer_set = cpu->request_check = ~0ul;
}

/* Somebody of the running thread's priority is ready: they take turns from here on. */
static void slice_begin(struct cpu *cpu)
{
    if (cpu->slice_end)
        return;
    cpu->slice_end = timer_now() + SLICE_NS;
    timer_want(cpu, cpu->slice_end);
}

void thread_ready(struct thread *thread)
{
    struct cpu *cpu = thread->cpu;

    if (__builtin_expect(thread->special & (SPECIAL_STOPPED | SPECIAL_INTERRUPTED), 0)) {
        if (thread->special & SPECIAL_STOPPED)
            thread->state = THREAD_STATE_HELD;
        else
            personality_ask(thread, KIND_INTERRUPT);
        return;
    }
    thread->state = THREAD_STATE_READY;
    list_append(&cpu->ready[thread->priority], thread);
    cpu->ready_mask |= 1ul << thread->priority;
    if (thread->priority == cpu->current->priority)
        slice_begin(cpu);
}

void thread_unready(struct thread *thread)
{
    struct cpu *cpu = thread->cpu;

    list_remove(&cpu->ready[thread->priority], thread);
    if (!cpu->ready[thread->priority].first)
        cpu->ready_mask &= ~(1ul << thread->priority);
}

/* Takes the best ready thread off its queue and begins its slice. */
static struct thread *take_best(struct cpu *cpu)
{
    unsigned priority = 63 - __builtin_clzl(cpu->ready_mask);
    struct thread *thread = cpu->ready[priority].first;

    thread_unready(thread);
    cpu->slice_end = 0;
    if (cpu->ready_mask >> priority & 1) /* it shares its priority: time it */
        slice_begin(cpu);
    return thread;
}

/* From here on no thread runs on this CPU: what an interrupt or the reaper does to the one that ran
 * last must not be taken for its own doing. */
static void leave_current(struct cpu *cpu)
{
    cpu->current->registers.tls = read_register(tpidr_el0);
    scheduler_forget(cpu);
}

struct thread *schedule(void)
{
    struct cpu *cpu = this_cpu();

    for (;;) {
        while (!cpu->ready_mask) {
            leave_current(cpu);
            if (cpu->space) { /* whatever happens to its tables now, this CPU does not care */
                translation_deactivate();
                cpu->space = NULL;
            }
            __asm__ volatile("dsb sy\n wfi" ::: "memory"); /* wakes for masked interrupts too */
            interrupts_handle();
        }
        struct thread *next = take_best(cpu);
        if (__builtin_expect(next == &reaper, 0)) {
            leave_current(cpu);
            reaper_run();
            interrupts_handle();
            continue;
        }
        cpu->counters.switches++;
        trace(TRACE_SWITCH, next->number, next->space->id);
        return switch_to(cpu, next);
    }
}

struct thread *reschedule(struct thread *current)
{
    struct cpu *cpu = this_cpu();

    uint64_t waiting = cpu->ready_mask >> current->priority;

    if (__builtin_expect(!waiting, 1))
        return current;
    if (waiting == 1) { /* equals only */
        slice_begin(cpu);
        return current;
    }
    thread_ready(current);
    return schedule();
}

struct thread *yield_from(struct thread *current)
{
    struct cpu *cpu = this_cpu();

    if (!(cpu->ready_mask >> current->priority))
        return current;
    thread_ready(current);
    return schedule();
}

/* Somebody as good or better is ready, or `next` may not run, or has no ASID. */
struct thread *switch_slow(struct cpu *cpu, struct thread *next)
{
    uint64_t waiting = cpu->ready_mask >> next->priority;

    if (waiting <= 1 && !(next->special & (SPECIAL_STOPPED | SPECIAL_INTERRUPTED))) {
        if (waiting)
            slice_begin(cpu);
        return switch_to(cpu, next);
    }
    thread_ready(next);
    return schedule();
}

struct thread *call_yield(struct thread *thread)
{
    thread->registers.x[0] = 0;
    return yield_from(thread);
}
