/*
 * calls_handles.c: handles of every kind and everything that can be wrong with one.
 */
#include "calls.h"

#define FREE_LINE 100 /* an interrupt line of the board that nothing uses */

handle make(enum kind kind)
{
    switch (kind) {
    case SPACE:
        return WORKS(space_create(HANDLE_POOL, LEVEL_PROGRAM, 0, 10));
    case THREAD:
        return WORKS(thread_create(HANDLE_SPACE, 0, 10, 0));
    case ENDPOINT:
        return WORKS(create_endpoint(LEVEL_ANON));
    case NOTIFICATION:
        return WORKS(create_notification(1, 0));
    case OBJECT:
        return WORKS(create_wired(1, 0));
    case POOL:
        return WORKS(create_pool(HANDLE_POOL, 0, 100));
    case IRQ:
        return WORKS(create_irq(HANDLE_SYSTEM, FREE_LINE));
    default:
        return WORKS(handle_dup(HANDLE_SYSTEM, RIGHTS_ALL, 0, 0));
    }
}

handle make_stale(enum kind kind)
{
    handle first = make(kind), second = WORKS(handle_dup(first, RIGHTS_ALL, 0, 0));

    if (kind == THREAD)
        WORKS(thread_ctl(first, THREAD_KILL, 0, 0, 0));
    WORKS(handle_revoke(first));
    return second;
}

/* Ends a made object: a thread stays in its space until it is killed. */
static void unmake(enum kind kind, handle which)
{
    if (kind == THREAD)
        thread_ctl(which, THREAD_KILL, 0, 0, 0);
    WORKS(handle_close(which));
}

static void expect(unsigned call, int error, int64_t result, const char *what, const char *why)
{
    if (result != -error)
        say("%s with %s:\n", what, why);
    fails(call, error, result, what, __FILE_NAME__, __LINE__);
}

void try_handles(unsigned call, enum kind kind, unsigned needs, int64_t (*attempt)(uint64_t),
                 const char *what)
{
    static const char *const names[KINDS] = {"a space",        "a thread",  "an endpoint",
                                             "a notification", "an object", "a pool",
                                             "an interrupt",   "the system"};
    handle closed = make(NOTIFICATION);

    handle_close(closed);
    expect(call, EBADF, attempt(closed), what, "a closed handle");
    expect(call, EBADF, attempt(1000000), what, "a handle out of the table");
    expect(call, EBADF, attempt(0xffffffff), what, "the greatest handle");
    for (enum kind other = 0; other < KINDS; other++) {
        if (other == kind)
            continue;
        handle wrong = make(other);
        expect(call, EBADF, attempt(wrong), what, names[other]);
        unmake(other, wrong);
    }
    for (unsigned right = 1; right <= RIGHT_PAGER; right <<= 1) {
        if (!(needs & right))
            continue;
        handle all = make(kind), weak = WORKS(handle_dup(all, RIGHTS_ALL & ~right, 0, 0));
        expect(call, EACCES, attempt(weak), what, "too few rights");
        WORKS(handle_close(weak));
        unmake(kind, all);
    }
    if (kind == SYSTEM)
        return; /* there is one, and it cannot be revoked */
    handle stale = make_stale(kind);
    expect(call, ESTALE, attempt(stale), what, "a stale handle");
    WORKS(handle_close(stale));
}

handle dead_space(void)
{
    handle space = make(SPACE);

    WORKS(space_ctl(space, SPACE_KILL, 0, 0));
    return space;
}

struct starved starved_space(void)
{
    struct starved starved = {WORKS(create_pool(HANDLE_POOL, 0, 64)), 0};
    struct pool_facts facts = {0};
    int64_t given;

    starved.space = WORKS(space_create(starved.pool, LEVEL_PROGRAM, 0, 10));
    WORKS(pool_query(starved.pool, &facts));
    WORKS(pool_limit(starved.pool, facts.used));
    while ((given = handle_dup(HANDLE_POOL, RIGHT_READ, 0, starved.space)) > 0)
        ;
    CHECK_IS(given, -ENOMEM);
    return starved;
}

void starved_end(struct starved *starved)
{
    WORKS(space_ctl(starved->space, SPACE_KILL, 0, 0));
    WORKS(handle_close(starved->space));
    WORKS(handle_close(starved->pool));
}

#define TABLE_PAGES (65536 * sizeof(handle) / PAGE_SIZE)
static handle *filled; /* what was added */
static unsigned filled_count;

void table_fill(void)
{
    int64_t made;

    filled = pages_new(TABLE_PAGES);
    filled_count = 0;
    while ((made = handle_dup(HANDLE_POOL, RIGHT_READ, 0, 0)) > 0)
        filled[filled_count++] = made;
    FAILS(handle_dup, EMFILE, made);
    CHECK(filled_count > 65000);
}

void table_empty(void)
{
    while (filled_count)
        WORKS(handle_close(filled[--filled_count]));
    pages_free(filled, TABLE_PAGES);
}

/* ---- The two calls on handles ---- */

static int64_t dup(handle which)
{
    return handle_dup(which, RIGHTS_ALL, 0, 0);
}

static int64_t dup_into(uint64_t space)
{
    return handle_dup(HANDLE_POOL, RIGHT_READ, 0, space);
}

void handle_calls(void)
{
    handle note = make(NOTIFICATION), weak, badged, stale, dead = dead_space();
    struct starved starved = starved_space();

    FAILS(handle_dup, EBADF, dup(0));
    FAILS(handle_dup, EBADF, dup(~0u));
    weak = WORKS(handle_dup(note, RIGHT_READ, 0, 0));
    FAILS(handle_dup, EACCES, dup(weak));
    WORKS(handle_close(weak));
    stale = make_stale(NOTIFICATION);
    FAILS(handle_dup, ESTALE, dup(stale));
    FAILS(handle_close, ESTALE, handle_revoke(stale));
    WORKS(handle_close(stale));
    FAILS(handle_dup, EINVAL, handle_dup(note, RIGHTS_ALL + 1, 0, 0));
    FAILS(handle_dup, EINVAL, handle_dup(note, ~0ul, 0, 0));
    badged = WORKS(handle_dup(note, RIGHTS_ALL, 7, 0));
    FAILS(handle_dup, EINVAL, handle_dup(badged, RIGHTS_ALL, 8, 0));
    WORKS(handle_close(badged));
    TRY_HANDLES(handle_dup, SPACE, RIGHT_MANAGE, dup_into);
    FAILS(handle_dup, EOWNERDEAD, dup_into(dead));
    FAILS(handle_dup, ENOMEM, dup_into(starved.space));
    table_fill();
    table_empty();

    FAILS(handle_close, EBADF, handle_close(0));
    FAILS(handle_close, EBADF, handle_close(~0u));
    FAILS(handle_close, EINVAL, NATIVE_CALL(SYSCALL_handle_close, IN(0, note) IN(1, 2)).x[0]);
    weak = WORKS(handle_dup(note, RIGHTS_ALL & ~RIGHT_MANAGE, 0, 0));
    FAILS(handle_close, EACCES, handle_revoke(weak));
    WORKS(handle_close(weak));
    FAILS(handle_close, EINVAL,
          handle_revoke(HANDLE_SYSTEM)); /* power and devices stay somebody's */
    WORKS(handle_close(note));
    FAILS(handle_close, EBADF, handle_close(note));
    WORKS(handle_close(dead));
    starved_end(&starved);
}
