/*
 * scheduler.c: run queues by priority; equals take turns from tick to tick.
 */
#include "sched/scheduler.h"
#include "arch/timer_hardware.h"
#include "debug/trace.h"
#include "entry/trap.h"
#include "ipc/personality.h"
#include "sched/timer.h"
#include "task/lookup.h"
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
    cpu->timer_set = cpu->request_check = cpu->tick = ~0ul;
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
}

void thread_unready(struct thread *thread)
{
    struct cpu *cpu = thread->cpu;

    list_remove(&cpu->ready[thread->priority], thread);
    if (!cpu->ready[thread->priority].first)
        cpu->ready_mask &= ~(1ul << thread->priority);
}

/* Takes the best ready thread off its queue; its slice begins. */
static struct thread *take_best(struct cpu *cpu)
{
    unsigned priority = 63 - __builtin_clzl(cpu->ready_mask);
    struct thread *thread = cpu->ready[priority].first;

    thread_unready(thread);
    cpu->slice_over = false;
    return thread;
}

/* From here on no thread runs on this CPU: what an interrupt or the reaper does to the one that ran
 * last must not be taken for its own doing. */
static void leave_current(struct cpu *cpu)
{
    cpu->current->registers.tls = read_register(tpidr_el0);
    scheduler_forget(cpu);
}

/* Waits for interrupts until one makes somebody ready. Time does not tick meanwhile. */
static __attribute__((noinline)) void idle(struct cpu *cpu)
{
    uint64_t since = timer_now();

    leave_current(cpu);
    if (cpu->space) { /* whatever happens to its tables now, this CPU does not care */
        translation_deactivate();
        cpu->space = NULL;
    }
    cpu->tick = ~0ul;
    while (!cpu->ready_mask) {
        __asm__ volatile("dsb sy\n wfi" ::: "memory"); /* wakes for masked interrupts too */
        interrupts_handle();
    }
    cpu->counters.idle_ns += timer_now() - since;
    tick_begin(cpu);
}

unsigned scheduler_ready(const struct cpu *cpu)
{
    unsigned count = 0;

    for (unsigned i = 0; i < PRIORITIES; i++)
        for (const struct thread *thread = cpu->ready[i].first; thread && count < READY_COUNTED;
             thread = thread->next)
            count++;
    return count;
}

struct thread *schedule(void)
{
    struct cpu *cpu = this_cpu();

    for (;;) {
        if (!cpu->ready_mask)
            idle(cpu);
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
    if (__builtin_expect(this_cpu()->ready_mask >> current->priority <= 1, 1))
        return current; /* equals have to wait for its slice to end */
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
    if (cpu->ready_mask >> next->priority <= !cpu->slice_over &&
        !(next->special & (SPECIAL_STOPPED | SPECIAL_INTERRUPTED)))
        return switch_to(cpu, next);
    thread_ready(next);
    return schedule();
}

struct thread *call_yield(struct thread *thread)
{
    thread->registers.x[0] = 0;
    return yield_from(thread);
}
