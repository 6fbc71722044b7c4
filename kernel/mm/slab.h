/*
 * slab.h: kernel objects of one size each, packed in whole frames.
 *
 * A slab is 2^order frames whose bookkeeping lives in the frame descriptor, so
 * objects fill it entirely. Objects are charged to a pool by bytes; frames are
 * the root pool's (pool.h). An empty slab goes back to the buddy at once, but
 * for one kept per cache. Objects are returned zeroed.
 */
#pragma once
#include "arch/lock.h"
#include "mm/pool.h"

struct slab_cache {
    const char *name;
    struct lock lock;
    uint32_t size;     /* bytes, rounded up to 16 by slab_cache_init */
    uint32_t order;    /* of a slab: the smallest that wastes at most an eighth */
    uint32_t capacity; /* objects in a slab */
    uint32_t partial;  /* list of slabs with some objects and room for more: frame number or 0 */
    uint32_t empty;    /* at most one slab without objects is kept: frame number or 0 */
    uint64_t objects, slabs;
    struct slab_cache *next;
};

/* `size` 16 bytes .. 8 KiB. At boot only; `cache` and `name` stay for ever. */
void slab_cache_init(struct slab_cache *cache, const char *name, size_t size);
/* A zeroed object charged to `pool`; NULL: pool or memory is exhausted, nothing changed. */
void *slab_alloc(struct slab_cache *cache, struct pool *pool);
/* `object` came from this cache and was charged to `pool`. Freeing twice, or into another cache, is
 * a kernel bug and is found here. */
void slab_free(struct slab_cache *cache, void *object, struct pool *pool);
/* Tells of the caches from number `first` on, at most `most`; returns of how many. */
struct slab_facts;
unsigned slab_facts(uint64_t first, struct slab_facts *to, unsigned most);
/* Gives kept empty slabs back to the buddy (audits, last resort). */
void slab_trim(void);
