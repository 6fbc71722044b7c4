/*
 * lbench.h: what the rows of lbench share.
 *
 * A row is a function that does an operation `rounds` times and returns what that took, in
 * nanoseconds of the virtual counter, or -errno when this system cannot do it. Whatever
 * else it needs (mappings, children) it makes and removes outside of the time it counts.
 */
#ifndef LBENCH_H
#define LBENCH_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#define PAGE 4096UL

struct row {
    const char *name;
    int64_t (*measure)(unsigned rounds);
    unsigned rounds;
};

/* Each ends with an entry whose name is NULL. */
extern const struct row memory_rows[], file_rows[], process_rows[], trap_rows[], talk_rows[],
    card_rows[];

extern const char *own_path; /* this program's file */

/* The virtual counter, in ns. Its steps may be 16 ns: measure many rounds. */
static inline uint64_t now(void)
{
    uint64_t count, frequency;

    __asm__ volatile("isb\n mrs %0, cntvct_el0\n mrs %1, cntfrq_el0"
                     : "=r"(count), "=r"(frequency)
                     :
                     : "memory");
    return count * (1000000000 / frequency);
}

/* Anonymous private memory, readable and writable, in pages of 4 KiB; NULL: errno says why. */
char *map(size_t pages);

static inline void unmap(void *area, size_t pages)
{
    munmap(area, pages * PAGE);
}

/* One store to each of `pages` pages. */
static inline void write_pages(volatile char *area, size_t pages)
{
    for (size_t i = 0; i < pages; i++)
        area[i * PAGE] = 1;
}

static inline void read_pages(volatile char *area, size_t pages)
{
    for (size_t i = 0; i < pages; i++)
        (void)area[i * PAGE];
}

/* What `touch` takes on pages that it has to fault in, without the loop itself: a second time
   on the same pages, now there, is taken off. */
static inline int64_t faults_of(void (*touch)(volatile char *, size_t), volatile char *area,
                                size_t pages)
{
    uint64_t begin = now(), middle, end;

    touch(area, pages);
    middle = now();
    touch(area, pages);
    end = now();
    return (int64_t)(middle - begin) - (int64_t)(end - middle);
}

#endif
