/*
 * scheduler.h: who runs next. Priorities 0..31, higher first; within one
 * priority slices that end with the timer's ticks (TICK_NS). The running thread is in no queue.
 */
#pragma once
#include "arch/asid.h"
#include "arch/fpu.h"
#include "task/space.h"
#include "task/thread.h"

#define READY_COUNTED 1024 /* threads that scheduler_ready counts at most */

/* Puts a thread that can run into its CPU's queue; holds it while stopped, sends it to its
 * personality when interrupted. */
void thread_ready(struct thread *thread);
/* Takes a READY thread out again. */
void thread_unready(struct thread *thread);

/* The best thread to run when `current` cannot: idles until there is one, and switches to it. */
struct thread *schedule(void);

/* Threads in the queues now, at most READY_COUNTED: for people. */
unsigned scheduler_ready(const struct cpu *cpu);

/* Runs `current` on, unless a better one is ready; call it where something was woken. */
struct thread *reschedule(struct thread *current);

/* `current` goes behind the others of its priority. */
struct thread *yield_from(struct thread *current);

/* What EL0 has from the next eret on. */
static inline void user_state_set(struct cpu *cpu, unsigned state)
{
    if ((cpu->user_state ^ state) & USER_STEPPING)
        write_register(mdscr_el1, state & USER_STEPPING ? 1 : 0);
    cpu->user_state = state;
    fpu_enable(state & USER_FP);
}

/* Makes `next`, which has a valid ASID, the running thread of this CPU: tables, FP access, thread
 * pointer. */
static inline struct thread *switch_now(struct cpu *cpu, struct thread *next)
{
    struct thread *old = cpu->current;
    struct space *space = next->space;

    old->registers.tls = read_register(tpidr_el0);
    write_register(tpidr_el0, next->registers.tls);
    cpu->current = next;
    if (cpu->space != space) {
        cpu->space = space;
        write_register(ttbr0_el1, space->translation.ttbr); /* the eret synchronises */
    }
    if (cpu->user_state != next->user_state)
        user_state_set(cpu, next->user_state);
    next->state = THREAD_STATE_RUNNING;
    return next;
}

/* The same for any thread that may run. */
static inline struct thread *switch_to(struct cpu *cpu, struct thread *next)
{
    if (next->space->translation.asid_generation != cpu->asid_generation)
        asid_assign(&next->space->translation);
    return switch_now(cpu, next);
}

/* What switch_direct leaves to the scheduler. */
struct thread *switch_slow(struct cpu *cpu, struct thread *next);

/* `current` began to wait: `next` may run at once unless somebody as good or better is ready. */
static inline struct thread *switch_direct(struct cpu *cpu, struct thread *next)
{
    if (__builtin_expect((cpu->ready_mask >> next->priority) | next->special |
                             (next->space->translation.asid_generation ^ cpu->asid_generation),
                         0))
        return switch_slow(cpu, next);
    return switch_now(cpu, next);
}

/* The running thread died: nobody is current until the next switch. */
void scheduler_forget(struct cpu *cpu);
void scheduler_init(struct cpu *cpu);
