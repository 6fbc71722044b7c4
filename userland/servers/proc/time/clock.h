/*
 * clock.h: the clocks that programs name, and what they show.
 */
#pragma once
#include "time/linux_time.h"
#include "wait.h"
#include <stdbool.h>
#include <stdint.h>

struct thread;
struct process;

struct clock {
    enum clock_kind { CLOCK_NONE, CLOCK_BOOT, CLOCK_DAY, CLOCK_PROCESS, CLOCK_THREAD } kind;
    uint32_t id; /* whose CPU time: a pid or tid */
    bool coarse; /* can be read but not waited for */
};

/* The clock a number means to a thread; CLOCK_NONE: there is no such clock, or nobody has it. */
struct clock clock_of(const struct thread *thread, uint64_t number);

/* Nanoseconds. False: whose time it was is gone. */
bool clock_read(const struct clock *clock, uint64_t *now);

/* CPU time so far, in ns; of a process with all its threads, also those that ended. */
uint64_t cpu_time_of_process(const struct process *process);
uint64_t cpu_time_of_thread(const struct thread *thread);

/* A timespec that is a time: no negative seconds, nanoseconds in range. */
bool timespec_valid(const struct linux_timespec *time);
/* In ns, or CLOCK_NEVER when that is too much. */
uint64_t timespec_nanoseconds(const struct linux_timespec *time);
struct linux_timespec timespec_of(uint64_t nanoseconds);
/* The sum, or CLOCK_NEVER. */
uint64_t clock_add(uint64_t a, uint64_t b);
#define CLOCK_NEVER (UINT64_MAX - 1)

/* Threads that wait for a time of day: woken when it is set. */
extern struct wait_queue clock_waiters;
