/*
 * exhaust_bombs.c: a program makes as many of one thing as it can. It hits the
 * limit of its own pool; its neighbours have what they were promised.
 */
#include "exhaust.h"

#define POOL_FRAMES 300
#define AREA        0x100000000000ul
#define MANY        100000 /* nothing below may go on for so long in a pool of that size */

/* What a bomb finds in its handle table. */
enum { OWN_SPACE = 1, OWN_POOL, PAGER, BIG_OBJECT };

static int64_t repeat(int64_t (*make)(uint64_t))
{
    for (uint64_t i = 0; i < MANY; i++) {
        int64_t result = make(i);
        if (result < 0)
            return result;
    }
    return 0;
}

static int64_t make_handle(uint64_t i)
{
    (void)i;
    return handle_dup(OWN_POOL, RIGHTS_ALL, 0, 0);
}

static int64_t make_thread(uint64_t i)
{
    (void)i;
    return thread_create(OWN_SPACE, 0, 1, 0);
}

static int64_t make_space(uint64_t i)
{
    (void)i;
    return space_create(OWN_POOL, LEVEL_PROGRAM, 0, 1);
}

/* Spaces that hold handles to themselves and to each other, and that nobody else holds. */
static int64_t make_cycles(uint64_t i)
{
    int64_t one = make_space(i), two = one < 0 ? one : make_space(i), error;

    if (two < 0)
        return two;
    error = handle_dup(one, RIGHTS_ALL, 0, one);
    if (error > 0)
        error = handle_dup(one, RIGHTS_ALL, 0, two);
    if (error > 0)
        error = handle_dup(two, RIGHTS_ALL, 0, one);
    handle_close(one);
    handle_close(two);
    return error;
}

static int64_t make_endpoint(uint64_t i)
{
    (void)i;
    return create_endpoint(LEVEL_PROGRAM);
}

static int64_t make_notification(uint64_t i)
{
    return create_notification(i, 0);
}

static int64_t make_object(uint64_t i)
{
    return create_object(PAGER, i, 1, OWN_POOL);
}

static int64_t make_pool(uint64_t i)
{
    (void)i;
    return create_pool(OWN_POOL, 0, 1);
}

static int64_t make_wired(uint64_t i)
{
    return create_wired(1 + i % 3, OWN_POOL);
}

static int64_t make_large_wired(uint64_t i)
{
    (void)i;
    return create_wired(1ul << 30, OWN_POOL);
}

static int64_t make_region(uint64_t i)
{
    return region_map(OWN_SPACE, AREA + (2 * i << PAGE_SHIFT), 1, MAP_READ, BIG_OBJECT, 2 * i, 0,
                      0);
}

/* One region cut into pieces. */
static int64_t make_pieces(uint64_t i)
{
    if (i == 0)
        return region_map(OWN_SPACE, AREA, 1ul << 20, MAP_READ, BIG_OBJECT, 0, 0, 0);
    return region_protect(OWN_SPACE, AREA + (2 * i << PAGE_SHIFT), 1, 0);
}

static int64_t make_slots(uint64_t i)
{
    return page_supply_unasked(BIG_OBJECT, SUPPLY_ZERO, i * 512, 1, 0, 0);
}

static int64_t make_pages(uint64_t i)
{
    return page_supply_unasked(BIG_OBJECT, SUPPLY_ZERO | SUPPLY_WRITABLE, i, 1, 0, 0);
}

static int64_t make_many_pages(uint64_t i)
{
    return page_supply_unasked(BIG_OBJECT, SUPPLY_ZERO | SUPPLY_WRITABLE, i * 512, 512, 0, 0);
}

#define BOMBS(X)                                                                                   \
    X(make_handle)                                                                                 \
    X(make_thread) X(make_space) X(make_cycles) X(make_endpoint) X(make_notification)              \
        X(make_object) X(make_pool) X(make_wired) X(make_large_wired) X(make_region)               \
            X(make_pieces) X(make_slots) X(make_pages) X(make_many_pages)

enum {
#define NUMBER(make) NUMBER_##make,
    BOMBS(NUMBER)
#undef NUMBER
        BOMB_COUNT
};

/* A switch, not a table of pointers: a child's data starts as zeroes. */
static int64_t bomb(uint64_t which)
{
    switch (which) {
#define CASE(make)                                                                                 \
    case NUMBER_##make:                                                                            \
        return repeat(make);
        BOMBS(CASE)
#undef CASE
    }
    return -EINVAL;
}

static const char *const names[] = {
#define NAME(make) #make,
    BOMBS(NAME)
#undef NAME
};

/* A child alone in a pool, with what bombs need. */
static struct child bomber(handle pool, handle pager, handle personality)
{
    struct child child = child_new(pool, LEVEL_PROGRAM, personality, PRIORITY_BELOW);
    int64_t object = create_object(pager, 1, 1ul << 30, pool);

    CHECK_IS(child_give(&child, child.space), OWN_SPACE);
    CHECK_IS(child_give(&child, pool), OWN_POOL);
    CHECK_IS(child_give(&child, pager), PAGER);
    CHECK_IS(child_give(&child, object), BIG_OBJECT);
    handle_close(object);
    return child;
}

/* The neighbour's pool was promised ten frames: it gets them whatever others do. */
static void neighbour_is_well(handle pool)
{
    int64_t wired = create_wired(8, pool);

    CHECK(wired > 0);
    CHECK_IS(handle_close(wired), 0);
}

static void one_bomb(unsigned which, handle pager, handle neighbour, bool again)
{
    uint64_t frames = frames_used();
    handle pool = create_pool(HANDLE_POOL, 0, POOL_FRAMES);
    struct child child = bomber(pool, pager, 0);
    struct pool_facts facts = {0};
    int64_t end;

    child_start(&child, bomb, which);
    WAIT_FOR(child.worker->done);
    end = child.worker->result;
    if (!CHECK_IS(end, -ENOMEM))
        say("in %s\n", names[which]);
    CHECK_IS(pool_query(pool, &facts), 0);
    CHECK(facts.used <= POOL_FRAMES && facts.refused > 0);
    neighbour_is_well(neighbour);
    child_kill(&child);
    CHECK_IS(pool_query(pool, &facts), 0);
    if (!CHECK(facts.used == 0 && facts.object_bytes == 0))
        say("after %s: %llu frames, %llu bytes\n", names[which], (unsigned long long)facts.used,
            (unsigned long long)facts.object_bytes);
    CHECK_IS(handle_close(pool), 0);
    CHECK(!again || frames_used() <= frames);
}

/* ---- A program that just touches memory ---- */

static int64_t eat(uint64_t address)
{
    for (uint64_t i = 0; i < MANY; i++)
        *(volatile uint8_t *)(address + (i << PAGE_SHIFT)) = 1;
    return 0;
}

static int64_t serve(uint64_t pager)
{
    struct message fault = {0};
    int64_t error = recv(pager, 0, &fault);

    while (!error) {
        error = page_supply(pager, SUPPLY_ZERO | SUPPLY_WRITABLE, fault.w[1], 1, 0, 0, &fault);
        if (error == -ENOMEM)
            error = page_supply(pager, SUPPLY_FAIL | (uint64_t)ENOMEM << 32, 0, 0, 0, 0, &fault);
    }
    return error;
}

static void page_eater(handle neighbour)
{
    handle pager = create_endpoint(LEVEL_ANON), personality = create_endpoint(LEVEL_PROC);
    handle pool = create_pool(HANDLE_POOL, 0, POOL_FRAMES), object;
    struct child child = bomber(pool, pager, personality);
    struct message message = {0};
    struct pool_facts facts = {0};
    struct worker server;

    object = create_object(pager, 1, MANY, pool);
    CHECK_IS(region_map(child.space, AREA, MANY, MAP_READ | MAP_WRITE, object, 0, 0, 0), 0);
    handle_close(object);
    worker_start(&server, serve, pager, PRIORITY_ABOVE);
    child_start(&child, eat, AREA);
    CHECK_IS(recv(personality, 0, &message), 0);
    CHECK_IS(message.head & 0xff, KIND_EXCEPTION);
    CHECK_IS(message.w[0], EXCEPTION_NO_MEMORY);
    CHECK_IS(pool_query(pool, &facts), 0);
    CHECK(facts.used <= POOL_FRAMES && facts.used > POOL_FRAMES - 10);
    neighbour_is_well(neighbour);
    /* More memory, and the program goes on where it was. */
    CHECK_IS(pool_limit(pool, POOL_FRAMES + 50), 0);
    CHECK_IS(reply(0, message.request, &message), 0);
    CHECK_IS(recv(personality, 0, &message), 0);
    CHECK_IS(message.w[0], EXCEPTION_NO_MEMORY);
    CHECK_IS(pool_query(pool, &facts), 0);
    CHECK(facts.used > POOL_FRAMES + 40);
    child_kill(&child);
    CHECK_IS(pool_query(pool, &facts), 0);
    CHECK_IS(facts.used, 0);
    worker_kill(&server);
    handle_close(pool);
    handle_close(pager);
    handle_close(personality);
}

void bombs(void)
{
    handle pager = create_endpoint(LEVEL_ANON), neighbour = create_pool(HANDLE_POOL, 10, 20);

    for (unsigned round = 0; round < 2; round++) /* at first, tables of the kernel grow that stay */
        for (unsigned which = 0; which < BOMB_COUNT; which++)
            one_bomb(which, pager, neighbour, round);
    page_eater(neighbour);
    handle_close(neighbour);
    handle_close(pager);
}
