/*
 * clock.c: the virtual counter (Arm ARM D12.1.2) and the time at which it was 0.
 */
#include "clock.h"

#define NANOSECONDS 1000000000UL

static uint64_t started; /* ns since 1970 */

void clock_set(uint64_t at_boot)
{
    started = at_boot;
}

uint64_t clock_since_boot(void)
{
    uint64_t count, frequency;
    __asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(count)::"memory");
    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
    return count / frequency * NANOSECONDS + count % frequency * NANOSECONDS / frequency;
}

struct vfs_time clock_now(void)
{
    uint64_t now = started + clock_since_boot();
    return (struct vfs_time){.seconds = (int64_t)(now / NANOSECONDS),
                             .nanoseconds = (uint32_t)(now % NANOSECONDS)};
}
