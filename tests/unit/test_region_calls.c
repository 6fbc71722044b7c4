// sources: kernel/vm/calls.c kernel/vm/slot.c kernel/vm/object.c kernel/vm/reclaim.c
// sources: kernel/vm/region.c kernel/vm/map.c kernel/arch/translation.c
// sources: tests/unit/stubs/vm.c tests/unit/arena.c kernel/mm/*.c
#include "entry/dispatch.h"
#include "vm.h"
#include "vm/fault.h"
#include "vm/map.h"

/* The object's page n is at BASE + n pages: over two boundaries of leaf tables, one of them of the
 * tables above as well. */
#define BASE  0x3fe80000ul
#define PAGES 1000
enum handle { SPACE = 1, OBJECT, READABLE, DEVICE };

static struct space space;
static struct object *object, *device;
static struct thread caller;
static struct page {
    bool mapped, there;
    unsigned rights, limit;
} model[PAGES];

static void begin(void)
{
    if (memory_init()) {
        regions_init();
        objects_init();
    }
    memory_begin(UINT64_MAX);
    space = (struct space){.pool = payer, .level = LEVEL_PROGRAM};
    space.object.refs = 1;
    caller = (struct thread){.space = &space};
    object = object_new(payer, OBJECT_PAGED, PAGES);
    device = object_new(payer, OBJECT_RANGE, PAGES);
    device->base = 0x9000000;
    device->memory = MAIR_DEVICE;
    object->object.refs = device->object.refs = 1;
    handle_give(&space.handles, SPACE, &space.object, KERNEL_OBJECT_SPACE, RIGHT_MANAGE);
    handle_give(&space.handles, OBJECT, &object->object, KERNEL_OBJECT_OBJECT, RIGHTS_ALL);
    handle_give(&space.handles, READABLE, &object->object, KERNEL_OBJECT_OBJECT, RIGHT_READ);
    handle_give(&space.handles, DEVICE, &device->object, KERNEL_OBJECT_OBJECT, RIGHTS_ALL);
    CHECK_EQUAL(translation_init(&space.translation, payer->pool), 0);
    memset(model, 0, sizeof model);
    stub_interrupts = stub_retried = 0;
    stub_retry = NULL;
}

static int64_t unmap(uint64_t page, uint64_t pages, uint64_t flags)
{
    return call_until_done(call_region_unmap, &caller,
                           (uint64_t[8]){SPACE, BASE + page * PAGE_SIZE, pages, flags});
}

static int64_t protect(uint64_t page, uint64_t pages, uint64_t rights)
{
    return call_until_done(call_region_protect, &caller,
                           (uint64_t[8]){SPACE, BASE + page * PAGE_SIZE, pages, rights});
}

static int64_t map(uint64_t page, uint64_t pages, uint64_t rights, uint64_t handle)
{
    return call_until_done(
        call_region_map, &caller,
        (uint64_t[8]){SPACE, BASE + page * PAGE_SIZE, pages, rights, handle, page, 0, 0});
}

static void object_end(struct object *ended)
{
    CHECK_EQUAL(ended->object.refs, 1);
    while (!object_destroy_step(ended))
        ;
    payer->object.refs++; /* object_free gives up the object's; the test keeps its own */
    object_free(ended);
    payer->object.refs--;
}

/* All is unmapped by one call, and the tables are gone with it. */
static void end(void)
{
    CHECK_EQUAL(unmap(0, PAGES, 0), 0);
    CHECK(!space.regions.root);
    CHECK_EQUAL(space.resident, 0);
    CHECK_EQUAL(space.translation.tables, 1);
    CHECK(translation_destroy_step(&space.translation));
    object_end(object);
    object_end(device);
    memory_end();
}

/* Regions are joined wherever they can be. */
static bool differs_from_previous(unsigned page)
{
    const struct page *at = &model[page], *previous = page ? &model[page - 1] : NULL;
    return !previous || !previous->mapped || previous->rights != at->rights ||
           previous->limit != at->limit;
}

/* Every page: region or none, its rights, what the tables say; and what there is of it in sum. */
static void compare(void)
{
    uint64_t resident = 0;
    for (unsigned page = 0; page < PAGES; page++) {
        uint64_t va = BASE + page * PAGE_SIZE;
        uint64_t entry = translation_lookup(&space.translation, va);
        const struct region *region = region_at(&space, va);
        CHECK_EQUAL(region != NULL, model[page].mapped);
        if (region) {
            CHECK_EQUAL(region->first + ((va - region->node.key) >> PAGE_SHIFT), page);
            CHECK_EQUAL(region->rights, model[page].rights);
            CHECK_EQUAL(region->rights_limit, model[page].limit);
            CHECK_EQUAL(region->node.key == va, differs_from_previous(page));
        }
        CHECK_EQUAL(object_page(object, page) != 0, model[page].there);
        if (entry) {
            CHECK(region && region->rights);
            CHECK_EQUAL(entry & ENTRY_ADDRESS, object_page(object, page));
            CHECK(region->rights & MAP_WRITE || entry & ENTRY_READONLY);
            CHECK(region->rights & MAP_EXEC || entry & ENTRY_UXN);
        }
        resident += entry != 0;
    }
    CHECK_EQUAL(space.resident, resident);
}

/* ---- Random calls, each with the outcome that the model foretells ---- */

static void any_range(unsigned *from, unsigned *to)
{
    *from = (unsigned)unit_random_below(PAGES);
    *to = *from + 1 + (unsigned)unit_random_below(unit_random_below(3) ? 150 : PAGES);
    *to = *to < PAGES ? *to : PAGES;
}

static void random_map(void)
{
    unsigned from, to, rights = (unsigned)unit_random_below(8);
    bool readable = unit_random_below(4) == 0;
    int64_t expected = readable && rights & ~(unsigned)RIGHT_READ ? -EACCES : 0;
    any_range(&from, &to);
    for (unsigned page = from; page < to && !expected; page++)
        expected = model[page].mapped ? -EEXIST : 0;
    CHECK_EQUAL(map(from, to - from, rights | (unit_random_below(2) ? MAP_POPULATE : 0),
                    readable ? READABLE : OBJECT),
                expected);
    for (unsigned page = from; page < to && !expected; page++) {
        model[page].mapped = true;
        model[page].rights = rights;
        model[page].limit = readable ? MAP_READ : 7;
    }
}

static void random_unmap(void)
{
    unsigned from, to, discard = (unsigned)unit_random_below(2);
    any_range(&from, &to);
    CHECK_EQUAL(unmap(from, to - from, discard ? UNMAP_DISCARD : 0), 0);
    for (unsigned page = from; page < to; page++) {
        model[page].there &= !(discard && model[page].mapped && model[page].limit & MAP_WRITE);
        model[page].mapped = false;
    }
}

static void random_protect(void)
{
    unsigned from, to, rights = (unsigned)unit_random_below(8);
    int64_t expected = 0;
    any_range(&from, &to);
    if (unit_random_below(2)) /* rarely is a long range mapped all over */
        to = from + 1 + (unsigned)unit_random_below(to - from < 20 ? to - from : 20);
    for (unsigned page = from; page < to && !expected; page++)
        expected = !model[page].mapped ? -ENOENT : rights & ~model[page].limit ? -EACCES : 0;
    CHECK_EQUAL(protect(from, to - from, rights), expected);
    for (unsigned page = from; page < to && !expected; page++)
        model[page].rights = rights;
}

/* A pager supplies a page; or one is touched, and mapped. */
static void random_page(void)
{
    uint64_t page = unit_random_below(PAGES), va = BASE + page * PAGE_SIZE;
    struct region *region = region_at(&space, va);
    if (!model[page].there)
        slot_set(chunk_for(object, page, true), page,
                 object_frame(object, page) << PAGE_SHIFT | SLOT_RESIDENT | SLOT_WRITABLE);
    model[page].there = true;
    unsigned access = unit_random_below(2) ? MAP_READ : MAP_WRITE;
    if (region && region->rights & access)
        CHECK_EQUAL(map_enter(&space, va, map_entry(region, page, access)), 0);
}

TEST(calls_on_regions_agree_with_a_model_of_pages)
{
    begin();
    for (unsigned step = 0; step < 4000; step++) {
        unsigned what = (unsigned)unit_random_below(20);
        stub_interrupts = (unsigned)unit_random_below(4);
        if (what < 4)
            random_map();
        else if (what < 6)
            random_unmap();
        else if (what < 10)
            random_protect();
        else
            random_page();
        compare();
    }
    end();
}

/* Puts page 0 there and maps it at the address of `page`. */
static void show_first_page_at(uint64_t page)
{
    uint64_t va = BASE + page * PAGE_SIZE;
    if (!object_page(object, 0))
        slot_set(chunk_for(object, 0, true), 0,
                 object_frame(object, 0) << PAGE_SHIFT | SLOT_RESIDENT);
    CHECK_EQUAL(map_enter(&space, va, map_entry(region_at(&space, va), 0, MAP_READ)), 0);
}

TEST(a_discarded_page_is_gone_wherever_its_object_is_shown)
{
    begin();
    uint64_t again[8] = {SPACE, BASE + 500 * PAGE_SIZE, 5, MAP_READ, OBJECT, 0, 0, 0};
    CHECK_EQUAL(map(0, 5, MAP_READ, OBJECT), 0);
    CHECK_EQUAL(call_until_done(call_region_map, &caller, again), 0);
    show_first_page_at(0);
    show_first_page_at(500);
    CHECK_EQUAL(space.resident, 2);
    CHECK_EQUAL(unmap(0, 5, UNMAP_DISCARD), 0);
    CHECK_EQUAL(space.resident, 0);
    CHECK_EQUAL(translation_lookup(&space.translation, again[1]), 0);
    end();
}

/* A program forbids itself a range and allows it again: its pages are not counted twice. */
TEST(what_no_right_is_left_to_is_not_resident)
{
    begin();
    CHECK_EQUAL(map(0, 1, MAP_READ, OBJECT), 0);
    show_first_page_at(0);
    CHECK_EQUAL(space.resident, 1);
    CHECK_EQUAL(protect(0, 1, 0), 0);
    CHECK_EQUAL(space.resident, 0);
    CHECK_EQUAL(translation_lookup(&space.translation, BASE), 0);
    end();
}

/* Its registers would be read as ordinary memory. */
TEST(a_device_is_nobodys_source)
{
    begin();
    uint64_t x[8] = {SPACE, BASE, 1, MAP_READ, OBJECT, 0, DEVICE, 0};
    CHECK_EQUAL(call_until_done(call_region_map, &caller, x), -EINVAL);
    end();
}

/* Two regions, and ranges that reach into both, or out of the middle of one. */
TEST(without_memory_for_a_split_nothing_changes)
{
    static const unsigned ranges[][2] = {{0, 20}, {5, 10}, {5, 20}, {1, 2}, {20, 30}, {12, 29}};
    begin();
    CHECK_EQUAL(map(0, 10, MAP_READ, OBJECT), 0);
    CHECK_EQUAL(map(10, 20, MAP_READ | MAP_WRITE, OBJECT), 0);
    for (unsigned page = 0; page < 30; page++)
        model[page] = (struct page){true, false, page < 10 ? 1 : 3, 7};
    for (unsigned i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        unsigned from = ranges[i][0], pages = ranges[i][1] - from;
        memory_exhaust(0);
        CHECK_EQUAL(unmap(from, pages, 0), -ENOMEM);
        CHECK_EQUAL(protect(from, pages, 0), -ENOMEM);
        memory_relent();
        if (i < 2 || i == 4) /* one split is enough */
            continue;
        memory_exhaust(sizeof(struct region) + 15);
        CHECK_EQUAL(unmap(from, pages, 0), -ENOMEM);
        memory_relent();
        compare();
        CHECK_EQUAL(region_at(&space, BASE)->length, 10 * PAGE_SIZE);
        CHECK_EQUAL(region_at(&space, BASE + 10 * PAGE_SIZE)->length, 20 * PAGE_SIZE);
    }
    end();
}

/* ---- A thread whose system call waits for a page that is unmapped under it ---- */

static void look_again(struct thread *thread)
{
    CHECK(!region_at(&space, BASE + thread->fault_index * PAGE_SIZE));
}

TEST(who_waits_for_an_unmapped_page_finds_no_region)
{
    static struct thread waiter;
    begin();
    CHECK_EQUAL(map(10, 100, MAP_READ, OBJECT), 0);
    slot_set(chunk_for(object, 40, true), 40, SLOT_BUSY);
    waiter = (struct thread){.space = &space, .state = THREAD_STATE_PAGE};
    fault_wait(&waiter, object, 40);
    stub_retry = look_again;
    CHECK_EQUAL(unmap(10, 100, UNMAP_DISCARD), 0);
    CHECK_EQUAL(stub_retried, 1);
    end();
}
