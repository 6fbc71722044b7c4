/*
 * frame_cache.h: the per-CPU stacks of free single frames in front of the buddy,
 * and the fast way in and out of them. For the files of kernel/mm only.
 *
 * A cache belongs to one CPU and needs no lock: only its CPU pushes and pops, with
 * interrupts masked, and only it looks at the count. Another CPU may still take
 * everything out (buddy_drain), entry by entry: whoever exchanges an entry's frame
 * for NULL has that frame. An owner that pops NULL was drained and goes on below.
 *
 * A push releases (the descriptor's new state is seen before the entry), draining
 * acquires; a pop takes what its own CPU wrote, or NULL, and needs neither.
 */
#pragma once
#include "arch/cpu.h"
#include "boot/fdt.h"
#include "debug/panic.h"
#include "mm/buddy.h"

#define FRAME_CACHE_SIZE 127 /* 2 KiB in all */
#define FRAME_CACHE_BATCH 64 /* frames moved at once from and to the buddy */

struct cached_frame {
    struct frame *frame; /* NULL: none */
    frame_number number; /* only the owner reads this */
};

struct frame_cache {
    uint64_t count; /* entries pushed and not popped, drained ones included */
    uint64_t unused;
    struct cached_frame entries[FRAME_CACHE_SIZE];
};

/* What the fast paths read, in one place. */
struct frame_front {
    /* By enum frame_use: the caches (of CPU 0; the others' follow) of the zone to try first. While
     * an allocation shall be made to fail, these are caches[ZONES], which are always empty. */
    struct frame_cache *first[USES];
    frame_number dma_end, linear_end;
    _Alignas(64) struct frame_cache caches[ZONES + 1][CPUS_MAX];
};
extern struct frame_front frame_front;

static inline enum zone zone_of(frame_number number)
{
    return (enum zone)((number >= frame_front.dma_end) + (number >= frame_front.linear_end));
}

/* Owner only. frame is NULL when the cache is empty (count 0) or this entry was drained. */
static inline struct cached_frame frame_cache_pop(struct frame_cache *cache)
{
    uint64_t count = cache->count;
    if (__builtin_expect(count == 0, 0))
        return (struct cached_frame){NULL, 0};
    struct cached_frame *entry = &cache->entries[count - 1];
    cache->count = count - 1;
    struct frame *frame = __atomic_exchange_n(&entry->frame, NULL, __ATOMIC_RELAXED);
    return (struct cached_frame){frame, entry->number};
}

/* Owner only. False: the cache is full, nothing changed. */
static inline bool frame_cache_push(struct frame_cache *cache, struct frame *frame,
                                    frame_number number)
{
    uint64_t count = cache->count;
    if (__builtin_expect(count == FRAME_CACHE_SIZE, 0))
        return false;
    struct cached_frame *entry = &cache->entries[count];
    __asm__("" : "+r"(entry)); /* or GCC computes the address once for each use */
    cache->count = count + 1;
    entry->number = number;
    frame->state = FRAME_CACHED;
    __atomic_store_n(&entry->frame, frame, __ATOMIC_RELEASE);
    return true;
}

/* Any CPU: takes one frame out, or NULL when none is left. *at, 0 at first, is where to look on. */
static inline struct frame *frame_cache_steal(struct frame_cache *cache, unsigned *at)
{
    while (*at < FRAME_CACHE_SIZE) {
        struct frame **entry = &cache->entries[(*at)++].frame;
        if (__atomic_load_n(entry, __ATOMIC_RELAXED)) {
            struct frame *frame = __atomic_exchange_n(entry, NULL, __ATOMIC_ACQUIRE);
            if (frame)
                return frame;
        }
    }
    return NULL;
}

/* Any CPU: frames in a cache. */
static inline uint64_t frame_cache_frames(const struct frame_cache *cache)
{
    uint64_t frames = 0;
    for (unsigned i = 0; i < FRAME_CACHE_SIZE; i++)
        frames += __atomic_load_n(&cache->entries[i].frame, __ATOMIC_RELAXED) != NULL;
    return frames;
}

/* The slow ways, in buddy.c: other zones, refill, drain; and making room in a full cache. */
struct cached_frame frame_take_slow(enum frame_use use);
void frame_give_slow(struct frame *frame, frame_number number);

/* One free frame from this CPU's cache; its descriptor still says FRAME_CACHED, order 0. NULL: try
 * frame_take_slow. */
static inline struct cached_frame frame_take_fast(enum frame_use use)
{
    return frame_cache_pop(frame_front.first[use] + cpu_number());
}

/* Gives a single frame back to this CPU's cache. Its descriptor must be in an allocated state, of
 * order 0. False: nothing happened, take frame_give_slow. */
static inline bool frame_give_fast(struct frame *frame, frame_number number)
{
    struct frame_cache *cache = frame_front.caches[zone_of(number)];
    __asm__("" : "+r"(cache)); /* as above: shifts and adds instead of multiplications */
    cache += cpu_number();
    __asm__("" : "+r"(cache));
    return __builtin_expect(frame_cache_push(cache, frame, number), 1);
}

/* What pool_alloc_frame promises. */
static inline void frame_mark(struct frame *frame, struct pool *pool, enum frame_state state)
{
    frame->refs = 1;
    frame->state = (uint8_t)state;
    frame->pins = 0;
    frame->pool = pool;
    frame->object = NULL;
    frame->index = 0;
}

/* What buddy_alloc promises. GCC makes one store of the first four. */
static inline void frame_mark_raw(struct frame *head, unsigned order)
{
    head->refs = 0;
    head->state = FRAME_RAW;
    head->order = (uint8_t)order;
    head->pins = 0;
    head->pool = NULL;
}

/* Double frees and frees of what was never allocated end here. */
_Noreturn void frame_free_bug(const struct frame *frame);
static inline void frame_check_allocated(const struct frame *frame, unsigned order)
{
    unsigned both = frame->state | (unsigned)frame->order << 8; /* one load, one comparison */
    if (__builtin_expect(both - (FRAME_RAW | order << 8) >= FRAME_STATES - FRAME_RAW, 0))
        frame_free_bug(frame);
}
