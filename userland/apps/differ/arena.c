/* arena.c of differ: the fixed range of addresses that memory steps play in, and what is
   believed of each of its pages. */
#include "differ.h"

#include <sys/mman.h>

struct page pages[ARENA_PAGES];
static unsigned short last_mapping;

struct range pick_range(unsigned most)
{
    struct range range = {pick(ARENA_PAGES), 1 + pick(most)};

    if (range.first + range.count > ARENA_PAGES)
        range.count = ARENA_PAGES - range.first;
    return range;
}

struct range pick_mapped(unsigned most)
{
    struct range range = pick_range(most);
    unsigned count = 0;

    for (unsigned i = 0; i < ARENA_PAGES && pages[range.first].rights < 0; i++)
        range.first = (range.first + 1) % ARENA_PAGES;
    while (count < range.count && range.first + count < ARENA_PAGES &&
           pages[range.first + count].rights >= 0 &&
           pages[range.first + count].mapping == pages[range.first].mapping)
        count++;
    range.count = count ? count : 1;
    return range;
}

static int seam(const struct page *left, const struct page *right)
{
    return left->rights >= 0 && left->rights == right->rights &&
           (left->mapping != right->mapping || left->kind != right->kind);
}

struct range cut_at_seam(struct range range)
{
    for (unsigned i = range.first; i + 1 < range.first + range.count; i++)
        if (seam(&pages[i], &pages[i + 1]))
            range.count = i + 1 - range.first;
    return range;
}

void say_range(struct range range)
{
    say(" %u+%u", range.first, range.count);
}

void say_rights(int rights)
{
    say(" %c%c%c", rights & PROT_READ ? 'r' : '-', rights & PROT_WRITE ? 'w' : '-',
        rights & PROT_EXEC ? 'x' : '-');
}

int pick_rights(void)
{
    static const int some[] = {PROT_READ | PROT_WRITE,
                               PROT_READ | PROT_WRITE,
                               PROT_READ | PROT_WRITE,
                               PROT_READ | PROT_WRITE,
                               PROT_READ,
                               PROT_READ,
                               PROT_NONE,
                               PROT_READ | PROT_EXEC,
                               PROT_WRITE,
                               PROT_READ | PROT_WRITE | PROT_EXEC};

    return some[pick(sizeof(some) / sizeof(some[0]))];
}

unsigned mapped_before_hole(struct range range)
{
    unsigned count = 0;

    while (count < range.count && pages[range.first + count].rights >= 0)
        count++;
    return count;
}

int may_touch(unsigned page, int need)
{
    return pages[page].rights >= 0 && (pages[page].rights & need) &&
           !(pages[page].kind & KIND_BEYOND);
}

void note_mapped(struct range range, int rights, int kind)
{
    last_mapping++;
    for (unsigned i = 0; i < range.count; i++)
        pages[range.first + i] =
            (struct page){(signed char)rights, (unsigned char)kind, last_mapping};
}

void note_unmapped(struct range range)
{
    for (unsigned i = 0; i < range.count; i++)
        pages[range.first + i] = (struct page){-1, 0, 0};
}

void note_rights(struct range range, int rights)
{
    last_mapping++;
    for (unsigned i = 0; i < range.count; i++)
        if (pages[range.first + i].rights >= 0) {
            pages[range.first + i].rights = (signed char)rights;
            pages[range.first + i].mapping = last_mapping;
        }
}

void note_kind(struct range range, int set, int clear)
{
    last_mapping++;
    for (unsigned i = 0; i < range.count; i++) {
        struct page *page = &pages[range.first + i];

        if (page->rights >= 0)
            *page = (struct page){page->rights, (unsigned char)((page->kind & ~clear) | set),
                                  last_mapping};
    }
}

/* Behind the end of a shared mapping that was made longer is nothing, or, when the mapping was
   longer once, what may be shown elsewhere by now. */
static void note_end(struct range range, unsigned old_count)
{
    for (unsigned i = old_count; i < range.count; i++)
        if (pages[range.first + i].kind & KIND_SHARED)
            pages[range.first + i].kind |= KIND_BEYOND | KIND_TWICE;
}

void note_grown(struct range range, unsigned old_count)
{
    for (unsigned i = old_count; i < range.count; i++)
        pages[range.first + i] = pages[range.first];
    note_end(range, old_count);
}

/* Shared memory that was copied to another place and stays at the old one. */
static void note_twice(struct page *copies, struct range range)
{
    for (unsigned i = 0; i < range.count; i++)
        if (copies[i].kind & KIND_SHARED)
            copies[i].kind = pages[range.first + i].kind |= KIND_TWICE;
}

void note_moved(struct range from, struct range to, int keep)
{
    struct page before[ARENA_PAGES];

    for (unsigned i = 0; i < to.count; i++)
        before[i] = pages[from.first + (i < from.count ? i : 0)];
    if (keep) { /* what stays may have become a mapping of its own */
        note_twice(before, from);
        note_kind(from, 0, 0);
    } else
        note_unmapped(from);
    last_mapping++;
    for (unsigned i = 0; i < to.count; i++) {
        pages[to.first + i] = before[i];
        pages[to.first + i].mapping = last_mapping;
    }
    note_end(to, from.count);
}
