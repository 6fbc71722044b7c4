/* memory.c of lbench: system calls on anonymous memory, and its faults. */
#define _GNU_SOURCE
#include "lbench.h"

#include <sys/syscall.h>

#define SOME 64 /* pages of a mapping whose middle is looked at */

static inline void one_null_call(void)
{
    register long number __asm__("x8") = SYS_getppid;
    register long result __asm__("x0");

    __asm__ volatile("svc #0" : "=r"(result) : "r"(number) : "memory");
}

static int64_t null_call(unsigned rounds)
{
    uint64_t begin = now(), middle;

    for (unsigned i = 0; i < rounds; i++)
        one_null_call();
    middle = now();
    for (unsigned i = 0; i < rounds; i++) /* the loop itself */
        __asm__ volatile("" : : : "memory");
    return (int64_t)(2 * middle - begin - now());
}

static int64_t mmap_munmap(unsigned rounds)
{
    uint64_t begin = now();

    for (unsigned i = 0; i < rounds; i++) {
        char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (page == MAP_FAILED || munmap(page, PAGE))
            return -errno;
    }
    return (int64_t)(now() - begin);
}

/* mprotect of page `at` to read-only, which splits its mapping; put back uncounted. */
static int64_t protect(unsigned rounds, size_t at)
{
    char *area = map(SOME);
    uint64_t taken = 0;

    if (!area)
        return -errno;
    write_pages(area, SOME);
    for (unsigned i = 0; i < rounds; i++) {
        uint64_t begin = now();

        if (mprotect(area + at * PAGE, PAGE, PROT_READ))
            return -errno;
        taken += now() - begin;
        if (mprotect(area + at * PAGE, PAGE, PROT_READ | PROT_WRITE))
            return -errno;
    }
    unmap(area, SOME);
    return (int64_t)taken;
}

static int64_t protect_edge(unsigned rounds)
{
    return protect(rounds, 0);
}

static int64_t protect_middle(unsigned rounds)
{
    return protect(rounds, SOME / 2);
}

/* What `touch` takes on fresh pages whose translation table is there already. */
static int64_t first_touch(unsigned rounds, void (*touch)(volatile char *, size_t))
{
    char *area = map(rounds + 1);
    int64_t taken;

    if (!area)
        return -errno;
    write_pages(area + rounds * PAGE, 1);
    taken = faults_of(touch, area, rounds);
    unmap(area, rounds + 1);
    return taken;
}

static int64_t write_fault(unsigned rounds)
{
    return first_touch(rounds, write_pages);
}

static int64_t read_fault(unsigned rounds)
{
    return first_touch(rounds, read_pages);
}

static int64_t write_after_zero_page(unsigned rounds)
{
    char *area = map(rounds);
    int64_t taken;

    if (!area)
        return -errno;
    read_pages(area, rounds);
    taken = faults_of(write_pages, area, rounds);
    unmap(area, rounds);
    return taken;
}

static int64_t populate(unsigned rounds)
{
    uint64_t begin = now(), taken;
    char *area = mmap(NULL, rounds * PAGE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

    if (area == MAP_FAILED)
        return -errno;
    taken = now() - begin;
    unmap(area, rounds);
    return (int64_t)taken;
}

static int64_t unmap_touched(unsigned rounds)
{
    char *area = map(rounds);
    uint64_t begin;

    if (!area)
        return -errno;
    write_pages(area, rounds);
    begin = now();
    if (munmap(area, rounds * PAGE))
        return -errno;
    return (int64_t)(now() - begin);
}

/* Moves `pages` touched pages to another place and back; one round is one move. */
static int64_t move(unsigned rounds, size_t pages)
{
    char *places[2] = {map(pages), map(pages)};
    uint64_t begin, taken;

    if (!places[0] || !places[1])
        return -errno;
    write_pages(places[0], pages);
    begin = now();
    for (unsigned i = 0; i < rounds; i++)
        if (mremap(places[i % 2], pages * PAGE, pages * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
                   places[(i + 1) % 2]) == MAP_FAILED)
            return -errno;
    taken = now() - begin;
    unmap(places[0], pages);
    unmap(places[1], pages);
    return (int64_t)taken;
}

static int64_t move_one(unsigned rounds)
{
    return move(rounds, 1);
}

static int64_t move_many(unsigned rounds)
{
    return move(rounds, 256);
}

const struct row memory_rows[] = {
    {"linux_null_call", null_call, 1000},
    {"linux_mmap_munmap_empty", mmap_munmap, 200},
    {"linux_mprotect_edge", protect_edge, 200},
    {"linux_mprotect_middle", protect_middle, 200},
    {"linux_anonymous_write_fault", write_fault, 255},
    {"linux_anonymous_read_fault", read_fault, 255},
    {"linux_write_after_zero_page", write_after_zero_page, 256},
    {"linux_populate_per_page", populate, 256},
    {"linux_munmap_touched_page", unmap_touched, 256},
    {"linux_mremap_move", move_one, 100},
    {"linux_mremap_move_256_pages", move_many, 20},
    {NULL, NULL, 0},
};
