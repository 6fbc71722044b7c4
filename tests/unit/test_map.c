// sources: kernel/vm/region.c kernel/vm/map.c kernel/vm/slot.c kernel/vm/object.c
// sources: kernel/vm/reclaim.c kernel/arch/translation.c
// sources: tests/unit/stubs/vm.c tests/unit/arena.c kernel/mm/*.c
#include "arch/cache.h"
#include "arch/tlb.h"
#include "vm.h"
#include "vm/map.h"

#define BASE       (0x40000000ul - 300 * PAGE_SIZE) /* two leaf tables, under two of the level above */
#define PAGES      600
#define RANGE_BASE 0x9000000

static struct space space;
static struct object *object, *source, *range;

static void begin(void)
{
    if (memory_init()) {
        regions_init();
        objects_init();
    }
    memory_begin(UINT64_MAX);
    object = object_new(payer, OBJECT_PAGED, PAGES);
    source = object_new(payer, OBJECT_PAGED, PAGES);
    range = object_new(payer, OBJECT_RANGE, PAGES);
    range->base = RANGE_BASE;
    object->object.refs = source->object.refs = range->object.refs = 1;
    space = (struct space){.pool = payer};
    CHECK_EQUAL(translation_init(&space.translation, payer->pool), 0);
}

static void object_end(struct object *ended)
{
    CHECK_EQUAL(ended->object.refs, 1);
    while (!object_destroy_step(ended))
        ;
    payer->object.refs++; /* object_free drops one more than the last */
    object_free(ended);
    payer->object.refs--;
}

static void end(void)
{
    tlb_listener = NULL;
    while (space.regions.root)
        region_free(tree_entry(space.regions.root, struct region, node));
    while (!translation_destroy_step(&space.translation))
        ;
    object_end(object);
    object_end(source);
    object_end(range);
    memory_end();
}

/* A page of `of`, filled in as a pager would. */
static uint64_t supply(struct object *of, uint64_t index, slot flags)
{
    uint64_t page = object_frame(of, index) << PAGE_SHIFT;
    CHECK(page);
    slot_set(chunk_for(of, index, true), index, page | SLOT_RESIDENT | flags);
    return page;
}

static uint64_t entry_at(unsigned page)
{
    return translation_lookup(&space.translation, BASE + page * PAGE_SIZE);
}

/* Entries there are; always as many as the space says it has. */
static uint64_t mapped(void)
{
    uint64_t count = 0;
    for (unsigned page = 0; page < PAGES; page++)
        count += entry_at(page) != 0;
    return count;
}

/* ---- What a slot becomes ---- */

/* Arm ARM D8.3: AP[2:1] in bits 7 and 6, AF 10, nG 11, PXN 53, UXN 54. */
TEST(an_entry_says_what_a_program_may)
{
    const uint64_t always =
        0x40000000 | 3 | 1ul << 2 | 1ul << 6 | 3ul << 8 | 1ul << 10 | 1ul << 11 | 1ul << 53;
    CHECK_EQUAL(entry_for(0x40000000, MAP_READ, 1), always | 1ul << 7 | 1ul << 54);
    CHECK_EQUAL(entry_for(0x40000000, MAP_READ | MAP_WRITE, 1), always | 1ul << 54);
    CHECK_EQUAL(entry_for(0x40000000, MAP_READ | MAP_EXEC, 1), always | 1ul << 7);
}

#define INDEX 7

/* Gives the region one of SOURCES kinds of source: none, memory that boot loaded, one that ends
 * before the page, one without it, one that has it as zeroes. Returns the page behind INDEX, or 0.
 */
#define SOURCES 5
static uint64_t source_behind(struct region *region, unsigned which)
{
    region->source = which == 0 ? NULL : which == 1 ? range : source;
    region->source_first = which == 2 ? PAGES : 100;
    slot value = which == 4 ? SLOT_ZERO : SLOT_EMPTY;
    uint64_t index = 100 + INDEX;
    if (chunk_for(source, index, false))
        slot_discard(chunk_for(source, index, false), index);
    slot_set(chunk_for(source, index, true), index, value);
    return which == 1 ? RANGE_BASE + index * PAGE_SIZE : which == 4 ? zero_page : 0;
}

/* The rules of map.h, said differently: which page, and is it writable now? */
static uint64_t expected_entry(slot value, unsigned rights, unsigned access, uint64_t behind)
{
    slot state = value & SLOT_STATE;
    bool may_become_dirty = access == MAP_WRITE && value & SLOT_WRITABLE;
    uint64_t page = state == SLOT_RESIDENT ? value & SLOT_ADDRESS
                    : state == SLOT_ZERO   ? zero_page
                    : state == SLOT_EMPTY  ? behind
                                           : 0;
    bool writable =
        state == SLOT_RESIDENT && rights & MAP_WRITE && (value & SLOT_DIRTY || may_become_dirty);
    if (!page || (access == MAP_WRITE && !writable))
        return 0;
    return entry_for(page, writable ? rights : rights & ~(unsigned)MAP_WRITE, MAIR_NORMAL);
}

static void check_slot(slot value, unsigned rights, unsigned access, unsigned which)
{
    struct region region = {.object = object, .rights = (uint8_t)rights};
    struct chunk *chunk = chunk_for(object, INDEX, true);
    uint64_t behind = source_behind(&region, which);
    *chunk_slot(chunk, INDEX) = value;
    stub_synced = NULL;
    uint64_t entry = map_entry(&region, INDEX, access);
    CHECK_EQUAL(entry, expected_entry(value, rights, access, behind));
    if (entry && rights & MAP_EXEC && (value & SLOT_STATE) == SLOT_RESIDENT) {
        CHECK(value & SLOT_SYNCED ||
              stub_synced == frame_address((entry & ENTRY_ADDRESS) >> PAGE_SHIFT));
        value |= SLOT_SYNCED;
    }
    if (entry && access == MAP_WRITE)
        value |= SLOT_DIRTY;
    CHECK_EQUAL(*chunk_slot(chunk, INDEX) | (entry ? 0 : SLOT_SYNCED),
                value | (entry ? 0 : SLOT_SYNCED));
}

TEST(every_slot_under_every_right_gives_the_entry_it_should)
{
    begin();
    uint64_t page = supply(object, INDEX, 0), token = 0xabcdul << 12;
    for (unsigned rights = 1; rights < 8; rights++)
        for (unsigned access = 1; access < 8; access *= 2)
            for (slot flags = 0; flags < 64 && rights & access; flags++)
                for (unsigned which = 0; which < SOURCES; which++) {
                    slot state = flags & SLOT_STATE;
                    check_slot(flags | (state == SLOT_RESIDENT ? page : 0) |
                                   (state == SLOT_TOKEN ? token : 0),
                               rights, access, which);
                }
    *chunk_slot(object->last, INDEX) = page | SLOT_RESIDENT;
    end();
}

/* Its pager may just have written to it; on silicon the instruction cache does not know. */
TEST(a_page_of_a_source_is_synced_before_it_is_executed)
{
    begin();
    struct region region = {.object = object, .source = source, .rights = MAP_READ | MAP_EXEC};
    uint64_t page = supply(source, INDEX, 0);
    stub_synced = NULL;
    CHECK_EQUAL(map_entry(&region, INDEX, MAP_READ),
                entry_for(page, MAP_READ | MAP_EXEC, MAIR_NORMAL));
    CHECK(stub_synced == frame_address(page >> PAGE_SHIFT));
    end();
}

TEST(device_registers_keep_their_memory_type)
{
    begin();
    struct region region = {.object = range, .rights = MAP_READ | MAP_WRITE};
    range->memory = MAIR_DEVICE;
    CHECK_EQUAL(map_entry(&region, 3, MAP_WRITE),
                entry_for(RANGE_BASE + 3 * PAGE_SIZE, MAP_READ | MAP_WRITE, MAIR_DEVICE));
    CHECK_EQUAL(map_entry(&region, PAGES, MAP_READ), 0);
    end();
}

/* ---- Entering ---- */

static unsigned heard;

/* Break before make: invalid, visible, invalidated, complete; only then the new one. */
static void break_before_make(enum tlb_operation what, uint64_t ttbr, uint64_t va)
{
    static const enum tlb_operation order[] = {TLB_WRITTEN, TLB_PAGE, TLB_COMPLETE, TLB_WRITTEN};
    CHECK(heard < 4);
    CHECK_EQUAL(what, order[heard]);
    CHECK(what != TLB_PAGE || (ttbr == space.translation.ttbr && va == BASE));
    CHECK_EQUAL(entry_at(0) != 0, heard == 3);
    heard++;
}

TEST(an_entry_is_broken_before_another_takes_its_place)
{
    begin();
    CHECK_EQUAL(map_enter(&space, BASE, entry_for(0x40000000, MAP_READ, MAIR_NORMAL)), 0);
    CHECK_EQUAL(space.resident, 1);
    heard = 0;
    tlb_listener = break_before_make;
    uint64_t entry = entry_for(0x40001000, MAP_READ, MAIR_NORMAL);
    CHECK_EQUAL(map_enter(&space, BASE, entry), 0);
    CHECK_EQUAL(heard, 4);
    CHECK_EQUAL(entry_at(0), entry);
    CHECK_EQUAL(space.resident, 1);
    memory_exhaust(0);
    CHECK_EQUAL(map_enter(&space, BASE + PAGES * PAGE_SIZE, entry), -ENOMEM);
    memory_relent();
    CHECK_EQUAL(space.resident, 1);
    end();
}

/* ---- Populating, and taking away everywhere ---- */

static uint64_t visible; /* entries there were at the last barrier */

static void count_visible(enum tlb_operation what, uint64_t ttbr, uint64_t va)
{
    (void)ttbr, (void)va;
    if (what == TLB_WRITTEN)
        visible = mapped();
}

static void check_counts(void)
{
    CHECK_EQUAL(space.resident, mapped());
    CHECK_EQUAL(visible, mapped());
}

/* Half of the object's pages are there, in some state, and a third of the source's. */
static struct region *any_residents(void)
{
    static const slot flags[] = {0, SLOT_WRITABLE, SLOT_WRITABLE | SLOT_DIRTY,
                                 SLOT_BUSY | SLOT_DIRTY};
    for (unsigned page = 0; page < PAGES; page++) {
        if (unit_random_below(2))
            supply(object, page, flags[unit_random_below(4)]);
        if (unit_random_below(3) == 0)
            supply(source, page, 0);
    }
    CHECK_EQUAL(
        region_new(&space, BASE, PAGES * PAGE_SIZE, MAP_READ | MAP_WRITE, 7, object, 0, source, 0),
        0);
    return region_at(&space, BASE);
}

TEST(populating_enters_what_is_there_and_counts_it_also_without_memory)
{
    for (unsigned tables = 0; tables <= 5; tables++) {
        begin();
        struct region *region = any_residents();
        visible = 0;
        tlb_listener = count_visible;
        memory_exhaust(0);
        CHECK_EQUAL(pool_set_limit(payer->pool, payer->pool->limit + tables), 0);
        CHECK_EQUAL(region_populate(region, BASE + 50 * PAGE_SIZE, 500, true),
                    tables < 5 ? -ENOMEM : 0);
        check_counts();
        for (unsigned page = 0; page < PAGES; page++) {
            bool reached = page >= 50 && page < (tables < 3 ? 0 : tables < 5 ? 300 : 550);
            CHECK_EQUAL(entry_at(page), reached ? map_entry(region, page, MAP_READ) : 0);
        }
        memory_relent();
        end();
    }
}

/* Like Linux's fault-around: what is there of sixteen aligned pages, in the region and in one
 * table. */
TEST(a_fault_around_enters_its_window_and_counts_once)
{
    for (unsigned round = 0; round < 50; round++) {
        begin();
        struct region *region = any_residents();
        unsigned page = (unsigned)unit_random_below(PAGES);
        uint64_t before = space.faults_minor, va = BASE + page * PAGE_SIZE;
        uint64_t expected = map_entry(region, page, MAP_READ), start = va & ~0xffffull;
        uint64_t stop = start < BASE ? BASE + 0x10000 : start + 0x10000;
        uint64_t table = (va | 0x1fffff) + 1, last = BASE + PAGES * PAGE_SIZE;
        bool cloned = object_cloned(object, page);
        CHECK(region_around(region, va) == (expected != 0));
        CHECK_EQUAL(space.faults_minor, before + (expected && !cloned));
        stop = stop < table ? stop : table;
        stop = stop < last ? stop : last;
        for (unsigned i = 0; i < PAGES; i++) {
            uint64_t at = BASE + i * PAGE_SIZE;
            CHECK_EQUAL(entry_at(i), at >= start && at < stop ? map_entry(region, i, MAP_READ) : 0);
        }
        CHECK(!expected ||
              !region_around(region, va)); /* has an entry: not what the fault is about */
        CHECK_EQUAL(space.resident, mapped());
        end();
    }
}

TEST(an_object_is_unmapped_from_every_region_that_shows_or_has_it_as_source)
{
    begin();
    for (unsigned i = 0; i < PAGES; i++)
        supply(object, i, 0);
    for (unsigned from = 0; from < PAGES; from += 60) { /* each shows 60 pages from 2 * from on */
        bool sourced = from % 120;
        CHECK_EQUAL(region_add(&space, BASE + from * PAGE_SIZE, 60 * PAGE_SIZE, MAP_READ, 7,
                               sourced ? source : object, from, sourced ? object : NULL, from / 2),
                    0);
        CHECK_EQUAL(region_populate(region_at(&space, BASE + from * PAGE_SIZE),
                                    BASE + from * PAGE_SIZE, 60, true),
                    0);
    }
    CHECK_EQUAL(space.resident, PAGES);
    for (unsigned round = 0; round < 40; round++) {
        unsigned first = (unsigned)unit_random_below(PAGES),
                 count = 1 + (unsigned)unit_random_below(20);
        object_unmap(object, first, count);
        for (unsigned page = 0; page < PAGES; page++) {
            unsigned from = page - page % 60, shown = from % 120 ? from / 2 + page % 60 : page;
            static bool gone[PAGES];
            gone[page] = (gone[page] && round) || (shown >= first && shown < first + count);
            CHECK_EQUAL(entry_at(page) == 0, gone[page]);
        }
        CHECK_EQUAL(space.resident, mapped());
    }
    end();
}
