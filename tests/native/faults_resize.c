/*
 * faults_resize.c: objects that grow and shrink, as files do.
 */
#include "faults.h"

static int64_t resize(handle object, uint64_t pages)
{
    return page_reclaim(object, pages, 0, RECLAIM_RESIZE);
}

static uint64_t page_frames(void)
{
    struct ledger ledger;

    CHECK(ledger_balances(&ledger));
    return ledger.page;
}

static volatile uint64_t *word_at(const struct area *area, uint64_t page)
{
    return (volatile uint64_t *)(area->address + page * PAGE_SIZE);
}

/* A program that touches this page of the object, by its own region or by a private one, ends. */
static void expect_end(const struct area *area, uint64_t page, bool as_source)
{
    struct world world = world_new(1, PRIORITY_ABOVE);
    struct message exception = {0};
    uintptr_t at = AREA + 0x10000000;

    if (as_source)
        CHECK_IS(region_map(world.child.space, at, page + 1, MAP_READ | MAP_WRITE, world.object, 0,
                            area->object, 0),
                 0);
    else
        CHECK_IS(region_map(world.child.space, at, page + 1, MAP_READ, area->object, 0, 0, 0), 0);
    child_start(&world.child, read_byte, at + page * PAGE_SIZE);
    exception = world_expect(&world, KIND_EXCEPTION);
    CHECK_IS(exception.w[0], EXCEPTION_PAGER);
    CHECK_IS(exception.w[1], at + page * PAGE_SIZE);
    world_free(&world);
}

static void supply_all(const struct area *area, uint64_t first, uint64_t pages)
{
    for (uint64_t i = 0; i < pages; i += 500)
        CHECK_IS(page_supply_unasked(area->object, WRITABLE_ZERO, first + i,
                                     pages - i < 500 ? pages - i : 500, 0, 0),
                 0);
    for (uint64_t i = first; i < first + pages; i++)
        *word_at(area, i) = i + 1;
}

/* From one size to another: what is below both stays, what is beyond goes and comes back empty. */
static void shrink_and_grow(uint64_t from, uint64_t to)
{
    struct area area = area_new(from);
    struct message fault;
    struct worker worker;
    uint64_t before = page_frames(), wrong = 0;

    supply_all(&area, 0, from);
    CHECK_IS(resize(area.object, to), 0);
    CHECK_IS(page_frames() - before, to);
    for (uint64_t i = 0; i < to; i++)
        wrong += *word_at(&area, i) != i + 1;
    CHECK_IS(wrong, 0);
    expect_end(&area, to, false);
    expect_end(&area, to, true);
    CHECK_IS(resize(area.object, from), 0);
    worker_start(&worker, read_byte, area.address + to * PAGE_SIZE, PRIORITY_ABOVE);
    fault = expect_fault(area.pager, to, 0);
    CHECK_IS(supply(&fault, WRITABLE_ZERO), 0);
    CHECK_IS(worker_finish(&worker), 0);
    CHECK_IS(*word_at(&area, to), 0);
    area_free(&area);
    CHECK_IS(page_frames(), before);
}

/* One page at first, mapped beyond its end; then as far as the region goes. */
static void grown(void)
{
    struct area area = {create_endpoint(LEVEL_ANON), 0, address_new(3000), 3000};
    uint64_t wrong = 0;

    area.object = create_object(area.pager, 1, 1, 0);
    CHECK_IS(
        region_map(HANDLE_SPACE, area.address, 3000, MAP_READ | MAP_WRITE, area.object, 0, 0, 0),
        0);
    supply_all(&area, 0, 1);
    expect_end(&area, 1, false);
    CHECK_IS(page_supply_unasked(area.object, WRITABLE_ZERO, 1, 1, 0, 0), -EINVAL);
    CHECK_IS(resize(area.object, 3000), 0);
    supply_all(&area, 1, 2999);
    for (uint64_t i = 0; i < 3000; i++)
        wrong += *word_at(&area, i) != i + 1;
    CHECK_IS(wrong, 0);
    CHECK_IS(resize(area.object, 0), 0);
    expect_end(&area, 0, false);
    area_free(&area);
}

/* Who waits for a page that is cut off is told; what was to be supplied beyond is not. */
static void cut_off(bool below)
{
    struct world world = world_new(40, PRIORITY_ABOVE);
    struct message fault, exception;
    uint64_t before = page_frames();

    CHECK_IS(resize(world.object, 20), 0);
    child_start(&world.child, write_byte, AREA + 10 * PAGE_SIZE);
    fault = expect_fault(world.pager, 10, FAULT_WRITE);
    CHECK_IS(fault.w[2], 10);
    CHECK_IS(resize(world.object, below ? 12 : 5), 0);
    if (below) {
        CHECK_IS(page_supply_only(fault.request, WRITABLE_ZERO, 10, 10, 0, 0), 0);
        WAIT_FOR(world.child.worker->done);
        CHECK_IS(page_frames() - before, 2);
    } else {
        CHECK_IS(page_supply_only(fault.request, WRITABLE_ZERO, 10, 10, 0, 0), -ESTALE);
        exception = world_expect(&world, KIND_EXCEPTION);
        CHECK_IS(exception.w[0], EXCEPTION_PAGER);
        CHECK_IS(page_frames(), before);
    }
    world_free(&world);
}

/* A file shrinks: private copies of what it was stay, what only showed it goes. */
static void private_copies(void)
{
    struct area file = area_new(4);
    handle pager = create_endpoint(LEVEL_ANON), private = create_object(pager, 1, 4, 0);
    uintptr_t at = address_new(4);
    struct message fault;
    struct worker worker;

    supply_all(&file, 0, 4);
    CHECK_IS(region_map(HANDLE_SPACE, at, 4, MAP_READ | MAP_WRITE, private, 0, file.object, 0), 0);
    CHECK_IS(*(volatile uint64_t *)(at + 2 * PAGE_SIZE), 3);
    worker_start(&worker, write_byte, at + 3 * PAGE_SIZE, PRIORITY_ABOVE);
    fault = expect_fault(pager, 3, FAULT_WRITE | FAULT_COW);
    CHECK_IS(supply(&fault, SUPPLY_COPY | SUPPLY_WRITABLE), 0);
    CHECK_IS(worker_finish(&worker), 0);
    CHECK_IS(resize(file.object, 1), 0);
    CHECK_IS(*(volatile uint64_t *)(at + 3 * PAGE_SIZE), 7);
    CHECK_IS(resize(file.object, 4), 0);
    worker_start(&worker, read_byte, at + 2 * PAGE_SIZE, PRIORITY_ABOVE);
    fault = expect_fault(file.pager, 2, 0);
    CHECK_IS(supply(&fault, WRITABLE_ZERO), 0);
    CHECK_IS(worker_finish(&worker), 0);
    CHECK_IS(*(volatile uint64_t *)(at + 3 * PAGE_SIZE), 7);
    CHECK_IS(region_unmap(HANDLE_SPACE, at, 4, 0), 0);
    area_free(&file);
    handle_close(private);
    handle_close(pager);
}

void resized_objects(void)
{
    shrink_and_grow(1200, 700);
    shrink_and_grow(1200, 512);
    shrink_and_grow(1200, 0);
    shrink_and_grow(40, 7);
    shrink_and_grow(700, 699);
    grown();
    cut_off(true);
    cut_off(false);
    private_copies();
}
