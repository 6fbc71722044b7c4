#include "alarm.h"
#include "proc.h"

#define CPU_STEP 1000000 /* ns: CPU clocks are looked at no more often */

static struct alarm *day_alarms; /* those set to a time of day */

static void day_enter(struct alarm *alarm)
{
    alarm->day = true;
    alarm->day_next = day_alarms;
    alarm->day_link = &day_alarms;
    if (day_alarms)
        day_alarms->day_link = &alarm->day_next;
    day_alarms = alarm;
}

static void day_leave(struct alarm *alarm)
{
    if (!alarm->day)
        return;
    alarm->day = false;
    *alarm->day_link = alarm->day_next;
    if (alarm->day_next)
        alarm->day_next->day_link = alarm->day_link;
}

static void look(struct timer *timer);

/* Sets the timer for when the alarm's clock may have come so far. */
static void arm(struct alarm *alarm, uint64_t rest)
{
    uint64_t now;
    if (!clock_read(&alarm->counts, &now))
        return; /* whose time it was has ended: it stands still */
    uint64_t left = alarm->due > now ? alarm->due - now : 0;
    if (alarm->counts.kind >= CLOCK_PROCESS && left < CPU_STEP)
        left = CPU_STEP;
    if (left < rest)
        left = rest;
    alarm->timer.expired = look;
    timer_set(&alarm->timer, clock_add(time_now(), left));
}

static void look(struct timer *timer)
{
    struct alarm *alarm = (struct alarm *)((char *)timer - __builtin_offsetof(struct alarm, timer));
    uint64_t now;
    if (!clock_read(&alarm->counts, &now))
        return;
    if (now < alarm->due) {
        arm(alarm, 0);
        return;
    }
    alarm->fired = true;
    alarm->expired(alarm);
}

void alarm_set(struct alarm *alarm, uint64_t value, uint64_t interval, bool absolute)
{
    uint64_t now = 0;
    alarm_stop(alarm);
    if (!value)
        return;
    alarm->counts = alarm->clock;
    if (!absolute && alarm->clock.kind == CLOCK_DAY)
        alarm->counts.kind = CLOCK_BOOT; /* for so long, whatever the clock is set to meanwhile */
    if (!absolute)
        clock_read(&alarm->counts, &now);
    alarm->due = clock_add(now, value);
    alarm->interval = interval;
    if (alarm->counts.kind == CLOCK_DAY)
        day_enter(alarm);
    arm(alarm, 0);
}

void alarm_look(struct alarm *alarm)
{
    uint64_t now;
    if (!alarm->due || alarm->fired || !clock_read(&alarm->counts, &now) || now < alarm->due)
        return;
    timer_cancel(&alarm->timer);
    alarm->fired = true;
}

void alarm_stop(struct alarm *alarm)
{
    timer_cancel(&alarm->timer);
    day_leave(alarm);
    alarm->due = alarm->interval = 0;
    alarm->fired = false;
}

uint64_t alarm_left(const struct alarm *alarm)
{
    uint64_t now, due = alarm->due;
    if (!due || !clock_read(&alarm->counts, &now))
        return 0;
    if (alarm->fired) {
        if (!alarm->interval)
            return 0;
        due += alarm_count(alarm) * alarm->interval;
    }
    return due > now ? due - now : 1;
}

uint64_t alarm_count(const struct alarm *alarm)
{
    uint64_t now;
    if (!alarm->fired)
        return 0;
    if (!alarm->interval || !clock_read(&alarm->counts, &now) || now < alarm->due)
        return 1;
    return 1 + (now - alarm->due) / alarm->interval;
}

uint64_t alarm_take(struct alarm *alarm, uint64_t rest)
{
    uint64_t count = alarm_count(alarm);
    if (!count)
        return 0;
    alarm->fired = false;
    if (alarm->interval) {
        alarm->due += count * alarm->interval;
        arm(alarm, rest);
    } else {
        alarm->due = 0;
        day_leave(alarm);
    }
    return count;
}

void alarms_day_was_set(void)
{
    for (struct alarm *alarm = day_alarms, *next; alarm; alarm = next) {
        next = alarm->day_next;
        if (!alarm->fired)
            arm(alarm, 0);
        if (alarm->day_was_set)
            alarm->day_was_set(alarm);
    }
}
