/*
 * space.c: the memory of a program begins and ends. All that it has in the kernel is charged to its
 * pool.
 */
#include "lib/protocol.h"
#include "lib/wired.h"
#include "proc.h"

#define PRIORITY_LIMIT 15 /* of programs' threads */

static uint64_t last_cookie;

struct memory_pool *memory_pool_new(int64_t *error)
{
    struct pool_facts facts;
    struct memory_pool *pool = wired_alloc(sizeof *pool);
    *error = pool ? pool_query(configuration.programs, &facts) : -ENOMEM;
    if (*error >= 0)
        *error = create_pool(configuration.programs, 0, facts.limit);
    if (*error < 0) {
        wired_free(pool);
        return NULL;
    }
    *pool = (struct memory_pool){1, (handle)*error};
    *error = 0;
    return pool;
}

struct memory_pool *memory_pool_below(struct memory_pool *above, uint64_t bytes, int64_t *error)
{
    struct pool_facts facts;
    struct memory_pool *pool = wired_alloc(sizeof *pool);
    *error = pool ? pool_query(above->handle, &facts) : -ENOMEM;
    if (*error >= 0)
        *error = bytes >> PAGE_SHIFT > facts.limit
                     ? -EINVAL
                     : create_pool(above->handle, 0, bytes >> PAGE_SHIFT);
    if (*error < 0) {
        wired_free(pool);
        return NULL;
    }
    *pool = (struct memory_pool){1, (handle)*error};
    *error = 0;
    return pool;
}

void memory_pool_drop(struct memory_pool *pool)
{
    if (!pool || --pool->references)
        return;
    handle_close(pool->handle);
    wired_free(pool);
}

struct memory *memory_new(struct memory_pool *pool, int64_t *error)
{
    struct memory *memory = wired_alloc(sizeof *memory);
    *error = -ENOMEM;
    if (!memory)
        return NULL;
    memory->references = 1;
    memory->cookie = ++last_cookie;
    memory->pool = pool;
    pool->references++;
    *error = space_create(pool->handle, LEVEL_PROGRAM, configuration.self, PRIORITY_LIMIT);
    if (*error >= 0) {
        memory->space = (handle)*error;
        *error = create_object(configuration.anon, memory->cookie, INDICES, pool->handle);
    }
    if (*error < 0) {
        memory_drop(memory);
        return NULL;
    }
    memory->object = (handle)*error;
    *error = 0;
    return memory;
}

/* Tells the pager that an object is gone: of several at once, it only counts them. */
static void forget(uint64_t cookie)
{
    static uint64_t cookies[5];
    static unsigned count;
    cookies[count++] = cookie;
    if (count < sizeof cookies / sizeof *cookies || !configuration.pager_trusted) {
        count %= sizeof cookies / sizeof *cookies;
        return;
    }
    struct message message = {
        .w = {ANON_FORGET, cookies[0], cookies[1], cookies[2], cookies[3], cookies[4]}};
    call(configuration.anon, 0, &message);
    count = 0;
}

void memory_drop(struct memory *memory)
{
    if (!memory || --memory->references)
        return;
    if (memory->space) {
        space_ctl(memory->space, SPACE_KILL, 0, 0);
        handle_close(memory->space);
    }
    if (memory->object) {
        handle_close(memory->object);
        forget(memory->cookie);
    }
    if (memory->hidden)
        handle_close(memory->hidden);
    views_free(&memory->views);
    indices_free(&memory->indices);
    memory_pool_drop(memory->pool);
    entry_drop(memory->program);
    wired_free(memory->path);
    wired_free(memory);
}
