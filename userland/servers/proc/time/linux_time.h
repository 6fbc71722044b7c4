/*
 * linux_time.h: Linux's numbers and layouts for clocks and timers: linux/time.h, linux/timex.h,
 * asm-generic/siginfo.h of Linux 6.1.
 */
#pragma once
#include "linux.h"

#define EOPNOTSUPP 95
#define ECANCELED  125

#define NANOSECONDS 1000000000UL

#define CLOCK_REALTIME         0
#define CLOCK_MONOTONIC        1
#define CLOCK_PROCESS_CPUTIME  2
#define CLOCK_THREAD_CPUTIME   3
#define CLOCK_MONOTONIC_RAW    4
#define CLOCK_REALTIME_COARSE  5
#define CLOCK_MONOTONIC_COARSE 6
#define CLOCK_BOOTTIME         7
#define CLOCK_REALTIME_ALARM   8
#define CLOCK_BOOTTIME_ALARM   9
#define CLOCK_TAI              11
/* Clocks of others: ~pid << 3, with these. */
#define CPUCLOCK_KIND   3 /* mask: */
#define CPUCLOCK_FD     3 /* … no CPU clock but an open file */
#define CPUCLOCK_THREAD 4

#define TIMER_ABSTIME 1
#define COARSE_STEP   4000000 /* ns: a tick of a kernel with HZ=250, as Debian's */
#define CLOCK_TICKS   100     /* a second: AT_CLKTCK */

struct linux_timeval {
    int64_t seconds, microseconds;
};

struct linux_itimerspec {
    struct linux_timespec interval, value;
};

struct linux_itimerval {
    struct linux_timeval interval, value;
};

struct linux_tms {
    int64_t user, system, children_user, children_system; /* in CLOCK_TICKS */
};

/* sigevent */
struct linux_sigevent {
    uint64_t value;
    int32_t signal, notify, thread, rest[11];
};
_Static_assert(sizeof(struct linux_sigevent) == 64, "asm-generic/siginfo.h");
#define SIGEV_SIGNAL    0
#define SIGEV_NONE      1
#define SIGEV_THREAD    2
#define SIGEV_THREAD_ID 4

/* struct timex of adjtimex */
struct linux_timex {
    uint32_t modes, padding;
    int64_t offset, frequency, maximum_error, estimated_error;
    int32_t status, padding2;
    int64_t constant, precision, tolerance;
    struct linux_timeval time;
    int64_t tick, pps[2];
    int32_t pps_shift, padding3;
    int64_t pps_more[5];
    int32_t tai, rest[11];
};
_Static_assert(sizeof(struct linux_timex) == 208, "linux/timex.h");
#define ADJ_OFFSET            0x0001
#define ADJ_FREQUENCY         0x0002
#define ADJ_MAXERROR          0x0004
#define ADJ_ESTERROR          0x0008
#define ADJ_STATUS            0x0010
#define ADJ_TIMECONST         0x0020
#define ADJ_TAI               0x0080
#define ADJ_SETOFFSET         0x0100
#define ADJ_NANO              0x2000
#define ADJ_TICK              0x4000
#define ADJ_OFFSET_SINGLESHOT 0x8001
#define STA_UNSYNC            0x0040
#define STA_NANO              0x2000
#define TIME_OK               0
#define TIME_ERROR            5
