// sources: kernel/mm/slab.c kernel/mm/pool.c kernel/mm/pool_audit.c kernel/mm/buddy.c
// sources: kernel/mm/frame.c tests/unit/arena.c
#include "arch/cpu.h"
#include "arch/memory.h"
#include "boot/fdt.h"
#include "mm/buddy.h"
#include "mm/slab.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>

#define KERNEL  100
#define CACHES  24
#define POOLS   3
#define OBJECTS 4000

/* No pool here outlives its owner. */
void pool_ended(struct pool *pool)
{
    (void)pool;
}

static struct slab_cache caches[CACHES];
static struct pool pools[POOLS];
static size_t sizes[CACHES]; /* as asked for */

static struct object_model {
    unsigned char *memory;
    unsigned cache, pool;
    unsigned char fill;
} objects[OBJECTS];
static unsigned object_count;
static uint64_t pool_bytes[POOLS], cache_objects[CACHES];

/* ---- Setting up, once for all tests ---- */

TEST(caches_of_any_size_waste_at_most_an_eighth)
{
    for (unsigned i = 0; i < CACHES; i++) {
        sizes[i] = i == 0 ? 16 : i == 1 ? 8192 : 16 + unit_random_below(8192 - 16 + 1);
        slab_cache_init(&caches[i], "test", sizes[i]);
        uint64_t bytes = (uint64_t)4096 << caches[i].order;
        CHECK(caches[i].size >= sizes[i] && caches[i].size < sizes[i] + 16);
        CHECK_EQUAL(caches[i].size % 16, 0);
        CHECK_EQUAL(caches[i].capacity, bytes / caches[i].size);
        CHECK(bytes - caches[i].capacity * caches[i].size <= bytes / 8);
    }
    CHECK_BUG(slab_cache_init(&(struct slab_cache){0}, "small", 15), "16 bytes");
    CHECK_BUG(slab_cache_init(&(struct slab_cache){0}, "large", 8193), "8 KiB");
}

TEST(memory_is_given)
{
    frame_add_bank(ARENA_FIRST, ARENA_FRAMES, calloc(ARENA_FRAMES, sizeof(struct frame)));
    buddy_init(UINT64_MAX);
    buddy_free_range(ARENA_FIRST + KERNEL, ARENA_FRAMES - KERNEL);
    pool_init_root(ARENA_FRAMES, KERNEL);
    CHECK_EQUAL(pool_init(&pools[0], &root_pool, 100, 1000), 0);
    CHECK_EQUAL(pool_init(&pools[1], &root_pool, 0, 50), 0);
    CHECK_EQUAL(pool_init(&pools[2], &pools[0], 20, 800), 0);
}

/* ---- A model of every object, filled with a byte of its own ---- */

static void check_filled(const struct object_model *object, unsigned char with)
{
    for (size_t i = 0; i < sizes[object->cache]; i++)
        CHECK(object->memory[i] == with);
}

static bool hold(unsigned cache, unsigned pool)
{
    struct object_model *object = &objects[object_count];
    uint64_t bytes = pools[pool].bytes, used = root_pool.used, slabs = caches[cache].slabs;
    bool room = slabs * caches[cache].capacity > caches[cache].objects;
    *object = (struct object_model){slab_alloc(&caches[cache], &pools[pool]), cache, pool,
                                    (unsigned char)(1 + unit_random_below(255))};
    if (!object->memory) {
        CHECK_EQUAL(pools[pool].bytes, bytes);
        CHECK(root_pool.used <= used); /* less where empty slabs were given back */
        return false;
    }
    CHECK_EQUAL((uintptr_t)object->memory % 16, 0);
    CHECK_EQUAL(
        frame_of(address_frame(object->memory) & ~((1ull << caches[cache].order) - 1))->state,
        FRAME_SLAB);
    CHECK_EQUAL(caches[cache].slabs, room ? slabs : slabs + 1); /* freed room is used again */
    check_filled(object, 0);
    memset(object->memory, object->fill, sizes[cache]);
    pool_bytes[pool] += caches[cache].size;
    cache_objects[cache]++;
    object_count++;
    return true;
}

static void release(unsigned which)
{
    struct object_model object = objects[which];
    objects[which] = objects[--object_count];
    check_filled(&object, object.fill); /* nobody else wrote to it */
    slab_free(&caches[object.cache], object.memory, &pools[object.pool]);
    pool_bytes[object.pool] -= caches[object.cache].size;
    cache_objects[object.cache]--;
}

static void check_charges(void)
{
    uint64_t count, counts[FRAME_STATES], slabs = 0;
    CHECK_EQUAL(pool_audit(&count), 0);
    for (unsigned i = 0; i < POOLS; i++)
        CHECK_EQUAL(pools[i].bytes, pool_bytes[i]);
    for (unsigned i = 0; i < CACHES; i++) {
        CHECK_EQUAL(caches[i].objects, cache_objects[i]);
        CHECK(caches[i].slabs * caches[i].capacity >= cache_objects[i]);
        slabs += caches[i].slabs << caches[i].order;
    }
    frame_count(counts);
    CHECK_EQUAL(counts[FRAME_SLAB], slabs);
    CHECK_EQUAL(counts[FRAME_SLAB] + KERNEL, ARENA_FRAMES - buddy_free_frames());
}

static void release_all(void)
{
    while (object_count)
        release((unsigned)unit_random_below(object_count));
    check_charges();
    for (unsigned i = 0; i < CACHES; i++)
        CHECK(caches[i].slabs <= 1); /* at most the kept one */
    slab_trim();
    check_charges();
    CHECK_EQUAL(buddy_free_frames(), ARENA_FRAMES - KERNEL);
    CHECK_EQUAL(root_pool.used, KERNEL + 100); /* 100: the guarantee of pools[0] */
}

TEST(random_objects_agree_with_a_model)
{
    for (unsigned step = 0; step < 30000; step++) {
        stub_cpu = (unsigned)unit_random_below(CPUS_MAX);
        if (unit_random_below(100) < (step / 3000 % 2 ? 35u : 65u) && object_count < OBJECTS)
            hold((unsigned)unit_random_below(CACHES), (unsigned)unit_random_below(POOLS));
        else if (object_count)
            release((unsigned)unit_random_below(object_count));
        if (step % 500 == 0)
            check_charges();
        if (step % 5000 == 0)
            slab_trim();
    }
    release_all();
}

TEST(a_pool_at_its_limit_gets_no_more_objects)
{
    while (hold(1, 1)) /* two frames each */
        ;
    CHECK_EQUAL(object_count, 25);
    CHECK(pools[1].refused != 0);
    release_all();
}

TEST(an_empty_slab_is_kept_and_used_again)
{
    CHECK(hold(1, 0));
    uint64_t free_frames = buddy_free_frames();
    for (unsigned i = 0; i < 10; i++) {
        release(0);
        CHECK_EQUAL(buddy_free_frames(), free_frames);
        CHECK(hold(1, 0));
    }
    release_all();
}

/* Somebody has taken every frame: allocation fails, changes nothing, and works again afterwards. */
TEST(exhausted_memory_is_an_error_and_nothing_more)
{
    static frame_number taken[ARENA_FRAMES];
    unsigned count = 0;
    CHECK(hold(5, 0));
    while ((taken[count] = buddy_alloc(0, USE_PAGE)))
        count++;
    for (unsigned cache = 0; cache < CACHES; cache++)
        while (hold(cache, 2)) /* rooms in slabs that exist */
            CHECK(cache == 5);
    while (count)
        buddy_free(taken[--count], 0);
    CHECK(hold(7, 0));
    release_all();
}

TEST(empty_slabs_of_other_caches_are_the_last_resort)
{
    static frame_number taken[ARENA_FRAMES];
    unsigned count = 0;
    CHECK(hold(1, 0)); /* leaves an empty slab of two frames */
    release(0);
    while ((taken[count] = buddy_alloc(0, USE_PAGE)))
        count++;
    CHECK(hold(0, 0)); /* needs one */
    while (count)
        buddy_free(taken[--count], 0);
    release_all();
}

TEST(failing_the_nth_allocation_loses_nothing)
{
    for (uint64_t n = 1; n <= 60; n++) {
        buddy_fail_at(n);
        for (unsigned i = 0; i < 50; i++)
            hold(i % CACHES, i % POOLS);
        buddy_fail_at(0);
        release_all();
    }
}

TEST(a_full_root_pool_stops_slabs_but_not_guaranteed_objects)
{
    uint64_t rest = root_pool.limit - root_pool.used;
    CHECK_EQUAL(pool_charge(&root_pool, rest), 0);
    CHECK(!hold(1, 1));
    CHECK(hold(1, 0)); /* its charge comes from the guarantee, the slab's from its charge */
    pool_release(&root_pool, rest);
    release_all();
}

/* ---- Mistakes of the kernel that are found ---- */

TEST(an_object_freed_twice_is_found)
{
    void *first = slab_alloc(&caches[0], &pools[0]), *second = slab_alloc(&caches[0], &pools[0]);
    CHECK(first && second);
    slab_free(&caches[0], first, &pools[0]);
    CHECK_BUG(slab_free(&caches[0], first, &pools[0]), "freed twice");
    slab_free(&caches[0], second, &pools[0]);
    CHECK_BUG(slab_free(&caches[0], second, &pools[0]), "not an object");
    release_all();
}

/* A program can guess the mark and store it in its object: that is no error. */
TEST(an_object_that_looks_free_can_be_freed)
{
    char *object = slab_alloc(&caches[0], &pools[0]), *copy = slab_alloc(&caches[0], &pools[0]);
    char remains[16];
    CHECK(object && copy);
    slab_free(&caches[0], object, &pools[0]);
    memcpy(remains, object, 16);
    CHECK(slab_alloc(&caches[0], &pools[0]) == object);
    memcpy(object, remains, 16);
    slab_free(&caches[0], object, &pools[0]);
    slab_free(&caches[0], copy, &pools[0]);
    release_all();
}

TEST(what_is_no_object_of_the_cache_is_refused)
{
    char *object = slab_alloc(&caches[1], &pools[0]);
    frame_number page = pool_alloc_frame(&pools[0], FRAME_PAGE, USE_PAGE);
    CHECK_BUG(slab_free(&caches[1], object + 16, &pools[0]), "not the start");
    CHECK_BUG(slab_free(&caches[0], object, &pools[0]), "not an object");
    CHECK_BUG(slab_free(&caches[0], frame_address(page), &pools[0]), "not an object");
    slab_free(&caches[1], object, &pools[0]);
    pool_free_frame(page);
    release_all();
}
