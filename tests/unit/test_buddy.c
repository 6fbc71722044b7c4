// sources: kernel/mm/frame.c
/* The allocator is included, not linked, so that each test can start it afresh. */
#include "mm/buddy.c"
#include "unit.h"
#include <stdlib.h>
#include <string.h>

#define HELD_MAX 6000

/* ---- The memory of a test, and a model of it: one byte for each frame ---- */

enum { MODEL_KERNEL, MODEL_FREE, MODEL_USED, MODEL_ELSEWHERE /* free, in another CPU's cache */ };

struct model_bank {
    frame_number first, count;
    struct frame *frames;
    uint8_t *state;
};
static struct model_bank memory[4];
static unsigned memory_count;
static frame_number linear_end;

static void reset(frame_number linear)
{
    while (memory_count) {
        free(memory[--memory_count].frames);
        free(memory[memory_count].state);
    }
    memset(zones, 0, sizeof zones);
    memset(cpus, 0, sizeof cpus);
    fail_at = 0;
    bank_count = 0;
    bank_last_hit = &banks[0];
    banks[0].count = 0;
    linear_end = linear;
}

static void add_bank(frame_number first, frame_number count)
{
    struct model_bank *bank = &memory[memory_count++];
    *bank =
        (struct model_bank){first, count, calloc(count, sizeof(struct frame)), calloc(count, 1)};
    frame_add_bank(first, count, bank->frames);
}

static uint8_t *model_of(frame_number number)
{
    for (unsigned i = 0; i < memory_count; i++)
        if (number - memory[i].first < memory[i].count)
            return &memory[i].state[number - memory[i].first];
    return NULL;
}

static void model_set(frame_number first, frame_number count, uint8_t from, uint8_t to)
{
    for (frame_number number = first; number < first + count; number++) {
        uint8_t *state = model_of(number);
        CHECK(state && *state == from);
        *state = to;
    }
}

static void give(frame_number first, frame_number count)
{
    buddy_free_range(first, count);
    if (first == 0)
        first++, count--;
    model_set(first, count, MODEL_KERNEL, MODEL_FREE);
}

/* What an address can do, said anew. */
static enum zone model_zone(frame_number number)
{
    if (number >= linear_end)
        return ZONE_HIGH;
    return number < 0x40000 ? ZONE_DMA : ZONE_LINEAR;
}

static bool zone_allowed(enum zone zone, enum frame_use use)
{
    return use == USE_PAGE || zone == ZONE_DMA || (use == USE_KERNEL && zone == ZONE_LINEAR);
}

/* Frames in other CPUs' caches become ELSEWHERE, or free again. */
static void model_hide(bool hide)
{
    for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++)
        for (unsigned zone = 0; zone < ZONES && cpu != stub_cpu; zone++)
            for (struct frame *at = cpus[cpu].caches.of[zone].first; at; at = at->below)
                model_set(at->number, 1, hide ? MODEL_FREE : MODEL_ELSEWHERE,
                          hide ? MODEL_ELSEWHERE : MODEL_FREE);
}

static bool model_block_free(frame_number first, unsigned order)
{
    for (frame_number number = first; number < first + (1u << order); number++) {
        uint8_t *state = model_of(number);
        if (!state || *state != MODEL_FREE || model_zone(number) != model_zone(first))
            return false;
    }
    return true;
}

/* Free blocks of each zone when everything that can be merged is: found from the model alone. */
static void model_blocks(uint64_t blocks[ZONES][ORDERS])
{
    memset(blocks, 0, sizeof(uint64_t[ZONES][ORDERS]));
    for (unsigned i = 0; i < memory_count; i++) {
        frame_number number = memory[i].first, end = number + memory[i].count;
        while (number < end) {
            if (*model_of(number) != MODEL_FREE) {
                number++;
                continue;
            }
            unsigned order = ORDERS - 1;
            while (number & ((1u << order) - 1) || number + (1u << order) > end ||
                   !model_block_free(number, order))
                order--;
            blocks[model_zone(number)][order]++;
            number += 1u << order;
        }
    }
}

/* Free blocks as the allocator has them. */
static uint64_t free_blocks(unsigned zone, unsigned order)
{
    uint64_t blocks = 0;
    for (uint32_t at = zones[zone].heads[order]; at; at = frame_of(at)->next) {
        CHECK(frame_of(at)->state == FRAME_FREE && frame_of(at)->order == order);
        blocks++;
    }
    return blocks;
}

static void drain_all(void)
{
    unsigned cpu = stub_cpu;
    for (stub_cpu = 0; stub_cpu < CPUS_MAX; stub_cpu++)
        buddy_drain();
    stub_cpu = cpu;
}

static uint64_t model_count(uint8_t state)
{
    uint64_t count = 0;
    for (unsigned i = 0; i < memory_count; i++)
        for (frame_number at = 0; at < memory[i].count; at++)
            count += memory[i].state[at] == state;
    return count;
}

/* ---- Comparing ---- */

/* Behind the head of a block every descriptor is in no state: that is what finds a double free. */
static void check_only_heads_marked(void)
{
    for (unsigned i = 0; i < memory_count; i++) {
        frame_number at = 0;
        while (at < memory[i].count) {
            frame_number end = at + frame_block_size(&memory[i].frames[at]);
            for (at++; at < end; at++)
                CHECK_EQUAL(memory[i].frames[at].state, FRAME_KERNEL);
        }
    }
}

static void check_counts(void)
{
    uint64_t counts[FRAME_STATES];
    frame_count(counts);
    CHECK_EQUAL(buddy_free_frames(), model_count(MODEL_FREE));
    CHECK_EQUAL(counts[FRAME_FREE] + counts[FRAME_CACHED], model_count(MODEL_FREE));
    CHECK_EQUAL(counts[FRAME_RAW], model_count(MODEL_USED));
    CHECK_EQUAL(counts[FRAME_KERNEL], model_count(MODEL_KERNEL));
    check_only_heads_marked();
}

static void check_coalesced(void)
{
    uint64_t expected[ZONES][ORDERS];
    drain_all();
    model_blocks(expected);
    for (unsigned zone = 0; zone < ZONES; zone++)
        for (unsigned order = 0; order < ORDERS; order++)
            CHECK_EQUAL(free_blocks(zone, order), expected[zone][order]);
    check_counts();
}

/* Could this CPU have had a block of this order from the zone, without a drain? */
static bool zone_could(enum zone zone, unsigned order)
{
    uint64_t blocks = order ? 0 : this_cpu()->caches.of[zone].count;
    for (; order < ORDERS; order++)
        blocks += free_blocks(zone, order);
    return blocks != 0;
}

static bool preferred(enum zone zone, enum zone other) /* HIGH, then LINEAR, then DMA */
{
    static const uint8_t rank[] = {[ZONE_HIGH] = 0, [ZONE_LINEAR] = 1, [ZONE_DMA] = 2};
    return rank[zone] < rank[other];
}

static frame_number checked_alloc(unsigned order, enum frame_use use)
{
    bool could[ZONES];
    for (unsigned zone = 0; zone < ZONES; zone++)
        could[zone] = zone_could(zone, order);
    frame_number number = buddy_alloc(order, use);
    if (!number) { /* then there is really none, however merged, outside of others' caches */
        uint64_t blocks[ZONES][ORDERS];
        model_hide(true);
        model_blocks(blocks);
        model_hide(false);
        for (unsigned zone = 0; zone < ZONES; zone++)
            for (unsigned larger = order; larger < ORDERS; larger++)
                CHECK(!zone_allowed(zone, use) || blocks[zone][larger] == 0);
        return 0;
    }
    enum zone zone = model_zone(number);
    CHECK_EQUAL(number & ((1u << order) - 1), 0);
    CHECK(zone_allowed(zone, use));
    for (unsigned better = 0; better < ZONES; better++)
        CHECK(!(zone_allowed(better, use) && preferred(better, zone) && could[better]));
    const struct frame *head = frame_of(number);
    CHECK(head->state == FRAME_RAW && head->order == order && head->refs == 0 && !head->pool);
    CHECK_EQUAL(model_zone(number + (1u << order) - 1), zone);
    model_set(number, 1u << order, MODEL_FREE, MODEL_USED);
    return number;
}

static struct held {
    frame_number number;
    unsigned order;
} held[HELD_MAX];
static unsigned held_count;

static bool hold(unsigned order, enum frame_use use)
{
    frame_number number = held_count < HELD_MAX ? checked_alloc(order, use) : 0;
    if (number)
        held[held_count++] = (struct held){number, order};
    return number != 0;
}

static void release(unsigned which)
{
    struct held block = held[which];
    held[which] = held[--held_count];
    /* whatever the owner made of it: the descriptor says slab, table, page, … */
    frame_of(block.number)->state =
        (uint8_t)(FRAME_RAW + unit_random_below(FRAME_STATES - FRAME_RAW));
    frame_of(block.number)->refs = (uint32_t)unit_random();
    buddy_free(block.number, block.order);
    model_set(block.number, 1u << block.order, MODEL_USED, MODEL_FREE);
}

/* ---- Layouts ---- */

/* A board like the Raspberry Pi 4: memory from 0 on, odd ends, across 1 GiB, holes, a second bank.
 */
static const frame_number linear_ends[] = {
    UINT64_MAX, 0x100100,     /* all and nearly all memory mapped: three zones */
    0x40403,    0x40001,      /* linear= ends oddly above 1 GiB */
    0x40000,    0x3fe00,  600 /* or below: no LINEAR zone */
};
#define LAYOUTS (sizeof linear_ends / sizeof linear_ends[0])

static void random_layout(unsigned which)
{
    reset(linear_ends[which]);
    add_bank(0, 1500 + unit_random_below(1000));
    add_bank(0x3f800 + unit_random_below(64), 4000 + unit_random_below(500));
    add_bank(0x100003, 1 + unit_random_below(3000));
    buddy_init(linear_end);
    for (unsigned i = 0; i < memory_count; i++) {
        frame_number at = memory[i].first, end = at + memory[i].count;
        while (at < end) { /* ranges with reserved frames between them */
            frame_number count = 1 + unit_random_below(end - at);
            give(at, count);
            at += count + unit_random_below(20);
        }
    }
}

TEST(random_operations_agree_with_a_model_of_every_frame)
{
    for (unsigned layout = 0; layout < LAYOUTS; layout++) {
        random_layout(layout);
        check_coalesced();
        for (unsigned step = 0; step < 5000; step++) {
            stub_cpu = (unsigned)unit_random_below(CPUS_MAX);
            bool grow = unit_random_below(100) < (step / 600 % 2 ? 35u : 65u);
            unsigned order = unit_random_below(3) ? 0 : (unsigned)unit_random_below(ORDERS + 1);
            if (grow && order < ORDERS)
                hold(order, (enum frame_use)unit_random_below(USES));
            else if (held_count)
                release((unsigned)unit_random_below(held_count));
            if (step % 250 == 0)
                check_counts();
        }
        while (held_count)
            release((unsigned)unit_random_below(held_count));
        check_coalesced();
    }
}

static void one_bank(frame_number first, frame_number count)
{
    reset(UINT64_MAX);
    add_bank(first, count);
    buddy_init(linear_end);
    give(first, count);
}

TEST(the_last_frame_can_be_had)
{
    one_bank(0x40001, 2000);
    stub_cpu = 3;
    for (unsigned i = 0; i < 2000; i++)
        CHECK(hold(0, USE_KERNEL));
    CHECK_EQUAL(buddy_free_frames(), 0);
    CHECK(!hold(0, USE_PAGE));
    while (held_count)
        release(held_count - 1);
    check_coalesced();
}

TEST(frames_in_other_cpus_caches_are_free_and_theirs)
{
    one_bank(0x40001, 2000);
    uint64_t theirs = 0, mine = 0;
    for (stub_cpu = 0; stub_cpu < CPUS_MAX; stub_cpu++) { /* leaves frames in every CPU's cache */
        CHECK(hold(0, USE_KERNEL));
        release(0);
        theirs += stub_cpu == 3 ? 0 : this_cpu()->caches.of[ZONE_LINEAR].count;
    }
    CHECK(theirs >= CPUS_MAX - 1);
    stub_cpu = 3;
    while (hold(0, USE_KERNEL))
        mine++;
    CHECK_EQUAL(mine, 2000 - theirs);
    CHECK_EQUAL(buddy_free_frames(), theirs);
    check_counts();
    buddy_drain(); /* its own are none */
    CHECK(!hold(0, USE_KERNEL));
    drain_all();
    while (hold(0, USE_KERNEL))
        mine++;
    CHECK_EQUAL(mine, 2000);
    CHECK_EQUAL(buddy_free_frames(), 0);
    while (held_count)
        release(held_count - 1);
    check_coalesced();
}

TEST(cached_frames_do_not_keep_a_block_apart)
{
    one_bank(0x40000, 1024);
    for (unsigned i = 0; i < 8; i++)
        CHECK(hold(0, USE_PAGE));
    while (held_count)
        release(0);
    CHECK_EQUAL(free_blocks(ZONE_LINEAR, 10), 0);
    CHECK(this_cpu()->caches.of[ZONE_LINEAR].count >= 8);
    CHECK(hold(10, USE_KERNEL));
    release(0);
    check_coalesced();
}

TEST(banks_are_split_where_zones_end)
{
    reset(0x40100);
    add_bank(0x3ff00, 0x400);
    buddy_init(linear_end);
    CHECK_EQUAL(bank_count, 3);
    give(0x3ff00, 0x400);
    for (frame_number number = 0x3ff00; number < 0x40300; number++) {
        const struct bank *bank = bank_of(number);
        CHECK_EQUAL(bank->zone, model_zone(number));
        CHECK(&bank->frames[number - bank->first] == &memory[0].frames[number - 0x3ff00]);
    }
    check_coalesced();
}

TEST(orders_too_large_are_refused)
{
    CHECK_EQUAL(buddy_alloc(ORDERS, USE_PAGE), 0);
    CHECK_EQUAL(buddy_alloc(UINT32_MAX, USE_PAGE), 0);
}

/* Booting with 1 GiB must not write 262,144 descriptors. */
TEST(giving_memory_writes_only_heads_of_blocks)
{
    static const struct frame untouched;
    reset(UINT64_MAX);
    add_bank(0x40000, 262144);
    buddy_init(linear_end);
    give(0x40000 + 1000, 262144 - 1000);
    unsigned touched = 0, blocks = 0;
    for (frame_number i = 0; i < 262144; i++)
        touched += memcmp(&memory[0].frames[i], &untouched, sizeof untouched) != 0;
    for (unsigned order = 0; order < ORDERS; order++)
        blocks += (unsigned)free_blocks(ZONE_LINEAR, order);
    CHECK_EQUAL(touched, blocks);
    CHECK(blocks < 270);
}

TEST(the_nth_allocation_fails_for_every_n)
{
    enum { COUNT = 60 };
    reset(0x40800);
    add_bank(0x40000, 4096);
    buddy_init(linear_end);
    give(0x40000, 4096);
    for (uint64_t n = 1; n <= COUNT + 1; n++) {
        unsigned refused = 0;
        buddy_fail_at(n);
        for (unsigned i = 1; i <= COUNT; i++) {
            frame_number number = buddy_alloc(i % 4 ? 0 : i % 7, (enum frame_use)(i % 2));
            CHECK_EQUAL(number == 0, i == n);
            if (number) {
                held[held_count++] = (struct held){number, i % 4 ? 0 : i % 7};
                model_set(number, 1u << held[held_count - 1].order, MODEL_FREE, MODEL_USED);
            }
            refused += number == 0;
        }
        CHECK_EQUAL(refused, n <= COUNT);
        buddy_fail_at(0);
        while (held_count)
            release(0);
        check_coalesced();
    }
}

/* ---- Mistakes of the kernel that are found ---- */

static frame_number fresh(unsigned order)
{
    reset(UINT64_MAX);
    add_bank(0x40000, 4096);
    buddy_init(linear_end);
    give(0x40000 + 64, 4000);
    return buddy_alloc(order, USE_KERNEL);
}

TEST(a_double_free_is_found_wherever_the_frame_is)
{
    frame_number number = fresh(0);
    buddy_free(number, 0);
    CHECK_BUG(buddy_free(number, 0), "freed twice"); /* in the cache */
    number = fresh(0);
    buddy_free(number, 0);
    buddy_drain();
    CHECK_BUG(buddy_free(number, 0), "freed twice"); /* inside a merged block */
    number = fresh(5);
    buddy_free(number, 5);
    CHECK_BUG(buddy_free(number, 5), "freed twice");
    number = fresh(0);
    buddy_free(number, 0);
    buddy_drain();
    number = buddy_alloc(10, USE_KERNEL); /* now inside somebody's block */
    CHECK(number != 0);
    CHECK_BUG(buddy_free(number + 1, 0), "freed twice");
}

TEST(a_wrong_order_is_found)
{
    frame_number number = fresh(3);
    CHECK_BUG(buddy_free(number, 2), "another order");
    number = fresh(3);
    CHECK_BUG(buddy_free(number, 0), "another order");
    number = fresh(0);
    CHECK_BUG(buddy_free(number, 1), "another order");
}

TEST(freeing_what_was_never_allocated_is_found)
{
    fresh(0);
    CHECK_BUG(buddy_free(0x40000, 0), "not allocated");
    CHECK_BUG(buddy_free(0x50000, 0), "outside of memory");
    CHECK_BUG(buddy_free(0, 0), "outside of memory");
}

TEST(giving_a_range_twice_or_beyond_its_bank_is_found)
{
    fresh(0);
    CHECK_BUG(buddy_free_range(0x40000 + 64, 64), "given twice");
    fresh(0);
    CHECK_BUG(buddy_free_range(0x40000 + 4090, 7), "not in a memory bank");
    fresh(0);
    CHECK_BUG(buddy_free_range(0x60000, 1), "not in a memory bank");
}
