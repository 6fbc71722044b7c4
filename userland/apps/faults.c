/*
 * faults [--seed N] [--rounds N]: touches random memory in random sizes, strides and
 * orders, predicts how many minor faults that must cost, and compares with getrusage.
 *
 * The prediction is a model of one page: the first read costs one fault (the shared
 * zero page), the first write costs one more, whether or not a read came before.
 * After munmap or MADV_DONTNEED a page is new again. Every page this program itself
 * needs is touched in a round that does not count, so that the model is exact.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define PAGE      4096UL
#define PAGES_MAX 512U /* of one mapping: 2 MiB */

enum { NEW, READ, WRITTEN };
static unsigned char state[PAGES_MAX]; /* of each page of the mapping */
static unsigned short order[PAGES_MAX];
static uint64_t random_state;

/* xorshift64*: any seed but 0 is good. Returns 0 .. bound-1. */
static unsigned draw(unsigned bound)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (unsigned)((random_state * 0x2545f4914f6cdd1dUL) >> 33) % bound;
}

static void make_order(unsigned pages)
{
    for (unsigned i = 0; i < pages; i++)
        order[i] = (unsigned short)i;
    switch (draw(3)) {
    case 0: /* upward */
        break;
    case 1: /* downward */
        for (unsigned i = 0; i < pages; i++)
            order[i] = (unsigned short)(pages - 1 - i);
        break;
    default: /* shuffled */
        for (unsigned i = pages; i > 1; i--) {
            unsigned j = draw(i);
            unsigned short swap = order[i - 1];
            order[i - 1] = order[j];
            order[j] = swap;
        }
    }
}

/* One pass over the mapping; returns the faults it must cost. */
static long touch(char *base, unsigned pages)
{
    unsigned stride = 1 + draw(7), writes = draw(3); /* writes: 0 none, 1 some, 2 all */
    long expected = 0;
    make_order(pages);
    for (unsigned i = 0; i < pages; i += stride) {
        unsigned page = order[i];
        volatile char *byte = base + page * PAGE + draw(PAGE);
        int write = writes == 2 || (writes == 1 && draw(2));
        int wanted = write ? WRITTEN : READ;
        if (state[page] < wanted) {
            expected++;
            state[page] = (unsigned char)wanted;
        }
        if (write)
            *byte = 1;
        else
            (void)*byte;
    }
    return expected;
}

static long minor_faults(void)
{
    static struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

/* Maps, passes over it a few times, perhaps throws the pages away between, unmaps. */
static int one_round(long *expected, long *counted)
{
    unsigned pages = 1 + draw(PAGES_MAX), passes = 1 + draw(3);
    char *base =
        mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) {
        perror("faults: mmap");
        return 0;
    }
    madvise(base, pages * PAGE, MADV_NOHUGEPAGE); /* Linux: no 2 MiB pages; elsewhere nothing */
    memset(state, NEW, sizeof state);
    for (unsigned pass = 0; pass < passes; pass++) {
        long before = minor_faults();
        *expected += touch(base, pages);
        *counted += minor_faults() - before;
        if (draw(4) == 0 && madvise(base, pages * PAGE, MADV_DONTNEED) == 0)
            memset(state, NEW, sizeof state);
    }
    if (munmap(base, pages * PAGE) != 0) {
        perror("faults: munmap");
        return 0;
    }
    return 1;
}

static unsigned long option(int argc, char **argv, const char *name, unsigned long value)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return strtoul(argv[i + 1], NULL, 0);
    return value;
}

int main(int argc, char **argv)
{
    unsigned long seed = option(argc, argv, "--seed", 1);
    unsigned long rounds = option(argc, argv, "--rounds", 40);
    long expected = 0, counted = 0;

    random_state = 88172645463325252UL; /* the round that does not count */
    memset(order, 1, sizeof order);
    for (int i = 0; i < 8; i++)
        if (!one_round(&expected, &counted))
            return 2;

    expected = counted = 0;
    random_state = seed * 0x9e3779b97f4a7c15UL + 1;
    for (unsigned long i = 0; i < rounds; i++)
        if (!one_round(&expected, &counted))
            return 2;
    printf("faults: seed %lu, %lu rounds: expected %ld, counted %ld minor faults: %s\n", seed,
           rounds, expected, counted, expected == counted ? "equal" : "DIFFERENT");
    return expected == counted ? 0 : 1;
}
