/*
 * timer.h: time for the kernel: sleepers, time slices, deadlines of pager
 * requests, behind one hardware timer per CPU that is off when nobody needs it.
 */
#pragma once
#include "task/thread.h"

#define REQUEST_DEADLINE_NS 2000000000ul /* a pager that has not answered by then has failed */

void timer_init(uint32_t intid);
/* Programs the timer no later than `when` (ns since boot). */
void timer_want(struct cpu *cpu, uint64_t when);
/* `thread` waits until `when`. It must be in no other list. */
void timer_sleep(struct thread *thread, uint64_t when);
void timer_cancel(struct thread *thread);
/* The timer fired. */
void timer_interrupt(struct cpu *cpu);

/* Notes a pager request at the end of the list of outstanding ones, or strikes it off. */
void request_watch(struct cpu *cpu, struct thread *thread);
void request_unwatch(struct thread *thread);
