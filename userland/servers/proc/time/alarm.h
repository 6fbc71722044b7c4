/*
 * alarm.h: what interval timers, POSIX timers and timerfd have in common: a time on some clock, and
 * perhaps an interval after which it comes again. As on Linux an alarm that has fired rests until
 * somebody has taken notice (alarm_take), and counts what it missed: so no interval, however
 * short, keeps proc busy.
 */
#pragma once
#include "clock.h"
#include "timer.h"

struct alarm {
    struct timer timer;
    struct clock clock;
    struct clock counts;    /* the clock it is set by now: not the day's for so long from now */
    uint64_t due, interval; /* ns of the clock; due 0: disarmed */
    bool fired;             /* and not taken yet */
    bool day;               /* on the list of those that setting the time of day moves */
    struct alarm *day_next, **day_link;
    void (*expired)(struct alarm *alarm);
    void (*day_was_set)(struct alarm *alarm); /* or NULL */
};

/* Arms it for `value` ns from now (0: disarms) or, `absolute`, for that time of its clock. */
void alarm_set(struct alarm *alarm, uint64_t value, uint64_t interval, bool absolute);
void alarm_stop(struct alarm *alarm);

/* Fires it, without telling, when its time has come and the timer was not yet looked at. */
void alarm_look(struct alarm *alarm);

/* ns until it fires next, at least 1; 0: disarmed. */
uint64_t alarm_left(const struct alarm *alarm);

/* How often it fired since it did first; 0: it has not. */
uint64_t alarm_count(const struct alarm *alarm);

/* The same, and lets it go on: the next time comes after the last that was counted, and not before
 * `rest` ns from now. */
uint64_t alarm_take(struct alarm *alarm, uint64_t rest);

/* The time of day jumped. */
void alarms_day_was_set(void);
