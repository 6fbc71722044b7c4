/* memory.c of differ: writing and reading the arena, counting its faults, advice, locks. */
#define _GNU_SOURCE
#include "differ.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ /* younger than the library */
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif

static void step_write(void)
{
    struct range range = pick_mapped(24);

    say_range(range);
    say(" %u written", fill(range, pick_word()));
    say_sum(range);
}

static void step_sum(void)
{
    struct range range = chance(20) ? (struct range){0, ARENA_PAGES} : pick_range(48);

    say_range(range);
    say_sum(range);
}

static long minor_faults(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

/* Faults that touching each page that may be touched costs. Writing shared memory that was only
   read is left out: Linux takes a fault then to note that the page is no longer clean, on a CPU
   that does not note it by itself; so this is a matter of the CPU, not of the program. */
static long touch(struct range range, int need, int writing)
{
    long before;

    minor_faults(); /* the stack and the library's own pages */
    before = minor_faults();
    for (unsigned i = range.first; i < range.first + range.count; i++) {
        volatile char *page = ARENA + i * PAGE + 8; /* beside the words that are summed up */

        if (!may_touch(i, need) || (writing && pages[i].kind & KIND_SHARED))
            continue;
        if (writing)
            *page = (char)i;
        else
            (void)*page;
    }
    return minor_faults() - before;
}

static void step_faults(void)
{
    struct range range = pick_mapped(32);

    say_range(range);
    say(pages[range.first].rights >= 0 && pages[range.first].kind & KIND_SHARED ? " shared" : "");
    if (chance(60))
        say(" reading %ld", touch(range, PROT_READ, 0));
    if (chance(70))
        say(" writing %ld", touch(range, PROT_WRITE, 1));
    say(" again %ld", touch(range, PROT_READ, 0));
}

static const struct {
    int advice;
    const char *name;
    int set, clear; /* what it does to KIND_ADVISED */
} advices[] = {
    {MADV_DONTNEED, "DONTNEED", 0, 0},
    {MADV_DONTNEED, "DONTNEED", 0, 0},
    {MADV_DONTNEED, "DONTNEED", 0, 0},
    {MADV_WILLNEED, "WILLNEED", 0, 0},
    {MADV_POPULATE_READ, "POPULATE_READ", 0, 0},
    {MADV_POPULATE_WRITE, "POPULATE_WRITE", 0, 0},
    {MADV_NORMAL, "NORMAL", 0, 0},
    {MADV_RANDOM, "RANDOM", KIND_ADVISED, 0},
    {MADV_SEQUENTIAL, "SEQUENTIAL", KIND_ADVISED, 0},
    {MADV_DONTFORK, "DONTFORK", KIND_ADVISED | KIND_NOT_FORKED, 0},
    {MADV_DOFORK, "DOFORK", 0, KIND_NOT_FORKED},
    {MADV_WIPEONFORK, "WIPEONFORK", KIND_ADVISED, 0},
    {MADV_KEEPONFORK, "KEEPONFORK", 0, 0},
    {MADV_DONTDUMP, "DONTDUMP", KIND_ADVISED, 0},
    {MADV_DODUMP, "DODUMP", 0, 0},
    {MADV_COLD, "COLD", 0, 0},
    {1234, "1234", 0, 0},
    {MADV_REMOVE, "REMOVE", 0, 0},
};

static void step_madvise(void)
{
    struct range range = chance(85) ? pick_mapped(16) : pick_range(16);
    unsigned i = pick(sizeof(advices) / sizeof(advices[0]));

    /* Linux went on behind a hole until 6.10, and stops there since. */
    if (advices[i].advice == MADV_POPULATE_READ || advices[i].advice == MADV_POPULATE_WRITE)
        range.count = mapped_before_hole(range) ? mapped_before_hole(range) : 1;
    say_range(range);
    say(" %s", advices[i].name);
    say_result(madvise(address_of(range), range.count * PAGE, advices[i].advice));
    note_kind(range, advices[i].set, advices[i].clear);
    say_sum(range);
}

static int all_writable(struct range range)
{
    for (unsigned i = range.first; i < range.first + range.count; i++)
        if (pages[i].rights < 0 || !(pages[i].rights & PROT_WRITE))
            return 0;
    return 1;
}

/* Pages that are given up may keep what they have for a while or not: all that is ever
   looked at is written anew. */
static void step_free(void)
{
    struct range range = pick_mapped(16);

    say_range(range);
    if (!all_writable(range)) {
        say(" not writable");
        return;
    }
    say_result(madvise(address_of(range), range.count * PAGE, MADV_FREE));
    fill(range, pick_word());
    say_sum(range);
}

static void step_madvise_wrong(void)
{
    static const struct {
        uintptr_t address;
        size_t length;
        int advice;
    } wrong[] = {{0x100000001, PAGE, MADV_DONTNEED},
                 {0x100000000, 0, MADV_DONTNEED},
                 {0x100000000, 0, 1234},
                 {0x100000000, ~0UL, MADV_DONTNEED},
                 {0x13f000000, PAGE, MADV_DONTNEED},
                 {0x13f000000, PAGE, MADV_WILLNEED}};
    unsigned i = pick(sizeof(wrong) / sizeof(wrong[0]));

    say(" case %u", i);
    say_result(madvise((void *)wrong[i].address, wrong[i].length, wrong[i].advice));
}

/* Not of a file's pages: what was never written may be there all the same. */
static void step_mincore(void)
{
    struct range range = chance(85) ? pick_mapped(40) : pick_range(40);
    unsigned char present[ARENA_PAGES];
    char text[ARENA_PAGES + 1];
    long result;

    say_range(range);
    result = say_result(mincore(address_of(range), range.count * PAGE, present));
    if (result)
        return;
    for (unsigned i = 0; i < range.count; i++)
        text[i] = pages[range.first + i].kind & KIND_BEYOND ? '-' : present[i] & 1 ? '1' : '0';
    text[range.count] = '\0';
    say(" %s", text);
}

static void step_mincore_wrong(void)
{
    unsigned char present;
    unsigned which = pick(4);

    say(" case %u", which);
    say_result(which == 0   ? mincore(ARENA + 1, PAGE, &present)
               : which == 1 ? mincore(ARENA, ~0UL, &present)
               : which == 2 ? mincore(ARENA, 0, &present)
                            : mincore(ARENA - PAGE, PAGE, &present));
}

static void step_mlock(void)
{
    struct range range = chance(85) ? pick_mapped(8) : pick_range(8), changed = range;
    unsigned how = pick(5);
    long result;

    say_range(range);
    changed.count = mapped_before_hole(range);
    if (how < 2) {
        say(how ? " on fault" : "");
        result = syscall(SYS_mlock2, address_of(range), range.count * PAGE, how);
        note_kind(changed, KIND_LOCKED, 0);
    } else {
        say(" unlock");
        result = munlock(address_of(range), range.count * PAGE);
        note_kind(changed, 0, KIND_LOCKED);
    }
    say_result(result);
    say_sum(range);
}

static void step_msync(void)
{
    static const int how[] = {MS_SYNC, MS_ASYNC, MS_INVALIDATE, MS_SYNC | MS_ASYNC, 64};
    struct range range = chance(70) ? pick_mapped(8) : pick_range(8);
    unsigned i = pick(5), odd = chance(10);

    say_range(range);
    say(" flags %d%s", how[i], odd ? " odd" : "");
    say_result(msync(address_of(range) + odd, range.count * PAGE, how[i]));
}

const struct step memory_steps[] = {
    {"write", step_write, 30, MEMORY},
    {"sum", step_sum, 8, MEMORY},
    {"faults", step_faults, 15, MEMORY},
    {"madvise", step_madvise, 16, MEMORY},
    {"madvise-free", step_free, 2, MEMORY},
    {"madvise-wrong", step_madvise_wrong, 2, MEMORY},
    {"mincore", step_mincore, 5, MEMORY},
    {"mincore-wrong", step_mincore_wrong, 1, MEMORY},
    {"mlock", step_mlock, 6, MEMORY},
    {"msync", step_msync, 2, MEMORY},
    {NULL, NULL, 0, MEMORY},
};
