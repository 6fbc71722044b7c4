/*
 * vdso.c: what Linux maps into every program, so that the time costs no system call. Names and
 * version are those of Linux on arm64 (vdso(7)). The counter is the one proc reads, and the
 * arithmetic is the same (userland/servers/proc/timer.c), so both tell the same time exactly.
 *
 * The entry of the ELF file is the trampoline from a signal handler, for programs that bring none:
 * there proc finds it.
 */
#include "vdso/data.h"
#include <stddef.h>

#define NANOSECONDS  1000000000UL
#define COARSE_STEP  4000000 /* ns; what Linux with 250 ticks a second says of its coarse clocks */
#define CALL_GETTIME 113
#define CALL_GETRES  114

enum { REALTIME, MONOTONIC, PROCESS_CPU, THREAD_CPU, RAW, REALTIME_COARSE, MONOTONIC_COARSE, BOOT };

struct timespec {
    int64_t seconds, nanoseconds;
};

struct timeval {
    int64_t seconds, microseconds;
};

extern const volatile struct vdso_data vdso_data __attribute__((visibility("hidden")));

static uint64_t frequency(void)
{
    uint64_t value;
    __asm__("mrs %0, cntfrq_el0" : "=r"(value));
    return value;
}

/* Nanoseconds since boot. The isb keeps the counter from being read before what comes earlier. */
static uint64_t since_boot(void)
{
    uint64_t count, hertz = frequency();
    __asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(count)::"memory");
    return count / hertz * NANOSECONDS + count % hertz * NANOSECONDS / hertz;
}

/* Whatever cannot be answered here. */
static int64_t system_call(uint64_t number, int64_t a, void *b)
{
    register uint64_t x8 __asm__("x8") = number;
    register int64_t x0 __asm__("x0") = a;
    register void *x1 __asm__("x1") = b;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1) : "memory");
    return x0;
}

int64_t __kernel_clock_gettime(int32_t clock, struct timespec *time)
{
    uint64_t now;
    switch (clock) {
    case REALTIME:
    case REALTIME_COARSE:
        now = since_boot() + (uint64_t)vdso_data.realtime;
        break;
    case MONOTONIC:
    case MONOTONIC_COARSE:
    case RAW:
    case BOOT:
        now = since_boot();
        break;
    default:
        return system_call(CALL_GETTIME, clock, time);
    }
    time->seconds = (int64_t)(now / NANOSECONDS);
    time->nanoseconds = (int64_t)(now % NANOSECONDS);
    return 0;
}

int64_t __kernel_clock_getres(int32_t clock, struct timespec *step)
{
    int64_t nanoseconds = 1; /* as Linux says where timers need no tick */
    switch (clock) {
    case REALTIME:
    case MONOTONIC:
    case RAW:
    case BOOT:
        break;
    case REALTIME_COARSE:
    case MONOTONIC_COARSE:
        nanoseconds = COARSE_STEP;
        break;
    default:
        return system_call(CALL_GETRES, clock, step);
    }
    if (step) {
        step->seconds = 0;
        step->nanoseconds = nanoseconds;
    }
    return 0;
}

int64_t __kernel_gettimeofday(struct timeval *time, uint64_t *zone)
{
    if (time) {
        uint64_t now = since_boot() + (uint64_t)vdso_data.realtime;
        time->seconds = (int64_t)(now / NANOSECONDS);
        time->microseconds = (int64_t)(now % NANOSECONDS / 1000);
    }
    if (zone)
        *zone = 0; /* two words of 32 bits: minutes west, kind of summer time */
    return 0;
}
