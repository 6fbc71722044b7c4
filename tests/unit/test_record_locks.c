// sources: userland/servers/proc/files/record_locks.c userland/lib/wired.c
// flags: -Iuserland -Ikernel -Iuserland/servers/proc/files
#include "pages.h"
#include "record_locks.h"

enum { BYTES = 40, OWNERS = 3 };

static char owners[OWNERS];             /* only their addresses count */
static char held[OWNERS][BYTES];        /* 0 no, 'r' for reading, 'w' for writing */

static struct lock lock(unsigned owner, unsigned start, unsigned end, bool write)
{
    return (struct lock){.owner = &owners[owner], .start = start, .end = end, .pid = owner,
                         .kind = owner == 2 ? LOCK_OPEN_FILE : LOCK_POSIX, .write = write};
}

static bool forbidden(const struct lock *wanted)
{
    for (unsigned owner = 0; owner < OWNERS; owner++)
        for (uint64_t i = wanted->start; i <= wanted->end && i < BYTES; i++)
            if (wanted->owner != &owners[owner] && held[owner][i] &&
                (wanted->write || held[owner][i] == 'w'))
                return true;
    return false;
}

/* The list says byte by byte what the model says, and the ranges are as long as they can be. */
static void compare(const struct lock_list *list)
{
    char listed[OWNERS][BYTES];
    unsigned ranges = 0, expected = 0;
    memset(listed, 0, sizeof listed);
    for (const struct lock *at = list->first; at; at = at->next) {
        unsigned owner = (unsigned)((const char *)at->owner - owners);
        CHECK(at->start <= at->end && at->end < BYTES);
        for (uint64_t i = at->start; i <= at->end; i++) {
            CHECK_EQUAL(listed[owner][i], 0);
            listed[owner][i] = at->write ? 'w' : 'r';
        }
        ranges++;
    }
    CHECK(!memcmp(listed, held, sizeof held));
    for (unsigned owner = 0; owner < OWNERS; owner++)
        for (unsigned i = 0; i < BYTES; i++)
            expected += held[owner][i] && (i == 0 || held[owner][i - 1] != held[owner][i]);
    CHECK_EQUAL(ranges, expected);
}

TEST(ranges_replace_split_and_join_as_in_a_model)
{
    for (unsigned round = 0; round < 200; round++) {
        struct lock_list list = {NULL};
        memset(held, 0, sizeof held);
        for (unsigned step = 0; step < 60; step++) {
            unsigned owner = (unsigned)unit_random_below(OWNERS);
            unsigned start = (unsigned)unit_random_below(BYTES);
            unsigned end = start + (unsigned)unit_random_below(BYTES - start);
            bool unlock = unit_random_below(4) == 0;
            struct lock wanted = lock(owner, start, end, unit_random_below(2));
            const struct lock *conflict = unlock ? NULL : lock_conflict(&list, &wanted);
            if (!unlock)
                CHECK_EQUAL(conflict != NULL, forbidden(&wanted));
            if (conflict)
                continue;
            CHECK_EQUAL(lock_set(&list, &wanted, unlock), 0);
            memset(&held[owner][start], unlock ? 0 : wanted.write ? 'w' : 'r', end - start + 1);
            compare(&list);
        }
        for (unsigned owner = 0; owner < OWNERS; owner++) {
            lock_drop_owner(&list, &owners[owner]);
            memset(held[owner], 0, BYTES);
            compare(&list);
        }
        CHECK_EQUAL(wired_statistics().objects, 0);
    }
}

TEST(a_range_to_the_end_has_no_byte_after_it)
{
    struct lock_list list = {NULL};
    struct lock all = lock(0, 5, 5, true), one = lock(1, 7, 7, false), below = lock(1, 0, 4, true);
    all.end = UINT64_MAX;
    CHECK_EQUAL(lock_set(&list, &all, false), 0);
    one.start = one.end = UINT64_MAX;
    CHECK(lock_conflict(&list, &one));
    CHECK(!lock_conflict(&list, &below));
    all.start = 0;
    CHECK_EQUAL(lock_set(&list, &all, false), 0); /* joined: one range from 0 on */
    CHECK(!list.first->next && list.first->start == 0 && list.first->end == UINT64_MAX);
    all.start = 10, all.end = 19;
    CHECK_EQUAL(lock_set(&list, &all, true), 0);
    one.start = one.end = 15;
    CHECK(!lock_conflict(&list, &one));
    CHECK(lock_drop_owner(&list, &owners[0]));
    CHECK(!lock_drop_owner(&list, &owners[0]));
    CHECK_EQUAL(wired_statistics().objects, 0);
}

TEST(flock_and_fcntl_do_not_see_each_other)
{
    struct lock_list list = {NULL};
    struct lock whole = lock(0, 0, 0, true), record = lock(1, 0, 9, true);
    whole.kind = LOCK_WHOLE;
    whole.end = UINT64_MAX;
    CHECK_EQUAL(lock_set(&list, &whole, false), 0);
    CHECK(!lock_conflict(&list, &record));
    whole.owner = &owners[2];
    CHECK(lock_conflict(&list, &whole));
    lock_drop_owner(&list, &owners[0]);
}
