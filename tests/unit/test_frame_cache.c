// sources: kernel/mm/frame.c kernel/mm/buddy.c
/* The lists of free single frames: whose they are, in which order, and how long they get. */
#include "mm/frame_cache.h"
#include "unit.h"
#include <stdlib.h>

#define FIRST  0x40000
#define FRAMES 8192

static struct frame *frames;
static frame_number held[FRAMES];
static unsigned held_count;

static struct frame_cache *cache_of(unsigned cpu)
{
    return &cpus[cpu].caches.of[ZONE_LINEAR];
}

/* Every list is as long as it says and has frames of its own, each in one list only. */
static void check_lists(void)
{
    static bool seen[FRAMES];
    uint64_t cached = 0;
    for (unsigned i = 0; i < FRAMES; i++)
        seen[i] = false;
    for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++) {
        uint64_t count = 0;
        for (struct frame *at = cache_of(cpu)->first; at; at = at->below, count++) {
            CHECK(at->state == FRAME_CACHED && at->order == 0);
            CHECK_EQUAL(at->number, FIRST + (frame_number)(at - frames));
            CHECK(!seen[at - frames]);
            seen[at - frames] = true;
        }
        CHECK_EQUAL(cache_of(cpu)->count, count);
        CHECK(count <= FRAME_CACHE_MOST);
        cached += count;
    }
    for (unsigned i = 0; i < held_count; i++)
        CHECK(!seen[held[i] - FIRST] && frames[held[i] - FIRST].state == FRAME_RAW);
    CHECK(buddy_free_frames() >= cached);
    CHECK_EQUAL(buddy_free_frames() + held_count, FRAMES);
}

static bool take(void)
{
    frame_number number = buddy_alloc(0, USE_KERNEL);
    if (number)
        held[held_count++] = number;
    return number != 0;
}

static frame_number give(unsigned which)
{
    frame_number number = held[which];
    held[which] = held[--held_count];
    buddy_free(number, 0);
    return number;
}

TEST(memory_is_given)
{
    frames = calloc(FRAMES, sizeof(struct frame));
    frame_add_bank(FIRST, FRAMES, frames);
    buddy_init(UINT64_MAX);
    buddy_free_range(FIRST, FRAMES);
    check_lists();
}

TEST(the_last_frame_given_is_the_first_taken)
{
    for (unsigned i = 0; i < 100; i++)
        CHECK(take());
    frame_number given[100];
    for (unsigned i = 0; i < 100; i++)
        given[i] = give((unsigned)unit_random_below(held_count));
    for (unsigned i = 100; i-- > 0;)
        CHECK_EQUAL(buddy_alloc(0, USE_PAGE), given[i]);
    for (unsigned i = 0; i < 100; i++)
        buddy_free(given[i], 0);
    check_lists();
}

TEST(a_refill_comes_in_ascending_order)
{
    buddy_drain();
    frame_number last = buddy_alloc(0, USE_KERNEL);
    held[held_count++] = last;
    for (uint64_t left = cache_of(0)->count; left > 0; left--, last = held[held_count - 1]) {
        CHECK(take());
        CHECK_EQUAL(held[held_count - 1], last + 1);
    }
    CHECK(held_count >= 16);
    while (held_count)
        give(0);
}

/* Beyond the mark a batch goes back, whatever the order of frees; a drain leaves nothing. */
TEST(a_cache_does_not_grow_beyond_its_mark)
{
    while (take())
        ;
    CHECK_EQUAL(held_count, FRAMES);
    for (uint64_t before = 0; held_count; before = cache_of(0)->count) {
        give((unsigned)unit_random_below(held_count));
        uint64_t now = cache_of(0)->count;
        CHECK(now == before + 1 ||
              (before == FRAME_CACHE_MOST && now < before && now > before / 2));
    }
    check_lists();
    buddy_drain();
    CHECK_EQUAL(cache_of(0)->count, 0);
    CHECK(cache_of(0)->first == NULL);
    CHECK_EQUAL(buddy_free_frames(), FRAMES);
}

TEST(a_cpu_touches_its_own_cache_only)
{
    struct frame_cache before[CPUS_MAX];
    for (unsigned step = 0; step < 50000; step++) {
        for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++)
            before[cpu] = *cache_of(cpu);
        stub_cpu = (unsigned)unit_random_below(CPUS_MAX);
        if (unit_random_below(1000) == 0)
            buddy_drain();
        else if (unit_random_below(100) < (step / 10000 % 2 ? 40u : 60u))
            take();
        else if (held_count)
            give((unsigned)unit_random_below(held_count));
        for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++)
            if (cpu != stub_cpu)
                CHECK(cache_of(cpu)->first == before[cpu].first &&
                      cache_of(cpu)->count == before[cpu].count);
        if (step % 500 == 0)
            check_lists();
    }
    while (held_count)
        give(0);
    check_lists();
    for (stub_cpu = 0; stub_cpu < CPUS_MAX; stub_cpu++)
        buddy_drain();
    stub_cpu = 0;
    CHECK(buddy_alloc(ORDERS - 1, USE_KERNEL) != 0); /* all merged again */
}
