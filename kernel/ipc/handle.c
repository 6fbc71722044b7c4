/*
 * handle.c: handle tables, references, and the two calls on handles.
 */
#include "ipc/handle.h"
#include "ipc/irq.h"
#include "mm/slab.h"
#include "task/lookup.h"
#include "task/reaper.h"

static struct slab_cache chunk_cache, directory_cache;
static struct handle_entry no_handles[HANDLE_CHUNK]; /* the first chunk of an empty table */

void handles_init(void)
{
    slab_cache_init(&chunk_cache, "handle_chunk", HANDLE_CHUNK * sizeof(struct handle_entry));
    slab_cache_init(&directory_cache, "handle_directory",
                    HANDLE_CHUNKS * sizeof(struct handle_entry *));
}

void handle_table_init(struct handle_table *table, struct pool *pool)
{
    *table = (struct handle_table){.pool = pool, .first = no_handles};
}

static struct handle_entry *chunk_of(struct handle_table *table, uint32_t number)
{
    return number == 0 ? table->first : table->chunks[number];
}

/* Adds one chunk and threads its entries onto the free list. */
static int64_t table_grow(struct handle_table *table)
{
    uint32_t number = table->size / HANDLE_CHUNK;
    struct handle_entry *chunk;

    if (number == HANDLE_CHUNKS)
        return -EMFILE;
    if (number && !table->chunks) {
        table->chunks = slab_alloc(&directory_cache, table->pool);
        if (!table->chunks)
            return -ENOMEM;
        table->chunks[0] = table->first;
    }
    chunk = slab_alloc(&chunk_cache, table->pool);
    if (!chunk)
        return -ENOMEM;
    if (number)
        table->chunks[number] = chunk;
    else
        table->first = chunk;
    for (uint32_t i = HANDLE_CHUNK; i-- > 0;) {
        uint32_t handle = table->size + i;
        if (!handle)
            continue; /* 0 means "none" everywhere */
        chunk[i].meta = (uint64_t)table->free << 8;
        table->free = handle;
    }
    table->size += HANDLE_CHUNK;
    return 0;
}

int64_t handle_insert(struct handle_table *table, struct kernel_object *object, unsigned rights,
                      uint64_t badge)
{
    uint32_t handle = table->free;

    if (!handle) {
        int64_t error = table_grow(table);
        if (error)
            return error;
        handle = table->free;
    }
    struct handle_entry *entry = handle_entry(table, handle);
    table->free = entry->meta >> 8;
    entry->object = object;
    entry->meta = (uint64_t)object->generation << 32 | META(object->kind, rights);
    entry->badge = badge;
    object->handles++;
    object_ref(object);
    return handle;
}

int64_t handle_insert_at(struct handle_table *table, uint32_t index, struct kernel_object *object,
                         unsigned rights)
{
    /* In a new table the free list is in order: 1, 2, 3, … */
    int64_t handle = handle_insert(table, object, rights, 0);

    return handle == index ? handle : -EINVAL;
}

void handle_remove(struct handle_table *table, uint32_t handle)
{
    struct handle_entry *entry = handle_entry(table, handle);
    struct kernel_object *object = entry->object;

    entry->object = NULL;
    entry->meta = (uint64_t)table->free << 8;
    table->free = handle;
    object->handles--;
    object_unref(object);
}

bool handle_table_destroy_step(struct handle_table *table)
{
    if (!table->size)
        return true;
    uint32_t number = table->size / HANDLE_CHUNK - 1;
    struct handle_entry *chunk = chunk_of(table, number);

    for (uint32_t i = 0; i < HANDLE_CHUNK; i++)
        if (chunk[i].object)
            handle_remove(table, number * HANDLE_CHUNK + i);
    slab_free(&chunk_cache, chunk, table->pool);
    table->size -= HANDLE_CHUNK;
    if (table->size)
        return false;
    if (table->chunks)
        slab_free(&directory_cache, table->chunks, table->pool);
    table->chunks = NULL;
    table->first = no_handles;
    table->free = 0;
    return true;
}

void object_unref(struct kernel_object *object)
{
    if (--object->refs)
        return;
    switch (object->kind) {
    case KERNEL_OBJECT_SPACE:
        space_stop((struct space *)object); /* or its threads might end it once more */
        return reap(object);
    case KERNEL_OBJECT_OBJECT:
        if (((struct object *)object)->pager)
            list_leave((struct object *)object, pager_next, pager_link);
        return reap(object);
    case KERNEL_OBJECT_THREAD:
        return thread_free(tree_entry(object, struct thread, object));
    case KERNEL_OBJECT_ENDPOINT:
        return endpoint_free((struct endpoint *)object);
    case KERNEL_OBJECT_NOTIFICATION:
        return notification_free((struct notification *)object);
    case KERNEL_OBJECT_POOL:
        return pool_object_free((struct pool_object *)object);
    case KERNEL_OBJECT_IRQ:
        return irq_free((struct irq *)object);
    }
}

struct thread *call_handle_dup(struct thread *thread)
{
    uint64_t *x = thread->registers.x;
    struct space *target = thread->space;
    struct handle_entry *entry = handle_entry(&target->handles, x[0]);

    if (!entry || !entry->object)
        return answer(thread, -EBADF);
    if (entry->meta >> 32 != entry->object->generation)
        return answer(thread, -ESTALE);
    if (!(entry->meta >> 8 & RIGHT_DUP))
        return answer(thread, -EACCES);
    if (x[1] & ~(uint64_t)RIGHTS_ALL)
        return answer(thread, -EINVAL);
    if (x[3]) {
        target = lookup_space(thread, x[3], RIGHT_MANAGE);
        if (!target)
            return thread;
    }
    /* A badge once given cannot be changed: it is how a server tells its clients apart. */
    uint64_t badge = entry->badge ? entry->badge : x[2];
    if (entry->badge && x[2] && x[2] != entry->badge)
        return answer(thread, -EINVAL);
    uint64_t rights = entry->meta >> 8 & 0xff & x[1];
    if (entry->object->kind == KERNEL_OBJECT_ENDPOINT && rights & RIGHT_RECV)
        ((struct endpoint *)entry->object)->receiver = target->id;
    return answer(thread, handle_insert(&target->handles, entry->object, rights, badge));
}

/*
 * Who holds a program's reins does not lose them by what the program does: a space, and a thread in
 * it, are revoked by those above it alone; a pool not by those who are charged to it.
 */
static bool may_revoke(const struct space *caller, struct kernel_object *object)
{
    const struct space *space = NULL;

    if (object->kind == KERNEL_OBJECT_POOL) {
        for (struct pool_object *pool = caller->pool; pool; pool = pool->parent)
            if (&pool->object == object && caller->parent)
                return false;
        return true;
    }
    if (object->kind == KERNEL_OBJECT_SPACE)
        space = (struct space *)object;
    if (object->kind == KERNEL_OBJECT_THREAD)
        space = tree_entry(object, struct thread, object)->space;
    if (!space || (space == caller && !caller->parent))
        return true;
    do
        space = space->parent;
    while (space && space != caller);
    return space;
}

struct thread *call_handle_close(struct thread *thread)
{
    uint64_t *x = thread->registers.x;
    struct handle_table *table = &thread->space->handles;
    struct handle_entry *entry = handle_entry(table, x[0]);

    if (!entry || !entry->object)
        return answer(thread, -EBADF);
    if (x[1] > 1)
        return answer(thread, -EINVAL);
    if (x[1]) {
        struct kernel_object *object = entry->object;
        if (entry->meta >> 32 != object->generation)
            return answer(thread, -ESTALE);
        if (!(entry->meta >> 8 & RIGHT_MANAGE))
            return answer(thread, -EACCES);
        if (object->kind == KERNEL_OBJECT_SYSTEM)
            return answer(thread, -EINVAL); /* there is no second one to be made */
        if (!may_revoke(thread->space, object))
            return answer(thread, -EPERM);
        object->generation++;
        if (object->kind == KERNEL_OBJECT_ENDPOINT)
            endpoint_abandon((struct endpoint *)object, -ESTALE);
        if (object->kind == KERNEL_OBJECT_NOTIFICATION)
            notification_abandon((struct notification *)object, -ESTALE);
    }
    handle_remove(table, x[0]);
    answer(thread, 0);
    return reap_wait(thread);
}
