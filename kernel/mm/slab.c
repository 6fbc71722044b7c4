/*
 * slab.c: objects of one size, packed into blocks of frames.
 *
 * A free object's first word links to the next free one of its slab; its second is
 * a mark made of its own address. An object freed while it bears its mark is looked
 * up in the free list: the mark alone proves nothing, since a program may know
 * where its objects lie and have such a value stored in one.
 *
 * No two locks are held together: charging, growing and freeing slabs happen
 * outside the cache's own lock.
 */
#include "mm/slab.h"
#include "arch/memory.h"
#include "arch/string.h"
#include "debug/panic.h"
#include "mm/buddy.h"

#define OBJECT_MIN 16
#define OBJECT_MAX 8192
#define FREE_MARK  0x5ab0b1ec7f4eeull

struct free_object {
    struct free_object *next;
    uint64_t mark;
};

static struct slab_cache *slab_caches;

static uint64_t mark_of(const void *object)
{
    return (uint64_t)(uintptr_t)object ^ FREE_MARK;
}

static void object_add(struct frame *slab, struct free_object *object)
{
    *object = (struct free_object){slab->free_object, mark_of(object)};
    slab->free_object = object;
}

void slab_cache_init(struct slab_cache *cache, const char *name, size_t size)
{
    if (size < OBJECT_MIN || size > OBJECT_MAX)
        kernel_bug("slab_cache_init: size not 16 bytes .. 8 KiB");
    *cache = (struct slab_cache){.name = name, .size = (uint32_t)((size + 15) & ~(size_t)15)};
    uint32_t bytes = PAGE_SIZE;
    for (; bytes % cache->size > bytes / 8; bytes *= 2)
        cache->order++;
    cache->capacity = bytes / cache->size;
    cache->next = slab_caches;
    slab_caches = cache;
}

/* ---- Slabs come and go; no lock is held ---- */

/* A new slab, all free, charged to the root pool; 0: no memory. */
static uint32_t slab_create(struct slab_cache *cache)
{
    if (pool_charge_slab(1u << cache->order))
        return 0;
    frame_number number = buddy_alloc(cache->order, USE_KERNEL);
    if (!number) {
        pool_release_slab(1u << cache->order);
        return 0;
    }
    struct frame *slab = frame_of(number);
    slab->state = FRAME_SLAB;
    slab->cache = cache;
    slab->free_object = NULL;
    char *memory = frame_address(number);
    for (uint32_t i = cache->capacity; i-- > 0;)
        object_add(slab, (void *)(memory + (size_t)i * cache->size));
    return (uint32_t)number;
}

static void slab_destroy(struct slab_cache *cache, uint32_t number)
{
    if (!number)
        return;
    buddy_free(number, cache->order);
    pool_release_slab(1u << cache->order);
}

void slab_trim(void)
{
    for (struct slab_cache *cache = slab_caches; cache; cache = cache->next) {
        lock_take(&cache->lock);
        uint32_t empty = cache->empty;
        cache->empty = 0;
        cache->slabs -= empty != 0;
        lock_release(&cache->lock);
        slab_destroy(cache, empty);
    }
}

unsigned slab_facts(uint64_t first, struct slab_facts *to, unsigned most)
{
    unsigned count = 0;
    for (const struct slab_cache *cache = slab_caches; cache && count < most; cache = cache->next) {
        if (first) {
            first--;
            continue;
        }
        *to = (struct slab_facts){{0},         cache->objects,  cache->slabs,
                                  cache->size, cache->capacity, 1u << cache->order};
        __builtin_memcpy(to->name, cache->name, strnlen(cache->name, sizeof to->name - 1));
        to++, count++;
    }
    return count;
}

/* ---- Objects ---- */

/* Adds the slab `fresh` (0: none), takes an object from one that has room, the empty one last;
 * NULL: none. */
static void *object_take(struct slab_cache *cache, uint32_t fresh)
{
    struct free_object *object = NULL;
    lock_take(&cache->lock);
    cache->slabs += fresh != 0;
    if (!fresh && !cache->partial) {
        fresh = cache->empty;
        cache->empty = 0;
    }
    if (fresh)
        frame_link(&cache->partial, frame_of(fresh), fresh);
    if (cache->partial) {
        struct frame *slab = frame_of(cache->partial);
        object = slab->free_object;
        slab->free_object = object->next;
        if (++slab->refs == cache->capacity)
            frame_unlink(&cache->partial, slab);
        cache->objects++;
    }
    lock_release(&cache->lock);
    return object;
}

void *slab_alloc(struct slab_cache *cache, struct pool *pool)
{
    if (buddy_fail_now() || pool_charge_bytes(pool, cache->size))
        return NULL;
    void *object = object_take(cache, 0);
    for (unsigned attempt = 0; !object && attempt < 2; attempt++) {
        if (attempt) /* memory is short: the empty slabs of all caches go first */
            slab_trim();
        object = object_take(cache, slab_create(cache));
    }
    if (object)
        return __builtin_memset(object, 0, cache->size);
    pool_release_bytes(pool, cache->size);
    return NULL;
}

/* Is this really an object in use of this cache? */
static void object_check(const struct slab_cache *cache, const struct frame *slab,
                         frame_number number, const struct free_object *object)
{
    if (!slab || slab->state != FRAME_SLAB || slab->cache != cache || !slab->refs)
        kernel_bug("slab_free: not an object of this cache");
    size_t offset = (size_t)((uintptr_t)object - (uintptr_t)frame_address(number));
    if (offset % cache->size || offset / cache->size >= cache->capacity)
        kernel_bug("slab_free: not the start of an object");
    if (object->mark == mark_of(object))
        for (const struct free_object *at = slab->free_object; at; at = at->next)
            if (at == object)
                kernel_bug("slab_free: freed twice");
}

void slab_free(struct slab_cache *cache, void *object, struct pool *pool)
{
    frame_number number = address_frame(object) & ~(((frame_number)1 << cache->order) - 1);
    struct frame *slab = frame_of(number);
    uint32_t unwanted = 0; /* a second slab without objects */
    lock_take(&cache->lock);
    object_check(cache, slab, number, object);
    object_add(slab, object);
    cache->objects--;
    if (slab->refs-- == cache->capacity)
        frame_link(&cache->partial, slab, number);
    if (!slab->refs) {
        frame_unlink(&cache->partial, slab);
        *(cache->empty ? &unwanted : &cache->empty) = (uint32_t)number;
        cache->slabs -= unwanted != 0;
    }
    lock_release(&cache->lock);
    slab_destroy(cache, unwanted);
    pool_release_bytes(pool, cache->size);
}
