// sources: userland/lib/wired.c
// flags: -Iuserland
#include "pages.h"

static bool is_zero(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i])
            return false;
    return true;
}

TEST(memory_is_zeroed_and_aligned_at_every_size)
{
    for (size_t size = 0; size < 10000; size = size * 9 / 8 + 1) {
        char *memory = wired_alloc(size);
        CHECK(memory);
        CHECK_EQUAL((uintptr_t)memory % 16, 0);
        CHECK(is_zero(memory, size));
        memset(memory, 0xaa, size); /* dirty for whoever gets it next */
        wired_free(memory);
    }
    CHECK_EQUAL(wired_statistics().objects, 0);
}

TEST(a_large_run_goes_back_and_small_pages_stay_for_reuse)
{
    wired_free(wired_alloc(100));
    size_t before = pages_out;
    char *large = wired_alloc(100000);
    CHECK_EQUAL(pages_out, before + 25);
    wired_free(large);
    CHECK_EQUAL(pages_out, before);
    for (int i = 0; i < 1000; i++)
        wired_free(wired_alloc(100));
    CHECK_EQUAL(pages_out, before);
    CHECK_EQUAL(wired_statistics().pages, pages_out);
}

TEST(a_page_serves_another_size_when_all_its_objects_are_free)
{
    enum { MANY = 2000 };
    static void *held[MANY];
    for (int i = 0; i < MANY; i++)
        held[i] = wired_alloc(16);
    for (int i = 0; i < MANY; i++)
        wired_free(held[i]);
    size_t before = pages_out;
    for (int i = 0; i < 10; i++)
        held[i] = wired_alloc(500);
    CHECK_EQUAL(pages_out, before);
    for (int i = 0; i < 10; i++)
        wired_free(held[i]);
}

TEST(pages_that_are_free_in_numbers_are_given_back)
{
    enum { MANY = 20000 };
    static void *held[MANY];
    size_t before = pages_out;
    for (unsigned round = 0; round < 3; round++) {
        for (int i = 0; i < MANY; i++) {
            pages_fail_at = i % 5000 == 4000; /* some pages come alone */
            held[i] = wired_alloc(100 + 200 * (i % 3));
            CHECK(held[i]);
        }
        pages_fail_at = 0;
        CHECK(pages_out > before + 1000);
        for (int i = 0; i < MANY; i++) {
            int at = (int)((i * 7919L) % MANY); /* in another order */
            wired_free(held[at]);
        }
        CHECK(pages_out <= before + 64 + 16);
        CHECK_EQUAL(wired_statistics().pages, pages_out);
    }
}

TEST(resizing_keeps_contents_and_zeroes_what_is_new)
{
    char *text = wired_resize(NULL, 10);
    memcpy(text, "0123456789", 10);
    for (size_t size = 10; size < 50000; size *= 3) {
        text = wired_resize(text, size);
        CHECK(!memcmp(text, "0123456789", 10));
        CHECK(is_zero(text + 10, size - 10));
    }
    text = wired_resize(text, 4);
    CHECK(!memcmp(text, "0123", 4));
    text = wired_resize(text, 16);
    CHECK(!memcmp(text, "0123", 4) && is_zero(text + 4, 12));
    wired_free(text);
    CHECK_EQUAL(wired_statistics().objects, 0);
}

TEST(without_pages_nothing_is_given_and_nothing_is_lost)
{
    char *old = wired_alloc(8000);
    memcpy(old, "contents", 8);
    pages_fail_at = 1;
    CHECK(!wired_alloc(9000));
    pages_fail_at = 1;
    CHECK(!wired_resize(old, 90000));
    CHECK(!memcmp(old, "contents", 8));
    wired_free(old);
    CHECK_EQUAL(wired_statistics().objects, 0);
}

TEST(a_chunk_that_cannot_be_had_is_tried_page_by_page)
{
    enum { MANY = 64 * 2 };
    void *held[MANY];
    for (int i = 0; i < MANY; i++) {
        pages_fail_at = 1; /* the chunk; the single page after it succeeds */
        held[i] = wired_alloc(2016);
        CHECK(held[i]);
    }
    pages_fail_at = 0;
    for (int i = 0; i < MANY; i++)
        wired_free(held[i]);
}

TEST(absurd_sizes_are_refused)
{
    CHECK(!wired_alloc(SIZE_MAX));
    CHECK(!wired_alloc(SIZE_MAX - 64));
    CHECK(!wired_alloc_array(SIZE_MAX / 2, 3));
    CHECK(!wired_alloc_array(1ul << 32, 1ul << 32));
    CHECK(!wired_text("", SIZE_MAX));
}

TEST(random_work_never_overlaps_and_leaves_nothing)
{
    enum { SLOTS = 300 };
    static struct {
        unsigned char *memory;
        size_t size;
        unsigned char mark;
    } slots[SLOTS];
    for (int round = 0; round < 20000; round++) {
        unsigned at = (unsigned)unit_random_below(SLOTS);
        for (size_t i = 0; i < slots[at].size; i += 1 + slots[at].size / 7)
            CHECK_EQUAL(slots[at].memory[i], slots[at].mark);
        size_t size = unit_random_below(unit_random_below(8) ? 600 : 9000);
        if (unit_random_below(3)) {
            wired_free(slots[at].memory);
            slots[at].memory = wired_alloc(size);
        } else {
            slots[at].memory = wired_resize(slots[at].memory, size);
        }
        slots[at].size = size;
        slots[at].mark = (unsigned char)unit_random();
        memset(slots[at].memory, slots[at].mark, size);
    }
    for (unsigned i = 0; i < SLOTS; i++)
        wired_free(slots[i].memory), slots[i].memory = NULL, slots[i].size = 0;
    CHECK_EQUAL(wired_statistics().objects, 0);
    CHECK_EQUAL(wired_statistics().pages, pages_out);
}
