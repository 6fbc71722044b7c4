// sources: kernel/arch/timer_hardware.c
/*
 * Conversion between counter ticks and nanoseconds, against division in 128 bits.
 */
#include "arch/timer_hardware.h"
#include "unit.h"

#define SECOND UINT64_C(1000000000)
#define YEAR   (UINT64_C(366) * 24 * 3600)

/* QEMU's cortex-a72, the Raspberry Pi 3 and 4, Arm boards, the largest and smallest reasonable, odd
 * ones. */
static const uint64_t frequencies[] = {
    62500000,   19200000, 54000000,   24000000, 25000000,
    1000000000, 1000000,  4000000000, 33333333, 999999937,
};
#define FREQUENCIES (sizeof frequencies / sizeof frequencies[0])

static uint64_t exact(uint64_t value, uint64_t from, uint64_t to)
{
    return (uint64_t)((unsigned __int128)value * to / from);
}

/* At most one below, never above. */
static void check_near(uint64_t got, uint64_t wanted)
{
    CHECK(got == wanted || got + 1 == wanted);
}

TEST(exact_where_a_tick_is_a_whole_number_of_nanoseconds)
{
    struct timer_scale scale;
    timer_scale_init(&scale, 62500000, SECOND);
    CHECK_EQUAL(timer_scale(&scale, 1), 16);
    CHECK_EQUAL(timer_scale(&scale, 62500000 * YEAR * 100), SECOND * YEAR * 100);
    timer_scale_init(&scale, SECOND, SECOND);
    CHECK_EQUAL(timer_scale(&scale, UINT64_MAX), UINT64_MAX);
    CHECK_EQUAL(timer_scale(&scale, 0), 0);
}

TEST(ticks_to_nanoseconds_for_a_century)
{
    for (size_t i = 0; i < FREQUENCIES; i++) {
        struct timer_scale scale;
        timer_scale_init(&scale, frequencies[i], SECOND);
        for (int round = 0; round < 2000; round++) {
            uint64_t ticks =
                unit_random_below(frequencies[i] * YEAR * 100) >> unit_random_below(60);
            check_near(timer_scale(&scale, ticks), exact(ticks, frequencies[i], SECOND));
        }
    }
}

TEST(nanoseconds_to_ticks_for_a_century)
{
    for (size_t i = 0; i < FREQUENCIES; i++) {
        struct timer_scale scale;
        timer_scale_init(&scale, SECOND, frequencies[i]);
        for (int round = 0; round < 2000; round++) {
            uint64_t ns = unit_random_below(SECOND * YEAR * 100) >> unit_random_below(60);
            check_near(timer_scale(&scale, ns), exact(ns, SECOND, frequencies[i]));
        }
    }
}

TEST(time_never_goes_back)
{
    for (size_t i = 0; i < FREQUENCIES; i++) {
        struct timer_scale scale;
        timer_scale_init(&scale, frequencies[i], SECOND);
        uint64_t start = unit_random_below(frequencies[i] * YEAR), last = 0;
        for (uint64_t tick = 0; tick < 2000; tick++) {
            uint64_t now = timer_scale(&scale, start + tick);
            CHECK(now >= last);
            last = now;
        }
    }
}

TEST(a_deadline_is_never_early_and_at_most_two_ticks_late)
{
    for (size_t i = 0; i < FREQUENCIES; i++) {
        struct timer_scale to_ns, to_ticks;
        timer_scale_init(&to_ns, frequencies[i], SECOND);
        timer_scale_init(&to_ticks, SECOND, frequencies[i]);
        for (int round = 0; round < 2000; round++) {
            uint64_t deadline = unit_random_below(SECOND * YEAR * 100) >> unit_random_below(60);
            uint64_t ticks = timer_ticks_at(&to_ticks, deadline);
            CHECK(timer_scale(&to_ns, ticks) >= deadline);
            if (ticks > 3)
                CHECK(timer_scale(&to_ns, ticks - 3) <= deadline);
        }
    }
}

TEST(what_does_not_fit_is_the_largest_number)
{
    struct timer_scale scale;
    timer_scale_init(&scale, 1000000, SECOND);
    CHECK_EQUAL(timer_scale(&scale, UINT64_MAX), UINT64_MAX);
    CHECK_EQUAL(timer_scale(&scale, UINT64_MAX / 1000 + 1), UINT64_MAX);
    CHECK(timer_scale(&scale, UINT64_MAX / 1000 - 1) < UINT64_MAX);
    timer_scale_init(&scale, SECOND, 4000000000);
    CHECK_EQUAL(timer_ticks_at(&scale, UINT64_MAX), UINT64_MAX);
    timer_scale_init(&scale, SECOND, SECOND);
    CHECK_EQUAL(timer_ticks_at(&scale, UINT64_MAX - 1), UINT64_MAX);
}
