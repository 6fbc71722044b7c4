// sources: kernel/mm/frame.c
#include "mm/frame.h"
#include "unit.h"

static struct frame low[100], middle[7], high[50];

/* Three banks in no order, with holes between them. */
TEST(banks_are_added)
{
    frame_add_bank(0x40000, 7, middle);
    frame_add_bank(0, 100, low);
    frame_add_bank(0x100000, 50, high);
    CHECK_EQUAL(bank_count, 3);
}

TEST(descriptors_are_found_and_lead_back)
{
    CHECK(frame_of(0) == &low[0]);
    CHECK(frame_of(99) == &low[99]);
    CHECK(frame_of(0x40006) == &middle[6]);
    CHECK(frame_of(0x100031) == &high[49]);
    for (unsigned i = 0; i < 1000; i++) {
        const struct bank *bank = &banks[unit_random_below(3)];
        frame_number number = bank->first + unit_random_below(bank->count);
        CHECK_EQUAL(frame_number_of(frame_of(number)), number);
    }
}

TEST(holes_have_no_descriptor)
{
    CHECK(frame_of(100) == NULL);
    CHECK(frame_of(0x3ffff) == NULL);
    CHECK(frame_of(0x40007) == NULL);
    CHECK(frame_of(0x100032) == NULL);
    CHECK(frame_of(UINT64_MAX) == NULL);
}

TEST(counting_goes_by_blocks)
{
    uint64_t counts[FRAME_STATES];
    low[16].state = FRAME_FREE;
    low[16].order = 4;
    low[17].state = FRAME_PAGE; /* left over: not looked at */
    low[32].state = FRAME_TABLE;
    high[0].state = FRAME_SLAB;
    high[0].order = 3;
    frame_count(counts);
    CHECK_EQUAL(counts[FRAME_FREE], 16);
    CHECK_EQUAL(counts[FRAME_PAGE], 0);
    CHECK_EQUAL(counts[FRAME_TABLE], 1);
    CHECK_EQUAL(counts[FRAME_SLAB], 8);
    CHECK_EQUAL(counts[FRAME_KERNEL], 157 - 25);
}

TEST(what_is_no_descriptor_is_refused)
{
    struct frame stranger;
    CHECK_BUG(frame_number_of(&stranger), "not a frame descriptor");
}

TEST(bounds_of_the_frame_table)
{
    CHECK_BUG(frame_add_bank(((frame_number)1 << 32) - 1, 2, high), "16 TiB");
    for (unsigned i = bank_count; i < BANKS_MAX; i++)
        frame_add_bank(0x200000 + i, 1, high);
    CHECK_BUG(frame_add_bank(0x300000, 1, high), "BANKS_MAX");
}
