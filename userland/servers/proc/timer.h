/*
 * timer.h: things that happen at a time. A pairing heap of timers that live in what they belong to,
 * so setting one cannot fail; one helper thread sleeps to the earliest and notifies the loop.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct timer {
    struct timer *child, *next,
        *previous;     /* previous: left sibling, or the parent of a first child */
    uint64_t deadline; /* ns since boot */
    bool set;
    void (*expired)(struct timer *timer); /* called by the loop, when no longer set */
};

/* Makes the helper thread. 0 or a negated errno. */
int64_t timers_init(void);

/* Sets or moves a timer; `expired` must be there. A deadline that has passed expires at the next
 * turn of the loop. */
void timer_set(struct timer *timer, uint64_t deadline);

/* Nothing when it is not set. */
void timer_cancel(struct timer *timer);

/* KIND_NOTIFY of the helper: expires those whose time has come. */
void timers_run(void);

/* Nanoseconds since boot: the clock of sleep_until. */
uint64_t time_now(void);
