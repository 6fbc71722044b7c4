/*
 * sleep.c: calls that wait for a time. thread->stage remembers for which (+ 1), so that a sleep
 * that was stopped, or interrupted without a handler, goes on to the same end.
 */
#include "clock.h"
#include "proc.h"

#define CPU_STEP 1000000 /* ns: a CPU clock is looked at no more often */

/* When the kernel's clock should be looked at again for `clock` to have moved on by `left`. */
static uint64_t deadline_for(const struct clock *clock, uint64_t left)
{
    if (clock->kind >= CLOCK_PROCESS && left < CPU_STEP)
        left = CPU_STEP;
    return clock_add(time_now(), left);
}

/* Begins to wait, or goes on. 0: the time has come. */
static int64_t sleep_on(struct thread *thread, const struct clock *clock, bool absolute,
                        uint64_t remaining)
{
    struct wait_state *wait = &thread->wait;
    uint64_t target = thread->stage - 1, now;
    if (!clock_read(clock, &now) || now >= target)
        return 0;
    wait->restart = RESTART_NO_HANDLER;
    if (!wait->interrupted) {
        wait->deadline = deadline_for(clock, target - now);
        wait->tell = true;
        int64_t result = 0;
        if (absolute && clock->kind == CLOCK_DAY)
            result = wait_also(thread, &clock_waiters, 0);
        if (!result)
            result = wait_begin(thread);
        if (result != ANSWER_INTERRUPTED)
            return result;
    }
    if (remaining && !absolute) {
        struct linux_timespec left = timespec_of(target - now);
        int64_t error = client_write(thread, remaining, &left, sizeof left);
        wait->interrupted = error == ANSWER_RETRY;
        if (error)
            return error;
    }
    wait->interrupted = false;
    return ANSWER_INTERRUPTED;
}

/* Reads for how long or until when. 0, or an error. */
static int64_t prepare(struct thread *thread, const struct clock *clock, bool absolute,
                       uint64_t request)
{
    struct linux_timespec time;
    uint64_t now = 0;
    int64_t error = client_read(thread, request, &time, sizeof time);
    if (error)
        return error;
    if (!timespec_valid(&time))
        return -EINVAL;
    if (!absolute && !clock_read(clock, &now))
        return -EINVAL;
    thread->stage = clock_add(now, timespec_nanoseconds(&time)) + 1;
    return 0;
}

int64_t linux_clock_nanosleep(struct thread *thread, uint64_t number, uint64_t flags,
                              uint64_t request, uint64_t remaining)
{
    struct clock clock = clock_of(thread, number);
    bool absolute = flags & TIMER_ABSTIME;
    if (clock.kind == CLOCK_NONE)
        return -EINVAL;
    if (clock.coarse || (int32_t)number == CLOCK_THREAD_CPUTIME)
        return -EOPNOTSUPP;
    if (clock.kind == CLOCK_DAY && !absolute)
        clock.kind = CLOCK_BOOT; /* for so long, whatever the clock is set to meanwhile */
    int64_t error = thread->stage ? 0 : prepare(thread, &clock, absolute, request);
    if (!error && clock.kind == CLOCK_THREAD && clock.id == thread->tid)
        return -EINVAL; /* its clock stands still while it sleeps */
    return error ? error : sleep_on(thread, &clock, absolute, remaining);
}

int64_t linux_nanosleep(struct thread *thread, uint64_t request, uint64_t remaining)
{
    return linux_clock_nanosleep(thread, CLOCK_MONOTONIC, 0, request, remaining);
}
