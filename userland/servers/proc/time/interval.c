/*
 * interval.c: setitimer and getitimer; alarm(2) is made of them by the libc.
 */
#include "lib/wired.h"
#include "proc.h"
#include "timers.h"

#define KINDS (sizeof((struct process_timers *)0)->interval / sizeof(struct alarm))

static const uint8_t signals[KINDS] = {SIGALRM, SIGVTALRM, SIGPROF};

static void expired(struct alarm *alarm, unsigned kind)
{
    struct process_timers *timers =
        (struct process_timers *)((char *)(alarm - kind) -
                                  __builtin_offsetof(struct process_timers, interval));
    struct signal_info info = {.signal = signals[kind], .code = SIGNAL_BY_KERNEL};
    if (kind || !alarm->interval) /* a periodic SIGALRM rests until it is taken */
        alarm_take(alarm, 0);
    signal_send_process(timers->process, &info);
}

static void real_expired(struct alarm *alarm)
{
    expired(alarm, 0);
}

static void virtual_expired(struct alarm *alarm)
{
    expired(alarm, 1);
}

static void profile_expired(struct alarm *alarm)
{
    expired(alarm, 2);
}

struct process_timers *timers_of(struct process *process)
{
    static void (*const functions[KINDS])(struct alarm *) = {real_expired, virtual_expired,
                                                             profile_expired};
    struct process_timers *timers = process->signals.timers;
    if (timers)
        return timers;
    timers = process->signals.timers = wired_alloc(sizeof *timers);
    if (!timers)
        return NULL;
    timers->process = process;
    for (unsigned i = 0; i < KINDS; i++) {
        timers->interval[i].expired = functions[i];
        timers->interval[i].clock.kind = i ? CLOCK_PROCESS : CLOCK_BOOT;
        timers->interval[i].clock.id = process->pid;
    }
    return timers;
}

void timers_alarm_taken(struct process *process)
{
    if (process->signals.timers)
        alarm_take(&process->signals.timers->interval[0], 0);
}

/* ---- The calls ---- */

static bool read_time(const struct linux_timeval *time, uint64_t *nanoseconds)
{
    struct linux_timespec same = {time->seconds, time->microseconds * 1000};
    if (time->seconds < 0 || time->microseconds < 0 || time->microseconds >= 1000000)
        return false;
    *nanoseconds = timespec_nanoseconds(&same);
    return true;
}

static struct linux_timeval told(uint64_t nanoseconds)
{
    uint64_t microseconds = (nanoseconds + 999) / 1000; /* what is armed is not told as 0 */
    return (struct linux_timeval){(int64_t)(microseconds / 1000000),
                                  (int64_t)(microseconds % 1000000)};
}

static struct linux_itimerval tell(const struct process_timers *timers, uint64_t kind)
{
    if (!timers)
        return (struct linux_itimerval){{0, 0}, {0, 0}};
    const struct alarm *alarm = &timers->interval[kind];
    return (struct linux_itimerval){told(alarm->interval),
                                    told(alarm->fired ? 0 : alarm_left(alarm))};
}

int64_t linux_getitimer(struct thread *thread, uint64_t kind, uint64_t address)
{
    kind = (uint32_t)kind;
    if (kind >= KINDS)
        return -EINVAL;
    struct linux_itimerval now = tell(thread->process->signals.timers, kind);
    return client_write(thread, address, &now, sizeof now);
}

int64_t linux_setitimer(struct thread *thread, uint64_t kind, uint64_t wanted, uint64_t old)
{
    struct linux_itimerval set = {{0, 0}, {0, 0}}, before;
    uint64_t value, interval;
    int64_t error = wanted ? client_read(thread, wanted, &set, sizeof set) : 0;
    kind = (uint32_t)kind;
    if (error)
        return error;
    if (!read_time(&set.value, &value) || !read_time(&set.interval, &interval) || kind >= KINDS)
        return -EINVAL;
    struct process_timers *timers = timers_of(thread->process);
    if (!timers)
        return -ENOMEM;
    before = tell(timers, kind);
    error = old ? client_write(thread, old, &before, sizeof before) : 0;
    if (error == ANSWER_RETRY)
        return error;
    alarm_set(&timers->interval[kind], value, interval, false);
    return error;
}
