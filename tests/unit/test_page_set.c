// sources: userland/servers/proc/files/page_set.c userland/lib/wired.c
// flags: -Iuserland -Ikernel -Iuserland/servers/proc/files
#include "page_set.h"
#include "pages.h"

/* Pages of interest: dense at the start, and around places where the tree grows. */
enum { PLACES = 600 };

static uint64_t place(unsigned i)
{
    static const uint64_t starts[] = {0, 64, 4096, 262144, 1ul << 24, 1ul << 30};
    return starts[i / 100] + i % 100 - (i >= 100 ? 50 : 0);
}

static bool model[PLACES];

static void compare(const struct page_set *set)
{
    uint64_t count = 0, seen = 0;
    for (unsigned i = 0; i < PLACES; i++) {
        bool first = i == 0 || place(i) != place(i - 1);
        if (i >= 100 && i < 200)
            continue; /* the same pages as others: see set_place */
        count += first && model[i];
        CHECK_EQUAL(page_set_has(set, place(i)), model[i]);
    }
    for (uint64_t page = page_set_next(set, 0); page != UINT64_MAX; page = page_set_next(set, page + 1)) {
        CHECK(page_set_has(set, page));
        seen++;
    }
    CHECK_EQUAL(set->count, seen);
    CHECK_EQUAL(count, seen);
}

TEST(random_pages_come_and_go_as_in_a_model)
{
    for (unsigned round = 0; round < 30; round++) {
        struct page_set set = {0};
        memset(model, 0, sizeof model);
        for (unsigned step = 0; step < 400; step++) {
            unsigned i = (unsigned)unit_random_below(PLACES);
            if (i >= 100 && i < 200)
                continue;
            if (unit_random_below(4)) {
                CHECK_EQUAL(page_set_add(&set, place(i)), 0);
                model[i] = true;
            } else {
                uint64_t end = place(i) + unit_random_below(80);
                page_set_remove(&set, place(i), end);
                for (unsigned j = 0; j < PLACES; j++)
                    if (place(j) >= place(i) && place(j) < end)
                        model[j] = false;
            }
        }
        compare(&set);
        page_set_clear(&set);
        CHECK_EQUAL(set.count, 0);
        CHECK_EQUAL(wired_statistics().objects, 0);
    }
}

TEST(the_next_page_is_found_from_anywhere)
{
    struct page_set set = {0};
    page_set_add(&set, 5);
    page_set_add(&set, 1ul << 28);
    CHECK_EQUAL(page_set_next(&set, 0), 5);
    CHECK_EQUAL(page_set_next(&set, 5), 5);
    CHECK_EQUAL(page_set_next(&set, 6), 1ul << 28);
    CHECK_EQUAL(page_set_next(&set, 1ul << 28), 1ul << 28);
    CHECK_EQUAL(page_set_next(&set, (1ul << 28) + 1), UINT64_MAX);
    CHECK_EQUAL(page_set_next(&set, UINT64_MAX - 1), UINT64_MAX);
    page_set_remove(&set, 0, 1ul << 28);
    CHECK_EQUAL(page_set_next(&set, 0), 1ul << 28);
    page_set_remove(&set, 0, UINT64_MAX);
    CHECK_EQUAL(set.count, 0);
    CHECK_EQUAL(wired_statistics().objects, 0);
}

TEST(the_last_page_there_can_be)
{
    struct page_set set = {0};
    CHECK_EQUAL(page_set_add(&set, UINT64_MAX - 1), 0);
    CHECK_EQUAL(page_set_add(&set, 0), 0);
    CHECK(page_set_has(&set, UINT64_MAX - 1));
    CHECK(!page_set_has(&set, UINT64_MAX - 2));
    CHECK_EQUAL(page_set_next(&set, 1), UINT64_MAX - 1);
    page_set_clear(&set);
    CHECK_EQUAL(wired_statistics().objects, 0);
}

TEST(without_memory_nothing_is_added)
{
    static void *all[100000];
    unsigned count = 0;
    struct page_set set = {0};
    for (; count < 100000; count++) {
        pages_fail_at = 1;
        all[count] = wired_alloc(512);
        pages_fail_at = 1;
        if (!all[count])
            break;
    }
    pages_fail_at = 1;
    CHECK_EQUAL(page_set_add(&set, 3), 0); /* takes none */
    CHECK(page_set_has(&set, 3));
    pages_fail_at = 0;
    for (unsigned i = 0; i < count; i++)
        wired_free(all[i]);
    page_set_clear(&set);
    CHECK_EQUAL(wired_statistics().objects, 0);
}
