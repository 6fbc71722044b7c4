// sources: userland/servers/anon/counts.c userland/lib/wired.c
// flags: -Iuserland -Iuserland/servers/anon
#include "counts.h"
#include "pages.h"

TEST(an_object_is_counted_by_its_cookie)
{
    struct counts counts;
    counts_of(7)->zeroed += 3;
    counts_of(8)->copies++;
    counts_of(7)->zeroed++;
    CHECK_EQUAL(counts_query(7, &counts), 0);
    CHECK_EQUAL(counts.zeroed, 4);
    CHECK_EQUAL(counts_query(9, &counts), -ENOENT);
    CHECK_EQUAL(counts_query(0, &counts), 0);
    CHECK(counts.zeroed == 4 && counts.copies == 1);
    CHECK_EQUAL(counts_forget(7), 0);
    CHECK_EQUAL(counts_forget(7), -ENOENT);
    CHECK_EQUAL(counts_query(0, &counts), 0);
    CHECK_EQUAL(counts.zeroed, 4);
    CHECK_EQUAL(counts_forget(8), 0);
}

TEST(random_objects_come_and_go_and_no_count_is_lost)
{
    enum { COOKIES = 500 };
    static uint64_t cookies[COOKIES], expected[COOKIES];
    struct counts counts;
    uint64_t before, sum = 0;
    counts_query(0, &counts);
    before = counts.zeroed;
    for (unsigned i = 0; i < COOKIES; i++)
        cookies[i] = unit_random_below(2) ? i + 100 : unit_random() | 1ul << 63;
    for (int round = 0; round < 50000; round++) {
        unsigned at = (unsigned)unit_random_below(COOKIES);
        if (unit_random_below(10)) {
            counts_of(cookies[at])->zeroed++;
            expected[at]++;
            sum++;
        } else {
            CHECK_EQUAL(counts_forget(cookies[at]), expected[at] ? 0 : -ENOENT);
            expected[at] = 0;
        }
    }
    for (unsigned i = 0; i < COOKIES; i++) {
        CHECK_EQUAL(counts_query(cookies[i], &counts), expected[i] ? 0 : -ENOENT);
        CHECK(!expected[i] || counts.zeroed == expected[i]);
    }
    counts_query(0, &counts);
    CHECK_EQUAL(counts.zeroed, before + sum);
}

TEST(without_memory_the_sum_still_counts)
{
    struct counts counts;
    uint64_t before;
    counts_query(0, &counts);
    before = counts.zeroed;
    for (unsigned i = 0; i < 100000; i++) {
        pages_fail_at = 1;
        counts_of(1ul << 40 | i)->zeroed++;
    }
    pages_fail_at = 0;
    counts_query(0, &counts);
    CHECK_EQUAL(counts.zeroed, before + 100000);
}
