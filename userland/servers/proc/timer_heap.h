/*
 * timer_heap.h: timers in the order of their deadlines, linked by fields of their own. The heap is
 * its earliest timer; NULL: it is empty.
 */
#pragma once
#include "timer.h"

/* Enters one that is not set, by its deadline. */
void timer_heap_add(struct timer **heap, struct timer *timer);

/* Takes out one that is set, which may be the earliest. */
void timer_heap_remove(struct timer **heap, struct timer *timer);
