/*
 * slot.c: chunks of slots, and what may happen to one slot.
 */
#include "arch/cache.h"
#include "mm/slab.h"
#include "vm/region.h"

static struct slab_cache chunk_cache, small_cache;

void chunks_init(void)
{
    slab_cache_init(&chunk_cache, "chunk", sizeof(struct chunk));
    slab_cache_init(&small_cache, "slots_small", CHUNK_SMALL * sizeof(slot));
}

struct chunk *chunk_find(struct object *object, uint64_t index)
{
    struct tree_node *node = tree_at_or_below(&object->chunks, index);

    if (!node || index - node->key >= object->chunk_slots)
        return NULL;
    return object->last = tree_entry(node, struct chunk, node);
}

uint64_t object_absent(struct object *object, uint64_t index)
{
    struct tree_node *next;

    if (chunk_for(object, index, false))
        return 0;
    next = tree_at_or_above(&object->chunks, index);
    return next ? next->key - index : ~0ul;
}

static slot *slots_new(struct object *object)
{
    frame_number number;

    if (object->chunk_slots == CHUNK_SMALL)
        return slab_alloc(&small_cache, object->pool->pool);
    number = pool_alloc_frame(object->pool->pool, FRAME_SLOT, USE_KERNEL);
    if (!number)
        return NULL;
    page_zero(frame_address(number));
    this_cpu()->counters.slots++;
    return frame_address(number);
}

struct chunk *chunk_create(struct object *object, uint64_t index)
{
    struct chunk *chunk = slab_alloc(&chunk_cache, object->pool->pool);

    if (!chunk)
        return NULL;
    chunk->slots = slots_new(object);
    if (!chunk->slots) {
        slab_free(&chunk_cache, chunk, object->pool->pool);
        return NULL;
    }
    chunk->object = object;
    chunk->size = object->chunk_slots;
    chunk->node.key = index - index % object->chunk_slots;
    tree_insert(&object->chunks, &chunk->node);
    return object->last = chunk;
}

void chunk_free(struct chunk *chunk)
{
    struct object *object = chunk->object;

    tree_remove(&object->chunks, &chunk->node);
    if (object->last == chunk)
        object->last = NULL;
    if (object->chunk_slots == CHUNK_SMALL) {
        slab_free(&small_cache, chunk->slots, object->pool->pool);
    } else {
        pool_free_frame(address_frame(chunk->slots));
        this_cpu()->counters.slots--;
    }
    slab_free(&chunk_cache, chunk, object->pool->pool);
}

uint64_t chunk_tokens(const struct chunk *chunk, uint64_t at)
{
    const slot *slots = &chunk->slots[at & ~63ul];
    uint64_t bits = 0;

    for (unsigned i = 0; i < 64; i++)
        bits |= (uint64_t)((slots[i] & SLOT_STATE) == SLOT_TOKEN) << i;
    return bits;
}

void slot_discard(struct chunk *chunk, uint64_t index)
{
    slot value = *chunk_slot(chunk, index);

    slot_set(chunk, index, value & SLOT_BUSY);
    if ((value & SLOT_STATE) == SLOT_RESIDENT)
        frame_let_go(slot_frame(value));
}
