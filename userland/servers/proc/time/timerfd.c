/*
 * timerfd.c: timers that are read (timerfd_create(2)).
 */
#include "alarm.h"
#include "lib/memory.h"
#include "lib/wired.h"
#include "proc.h"

#define TFD_CANCEL_ON_SET 2

struct timer_file {
    struct alarm alarm;
    struct wait_queue readers;
    bool tell_jumps, jumped; /* TFD_CANCEL_ON_SET, and the time of day was set */
};

static struct timer_file *of_alarm(struct alarm *alarm)
{
    return (struct timer_file *)((char *)alarm - __builtin_offsetof(struct timer_file, alarm));
}

static void expired(struct alarm *alarm)
{
    wait_wake(&of_alarm(alarm)->readers);
}

static void day_was_set(struct alarm *alarm)
{
    struct timer_file *timer = of_alarm(alarm);
    timer->jumped = timer->tell_jumps;
    wait_wake(&timer->readers);
}

static int64_t timer_read(struct thread *thread, struct open_file *file,
                          const struct linux_iovec *vector, uint64_t total, uint64_t offset)
{
    struct timer_file *timer = file->state;
    uint64_t address, bytes, count;
    (void)offset;
    alarm_look(&timer->alarm);
    count = alarm_count(&timer->alarm);
    if (total < sizeof count || !vector_piece(vector, total, 0, &address, &bytes) ||
        bytes < sizeof count)
        return -EINVAL;
    if (timer->jumped) {
        timer->jumped = false;
        return -ECANCELED;
    }
    if (!count)
        return file->flags & LINUX_O_NONBLOCK ? -EAGAIN : wait_for(thread, &timer->readers);
    int64_t error = client_write(thread, address, &count, sizeof count);
    if (error)
        return error;
    alarm_take(&timer->alarm, 0);
    return sizeof count;
}

static uint32_t timer_poll(struct open_file *file, struct poller *poller)
{
    struct timer_file *timer = file->state;
    poll_on(poller, &timer->readers);
    alarm_look(&timer->alarm);
    return timer->alarm.fired || timer->jumped ? LINUX_POLLIN : 0;
}

static void timer_release(struct open_file *file)
{
    struct timer_file *timer = file->state;
    alarm_stop(&timer->alarm);
    wired_free(timer);
}

static const struct file_operations timer_operations = {
    .stream = true, .read = timer_read, .poll = timer_poll, .release = timer_release};

int64_t linux_timerfd_create(struct thread *thread, uint64_t number, uint64_t flags)
{
    struct clock clock = clock_of(thread, number);
    if (flags & ~(uint64_t)(LINUX_O_CLOEXEC | LINUX_O_NONBLOCK) || clock.coarse ||
        (clock.kind != CLOCK_BOOT && clock.kind != CLOCK_DAY) || (int32_t)number == CLOCK_TAI)
        return -EINVAL;
    struct timer_file *timer = wired_alloc(sizeof *timer);
    if (!timer)
        return -ENOMEM;
    timer->alarm.clock = clock;
    timer->alarm.expired = expired;
    timer->alarm.day_was_set = day_was_set;
    struct open_file *file =
        anonymous_file("anon_inode:[timerfd]", LINUX_O_RDWR | (flags & LINUX_O_NONBLOCK),
                       &timer_operations, timer);
    if (!file) {
        wired_free(timer);
        return -ENOMEM;
    }
    return descriptor_add(thread->process, file, flags & LINUX_O_CLOEXEC);
}

/* NULL: *error. */
static struct timer_file *find(struct thread *thread, uint64_t descriptor, int64_t *error)
{
    struct open_file *file = file_of(thread->process, descriptor);
    *error = !file ? -EBADF : file->operations != &timer_operations ? -EINVAL : 0;
    return *error ? NULL : file->state;
}

static struct linux_itimerspec tell(const struct timer_file *timer)
{
    return (struct linux_itimerspec){timespec_of(timer->alarm.interval),
                                     timespec_of(alarm_left(&timer->alarm))};
}

int64_t linux_timerfd_settime(struct thread *thread, uint64_t descriptor, uint64_t flags,
                              uint64_t wanted, uint64_t old)
{
    struct linux_itimerspec set, before;
    int64_t error = client_read(thread, wanted, &set, sizeof set);
    if (error)
        return error;
    if ((uint32_t)flags & ~(uint32_t)(TIMER_ABSTIME | TFD_CANCEL_ON_SET) ||
        !timespec_valid(&set.value) || !timespec_valid(&set.interval))
        return -EINVAL;
    struct timer_file *timer = find(thread, descriptor, &error);
    if (!timer)
        return error;
    before = tell(timer);
    error = old ? client_write(thread, old, &before, sizeof before) : 0;
    if (error == ANSWER_RETRY)
        return error;
    bool absolute = flags & TIMER_ABSTIME, day = timer->alarm.clock.kind == CLOCK_DAY;
    timer->tell_jumps = absolute && day && flags & TFD_CANCEL_ON_SET;
    timer->jumped = false;
    alarm_set(&timer->alarm, timespec_nanoseconds(&set.value), timespec_nanoseconds(&set.interval),
              absolute);
    timer->alarm.interval = timespec_nanoseconds(&set.interval); /* told also of one disarmed */
    return error;
}

int64_t linux_timerfd_gettime(struct thread *thread, uint64_t descriptor, uint64_t address)
{
    int64_t error;
    struct timer_file *timer = find(thread, descriptor, &error);
    if (!timer)
        return error;
    struct linux_itimerspec now = tell(timer);
    return client_write(thread, address, &now, sizeof now);
}
