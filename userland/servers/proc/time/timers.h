/*
 * timers.h: the timers that a process has and that send it signals.
 */
#pragma once
#include "alarm.h"

struct process;
struct thread;
struct signal_queued;
struct posix_timer;

/* Made with a process's first timer. */
struct process_timers {
    struct process *process;
    struct alarm interval[3];  /* ITIMER_REAL, _VIRTUAL, _PROF */
    struct posix_timer *posix; /* by id */
};

/* NULL: no memory. */
struct process_timers *timers_of(struct process *process);

/* The process took SIGALRM: ITIMER_REAL may come again. */
void timers_alarm_taken(struct process *process);

/* A signal of a POSIX timer is about to be acted on: how often it fired beside this. */
int32_t timers_overrun(const struct posix_timer *timer);
/* It was taken: the timer may come again. */
void timers_taken(struct posix_timer *timer);

/* exec: POSIX timers end, interval timers go on. */
void timers_exec(struct process *process);
/* Frees all. The process has no signals pending any more. */
void timers_end(struct process *process);
