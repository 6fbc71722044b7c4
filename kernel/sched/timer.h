/*
 * timer.h: time for the kernel: sleepers, deadlines of pager requests, and, while
 * anything runs, ticks; behind one hardware timer per CPU that is off when nobody needs it.
 */
#pragma once
#include "task/thread.h"

#define REQUEST_DEADLINE_NS 2000000000ul /* a pager that has not answered by then has failed */

/* The timer's interrupt comes from here on, and the first tick. */
void timer_init(struct cpu *cpu, uint32_t intid);
/* `cpu` begins to run something: ticks come at multiples of TICK_NS, whatever runs. */
void tick_begin(struct cpu *cpu);
/* Programs the timer no later than `when` (ns since boot). */
void timer_want(struct cpu *cpu, uint64_t when);
/* `thread` waits until `when`. It must be in no other list. */
void timer_sleep(struct thread *thread, uint64_t when);
void timer_cancel(struct thread *thread);
/* The timer fired. */
void timer_interrupt(struct cpu *cpu);

/* Somebody waits for a pager again: the timer looks after it. */
void request_check_begin(struct cpu *cpu);

/* Notes a pager request at the end of the list of outstanding ones, in order of time. */
static inline void request_watch(struct cpu *cpu, struct thread *thread)
{
    struct request *request = &thread->request;
    struct thread *last = cpu->requests_last;

    request->sent = read_register(cntvct_el0);
    request->newer = NULL;
    request->older = last;
    if (__builtin_expect(last != NULL, 0))
        last->request.newer = thread;
    else
        cpu->requests_first = thread;
    cpu->requests_last = thread;
    if (__builtin_expect(cpu->request_check == ~0ul, 0))
        request_check_begin(cpu);
}

/* Strikes it off. */
static inline void request_unwatch(struct thread *thread)
{
    struct cpu *cpu = thread->cpu;
    struct thread *older = thread->request.older, *newer = thread->request.newer;

    if (__builtin_expect(older != NULL, 0))
        older->request.newer = newer;
    else
        cpu->requests_first = newer;
    if (__builtin_expect(newer != NULL, 0))
        newer->request.older = older;
    else
        cpu->requests_last = older;
}
