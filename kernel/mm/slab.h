/*
 * slab.h: kernel objects of one size each, packed in whole frames.
 *
 * A slab is 2^order frames whose bookkeeping lives in the frame descriptor, so
 * objects fill it entirely. Objects are charged to a pool by bytes; frames are
 * charged to the root pool. An empty slab goes back to the buddy at once, but
 * for one kept per cache. Objects are returned zeroed.
 */
#pragma once
#include "mm/pool.h"

struct slab_cache {
    const char *name;
    uint32_t size;     /* bytes, rounded up to 16 by slab_cache_init */
    uint32_t order;    /* of a slab: the smallest that wastes at most an eighth */
    uint32_t capacity; /* objects in a slab */
    uint32_t partial;  /* list of slabs with room: frame table index + 1 */
    uint32_t empty;    /* at most one empty slab kept: the same, or 0 */
    uint64_t objects, slabs;
    struct slab_cache *next;
};
extern struct slab_cache *slab_caches; /* all of them, for slabinfo */

/* `size` 16 bytes .. 8 KiB. */
void slab_cache_init(struct slab_cache *cache, const char *name, size_t size);

/* A zeroed object charged to `pool`, or NULL. */
void *slab_alloc(struct slab_cache *cache, struct pool *pool);
void slab_free(struct slab_cache *cache, void *object, struct pool *pool);

/* Gives kept empty slabs back to the buddy (audits, last resort). */
void slab_trim(void);
