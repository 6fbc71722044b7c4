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

TEST(descriptors_are_found)
{
    CHECK(frame_of(0) == &low[0]);
    CHECK(frame_of(99) == &low[99]);
    CHECK(frame_of(0x40006) == &middle[6]);
    CHECK(frame_of(0x100031) == &high[49]);
    for (unsigned i = 0; i < 1000; i++) {
        const struct bank *bank = &banks[unit_random_below(3)];
        frame_number number = bank->first + unit_random_below(bank->count);
        CHECK(frame_of(number) == &bank->frames[number - bank->first]);
        CHECK(bank_of(number) == bank);
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

static void visit(const struct frame *head, uint64_t frames, void *context)
{
    uint64_t *seen = context;
    seen[0]++;
    seen[1] += frames;
    CHECK(head->state != FRAME_PAGE);
}

TEST(a_walk_visits_each_block_once)
{
    uint64_t seen[2] = {0};
    frame_walk(visit, seen);
    CHECK_EQUAL(seen[0], 157 - 15 - 7); /* blocks of 16 and 8 frames count once */
    CHECK_EQUAL(seen[1], 157);
}

/* Lists through descriptors of different banks, against an array. */
TEST(lists_keep_what_is_linked)
{
    static const frame_number numbers[] = {3, 0x40002, 0x100004, 50, 0x40006, 0x100009};
    enum { COUNT = sizeof numbers / sizeof numbers[0] };
    bool linked[COUNT] = {false};
    uint32_t head = 0;
    for (unsigned step = 0; step < 1000; step++) {
        unsigned pick = (unsigned)unit_random_below(COUNT), count = 0;
        if (linked[pick])
            frame_unlink(&head, frame_of(numbers[pick]));
        else
            frame_link(&head, frame_of(numbers[pick]), numbers[pick]);
        linked[pick] = !linked[pick];
        CHECK(!linked[pick] || head == numbers[pick]); /* the newest comes first */
        uint32_t previous = 0;
        for (uint32_t at = head; at; previous = at, at = frame_of(at)->next, count++) {
            CHECK_EQUAL(frame_of(at)->previous, previous);
            CHECK(count < COUNT);
        }
        for (unsigned i = 0; i < COUNT; i++)
            count -= linked[i];
        CHECK_EQUAL(count, 0);
    }
}

TEST(bounds_of_the_frame_table)
{
    CHECK_BUG(frame_add_bank(((frame_number)1 << 32) - 1, 2, high), "16 TiB");
    for (unsigned i = bank_count; i < BANKS_MAX; i++)
        frame_add_bank(0x200000 + i, 1, high);
    CHECK_BUG(frame_add_bank(0x300000, 1, high), "BANKS_MAX");
}
