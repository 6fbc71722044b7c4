/*
 * frame_cache.h: the fast way to single frames: lists through the descriptors of
 * free frames, last in, first out. A list belongs to one CPU and needs no lock:
 * only that CPU touches it, with interrupts masked.
 */
#pragma once
#include "arch/cpu.h"
#include "arch/lock.h"
#include "debug/panic.h"
#include "mm/buddy.h"

extern struct lock pool_lock; /* pool.c */
#define FRAME_CACHE_MOST 1024 /* frames in a cache; above it, a batch goes back to the buddy */

/* In buddy.c. One free frame from any zone of the use, as popped; or NULL. */
struct frame *frame_take(enum frame_use use);
/* Gives a batch back. False: there was none. */
bool frame_cache_shrink(struct frame_cache *cache);

/* Not of an empty cache. The descriptor still says FRAME_CACHED, order 0, and its number. */
static inline struct frame *frame_cache_pop(struct frame_cache *cache)
{
    struct frame *frame = cache->first;
    cache->first = frame->below;
    cache->count--;
    return frame;
}

/* Double frees, and frees of what was never allocated or is no memory (NULL), end here. */
_Noreturn void frame_free_bug(const struct frame *frame);
static inline void frame_check_allocated(const struct frame *frame, unsigned order)
{
    unsigned both = frame->state | (unsigned)frame->order << 8; /* one load, one comparison */
    if (__builtin_expect(both - (FRAME_RAW | order << 8) >= FRAME_STATES - FRAME_RAW, 0))
        frame_free_bug(frame);
}

/* Gives a single frame of this zone back; finds double frees. Charges stay. */
static inline void frame_give(uint64_t zone, struct frame *frame, frame_number number)
{
    struct frame_cache *cache = &this_cpu()->caches.of[zone];
    frame_check_allocated(frame, 0);
    frame->state = FRAME_CACHED;
    frame->below = cache->first;
    frame->number = number;
    cache->first = frame;
    if (__builtin_expect(++cache->count > FRAME_CACHE_MOST, 0))
        frame_cache_shrink(cache);
}

/* What pool_alloc promises; returns the frame's number. */
static inline frame_number pool_mark(struct frame *frame, struct pool *pool, enum frame_state state,
                                     struct object *object, uint64_t index)
{
    frame_number number = frame->number;
    *frame = (struct frame){
        .refs = 1, .state = (uint8_t)state, .pool = pool, .object = object, .index = index};
    return number;
}

/* pool_alloc, in place: it is called where nothing is charged ahead or the cache is empty. */
static inline frame_number pool_take(struct pool *pool, enum frame_state state, int use,
                                     struct object *object, uint64_t index)
{
    struct cpu *cpu = this_cpu();
    struct frame_cache *cache = cpu->caches.first[use];
    lock_take(&pool_lock);
    uint64_t ahead = cpu->ahead.pool == pool ? cpu->ahead.frames : 0;
    if (__builtin_expect(!ahead || !cache->first, 0)) {
        lock_release(&pool_lock);
        return pool_alloc(pool, state, use, object, index);
    }
    cpu->ahead.frames = ahead - 1;
    lock_release(&pool_lock);
    return pool_mark(frame_cache_pop(cache), pool, state, object, index);
}
