/*
 * posix.c: timer_create and its family (timer_create(2)). A timer has one signal under way at most;
 * what it misses meanwhile is its overrun.
 */
#include "lib/wired.h"
#include "proc.h"
#include "signal/queue.h"
#include "timers.h"

#define IGNORED_REST 1000000UL /* ns between signals that nobody wants */
#define OVERRUN_MAX  INT32_MAX

struct posix_timer {
    struct alarm alarm;
    struct posix_timer *next; /* by id */
    struct process *process;
    struct signal_queued *queued; /* its signal under way, or NULL */
    uint64_t value;
    int32_t id, signal, overrun;
    uint32_t tid; /* 0: for the process */
    int32_t notify;
};

static struct posix_timer *find(struct thread *thread, uint64_t id)
{
    const struct process_timers *timers = thread->process->signals.timers;
    struct posix_timer *timer = timers ? timers->posix : NULL;
    while (timer && timer->id < (int32_t)id)
        timer = timer->next;
    return timer && timer->id == (int32_t)id ? timer : NULL;
}

/* ---- Firing ---- */

static void posix_expired(struct alarm *alarm)
{
    struct posix_timer *timer =
        (struct posix_timer *)((char *)alarm - __builtin_offsetof(struct posix_timer, alarm));
    struct signal_info info = {.signal = timer->signal, .code = SIGNAL_BY_TIMER};
    struct thread *thread = timer->tid ? thread_find(timer->tid) : NULL;
    info.timer = (uint32_t)timer->id;
    info.timer_value = timer->value;
    if (timer->notify == SIGEV_NONE || (timer->tid && !thread))
        return;
    if (thread && thread->process != timer->process)
        return; /* the number is somebody else's now */
    if (!timer->queued && !signal_send_timer(timer->process, thread, &info, timer, &timer->queued))
        alarm_take(alarm, IGNORED_REST);
}

int32_t timers_overrun(const struct posix_timer *timer)
{
    uint64_t count = alarm_count(&timer->alarm);
    uint64_t missed = count ? count - 1 : 0;
    return missed > OVERRUN_MAX ? OVERRUN_MAX : (int32_t)missed;
}

void timers_taken(struct posix_timer *timer)
{
    timer->overrun = timers_overrun(timer);
    timer->queued = NULL;
    alarm_take(&timer->alarm, 0);
}

/* ---- Making ---- */

/* What a sigevent asks for; -EINVAL where Linux says so. */
static int64_t take_event(struct thread *thread, const struct linux_sigevent *event,
                          struct posix_timer *timer)
{
    timer->value = event->value;
    timer->signal = event->signal;
    timer->notify = event->notify;
    if (event->notify == SIGEV_NONE)
        return 0;
    if (event->notify == (SIGEV_SIGNAL | SIGEV_THREAD_ID)) {
        const struct thread *target = thread_find((uint32_t)event->thread);
        if (!target || target->process != thread->process)
            return -EINVAL;
        timer->tid = target->tid;
    } else if (event->notify != SIGEV_SIGNAL && event->notify != SIGEV_THREAD) {
        return -EINVAL;
    }
    return event->signal >= 1 && event->signal <= LINUX_SIGNALS ? 0 : -EINVAL;
}

/* Enters it at the lowest free id. */
static void enter(struct process_timers *timers, struct posix_timer *timer)
{
    struct posix_timer **link = &timers->posix;
    while (*link && (*link)->id == timer->id) {
        link = &(*link)->next;
        timer->id++;
    }
    timer->next = *link;
    *link = timer;
}

static void leave(struct process_timers *timers, struct posix_timer *timer)
{
    struct posix_timer **link = &timers->posix;
    while (*link != timer)
        link = &(*link)->next;
    *link = timer->next;
    alarm_stop(&timer->alarm);
    if (timer->queued)
        timer->queued->timer = NULL; /* the signal comes all the same */
    queue_count(timers->process, -1);
    wired_free(timer);
}

static int64_t make(struct thread *thread, const struct clock *clock,
                    const struct linux_sigevent *event, uint64_t address)
{
    struct process *process = thread->process;
    struct process_timers *timers = timers_of(process);
    struct posix_timer *timer =
        timers && !signal_queue_full(process) ? wired_alloc(sizeof *timer) : NULL;
    if (!timer)
        return -EAGAIN;
    timer->process = process;
    timer->alarm.clock = *clock;
    timer->alarm.expired = posix_expired;
    queue_count(process, 1); /* as on Linux a timer counts as a signal under way */
    enter(timers, timer);
    timer->signal = SIGALRM;
    timer->value = (uint64_t)timer->id;
    int64_t error = event ? take_event(thread, event, timer) : 0;
    if (!error)
        error = client_write(thread, address, &timer->id, sizeof timer->id);
    if (error)
        leave(timers, timer);
    return error;
}

int64_t linux_timer_create(struct thread *thread, uint64_t number, uint64_t event_address,
                           uint64_t address)
{
    struct clock clock = clock_of(thread, number);
    struct linux_sigevent event;
    int64_t error = event_address ? client_read(thread, event_address, &event, sizeof event) : 0;
    if (error)
        return error;
    if (clock.kind == CLOCK_NONE)
        return -EINVAL;
    if (clock.coarse)
        return -EOPNOTSUPP;
    return make(thread, &clock, event_address ? &event : NULL, address);
}

int64_t linux_timer_delete(struct thread *thread, uint64_t id)
{
    struct posix_timer *timer = find(thread, id);
    if (!timer)
        return -EINVAL;
    leave(thread->process->signals.timers, timer);
    return 0;
}

/* ---- Setting ---- */

static struct linux_itimerspec tell(const struct posix_timer *timer)
{
    return (struct linux_itimerspec){timespec_of(timer->alarm.interval),
                                     timespec_of(alarm_left(&timer->alarm))};
}

int64_t linux_timer_settime(struct thread *thread, uint64_t id, uint64_t flags, uint64_t wanted,
                            uint64_t old)
{
    struct linux_itimerspec set, before;
    if (!wanted)
        return -EINVAL;
    int64_t error = client_read(thread, wanted, &set, sizeof set);
    if (error)
        return error;
    struct posix_timer *timer = find(thread, id);
    if (!timespec_valid(&set.value) || !timespec_valid(&set.interval) || !timer)
        return -EINVAL;
    before = tell(timer);
    error = old ? client_write(thread, old, &before, sizeof before) : 0;
    if (error == ANSWER_RETRY)
        return error;
    timer->overrun = 0;
    alarm_set(&timer->alarm, timespec_nanoseconds(&set.value), timespec_nanoseconds(&set.interval),
              flags & TIMER_ABSTIME);
    return error;
}

int64_t linux_timer_gettime(struct thread *thread, uint64_t id, uint64_t address)
{
    struct posix_timer *timer = find(thread, id);
    if (!timer)
        return -EINVAL;
    struct linux_itimerspec now = tell(timer);
    return client_write(thread, address, &now, sizeof now);
}

int64_t linux_timer_getoverrun(struct thread *thread, uint64_t id)
{
    struct posix_timer *timer = find(thread, id);
    return timer ? timer->overrun : -EINVAL;
}

/* ---- The end ---- */

void timers_exec(struct process *process)
{
    struct process_timers *timers = process->signals.timers;
    while (timers && timers->posix)
        leave(timers, timers->posix);
}

void timers_end(struct process *process)
{
    struct process_timers *timers = process->signals.timers;
    if (!timers)
        return;
    timers_exec(process);
    for (unsigned i = 0; i < sizeof timers->interval / sizeof timers->interval[0]; i++)
        alarm_stop(&timers->interval[i]);
    process->signals.timers = NULL;
    wired_free(timers);
}
