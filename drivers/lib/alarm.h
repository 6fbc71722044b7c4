/*
 * alarm.h: time for drivers: the clock, a short wait, and one alarm that notifies the server loop
 * (a driver itself never sleeps).
 */
#pragma once
#include <stdint.h>

#define ALARM_TICK_NS 10000000ul /* an alarm may be so late */

/* Nanoseconds since boot: the clock of sleep_until. */
uint64_t time_now(void);

/* Spins so many ns: for gaps between accesses that the hardware asks for, microseconds. */
void time_spin(uint64_t nanoseconds);

/* Makes the thread that waits. Its notifications come to `endpoint` with this badge, bit 0. 0 or a
 * negated errno. */
int64_t alarm_init(uint32_t endpoint, uint64_t badge);

/* Notifies once at this time, instead of any set before; 0: not at all. One that came too late to
 * be called off is still notified: look at the clock. */
void alarm_set(uint64_t deadline);
