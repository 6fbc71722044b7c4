/* mapping.c of differ: mmap, munmap, mprotect, mremap, brk. */
#define _GNU_SOURCE
#include "differ.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Where the system put something: where it was asked to, or somewhere else, never where. */
static void say_place(const char *got, const char *asked)
{
    if (got == MAP_FAILED)
        say(" = %s", error_name(errno));
    else
        say(got == asked ? " = there" : " = elsewhere");
}

static void step_mmap(void)
{
    static const int how[] = {MAP_FIXED, MAP_FIXED, MAP_FIXED, MAP_FIXED_NOREPLACE, 0};
    struct range range = pick_range(32);
    int rights = pick_rights(), place = how[pick(5)], shared = chance(35);
    int flags = MAP_ANONYMOUS | place | (shared ? MAP_SHARED : MAP_PRIVATE);
    char *got;

    if (chance(15))
        flags |= MAP_NORESERVE;
    if (chance(20))
        flags |= MAP_POPULATE;
    if (chance(5))
        flags |= MAP_LOCKED;
    say_range(range);
    say_rights(rights);
    say(" flags %x", (unsigned)flags);
    got = mmap(address_of(range), range.count * PAGE, rights, flags, -1, 0);
    say_place(got, address_of(range));
    if (got == MAP_FAILED)
        return;
    if (got != address_of(range)) {
        say(" sum %08x", rights & PROT_READ ? sum_of(got, range.count) : 0);
        say_result(munmap(got, range.count * PAGE));
        return;
    }
    note_mapped(range, rights, (shared ? KIND_SHARED : 0) | (flags & MAP_LOCKED ? KIND_LOCKED : 0));
    say_sum(range);
}

static void step_mmap_wrong(void)
{
    static const struct {
        uintptr_t address;
        size_t length;
        int rights, flags, file;
    } wrong[] = {
        {0x100000000, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1},
        {0x100000001, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1},
        {0x100000000, PAGE, PROT_READ, MAP_ANONYMOUS | MAP_FIXED, -1},
        {0x100000000, PAGE, PROT_READ, MAP_SHARED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1},
        {0x100000000, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, -1},
        {0x100000000, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, 999},
        {0x100000000, ~0UL, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1},
        {0x100000000, 1UL << 50, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1},
        {0x1000000000000, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1},
        {0xffff000000000000, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1},
        {0xfffffffff000, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1},
    };
    unsigned i = pick(sizeof(wrong) / sizeof(wrong[0]));
    void *got = mmap((void *)wrong[i].address, wrong[i].length, wrong[i].rights, wrong[i].flags,
                     wrong[i].file, 0);

    say(" case %u", i);
    say_place(got, (char *)wrong[i].address);
    if (got != MAP_FAILED)
        munmap(got, wrong[i].length);
}

static void step_munmap(void)
{
    struct range range = chance(50) ? pick_mapped(12) : pick_range(12);

    say_range(range);
    if (!say_result(munmap(address_of(range), range.count * PAGE)))
        note_unmapped(range);
}

static void step_munmap_wrong(void)
{
    static const struct {
        uintptr_t address;
        size_t length;
    } wrong[] = {{0x100000000, 0},
                 {0x100000800, PAGE},
                 {0x100000000, ~0UL},
                 {0xffff000000000000, PAGE},
                 {0xfffffffff000, 2 * PAGE}};
    unsigned i = pick(sizeof(wrong) / sizeof(wrong[0]));

    say(" case %u", i);
    say_result(munmap((void *)wrong[i].address, wrong[i].length));
}

static void step_mprotect(void)
{
    struct range range = chance(80) ? pick_mapped(12) : pick_range(20), changed = range;
    int rights = pick_rights();

    say_range(range);
    say_rights(rights);
    say_result(mprotect(address_of(range), range.count * PAGE, rights));
    changed.count = mapped_before_hole(range); /* it stops at a hole, and what was done stays */
    note_rights(changed, rights);
    say_sum(range);
}

static void step_mprotect_wrong(void)
{
    static const struct {
        uintptr_t address;
        size_t length;
        int rights;
    } wrong[] = {{0x100000001, PAGE, PROT_READ},
                 {0x100000000, 0, PROT_READ},
                 {0x100000000, ~0UL - PAGE, PROT_READ},
                 {0x100000000, PAGE, 0x70},
                 {0x100000000, PAGE, PROT_GROWSDOWN | PROT_GROWSUP},
                 {0xffff000000000000, PAGE, PROT_READ}};
    unsigned i = pick(sizeof(wrong) / sizeof(wrong[0]));

    say(" case %u", i);
    say_result(mprotect((void *)wrong[i].address, wrong[i].length, wrong[i].rights));
}

/* mremap that changes the size, and may move when `move`. */
static void step_resize(void)
{
    struct range old = cut_at_seam(chance(90) ? pick_mapped(16) : pick_range(16)), new = old;
    int move = chance(40);
    char *got;

    new.count = 1 + pick(24);
    if (new.first + new.count > ARENA_PAGES)
        new.count = ARENA_PAGES - new.first;
    say_range(old);
    say(" to %u%s", new.count, move ? " may move" : "");
    got = mremap(address_of(old), old.count * PAGE, new.count *PAGE, move ? MREMAP_MAYMOVE : 0);
    say_place(got, address_of(old));
    if (got == MAP_FAILED)
        return;
    if (got != address_of(old)) {
        int readable = pages[old.first].rights > 0;

        note_unmapped(old);
        say(" sum %08x", readable ? sum_of(got, new.count) : 0);
        say_result(munmap(got, new.count *PAGE));
        return;
    }
    if (new.count > old.count)
        note_grown(new, old.count);
    else if (new.count < old.count)
        note_unmapped((struct range){new.first + new.count, old.count - new.count});
    say_sum(new);
}

/* What a failed move has done all the same: first the target goes, then the old tail. */
static void note_failed_move(struct range old, struct range new)
{
    if (errno == EINVAL || (pages[old.first].rights < 0 && errno == EFAULT))
        return; /* refused before anything happened */
    note_unmapped(new);
    if (old.count > new.count)
        note_unmapped((struct range){old.first + new.count, old.count - new.count});
}

static void step_move(void)
{
    struct range old = cut_at_seam(chance(90) ? pick_mapped(16) : pick_range(16)),
                 new = pick_range(16);
    int keep = chance(15), flags = MREMAP_MAYMOVE | MREMAP_FIXED | (keep ? MREMAP_DONTUNMAP : 0);
    char *got;

    if (chance(60) && old.first + old.count <= ARENA_PAGES)
        new.count = old.count;
    if (new.first + new.count > ARENA_PAGES)
        new.first = ARENA_PAGES - new.count;
    say_range(old);
    say(" to");
    say_range(new);
    say(keep ? " keep" : "");
    got = mremap(address_of(old), old.count * PAGE, new.count *PAGE, flags, address_of(new));
    say_place(got, address_of(new));
    if (got == MAP_FAILED) {
        note_failed_move(old, new);
    } else {
        note_moved(old, new, keep);
        say_sum(old);
    }
    say_sum(new);
}

static void step_mremap_wrong(void)
{
    static const struct {
        uintptr_t address;
        size_t old, new;
        int flags;
        uintptr_t target;
    } wrong[] = {{0x100000001, PAGE, PAGE, 0, 0},
                 {0x100000000, PAGE, 0, 0, 0},
                 {0x100000000, PAGE, PAGE, 0x80, 0},
                 {0x100000000, PAGE, PAGE, MREMAP_FIXED, 0x100010000},
                 {0x100000000, PAGE, PAGE, MREMAP_FIXED | MREMAP_MAYMOVE, 0x100010001},
                 {0x100000000, 2 * PAGE, 2 * PAGE, MREMAP_FIXED | MREMAP_MAYMOVE, 0x100001000},
                 {0x100000000, PAGE, PAGE, MREMAP_FIXED | MREMAP_MAYMOVE, 0xffff000000000000},
                 {0x100000000, PAGE, 2 * PAGE, MREMAP_DONTUNMAP | MREMAP_MAYMOVE, 0},
                 {0x13f000000, PAGE, 2 * PAGE, MREMAP_MAYMOVE, 0}};
    unsigned i = pick(sizeof(wrong) / sizeof(wrong[0]));
    void *got = mremap((void *)wrong[i].address, wrong[i].old, wrong[i].new, wrong[i].flags,
                       wrong[i].target);

    say(" case %u", i);
    say_place(got, (char *)wrong[i].address);
}

/* The heap's end, in bytes from where it was at the first step; the library has no heap. */
static void step_brk(void)
{
    static char *base;
    static size_t size;
    size_t wanted = pick(40) * PAGE + (chance(50) ? pick(4096) : 0), end;
    char *got;

    if (!base)
        base = (char *)(((uintptr_t)syscall(SYS_brk, 0) + PAGE - 1) & ~(PAGE - 1));
    got = (char *)syscall(SYS_brk, base + wanted);
    say(" to %zu = %zd", wanted, got - base);
    if (got != base + wanted)
        return;
    end = wanted / PAGE;
    if (end > size / PAGE)
        say(" new sum %08x",
            sum_of(base + (size + PAGE - 1) / PAGE * PAGE, end - (size + PAGE - 1) / PAGE));
    say(" sum %08x", sum_of(base, end));
    for (size_t i = 0; i < end; i++)
        base[i * PAGE] = (char)(wanted + i);
    size = wanted;
}

const struct step mapping_steps[] = {
    {"mmap", step_mmap, 30, MEMORY},
    {"mmap-wrong", step_mmap_wrong, 3, MEMORY},
    {"munmap", step_munmap, 10, MEMORY},
    {"munmap-wrong", step_munmap_wrong, 2, MEMORY},
    {"mprotect", step_mprotect, 15, MEMORY},
    {"mprotect-wrong", step_mprotect_wrong, 2, MEMORY},
    {"mremap-size", step_resize, 10, MEMORY},
    {"mremap-move", step_move, 12, MEMORY},
    {"mremap-wrong", step_mremap_wrong, 3, MEMORY},
    {"brk", step_brk, 4, MEMORY},
    {NULL, NULL, 0, MEMORY},
};
