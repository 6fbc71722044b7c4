/*
 * memory_object.c: pages of an object by its handle: copied, made clean, reached by devices.
 */
#include "memory.h"

#define PAGES         200
#define WRITABLE_ZERO (SUPPLY_ZERO | SUPPLY_WRITABLE)
#define WORDS         ((const volatile uint64_t *)LAYOUT_MESSAGE_PAGE)

static handle object_new(handle pager, uint64_t pages)
{
    handle object = create_object(pager, 1, pages, 0);

    CHECK_IS(page_supply_unasked(object, WRITABLE_ZERO, 0, pages, 0, 0), 0);
    return object;
}

static int64_t wake_often(uint64_t until)
{
    while (now() < until)
        sleep_until(now() + 20000);
    return 0;
}

/* The whole object at once, from and to odd places, while interrupts come. */
static void copied_whole(handle object, uintptr_t seen)
{
    unsigned char *own = pages_new(PAGES + 1);
    struct worker disturbs;
    uint64_t bytes = PAGES * PAGE_SIZE - 3, wrong = 0;

    for (uint64_t at = 0; at < bytes; at++)
        own[at] = (unsigned char)(at * 31 + (at >> 8));
    worker_start(&disturbs, wake_often, now() + 4000000, PRIORITY_ABOVE);
    CHECK_IS(object_copy(object, 2, own, COPY_OUT, bytes, NULL), bytes);
    for (uint64_t at = 0; at < bytes; at++)
        wrong += ((unsigned char *)seen)[at + 2] != own[at];
    CHECK_IS(wrong, 0);
    memset(own, 0, PAGES * PAGE_SIZE);
    CHECK_IS(object_copy(object, 2, own + 5, COPY_IN, bytes, NULL), bytes);
    CHECK_IS(worker_finish(&disturbs), 0);
    for (uint64_t at = 0; at < bytes; at++)
        wrong += own[at + 5] != (unsigned char)(at * 31 + (at >> 8));
    CHECK_IS(wrong, 0);
    CHECK_IS(own[4] | own[bytes + 5], 0);
    pages_free(own, PAGES + 1);
}

/* Where it stops, and what was done before. */
static void obstacles(handle object)
{
    struct copy_stop stop = {0};
    char *own = pages_new(3);

    CHECK_IS(page_reclaim(object, 7, 1, RECLAIM_DISCARD), 1);
    CHECK_IS(object_copy(object, 6 * PAGE_SIZE + 100, own, COPY_IN, 2 * PAGE_SIZE, &stop), -EAGAIN);
    CHECK_IS(stop.address, 7);
    CHECK_IS(stop.copied, PAGE_SIZE - 100);
    CHECK_IS(page_supply_unasked(object, SUPPLY_ZERO, 7, 1, 0, 0), 0); /* the page of zeroes */
    memset(own, 1, PAGE_SIZE);
    CHECK_IS(object_copy(object, 7 * PAGE_SIZE, own, COPY_IN, PAGE_SIZE, NULL), PAGE_SIZE);
    CHECK_IS(own[0] | own[4095], 0);
    CHECK_IS(object_copy(object, 7 * PAGE_SIZE, own, COPY_OUT, 8, &stop), -EAGAIN);
    CHECK_IS(stop.address, 7);
    CHECK_IS(object_copy(object, (PAGES - 1) * PAGE_SIZE + 4000, own, COPY_IN, 200, &stop),
             -EFAULT);
    CHECK_IS(stop.address, PAGES);
    CHECK_IS(stop.copied, 96);
    pages_free(own, 3);
}

/* What a clone shares is not written for both. */
static void cloned(handle pager)
{
    handle object = object_new(pager, 2), copy = create_object(pager, 2, 2, 0);
    handle from = space_create(HANDLE_POOL, LEVEL_PROGRAM, 0, 1);
    handle to = space_create(HANDLE_POOL, LEVEL_PROGRAM, 0, 1);
    char *own = pages_new(1);

    CHECK_IS(region_map(from, 0x10000, 2, MAP_READ | MAP_WRITE, object, 0, 0, 0), 0);
    CHECK_IS(region_clone(from, to, object, copy), 0);
    own[0] = 9;
    CHECK_IS(object_copy(object, 0, own, COPY_OUT, 1, NULL), -EAGAIN);
    CHECK_IS(object_copy(copy, 0, own, COPY_OUT, 1, NULL), -EAGAIN);
    CHECK_IS(page_reclaim(copy, 0, 1, RECLAIM_DISCARD), 1);
    CHECK_IS(object_copy(object, 0, own, COPY_OUT, 1, NULL), 1); /* nobody else has it now */
    own[0] = 0;
    CHECK_IS(object_copy(object, 0, own, COPY_IN, 1, NULL), 1);
    CHECK_IS(own[0], 9);
    CHECK_IS(space_ctl(from, SPACE_KILL, 0, 0), 0);
    CHECK_IS(space_ctl(to, SPACE_KILL, 0, 0), 0);
    handle_close(from);
    handle_close(to);
    handle_close(object);
    handle_close(copy);
    pages_free(own, 1);
}

void object_copies(void)
{
    handle pager = create_endpoint(LEVEL_ANON), object = object_new(pager, PAGES);
    uintptr_t seen = address_new(PAGES);

    CHECK_IS(region_map(HANDLE_SPACE, seen, PAGES, MAP_READ | MAP_WRITE, object, 0, 0, 0), 0);
    copied_whole(object, seen);
    obstacles(object);
    CHECK_IS(region_unmap(HANDLE_SPACE, seen, PAGES, 0), 0);
    cloned(pager);
    handle_close(object);
    handle_close(pager);
}

/* Code that is written by handle is what runs next. */
static void written_code(handle pager)
{
    static const uint32_t code[] = {0xd2800540, 0xd65f03c0, 0xd2800e00, 0xd65f03c0};
    /* mov x0, #42; ret; and the same with 112 */
    handle object = object_new(pager, 1);
    uintptr_t at = address_new(1);
    int64_t (*run)(void) = (int64_t(*)(void))at;

    CHECK_IS(region_map(HANDLE_SPACE, at, 1, MAP_READ | MAP_EXEC, object, 0, 0, 0), 0);
    for (unsigned i = 0; i < 20; i++) {
        uint32_t *own = pages_new(1);
        memcpy(own, &code[i % 2 * 2], 8);
        CHECK_IS(object_copy(object, 0, own, COPY_OUT, 8, NULL), 8);
        CHECK_IS(run(), i % 2 ? 112 : 42);
        pages_free(own, 1);
    }
    CHECK_IS(region_unmap(HANDLE_SPACE, at, 1, 0), 0);
    handle_close(object);
}

static int64_t write_word(uint64_t address)
{
    *(volatile uint64_t *)address += 1;
    return (int64_t) * (volatile uint64_t *)address;
}

/* Two views here, one elsewhere: all lose the right to write, and get it back from the pager. */
static void cleaned_everywhere(handle pager)
{
    handle object = object_new(pager, PAGES);
    uintptr_t views[] = {address_new(PAGES), address_new(PAGES)};
    struct worker writer;
    struct message fault = {0};

    for (unsigned i = 0; i < 2; i++)
        CHECK_IS(region_map(HANDLE_SPACE, views[i], PAGES, MAP_READ | MAP_WRITE | MAP_POPULATE,
                            object, 0, 0, 0),
                 0);
    CHECK_IS(page_clean(object, 0, PAGES), 0); /* supplied unasked and writable: may be written */
    CHECK_IS(WORDS[0], ~0ul);
    CHECK_IS(WORDS[3], (1ul << (PAGES - 192)) - 1);
    CHECK_IS(page_clean(object, 0, PAGES), 0);
    CHECK_IS(WORDS[0] | WORDS[1] | WORDS[2] | WORDS[3], 0);
    for (unsigned i = 0; i < 2; i++) {
        worker_start(&writer, write_word, views[i] + 70 * PAGE_SIZE, PRIORITY_ABOVE);
        CHECK_IS(take(pager, &fault), KIND_FAULT | FAULT_WRITE | FAULT_COW | FAULT_SOLE);
        CHECK_IS(fault.w[1], 70);
        CHECK_IS(page_supply_only(fault.request, SUPPLY_UPGRADE, 70, 1, 0, 0), 0);
        CHECK_IS(worker_finish(&writer), i + 1);
        CHECK_IS(write_word(views[!i] + 70 * PAGE_SIZE), i + 2); /* no fault in the other view */
        write_word(views[!i] + 70 * PAGE_SIZE);
        CHECK_IS(page_clean(object, 69, 3), 0);
        CHECK_IS(WORDS[0], 2);
        *(volatile uint64_t *)views[i]; /* reading goes on */
        CHECK_IS(page_clean(object, 6, 100), 0);
        CHECK_IS(WORDS[0] | WORDS[1], 0);
        CHECK_IS(object_copy(object, 70 * PAGE_SIZE, &(uint64_t){i + 1}, COPY_OUT, 8, NULL), 8);
    }
    for (unsigned i = 0; i < 2; i++)
        CHECK_IS(region_unmap(HANDLE_SPACE, views[i], PAGES, 0), 0);
    handle_close(object);
}

/* Most pages a call takes, few there, interrupts in between. */
static void cleaned_sparse(handle pager)
{
    handle object = create_object(pager, 1, 1ul << 20, 0);
    struct worker disturbs;

    for (uint64_t i = 3; i < RECLAIM_CLEAN_MOST; i += 1000)
        CHECK_IS(page_supply_unasked(object, WRITABLE_ZERO, i + 5, 1, 0, 0), 0);
    worker_start(&disturbs, wake_often, now() + 1000000, PRIORITY_ABOVE);
    CHECK_IS(page_clean(object, 5, RECLAIM_CLEAN_MOST), 0);
    uint64_t wrong = 0;
    for (uint64_t i = 0; i < RECLAIM_CLEAN_MOST; i++)
        wrong += (WORDS[i / 64] >> i % 64 & 1) != (i % 1000 == 3);
    CHECK_IS(wrong, 0);
    CHECK_IS(worker_finish(&disturbs), 0);
    handle_close(object);
}

void cleaning(void)
{
    handle pager = create_endpoint(LEVEL_ANON);

    cleaned_everywhere(pager);
    cleaned_sparse(pager);
    written_code(pager);
    handle_close(pager);
}

/* Frames that a device may reach outlive their object, and its pool, until they are unpinned. */
void pins(void)
{
    handle device = create_device(HANDLE_SYSTEM, 0x9000000, 1), before_object = create_wired(2, 0);
    handle pool = create_pool(HANDLE_POOL, 0, 1000), wired = create_wired(PAGES, pool);
    handle pager = create_endpoint(LEVEL_ANON), taker = create_object(pager, 1, 1, 0);
    uint64_t used, frames[2];
    struct ledger ledger;

    CHECK_IS(dma_pin(device, before_object, 0, 2), 0);
    CHECK_IS(dma_unpin(device, 0, 2), 0);
    used = frames_used();
    CHECK_IS(dma_pin(device, wired, 0, PAGES), 2);
    CHECK(WORDS[0] && !(WORDS[0] & (PAGE_SIZE - 1)) && WORDS[PAGES - 1] != WORDS[0]);
    frames[0] = WORDS[0];
    CHECK_IS(dma_pin(device, wired, 0, 1), 2 + PAGES); /* twice is twice */
    CHECK_IS(WORDS[0], frames[0]);
    CHECK_IS(page_supply_unasked(taker, SUPPLY_MOVE, 0, 1, wired, 0), -EAGAIN);
    handle_close(wired);
    handle_close(pool);
    CHECK(ledger_balances(&ledger));
    CHECK(frames_used() >= used);
    CHECK_IS(dma_unpin(device, 2 + 1, PAGES - 1), 0);
    CHECK(ledger_balances(&ledger));
    frames[1] = frames_used();
    CHECK_IS(dma_unpin(device, 2, 1), 0); /* the second pin still holds it */
    CHECK(frames_used() >= frames[1] - 1);
    CHECK(ledger_balances(&ledger));
    handle_close(device); /* with a pin: it was reset, says who had it */
    CHECK(ledger_balances(&ledger));
    CHECK(frames_used() + PAGES <= used);
    handle_close(taker);
    handle_close(pager);
    handle_close(before_object);
}

/* Wired memory stays where it is shown: who maps it must never fault. */
void moves_from_wired(void)
{
    handle wired = create_wired(1, 0), pager = create_endpoint(LEVEL_ANON);
    handle taker = create_object(pager, 1, 1, 0);
    uintptr_t at = address_new(1);

    CHECK_IS(region_map(HANDLE_SPACE, at, 1, MAP_READ, wired, 0, 0, 0), 0);
    CHECK_IS(page_supply_unasked(taker, SUPPLY_MOVE, 0, 1, wired, 0), -EAGAIN);
    CHECK_IS(*(volatile uint64_t *)at, 0);
    CHECK_IS(region_unmap(HANDLE_SPACE, at, 1, 0), 0);
    CHECK_IS(page_supply_unasked(taker, SUPPLY_MOVE, 0, 1, wired, 0), 0);
    handle_close(wired);
    handle_close(taker);
    handle_close(pager);
}

/* Who takes over finds every object that lives, by whomever it was made, and can serve it. */
void adoption(void)
{
    handle pager = create_endpoint(LEVEL_ANON), made[20], at = 0, kept[20];
    struct child maker = child_new(HANDLE_POOL, LEVEL_PROGRAM, 0, PRIORITY_BELOW);
    struct adopted adopted = {0};
    unsigned count = 0;
    uintptr_t seen = address_new(1);
    struct region_facts facts = {0};

    for (unsigned i = 0; i < 20; i++)
        made[i] = create_object(pager, 100 + i, 1 + i, 0);
    for (unsigned i = 0; i < 20; i += 3)
        handle_close(made[i]);
    CHECK(handle_dup(made[1], RIGHTS_ALL, 0, maker.space) > 0);
    handle_close(made[1]); /* the child has it alone */
    for (int i = 19; i >= 0; i--) {
        if (i % 3 == 0)
            continue;
        at = kept[count++] = (handle)adopt(pager, at, &adopted);
        CHECK_IS(adopted.cookie, 100 + i);
        CHECK_IS(adopted.pages, 1 + i);
    }
    CHECK_IS(adopt(pager, at, &adopted), -ENOENT);
    CHECK_IS(page_supply_unasked(at, WRITABLE_ZERO, 0, 1, 0, 0), 0);
    CHECK_IS(region_map(HANDLE_SPACE, seen, 1, MAP_READ, at, 0, 0, 0), 0);
    CHECK_IS(region_query(HANDLE_SPACE, seen, &facts), 0);
    CHECK_IS(facts.object, adopted.id);
    CHECK_IS(region_unmap(HANDLE_SPACE, seen, 1, 0), 0);
    child_kill(&maker);
    while (count)
        handle_close(kept[--count]);
    for (unsigned i = 0; i < 20; i++)
        if (i % 3 && i != 1)
            handle_close(made[i]);
    CHECK_IS(adopt(pager, 0, &adopted), -ENOENT);
    handle_close(pager);
}
