/*
 * calls_page.c: page_supply and page_reclaim.
 */
#include "calls.h"

struct paged paged_new(handle endpoint, uint64_t pages)
{
    struct paged paged = {WORKS(create_object(endpoint, 0x1234, pages, 0)), address_new(pages)};

    WORKS(region_map(HANDLE_SPACE, paged.address, pages, MAP_READ | MAP_WRITE, paged.object, 0, 0,
                     0));
    return paged;
}

void paged_free(struct paged *paged, uint64_t pages)
{
    WORKS(region_unmap(HANDLE_SPACE, paged->address, pages, 0));
    WORKS(handle_close(paged->object));
}

int64_t touch(uint64_t address)
{
    *(volatile uint8_t *)address = 1;
    return 0;
}

#define WRITABLE_ZERO (SUPPLY_ZERO | SUPPLY_WRITABLE)

static struct paged paged;
static handle pager;
static struct message fault; /* the request that waits for an answer */

static int64_t supply_at(uint64_t endpoint)
{
    struct message message = {.request = fault.request};

    return page_supply(endpoint, WRITABLE_ZERO, 0, 1, 0, 0, &message);
}

static int64_t supply_object(uint64_t object)
{
    return page_supply_unasked(object, WRITABLE_ZERO, 0, 1, 0, 0);
}

static int64_t copy_from(uint64_t source)
{
    return page_supply_only(fault.request, SUPPLY_COPY | SUPPLY_WRITABLE, 1, 1, source, 0);
}

static int64_t move_from(uint64_t source)
{
    return page_supply_only(fault.request, SUPPLY_MOVE | SUPPLY_WRITABLE, 1, 1, source, 0);
}

static int64_t copy_unasked(uint64_t source)
{
    return page_supply_unasked(paged.object, SUPPLY_COPY, 0, 1, source, 0);
}

static int64_t answer(uint64_t how, uint64_t index, uint64_t pages)
{
    return page_supply_only(fault.request, how, index, pages, 0, 0);
}

/* Answers a pager may not give. None of them ends the request. */
static void wrong_answers(void)
{
    handle device = WORKS(create_device(HANDLE_SYSTEM, 0x1000, 1)), wired = make(OBJECT);
    char *page = pages_new(1);
    struct worker pinned;

    TRY_HANDLES(page_supply, ENDPOINT, RIGHT_RECV, supply_at);
    TRY_HANDLES(page_supply, OBJECT, RIGHT_READ, copy_from);
    TRY_HANDLES(page_supply, OBJECT, RIGHT_MANAGE, move_from);
    FAILS(page_supply, EINVAL, answer(WRITABLE_ZERO, 2, 1)); /* not the page that was asked for */
    FAILS(page_supply, EINVAL, answer(WRITABLE_ZERO, ~0ul, 1));
    FAILS(page_supply, EINVAL, answer(WRITABLE_ZERO, 1, 0));
    FAILS(page_supply, EINVAL, answer(WRITABLE_ZERO, 1, fault.w[2] + 1)); /* beyond the window */
    FAILS(page_supply, EINVAL, answer(WRITABLE_ZERO, 1, ~0ul));
    FAILS(page_supply, EINVAL, answer(5, 1, 1));
    FAILS(page_supply, EINVAL, answer(0xff, 1, 1));
    FAILS(page_supply, EINVAL, answer(SUPPLY_COPY, 1, 2)); /* one at a time */
    FAILS(page_supply, EINVAL, answer(SUPPLY_MOVE, 1, 1)); /* from where? */
    FAILS(page_supply, EINVAL, move_from(paged.object));
    FAILS(page_supply, EINVAL, move_from(device));
    FAILS(page_supply, EINVAL, copy_from(device));         /* registers are no memory */
    FAILS(page_supply, ENOENT, answer(SUPPLY_COPY, 1, 1)); /* no source, no page */
    FAILS(page_supply, ENOENT, answer(SUPPLY_UPGRADE, 1, 1));
    FAILS(page_supply, ENOENT, page_supply_only(fault.request, SUPPLY_COPY, 1, 1, wired, 1));
    FAILS(page_supply, ENOENT, page_supply_only(fault.request, SUPPLY_COPY, 1, 1, wired, ~0ul));
    FAILS(page_supply, ENOENT, page_supply_only(fault.request, SUPPLY_MOVE, 1, 1, wired, 1));
    FAILS(page_supply, ESTALE,
          page_supply_only(fault.request + (1ul << 23), WRITABLE_ZERO, 1, 1, 0, 0));
    FAILS(page_supply, ESTALE, page_supply_only(~0ul, WRITABLE_ZERO, 1, 1, 0, 0));
    /* A message page stays where it is. */
    WORKS(region_map(HANDLE_SPACE, address_new(1), 1, MAP_READ, wired, 0, 0, 0));
    uintptr_t at = address_new(1);
    WORKS(region_map(HANDLE_SPACE, at, 1, MAP_READ | MAP_WRITE, wired, 0, 0, 0));
    pinned.thread = WORKS(thread_create(HANDLE_SPACE, at, 1, 0));
    FAILS(page_supply, EAGAIN, move_from(wired));
    WORKS(thread_ctl(pinned.thread, THREAD_KILL, 0, 0, 0));
    WORKS(handle_close(pinned.thread));
    WORKS(region_unmap(HANDLE_SPACE, at - 2 * PAGE_SIZE, 3, 0));
    WORKS(handle_close(device));
    WORKS(handle_close(wired));
    pages_free(page, 1);
}

/* A page that is there is not overwritten. */
static void resident_page(void)
{
    struct worker writer;
    handle wired = make(OBJECT);

    WORKS(page_supply_unasked(paged.object, SUPPLY_ZERO | SUPPLY_WRITABLE, 2, 1, 0, 0));
    WORKS(page_reclaim(paged.object, 2, 1, RECLAIM_DISCARD));
    WORKS(page_supply_unasked(paged.object, SUPPLY_COPY, 2, 1, wired, 0)); /* read-only */
    worker_start(&writer, touch, paged.address + 2 * PAGE_SIZE, PRIORITY_ABOVE);
    CHECK_IS(take(pager, &fault), KIND_FAULT | FAULT_WRITE | FAULT_COW | FAULT_SOLE);
    FAILS(page_supply, EINVAL, answer(WRITABLE_ZERO, 2, 1));
    FAILS(page_supply, EINVAL, page_supply_only(fault.request, SUPPLY_MOVE, 2, 1, wired, 0));
    CHECK(!writer.done);
    WORKS(answer(SUPPLY_UPGRADE, 2, 1));
    CHECK_IS(worker_finish(&writer), 0);
    WORKS(handle_close(wired));
}

/* A page that was supplied read-only becomes writable before anybody asked. */
static void upgraded_unasked(void)
{
    struct worker writer;
    handle wired = make(OBJECT);

    WORKS(page_reclaim(paged.object, 2, 1, RECLAIM_DISCARD));
    FAILS(page_supply, ENOENT, page_supply_unasked(paged.object, SUPPLY_UPGRADE, 2, 1, 0, 0));
    WORKS(page_supply_unasked(paged.object, SUPPLY_COPY, 2, 1, wired, 0));
    WORKS(page_supply_unasked(paged.object, SUPPLY_UPGRADE, 2, 1, 0, 0));
    worker_start(&writer, touch, paged.address + 2 * PAGE_SIZE, PRIORITY_ABOVE);
    CHECK(writer.done); /* nobody was asked */
    CHECK_IS(worker_finish(&writer), 0);
    WORKS(handle_close(wired));
}

static void unasked(void)
{
    handle wired = make(OBJECT), device = WORKS(create_device(HANDLE_SYSTEM, 0x1000, 1));

    TRY_HANDLES(page_supply, OBJECT, RIGHT_MANAGE, supply_object);
    TRY_HANDLES(page_supply, OBJECT, RIGHT_READ, copy_unasked);
    FAILS(page_supply, EINVAL, supply_object(wired)); /* has its pages */
    FAILS(page_supply, EINVAL, supply_object(device));
    FAILS(page_supply, EINVAL, page_supply_unasked(paged.object, WRITABLE_ZERO, 4, 1, 0, 0));
    FAILS(page_supply, EINVAL, page_supply_unasked(paged.object, WRITABLE_ZERO, 0, 0, 0, 0));
    FAILS(page_supply, EINVAL, page_supply_unasked(paged.object, WRITABLE_ZERO, 0, 5, 0, 0));
    FAILS(page_supply, EINVAL, page_supply_unasked(paged.object, WRITABLE_ZERO, ~0ul, 2, 0, 0));
    FAILS(page_supply, EINVAL, page_supply_unasked(paged.object, WRITABLE_ZERO, 1, ~0ul, 0, 0));
    FAILS(page_supply, EINVAL, page_supply_unasked(paged.object, SUPPLY_UPGRADE, 0, 2, 0, 0));
    FAILS(page_supply, EINVAL, page_supply_unasked(paged.object, SUPPLY_FAIL, 0, 1, 0, 0));
    FAILS(page_supply, EINVAL, page_supply_unasked(paged.object, 0xff, 0, 1, 0, 0));
    FAILS(page_supply, EINVAL, page_supply_unasked(paged.object, SUPPLY_COPY, 0, 1, 0, 0));
    FAILS(page_supply, EINVAL, page_supply_unasked(paged.object, SUPPLY_COPY, 0, 1, device, 0));
    WORKS(handle_close(wired));
    WORKS(handle_close(device));
}

static void no_memory(void)
{
    handle pool = WORKS(create_pool(HANDLE_POOL, 0, 1)), object, wired = make(OBJECT);

    object = WORKS(create_object(pager, 0, 4, pool)); /* that was the pool's only frame */
    FAILS(page_supply, ENOMEM, supply_object(object));
    WORKS(pool_limit(pool, 2));
    WORKS(page_supply_unasked(object, WRITABLE_ZERO, 0, 1, 0, 0));
    FAILS(page_supply, ENOMEM, page_supply_unasked(object, WRITABLE_ZERO, 1, 1, 0, 0));
    FAILS(page_supply, ENOMEM, page_supply_unasked(object, SUPPLY_COPY, 1, 1, wired, 0));
    FAILS(page_supply, ENOMEM, page_supply_unasked(object, SUPPLY_MOVE, 1, 1, wired, 0));
    WORKS(handle_close(object));
    WORKS(handle_close(wired));
    WORKS(handle_close(pool));
}

static int64_t reclaim(uint64_t object)
{
    return page_reclaim(object, 0, 1, RECLAIM_DISCARD);
}

static void reclaiming(void)
{
    handle wired = make(OBJECT);

    TRY_HANDLES(page_reclaim, OBJECT, RIGHT_MANAGE, reclaim);
    FAILS(page_reclaim, EINVAL, reclaim(wired));
    FAILS(page_reclaim, EINVAL, page_reclaim(paged.object, 0, 0, RECLAIM_DISCARD));
    FAILS(page_reclaim, EINVAL, page_reclaim(paged.object, 4, 1, RECLAIM_DISCARD));
    FAILS(page_reclaim, EINVAL, page_reclaim(paged.object, 0, 5, RECLAIM_DISCARD));
    FAILS(page_reclaim, EINVAL, page_reclaim(paged.object, ~0ul, 1, RECLAIM_DISCARD));
    FAILS(page_reclaim, EINVAL, page_reclaim(paged.object, 1, ~0ul, RECLAIM_DISCARD));
    FAILS(page_reclaim, EINVAL, page_reclaim(wired, 1, 0, RECLAIM_RESIZE));
    FAILS(page_reclaim, EINVAL, page_reclaim(paged.object, (1ul << 48) + 1, 0, RECLAIM_RESIZE));
    FAILS(page_reclaim, EINVAL, page_reclaim(paged.object, ~0ul, 0, RECLAIM_RESIZE));
    WORKS(page_reclaim(paged.object, 1ul << 48, 0, RECLAIM_RESIZE));
    WORKS(page_reclaim(paged.object, 4, 0, RECLAIM_RESIZE));
    FAILS(page_reclaim, ENOSYS, page_reclaim(paged.object, 0, 1, 0));
    FAILS(page_reclaim, ENOSYS, page_reclaim(paged.object, 0, 1, ~0ul));
    WORKS(handle_close(wired));
}

static int64_t query(uint64_t space)
{
    return page_query((handle)space, paged.address, 1, 0);
}

static int64_t query_and_clear(uint64_t space)
{
    return page_query((handle)space, paged.address, 1, PAGES_CLEAR_REFERENCED);
}

static int64_t query_bare(uint64_t unused)
{
    (void)unused;
    return query(HANDLE_SPACE);
}

static void querying(void)
{
    handle dead = dead_space();
    struct worker bare;

    TRY_HANDLES(page_query, SPACE, RIGHT_READ, query);
    TRY_HANDLES(page_query, SPACE, RIGHT_READ | RIGHT_MANAGE, query_and_clear);
    FAILS(page_query, EOWNERDEAD, query(dead));
    WORKS(handle_close(dead));
    FAILS(page_query, EINVAL, page_query(HANDLE_SPACE, paged.address + 1, 1, 0));
    FAILS(page_query, EINVAL, page_query(HANDLE_SPACE, paged.address, 0, 0));
    FAILS(page_query, EINVAL, page_query(HANDLE_SPACE, paged.address, 513, 0));
    FAILS(page_query, EINVAL, page_query(HANDLE_SPACE, paged.address, ~0ul, 0));
    FAILS(page_query, EINVAL, page_query(HANDLE_SPACE, 1ul << 48, 1, 0));
    FAILS(page_query, EINVAL, page_query(HANDLE_SPACE, paged.address, 1, 2));
    FAILS(page_query, EINVAL,
          NATIVE_CALL(SYSCALL_page_query,
                      IN(0, HANDLE_SPACE) IN(1, paged.address) IN(2, 1) IN(3, 0) IN(4, 512))
              .x[0]);
    FAILS(page_query, EINVAL,
          NATIVE_CALL(SYSCALL_page_query,
                      IN(0, HANDLE_SPACE) IN(1, paged.address) IN(2, 1) IN(3, 0) IN(4, ~0ul))
              .x[0]);
    worker_start_bare(&bare, query_bare, 0, PRIORITY_ABOVE);
    FAILS(page_query, EMSGSIZE, worker_finish(&bare));
}

void page_calls(void)
{
    struct worker toucher;

    pager = make(ENDPOINT);
    paged = paged_new(pager, 4);
    worker_start(&toucher, touch, paged.address + PAGE_SIZE, PRIORITY_ABOVE);
    CHECK_IS(take(pager, &fault), KIND_FAULT | FAULT_WRITE);
    wrong_answers();
    CHECK(!toucher.done);
    WORKS(answer(WRITABLE_ZERO, 1, 1));
    CHECK_IS(worker_finish(&toucher), 0);
    FAILS(page_supply, ESTALE, answer(WRITABLE_ZERO, 1, 1));
    resident_page();
    unasked();
    upgraded_unasked();
    no_memory();
    reclaiming();
    querying();
    paged_free(&paged, 4);
    WORKS(handle_close(pager));
}
