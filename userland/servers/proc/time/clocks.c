/*
 * clocks.c: reading and setting clocks. Programs read most of them in the vdso; the time of day is
 * the time since boot and an offset, which setting it changes.
 */
#include "alarm.h"
#include "clock.h"
#include "lib/memory.h"
#include "files/remote.h"
#include "proc.h"
#include "time/vdso.h"

struct wait_queue clock_waiters;

/* ---- CPU time ---- */

uint64_t cpu_time_of_thread(const struct thread *thread)
{
    int64_t time = thread_time(thread->handle);
    return time < 0 ? 0 : (uint64_t)time;
}

uint64_t cpu_time_of_process(const struct process *process)
{
    struct usage usage = process_usage(process);
    return usage.user + usage.system;
}

/* ---- Clocks by number ---- */

/* Of somebody else, or of oneself by number 0; as Linux's posix-cpu-timers.c takes them apart. */
static struct clock cpu_clock(const struct thread *thread, uint32_t number)
{
    uint32_t id = ~(number >> 3) & 0x1fffffff;
    struct clock none = {CLOCK_NONE, 0, false};
    if ((number & CPUCLOCK_KIND) == CPUCLOCK_FD)
        return none;
    if (number & CPUCLOCK_THREAD) {
        const struct thread *other = id ? thread_find(id) : thread;
        bool ours = other && other->process == thread->process;
        return ours ? (struct clock){CLOCK_THREAD, other->tid, false} : none;
    }
    const struct process *other = id ? process_find(id) : thread->process;
    return other ? (struct clock){CLOCK_PROCESS, other->pid, false} : none;
}

struct clock clock_of(const struct thread *thread, uint64_t number)
{
    switch ((int32_t)number) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_TAI:
        return (struct clock){CLOCK_DAY, 0, false};
    case CLOCK_REALTIME_COARSE:
        return (struct clock){CLOCK_DAY, 0, true};
    case CLOCK_MONOTONIC:
    case CLOCK_BOOTTIME:
    case CLOCK_BOOTTIME_ALARM:
        return (struct clock){CLOCK_BOOT, 0, false};
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
        return (struct clock){CLOCK_BOOT, 0, true};
    case CLOCK_PROCESS_CPUTIME:
        return (struct clock){CLOCK_PROCESS, thread->process->pid, false};
    case CLOCK_THREAD_CPUTIME:
        return (struct clock){CLOCK_THREAD, thread->tid, false};
    default:
        return (int32_t)number < 0 ? cpu_clock(thread, (uint32_t)number)
                                   : (struct clock){CLOCK_NONE, 0, false};
    }
}

bool clock_read(const struct clock *clock, uint64_t *now)
{
    const struct process *process;
    const struct thread *thread;
    switch (clock->kind) {
    case CLOCK_BOOT:
        *now = time_now();
        return true;
    case CLOCK_DAY:
        *now = time_now() + (uint64_t)clock_realtime();
        return true;
    case CLOCK_PROCESS:
        process = process_find(clock->id);
        if (process)
            *now = cpu_time_of_process(process);
        return process;
    case CLOCK_THREAD:
        thread = thread_find(clock->id);
        if (thread)
            *now = cpu_time_of_thread(thread);
        return thread;
    default:
        return false;
    }
}

/* ---- Times ---- */

bool timespec_valid(const struct linux_timespec *time)
{
    return time->seconds >= 0 && time->nanoseconds >= 0 && time->nanoseconds < (int64_t)NANOSECONDS;
}

uint64_t timespec_nanoseconds(const struct linux_timespec *time)
{
    if ((uint64_t)time->seconds >= CLOCK_NEVER / NANOSECONDS)
        return CLOCK_NEVER;
    return (uint64_t)time->seconds * NANOSECONDS + (uint64_t)time->nanoseconds;
}

struct linux_timespec timespec_of(uint64_t nanoseconds)
{
    return (struct linux_timespec){(int64_t)(nanoseconds / NANOSECONDS),
                                   (int64_t)(nanoseconds % NANOSECONDS)};
}

uint64_t clock_add(uint64_t a, uint64_t b)
{
    return b >= CLOCK_NEVER - a ? CLOCK_NEVER : a + b;
}

/* ---- Calls that read ---- */

int64_t linux_clock_gettime(struct thread *thread, uint64_t number, uint64_t address)
{
    struct clock clock = clock_of(thread, number);
    uint64_t now;
    if (!clock_read(&clock, &now))
        return -EINVAL;
    struct linux_timespec time = timespec_of(now);
    return client_write(thread, address, &time, sizeof time);
}

int64_t linux_clock_getres(struct thread *thread, uint64_t number, uint64_t address)
{
    struct clock clock = clock_of(thread, number);
    bool coarse =
        (int32_t)number == CLOCK_REALTIME_COARSE || (int32_t)number == CLOCK_MONOTONIC_COARSE;
    if (clock.kind == CLOCK_NONE)
        return -EINVAL;
    struct linux_timespec step = {0, coarse ? COARSE_STEP : 1};
    return address ? client_write(thread, address, &step, sizeof step) : 0;
}

static int32_t zone[2]; /* minutes west, kind of summer time: kept for who asks */

int64_t linux_gettimeofday(struct thread *thread, uint64_t address, uint64_t zone_address)
{
    uint64_t now = time_now() + (uint64_t)clock_realtime();
    struct linux_timeval time = {(int64_t)(now / NANOSECONDS), (int64_t)(now % NANOSECONDS / 1000)};
    int64_t error = address ? client_write(thread, address, &time, sizeof time) : 0;
    if (!error && zone_address)
        error = client_write(thread, zone_address, zone, sizeof zone);
    return error;
}

/* ---- Calls that set ---- */

/* The time of day is now `wanted` ns since 1970. */
static void set_day(uint64_t wanted)
{
    clock_set_realtime((int64_t)(wanted - time_now()));
    remote_clock_set();
    wait_wake(&clock_waiters);
    alarms_day_was_set();
}

static bool may_set_day(const struct thread *thread)
{
    return thread->process->family.credentials.user.effective == 0;
}

int64_t linux_clock_settime(struct thread *thread, uint64_t number, uint64_t address)
{
    struct linux_timespec time;
    struct clock clock = clock_of(thread, number);
    bool day = (int32_t)number == CLOCK_REALTIME;
    if (!day && clock.kind != CLOCK_PROCESS && clock.kind != CLOCK_THREAD)
        return -EINVAL;
    int64_t error = client_read(thread, address, &time, sizeof time);
    if (error)
        return error;
    if (!day)
        return -EPERM;
    /* Nor may the system have begun before 1970. */
    uint64_t wanted = timespec_nanoseconds(&time);
    if (!timespec_valid(&time) || wanted > INT64_MAX || wanted < time_now())
        return -EINVAL;
    if (!may_set_day(thread))
        return -EPERM;
    set_day(wanted);
    return 0;
}

int64_t linux_settimeofday(struct thread *thread, uint64_t address, uint64_t zone_address)
{
    struct linux_timeval wanted;
    int32_t wanted_zone[2];
    int64_t error = address ? client_read(thread, address, &wanted, sizeof wanted) : 0;
    if (!error && zone_address)
        error = client_read(thread, zone_address, wanted_zone, sizeof wanted_zone);
    if (error)
        return error;
    struct linux_timespec time = {wanted.seconds, wanted.microseconds * 1000};
    if (address &&
        (wanted.microseconds < 0 || wanted.microseconds >= 1000000 || !timespec_valid(&time) ||
         timespec_nanoseconds(&time) > INT64_MAX || timespec_nanoseconds(&time) < time_now()))
        return -EINVAL;
    if (!may_set_day(thread))
        return -EPERM;
    if (zone_address && (wanted_zone[0] > 15 * 60 || wanted_zone[0] < -15 * 60))
        return -EINVAL;
    if (zone_address)
        memcpy(zone, wanted_zone, sizeof zone);
    if (address)
        set_day(timespec_nanoseconds(&time));
    return 0;
}

/*
 * adjtimex: the counter of the board is what it is, and nobody disciplines it: what is set is kept
 * and told, and only an offset of the time of day moves anything.
 */
static struct linux_timex adjustment = {.maximum_error = 16000000,
                                        .estimated_error = 16000000,
                                        .status = STA_UNSYNC,
                                        .constant = 2,
                                        .precision = 1,
                                        .tolerance = 32768000,
                                        .tick = 10000};

static void adjust(const struct linux_timex *wanted)
{
    uint32_t modes = wanted->modes;
    if (modes & ADJ_FREQUENCY)
        adjustment.frequency = wanted->frequency;
    if (modes & ADJ_MAXERROR)
        adjustment.maximum_error = wanted->maximum_error;
    if (modes & ADJ_ESTERROR)
        adjustment.estimated_error = wanted->estimated_error;
    if (modes & ADJ_STATUS)
        adjustment.status = wanted->status & 0xff;
    if (modes & ADJ_TIMECONST)
        adjustment.constant = wanted->constant;
    if (modes & ADJ_TICK)
        adjustment.tick = wanted->tick;
    if (modes & ADJ_SETOFFSET) {
        int64_t part =
            modes & ADJ_NANO ? wanted->time.microseconds : wanted->time.microseconds * 1000;
        set_day(time_now() + (uint64_t)clock_realtime() +
                (uint64_t)wanted->time.seconds * NANOSECONDS + (uint64_t)part);
    }
}

int64_t linux_adjtimex(struct thread *thread, uint64_t address)
{
    struct linux_timex wanted, told;
    int64_t error = client_read(thread, address, &wanted, sizeof wanted);
    if (error)
        return error;
    int64_t limit = wanted.modes & ADJ_NANO ? (int64_t)NANOSECONDS : 1000000;
    if (wanted.modes & ADJ_TICK && (wanted.tick < 9000 || wanted.tick > 11000))
        return -EINVAL;
    if (wanted.modes & ADJ_SETOFFSET &&
        (wanted.time.microseconds < 0 || wanted.time.microseconds >= limit))
        return -EINVAL;
    if (wanted.modes && wanted.modes != (ADJ_OFFSET_SINGLESHOT | 0x2000) && !may_set_day(thread))
        return -EPERM;
    told = adjustment;
    told.modes = wanted.modes;
    told.time = (struct linux_timeval){0, 0};
    error = client_write(thread, address, &told, sizeof told); /* may come again: first */
    if (error)
        return error;
    adjust(&wanted);
    uint64_t now = time_now() + (uint64_t)clock_realtime();
    told = adjustment;
    told.modes = wanted.modes;
    told.time =
        (struct linux_timeval){(int64_t)(now / NANOSECONDS), (int64_t)(now % NANOSECONDS / 1000)};
    error = client_write(thread, address, &told, sizeof told);
    if (error)
        return error;
    return adjustment.status & STA_UNSYNC ? TIME_ERROR : TIME_OK;
}

int64_t linux_clock_adjtime(struct thread *thread, uint64_t number, uint64_t address)
{
    if ((int32_t)number != CLOCK_REALTIME)
        return clock_of(thread, number).kind == CLOCK_NONE ? -EINVAL : -EOPNOTSUPP;
    return linux_adjtimex(thread, address);
}
