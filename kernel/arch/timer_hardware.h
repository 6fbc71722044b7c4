/*
 * timer_hardware.h: the generic timer of each CPU, in nanoseconds.
 *
 * Arm ARM, chapter "The Generic Timer in AArch64 state". Time is what the virtual counter
 * CNTVCT_EL0 says: it starts near 0 at reset and is the same on every CPU. Deadlines use the
 * virtual timer (CNTV_*), whose interrupt is boot_info.timer_virtual, level-triggered: it stays
 * until the deadline is moved or the timer is off.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* From one rate to another without division: value * multiplier >> shift, the product taken in 128
 * bits: nothing overflows. */
struct timer_scale {
    uint64_t multiplier;
    unsigned shift; /* 0..63 */
};

/*
 * Prepares a scale from units of `from` per second to units of `to` per second, both 1 .. 2^40. A
 * result is below the exact one by less than 1 + value / 2^shift. Between nanoseconds and a counter
 * of 1 MHz to 4 GHz that is at most one unit, for a century.
 */
void timer_scale_init(struct timer_scale *scale, uint64_t from, uint64_t to);

/* Converts; rounds down; UINT64_MAX when the result needs more than 64 bits. */
static inline uint64_t timer_scale(const struct timer_scale *scale, uint64_t value)
{
    unsigned __int128 product = (unsigned __int128)value * scale->multiplier;
    uint64_t high = (uint64_t)(product >> 64), low = (uint64_t)product;
    if (__builtin_expect(high >> scale->shift != 0, 0))
        return UINT64_MAX;
    return scale->shift == 0 ? low : high << (64 - scale->shift) | low >> scale->shift;
}

/* The first count at which the clock has reached `deadline` for certain, or up to two ticks later:
 * both scales round down, so one tick could be too early. */
static inline uint64_t timer_ticks_at(const struct timer_scale *ns_to_ticks, uint64_t deadline)
{
    uint64_t ticks = timer_scale(ns_to_ticks, deadline);
    return ticks > UINT64_MAX - 2 ? UINT64_MAX : ticks + 2;
}

/* Reads CNTFRQ_EL0 and prepares both scales; once, on the first CPU, before any of the below.
 * False, and the time stands still at 0, when the firmware left the frequency at 0. */
bool timer_hardware_init(void);
/* Per CPU, at EL1: timer off; programs may read CNTVCT_EL0, as on Linux, and no other timer
 * register. */
void timer_hardware_init_cpu(void);

/* Nanoseconds in so many ticks of CNTVCT_EL0; since the counter started: never goes back on one
 * CPU. */
uint64_t timer_ns_of(uint64_t ticks);
uint64_t timer_now(void);

/* This CPU's timer interrupts when timer_now() >= deadline (ns), at once when that is past. A
 * deadline beyond the counter's range never comes. */
void timer_set_deadline(uint64_t deadline);
/* No timer interrupt from this CPU until the next deadline is set. */
void timer_off(void);
