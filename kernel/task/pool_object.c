#include "task/pool_object.h"
#include "mm/slab.h"
#include "task/lookup.h"

struct pool_object root_pool_object;
static struct slab_cache pool_cache;

void pool_objects_init(void)
{
    slab_cache_init(&pool_cache, "pool", sizeof(struct pool_object));
    root_pool_object.object = (struct kernel_object){.refs = 1, .kind = KERNEL_OBJECT_POOL};
    root_pool_object.pool = &root_pool;
}

/*
 * The struct itself is charged to the parent: a bomb of pools eats its maker's
 * share. A pool whose object is gone may still be charged for things that others
 * hold, so every charged object holds a reference.
 */
struct pool_object *pool_object_new(struct pool_object *parent, uint64_t guaranteed, uint64_t limit,
                                    int64_t *error)
{
    struct pool_object *pool = slab_alloc(&pool_cache, parent->pool);

    *error = -ENOMEM;
    if (!pool)
        return NULL;
    pool->pool = &pool->own;
    *error = pool_init(pool->pool, parent->pool, guaranteed, limit);
    if (*error) {
        slab_free(&pool_cache, pool, parent->pool);
        return NULL;
    }
    pool->object.kind = KERNEL_OBJECT_POOL;
    pool->parent = parent;
    object_ref(&parent->object);
    return pool;
}

void pool_object_free(struct pool_object *pool)
{
    struct pool_object *parent = pool->parent;

    if (pool_fini(pool->pool))
        return; /* pages that clones share are still charged to it */
    slab_free(&pool_cache, pool, parent->pool);
    object_unref(&parent->object);
}

void pool_ended(struct pool *pool)
{
    pool_object_free((struct pool_object *)((char *)pool - offsetof(struct pool_object, own)));
}

struct thread *call_pool_ctl(struct thread *thread)
{
    uint64_t *x = thread->registers.x;
    bool change = x[1] == POOL_LIMIT;
    struct pool_object *object = (struct pool_object *)lookup(thread, x[0], KERNEL_OBJECT_POOL,
                                                              change ? RIGHT_MANAGE : RIGHT_READ);

    if (!object)
        return thread;
    struct pool *pool = object->pool;
    if (change)
        return answer(thread, pool_set_limit(pool, x[2]));
    if (x[1] != POOL_QUERY)
        return answer(thread, -ENOSYS);
    pool_settle();
    x[1] = pool->guaranteed;
    x[2] = pool->limit;
    x[3] = pool->used;
    x[4] = pool->bytes;
    x[5] = pool->refused;
    return answer(thread, 0);
}
