/*
 * time.c: clocks and sleeping. There is no clock of the day on the board, so CLOCK_REALTIME counts
 * from boot as CLOCK_MONOTONIC does; there is no CPU time per process either, so the CPU clocks
 * tell the time since the process began, an upper bound.
 */
#include "proc.h"

#define NANOSECONDS   1000000000UL
#define TIMER_ABSTIME 1

static bool clock_known(uint64_t clock)
{
    return clock <= 7; /* REALTIME .. BOOTTIME */
}

int64_t linux_clock_gettime(struct thread *thread, uint64_t clock, uint64_t address)
{
    if (!clock_known(clock))
        return -EINVAL;
    uint64_t now = time_now();
    if (clock == 2 || clock == 3) /* PROCESS_, THREAD_CPUTIME_ID */
        now -= thread->process->start_time;
    struct linux_timespec time = {(int64_t)(now / NANOSECONDS), (int64_t)(now % NANOSECONDS)};
    return client_write(thread, address, &time, sizeof time);
}

int64_t linux_clock_getres(struct thread *thread, uint64_t clock, uint64_t address)
{
    uint64_t frequency;
    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
    if (!clock_known(clock))
        return -EINVAL;
    struct linux_timespec step = {0, (int64_t)((NANOSECONDS + frequency - 1) / frequency)};
    return address ? client_write(thread, address, &step, sizeof step) : 0;
}

int64_t linux_gettimeofday(struct thread *thread, uint64_t address, uint64_t zone)
{
    static const int32_t no_zone[2];
    uint64_t now = time_now();
    int64_t time[2] = {(int64_t)(now / NANOSECONDS), (int64_t)(now % NANOSECONDS / 1000)};
    int64_t error = address ? client_write(thread, address, time, sizeof time) : 0;
    if (!error && zone)
        error = client_write(thread, zone, no_zone, sizeof no_zone);
    return error;
}

int64_t linux_clock_nanosleep(struct thread *thread, uint64_t clock, uint64_t flags,
                              uint64_t request, uint64_t remaining)
{
    (void)remaining; /* written only when a signal interrupts, and signals end the program */
    struct linux_timespec time;
    if (!clock_known(clock) || clock == 3)
        return -EINVAL;
    if (thread->wait.deadline)
        return thread->wait.timed_out ? 0 : wait_begin(thread);
    int64_t error = client_read(thread, request, &time, sizeof time);
    if (error)
        return error;
    if (time.seconds < 0 || time.nanoseconds < 0 || time.nanoseconds >= (int64_t)NANOSECONDS)
        return -EINVAL;
    uint64_t deadline = UINT64_MAX, base = flags & TIMER_ABSTIME ? 0 : time_now();
    if ((uint64_t)time.seconds < (UINT64_MAX - base) / NANOSECONDS - 1)
        deadline = base + (uint64_t)time.seconds * NANOSECONDS + (uint64_t)time.nanoseconds;
    if (deadline <= time_now())
        return 0;
    thread->wait.deadline = deadline;
    return wait_begin(thread);
}

int64_t linux_nanosleep(struct thread *thread, uint64_t request, uint64_t remaining)
{
    return linux_clock_nanosleep(thread, 1, 0, request, remaining);
}
