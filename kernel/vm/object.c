/*
 * object.c: memory objects and their life.
 */
#include "vm/object.h"
#include "arch/cache.h"
#include "mm/slab.h"
#include "vm/fault.h"
#include "vm/region.h"

static struct slab_cache object_cache;
static uint64_t object_ids;
uint64_t zero_page;

void objects_init(void)
{
    frame_number zero = pool_alloc_frame(&root_pool, FRAME_PAGE, USE_KERNEL);

    slab_cache_init(&object_cache, "object", sizeof(struct object));
    chunks_init();
    page_zero(frame_address(zero));
    zero_page = zero << PAGE_SHIFT;
}

struct object *object_new(struct pool_object *pool, enum object_kind kind, uint64_t pages)
{
    struct object *object = slab_alloc(&object_cache, pool->pool);

    if (!object)
        return NULL;
    object->object.kind = KERNEL_OBJECT_OBJECT;
    object->kind = kind;
    object->id = __atomic_add_fetch(&object_ids, 1, __ATOMIC_RELAXED);
    object->pages = pages;
    object->chunk_slots = pages <= CHUNK_SMALL ? CHUNK_SMALL : CHUNK_SLOTS;
    object->pool = pool;
    object_ref(&pool->object);
    return object;
}

int64_t object_wire_step(struct object *object, uint64_t *done)
{
    for (unsigned i = 0; i < 8; i++, (*done)++) {
        if (*done == object->pages)
            return 0;
        struct chunk *chunk = chunk_for(object, *done, true);
        if (!chunk)
            return -ENOMEM;
        frame_number number = pool_alloc(object->pool->pool, FRAME_PAGE, USE_KERNEL, object, *done);
        if (!number)
            return -ENOMEM;
        page_zero(frame_address(number));
        slot_set(chunk, *done, number << PAGE_SHIFT | SLOT_RESIDENT | SLOT_WRITABLE | SLOT_DIRTY);
    }
    return *done == object->pages ? 0 : 1;
}

uint64_t object_page(struct object *object, uint64_t index)
{
    slot value;

    if (index >= object->pages)
        return 0;
    if (object->kind == OBJECT_RANGE)
        return object->base + (index << PAGE_SHIFT);
    value = object_slot(object, index);
    if ((value & SLOT_STATE) == SLOT_ZERO)
        return zero_page;
    return (value & SLOT_STATE) == SLOT_RESIDENT ? value & SLOT_ADDRESS : 0;
}

/* Takes what `rights` (0: nothing) does not allow from what a region shows of pages [index, end),
 * when the page at its start is `first`. */
static void limit(struct region *region, uint64_t first, uint64_t index, uint64_t end,
                  unsigned rights)
{
    struct translation *translation = &region->space->translation;
    uint64_t stop = first + (region->length >> PAGE_SHIFT);
    uint64_t from = index < first ? first : index, to = end < stop ? end : stop;
    uint64_t va = region->node.key + ((from - first) << PAGE_SHIFT);

    if (from >= to)
        return;
    if (rights)
        translation_restrict(translation, va, to - from, rights);
    else
        region->space->resident -= translation_clear(translation, va, to - from);
}

void object_unmap(struct object *object, uint64_t index, uint64_t pages)
{
    for (struct region *region = object->regions; region; region = region->object_next)
        limit(region, region->first, index, index + pages, 0);
    for (struct region *region = object->sourced; region; region = region->source_next)
        limit(region, region->source_first, index, index + pages, 0);
}

void object_restrict(struct object *object, uint64_t index, uint64_t pages)
{
    for (struct region *region = object->regions; region; region = region->object_next)
        limit(region, region->first, index, index + pages, MAP_READ | MAP_EXEC);
}

void object_wake(struct object *object, uint64_t index)
{
    struct thread *thread = object->waiters, *next;

    for (; thread; thread = next) {
        next = thread->fault_next;
        if (thread->state != THREAD_STATE_PAGE || (index != ~0ul && thread->fault_index != index))
            continue;
        fault_unwait(thread);
        fault_retry(thread);
    }
}

/* Nothing shows the object any more: who still waits for a page of it looks again, in vain. */
static void release_waiters(struct object *object)
{
    while (object->waiters) {
        struct thread *thread = object->waiters;
        thread_unwait(thread);
        fault_retry(thread);
    }
}

bool object_destroy_step(struct object *object)
{
    struct tree_node *node;

    release_waiters(object);
    node = tree_first(&object->chunks);
    if (!node)
        return true;
    struct chunk *chunk = tree_entry(node, struct chunk, node);
    /* The last contents take the chunk with them. */
    for (uint64_t i = 0; i < chunk->size; i += 64)
        if (chunk->resident[i >> 6]) {
            object_discard(object, node->key + i, 64);
            return false;
        }
    chunk_free(chunk);
    return false;
}

void object_free(struct object *object)
{
    struct pool_object *pool = object->pool;
    struct endpoint *pager = object->pager;

    if (object->pinned)
        object_unref(&object->pinned->object);
    slab_free(&object_cache, object, pool->pool);
    if (pager)
        object_unref(&pager->object);
    object_unref(&pool->object);
}
