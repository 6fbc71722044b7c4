/*
 * memory_facts.c: what the kernel tells anybody of its memory agrees with the audit of all frames.
 */
#include "memory.h"

static struct memory_facts facts_now(void)
{
    CHECK_IS(debug(0, DEBUG_MEMORY, 0, 0), 0);
    return *(const struct memory_facts *)LAYOUT_MESSAGE_PAGE;
}

static void running_counts(void)
{
    struct ledger ledger;
    struct memory_facts facts;
    uint64_t total = 0, free = 0;

    CHECK(ledger_balances(&ledger));
    facts = facts_now();
    CHECK_IS(facts.total, ledger.total);
    CHECK_IS(facts.free, ledger.free);
    CHECK_IS(facts.kernel, ledger.kernel);
    CHECK_IS(facts.slab, ledger.slab);
    CHECK_IS(facts.table, ledger.table);
    CHECK_IS(facts.slot, ledger.slot);
    CHECK_IS(facts.page, ledger.page);
    for (unsigned zone = 0; zone < MEMORY_ZONES; zone++) {
        uint64_t blocks = 0;
        for (unsigned order = 0; order < MEMORY_ORDERS; order++)
            blocks += facts.zones[zone].blocks[order] << order;
        CHECK_IS(blocks, facts.zones[zone].free);
        CHECK(facts.zones[zone].free <= facts.zones[zone].total);
        total += facts.zones[zone].total;
        free += facts.zones[zone].free;
    }
    CHECK_IS(total, facts.total);
    CHECK_IS(free, facts.free);
}

/* The cache of that name; the sums of all. */
static struct slab_facts cache_named(const char *name, uint64_t *frames)
{
    const volatile struct slab_facts *page = (const struct slab_facts *)LAYOUT_MESSAGE_PAGE;
    struct slab_facts found = {{0}, 0, 0, 0, 0, 0};
    int64_t count = debug(0, DEBUG_SLAB, 0, 0);

    CHECK(count > 5);
    *frames = 0;
    for (int64_t i = 0; i < count; i++) {
        CHECK(page[i].objects <= page[i].slabs * page[i].slab_capacity);
        CHECK(page[i].object_bytes * page[i].slab_capacity <= page[i].slab_frames * PAGE_SIZE);
        *frames += page[i].slabs * page[i].slab_frames;
        if (!strcmp((const char *)page[i].name, name))
            found = page[i];
    }
    return found;
}

static void slabs(void)
{
    uint64_t frames, objects;
    int64_t thread, count;

    objects = cache_named("thread", &frames).objects;
    CHECK(objects);
    CHECK_IS(frames, facts_now().slab);
    thread = thread_create(HANDLE_SPACE, 0, 1, 0);
    CHECK_IS(cache_named("thread", &frames).objects, objects + 1);
    CHECK_IS(thread_ctl(thread, THREAD_KILL, 0, 0, 0), 0);
    handle_close(thread);
    CHECK_IS(cache_named("thread", &frames).objects, objects);
    count = debug(0, DEBUG_SLAB, 0, 0);
    CHECK_IS(debug(0, DEBUG_SLAB, 3, 0), count - 3);
    CHECK_IS(debug(0, DEBUG_SLAB, count, 0), 0);
}

/* A page and its table and slots, each on its own line, and gone again. */
static void lines(void)
{
    handle pager = create_endpoint(LEVEL_ANON);
    uintptr_t far = 0x600000000000;
    struct memory_facts before, after;
    int64_t object;

    before = facts_now();
    object = create_object(pager, 1, 1 << 20, 0);
    CHECK_IS(region_map(HANDLE_SPACE, far, 1 << 20, MAP_READ | MAP_WRITE, object, 0, 0, 0), 0);
    CHECK_IS(page_supply_unasked(object, SUPPLY_ZERO | SUPPLY_WRITABLE, 0, 1, 0, 0), 0);
    *(volatile char *)far = 1;
    after = facts_now();
    CHECK_IS(after.page - before.page, 1);
    CHECK_IS(after.slot - before.slot, 1);
    CHECK_IS(after.table - before.table, 3);
    CHECK_IS(region_unmap(HANDLE_SPACE, far, 1 << 20, 0), 0);
    handle_close(object);
    handle_close(pager);
    after = facts_now();
    CHECK_IS(after.page, before.page);
    CHECK_IS(after.slot, before.slot);
    CHECK_IS(after.table, before.table);
}

void memory_facts(void)
{
    running_counts();
    slabs();
    lines();
    running_counts();
}
