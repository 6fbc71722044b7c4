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
#include "debug/panic.h"
#include "entry/abi.h"
#include "mm/buddy.h"

#define OBJECT_MIN 16
#define OBJECT_MAX 8192
#define FREE_MARK  0x5ab0b1ec7f4eeull

struct free_object {
    struct free_object *next;
    uint64_t mark;
};

struct slab_cache *slab_caches;

static uint64_t mark_of(const void *object)
{
    return (uint64_t)(uintptr_t)object ^ FREE_MARK;
}

void slab_cache_init(struct slab_cache *cache, const char *name, size_t size)
{
    if (size < OBJECT_MIN || size > OBJECT_MAX)
        kernel_bug("slab_cache_init: size not 16 bytes .. 8 KiB");
    *cache = (struct slab_cache){.name = name, .size = (uint32_t)((size + 15) & ~(size_t)15)};
    for (;; cache->order++) {
        uint32_t bytes = (uint32_t)PAGE_SIZE << cache->order;
        cache->capacity = bytes / cache->size;
        if (cache->capacity && bytes % cache->size <= bytes / 8)
            break;
    }
    cache->next = slab_caches;
    slab_caches = cache;
}

/* ---- The list of partly filled slabs; the cache's lock is held ---- */

static void partial_link(struct slab_cache *cache, struct frame *slab, uint32_t number)
{
    slab->previous = 0;
    slab->next = cache->partial;
    if (slab->next)
        frame_of(slab->next)->previous = number;
    cache->partial = number;
}

static void partial_unlink(struct slab_cache *cache, struct frame *slab)
{
    if (slab->previous)
        frame_of(slab->previous)->next = slab->next;
    else
        cache->partial = slab->next;
    if (slab->next)
        frame_of(slab->next)->previous = slab->previous;
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
    struct free_object *head = NULL;
    char *memory = frame_address(number);
    for (uint32_t i = cache->capacity; i-- > 0;) {
        struct free_object *object = (struct free_object *)(memory + (size_t)i * cache->size);
        object->next = head;
        object->mark = mark_of(object);
        head = object;
    }
    struct frame *slab = frame_of(number);
    slab->state = FRAME_SLAB;
    slab->cache = cache;
    slab->free_object = head;
    return (uint32_t)number;
}

static void slab_destroy(struct slab_cache *cache, uint32_t number)
{
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
        if (empty)
            slab_destroy(cache, empty);
    }
}

/* ---- Objects ---- */

/* Takes an object from a slab that has room, the kept empty one last; NULL: none. */
static struct free_object *object_take(struct slab_cache *cache)
{
    if (!cache->partial) {
        if (!cache->empty)
            return NULL;
        partial_link(cache, frame_of(cache->empty), cache->empty);
        cache->empty = 0;
    }
    struct frame *slab = frame_of(cache->partial);
    struct free_object *object = slab->free_object;
    slab->free_object = object->next;
    if (++slab->refs == cache->capacity)
        partial_unlink(cache, slab);
    cache->objects++;
    return object;
}

/* Grows by one slab and takes an object from it; when memory is short, empty slabs go first. */
static struct free_object *object_take_growing(struct slab_cache *cache)
{
    uint32_t number = slab_create(cache);
    if (!number) {
        slab_trim();
        number = slab_create(cache);
    }
    lock_take(&cache->lock);
    if (number) {
        partial_link(cache, frame_of(number), number);
        cache->slabs++;
    }
    struct free_object *object = object_take(cache); /* another CPU may have freed one meanwhile */
    lock_release(&cache->lock);
    return object;
}

void *slab_alloc(struct slab_cache *cache, struct pool *pool)
{
    if (pool_charge_bytes(pool, cache->size))
        return NULL;
    lock_take(&cache->lock);
    struct free_object *object = object_take(cache);
    lock_release(&cache->lock);
    if (!object && !(object = object_take_growing(cache))) {
        pool_release_bytes(pool, cache->size);
        return NULL;
    }
    return __builtin_memset(object, 0, cache->size);
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

/* Returns a slab that is to be given back, or 0. */
static uint32_t object_give(struct slab_cache *cache, struct free_object *object)
{
    frame_number number = address_frame(object) & ~(((frame_number)1 << cache->order) - 1);
    struct frame *slab = frame_of(number);
    object_check(cache, slab, number, object);
    object->next = slab->free_object;
    object->mark = mark_of(object);
    slab->free_object = object;
    cache->objects--;
    if (slab->refs-- == cache->capacity)
        partial_link(cache, slab, (uint32_t)number);
    if (slab->refs)
        return 0;
    partial_unlink(cache, slab);
    if (!cache->empty) {
        cache->empty = (uint32_t)number;
        return 0;
    }
    cache->slabs--;
    return (uint32_t)number;
}

void slab_free(struct slab_cache *cache, void *object, struct pool *pool)
{
    lock_take(&cache->lock);
    uint32_t empty = object_give(cache, object);
    lock_release(&cache->lock);
    if (empty)
        slab_destroy(cache, empty);
    pool_release_bytes(pool, cache->size);
}
