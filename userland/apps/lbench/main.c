/*
 * main.c of lbench: guest instructions per operation, as an unmodified Linux program sees
 * them, on Linux and on Pagoda alike. Meant for an emulator that counts one instruction as
 * one nanosecond (`tools/pagoda linux --icount`, `tools/pagoda run --icount`). Prints
 * `bench NAME VALUE` for each row, or `skip NAME: REASON`.
 *
 *     lbench [NAME…]     these rows alone
 */
#define _GNU_SOURCE
#include "lbench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SAMPLES     7
#define CALIBRATION 20000000 /* instructions */
#define LOOP_LENGTH 2

const char *own_path;

static const struct row *const tables[] = {memory_rows, file_rows, process_rows,
                                           talk_rows,   trap_rows, card_rows};

char *map(size_t pages)
{
    char *area =
        mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (area == MAP_FAILED)
        return NULL;
    madvise(area, pages * PAGE, MADV_NOHUGEPAGE); /* unknown advice does no harm */
    return area;
}

/* Instructions per microsecond of the counter: 1000 when one is one nanosecond. */
static uint64_t calibrate(void)
{
    uint64_t left = CALIBRATION / LOOP_LENGTH, begin = now();

    __asm__ volatile("1: subs %0, %0, #1\n b.ne 1b" : "+r"(left) : : "cc");
    return CALIBRATION * 1000ULL / (now() - begin);
}

static int compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

    return (a > b) - (a < b);
}

/* Median of the samples, after one that only warms up. */
static int64_t median(const struct row *row)
{
    int64_t samples[SAMPLES];

    for (int i = -1; i < SAMPLES; i++) {
        int64_t taken = row->measure(row->rounds);

        if (taken < 0)
            return taken;
        if (i >= 0)
            samples[i] = taken;
    }
    qsort(samples, SAMPLES, sizeof(samples[0]), compare);
    return samples[SAMPLES / 2];
}

static int wanted(const char *name, int count, char **names)
{
    for (int i = 0; i < count; i++)
        if (!strcmp(name, names[i]))
            return 1;
    return !count;
}

static void show(const struct row *row, uint64_t per_microsecond)
{
    int64_t taken = median(row);

    if (taken < 0)
        printf("skip %s: %s\n", row->name, strerror((int)-taken));
    else
        printf("bench %s %llu\n", row->name,
               (unsigned long long)((uint64_t)taken * per_microsecond / 1000 / row->rounds));
    fflush(stdout);
}

int main(int argc, char **argv)
{
    uint64_t per_microsecond;

    if (argc > 1 && !strcmp(argv[1], "--exit"))
        _exit(0); /* what the exec rows start */
    own_path = argv[0];
    calibrate();
    per_microsecond = calibrate();
    printf("calibration %llu instructions per microsecond\n", (unsigned long long)per_microsecond);
    fflush(stdout);
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        for (const struct row *row = tables[i]; row->name; row++)
            if (wanted(row->name, argc - 1, argv + 1))
                show(row, per_microsecond);
    return 0;
}
