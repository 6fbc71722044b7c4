/*
 * counts.c: an open-addressed table of counts, at most three quarters full, that
 * doubles. Removal moves later entries of a run back, so that there are no marks
 * of deleted ones and a search ends at the first empty entry (Knuth 6.4, algorithm R).
 */
#include "counts.h"
#include "lib/wired.h"
#include <stddef.h>

#define FIRST_CAPACITY 64 /* entries; a power of two */

static struct counts *table;
static size_t capacity, used;

/* Of objects forgotten, of those there was no memory for, and of cookie 0. */
static struct counts gone;
struct counts *counts_last = &gone;

/* Fibonacci hashing (Knuth 6.4): cookies are often consecutive numbers or addresses. */
static size_t home_of(uint64_t cookie)
{
    return (cookie * 0x9e3779b97f4a7c15ul) >> 32 & (capacity - 1);
}

/* The entry of a cookie, or the empty one where it would be. The table is never full. */
static struct counts *search(uint64_t cookie)
{
    size_t at = home_of(cookie);
    while (table[at].cookie && table[at].cookie != cookie)
        at = (at + 1) & (capacity - 1);
    return &table[at];
}

static int grow(void)
{
    struct counts *old = table;
    size_t old_capacity = capacity, new_capacity = capacity ? capacity * 2 : FIRST_CAPACITY;
    struct counts *bigger = wired_alloc_array(new_capacity, sizeof *bigger);
    if (!bigger)
        return -ENOMEM;
    table = bigger;
    capacity = new_capacity;
    for (size_t i = 0; i < old_capacity; i++)
        if (old[i].cookie)
            *search(old[i].cookie) = old[i];
    wired_free(old);
    counts_last = &gone; /* may have pointed into the old table */
    return 0;
}

struct counts *counts_find_or_add(uint64_t cookie)
{
    if (!cookie)
        return counts_last = &gone;
    if (capacity) {
        struct counts *found = search(cookie);
        if (found->cookie)
            return counts_last = found;
    }
    if ((used + 1) * 4 > capacity * 3 && grow())
        return &gone; /* not remembered: memory may come back */
    used++;
    counts_last = search(cookie);
    counts_last->cookie = cookie;
    return counts_last;
}

static void add(struct counts *sum, const struct counts *counts)
{
    sum->zeroed += counts->zeroed;
    sum->shared_zeros += counts->shared_zeros;
    sum->copies += counts->copies;
    sum->upgrades += counts->upgrades;
    sum->populated += counts->populated;
    sum->failed += counts->failed;
}

int counts_query(uint64_t cookie, struct counts *result)
{
    if (!cookie) {
        *result = gone;
        for (size_t i = 0; i < capacity; i++)
            add(result, &table[i]);
        return 0;
    }
    struct counts *found = capacity ? search(cookie) : &gone;
    *result = *found;
    return found->cookie ? 0 : -ENOENT;
}

int counts_forget(uint64_t cookie)
{
    if (!cookie || !capacity || !search(cookie)->cookie)
        return -ENOENT;
    struct counts *found = search(cookie);
    size_t hole = (size_t)(found - table);
    add(&gone, found);
    counts_last = &gone;
    used--;
    for (size_t at = (hole + 1) & (capacity - 1); table[at].cookie;
         at = (at + 1) & (capacity - 1)) {
        /* An entry may fill the hole unless its home lies behind the hole. */
        if (((at - home_of(table[at].cookie)) & (capacity - 1)) >= ((at - hole) & (capacity - 1))) {
            table[hole] = table[at];
            hole = at;
        }
    }
    table[hole] = (struct counts){0};
    return 0;
}
