/*
 * reaper.h: freeing what is large. Spaces and objects whose end was decided are
 * queued here and taken apart in bounded steps by a kernel task that the
 * scheduler runs like a thread; whoever caused it waits until all is back.
 */
#pragma once
#include "task/thread.h"

extern struct thread reaper; /* stands in run queues; has no registers worth loading */

/* A space, or a memory object. */
void reap(struct kernel_object *object);

/* The caller waits until nothing is left to reap; returns the thread to run. */
struct thread *reap_wait(struct thread *thread);

/* Works until done or an interrupt waits. Called by the scheduler when `reaper` is picked. */
void reaper_run(void);
void reaper_init(void);
