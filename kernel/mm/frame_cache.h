/*
 * frame_cache.h: the per-CPU stacks of free single frames in front of the buddy,
 * and the fast way in and out of them. For the files of kernel/mm only.
 *
 * A cache belongs to one CPU and needs no lock: only its CPU pushes and pops, with
 * interrupts masked. Another CPU may still take everything out (buddy_drain). For
 * that, the count shares one word with a version that every change increments:
 * who drains copies the entries first and then swaps the count for 0, which fails
 * when the owner was active meanwhile. The owner pays one instruction for it.
 *
 * Ordering: an entry is written before the word is released and read after it was
 * acquired. That a push after a pop does not overwrite the popped entry before the
 * pop is visible follows from push reading the word with acquire: Arm ARM B2.3,
 * an acquire that reads a store-exclusive of the same CPU is ordered after it.
 */
#pragma once
#include "arch/cpu.h"
#include "boot/fdt.h"
#include "debug/panic.h"
#include "mm/buddy.h"

#define FRAME_CACHE_SIZE 31  /* with the word: 512 bytes */
#define FRAME_CACHE_BATCH 16 /* frames moved at once from and to the buddy */
#define FRAME_CACHE_VERSION ((uint64_t)1 << 32)

struct cached_frame {
    struct frame *frame;
    frame_number number;
};

struct frame_cache {
    uint64_t word; /* version << 32 | count */
    uint64_t unused;
    struct cached_frame entries[FRAME_CACHE_SIZE];
};

/* What the fast paths read, in one place. */
struct frame_front {
    uint64_t fail_at; /* allocations until the one that shall fail; 0: none */
    frame_number dma_end, linear_end;
    uint8_t first_zone[4]; /* by enum frame_use: the zone to try first, of those that have memory */
    struct frame_cache caches[CPUS_MAX][ZONES];
};
extern struct frame_front frame_front;

static inline enum zone zone_of(frame_number number)
{
    return (enum zone)((number >= frame_front.dma_end) + (number >= frame_front.linear_end));
}

/* Owner only. False: the cache is empty. */
static inline bool frame_cache_pop(struct frame_cache *cache, struct cached_frame *out)
{
    /* Adding 2^32 - 1 is count - 1 and, through the carry, version + 1. */
    uint64_t word =
        __atomic_fetch_add(&cache->word, FRAME_CACHE_VERSION - 1, __ATOMIC_RELAXED);
    uint32_t count = (uint32_t)word;
    if (__builtin_expect(count == 0, 0)) { /* nobody takes from a count of -1: put it right */
        __atomic_fetch_add(&cache->word, 1, __ATOMIC_RELAXED);
        return false;
    }
    *out = cache->entries[count - 1];
    return true;
}

/* Owner only. False: the cache is full. */
static inline bool frame_cache_push(struct frame_cache *cache, struct frame *frame,
                                    frame_number number)
{
    uint64_t word = __atomic_load_n(&cache->word, __ATOMIC_ACQUIRE);
    do {
        uint32_t count = (uint32_t)word;
        if (__builtin_expect(count >= FRAME_CACHE_SIZE, 0))
            return false;
        __atomic_store_n(&cache->entries[count].frame, frame, __ATOMIC_RELAXED);
        __atomic_store_n(&cache->entries[count].number, number, __ATOMIC_RELAXED);
    } while (!__atomic_compare_exchange_n(&cache->word, &word, word + FRAME_CACHE_VERSION + 1, true,
                                          __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
    return true;
}

/* Frames in a cache now; any CPU may ask. */
static inline uint32_t frame_cache_count(const struct frame_cache *cache)
{
    uint32_t count = (uint32_t)__atomic_load_n(&cache->word, __ATOMIC_ACQUIRE);
    return count <= FRAME_CACHE_SIZE ? count : 0; /* -1: a pop is finding it empty */
}

/* Any CPU: moves everything to out[]; returns how many. */
static inline uint32_t frame_cache_take_all(struct frame_cache *cache,
                                            struct cached_frame out[FRAME_CACHE_SIZE])
{
    uint64_t word = __atomic_load_n(&cache->word, __ATOMIC_ACQUIRE);
    uint32_t count;
    do {
        count = (uint32_t)word;
        if (count == 0 || count > FRAME_CACHE_SIZE)
            return 0;
        for (uint32_t i = 0; i < count; i++) {
            out[i].frame = __atomic_load_n(&cache->entries[i].frame, __ATOMIC_RELAXED);
            out[i].number = __atomic_load_n(&cache->entries[i].number, __ATOMIC_RELAXED);
        }
    } while (!__atomic_compare_exchange_n(&cache->word, &word, word - count + FRAME_CACHE_VERSION,
                                          false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
    return count;
}

/* The slow ways, in buddy.c: other zones, refill, drain; and making room in a full cache. */
bool frame_take_slow(enum frame_use use, struct cached_frame *out);
void frame_give_slow(struct frame_cache *cache, struct frame *frame, frame_number number);

/* One free frame for `use`: its descriptor still says FRAME_CACHED, order 0. False: there is none. */
static inline bool frame_take(enum frame_use use, struct cached_frame *out)
{
#ifdef PAGODA_FAULT_INJECTION
    if (__builtin_expect(frame_front.fail_at != 0, 0))
        return frame_take_slow(use, out);
#endif
    struct frame_cache *cache =
        &frame_front.caches[cpu_number()][frame_front.first_zone[use]];
    if (__builtin_expect(frame_cache_pop(cache, out), 1))
        return true;
    return frame_take_slow(use, out);
}

/* Gives a single frame back. Its descriptor must be in an allocated state, of order 0. */
static inline void frame_give(struct frame *frame, frame_number number)
{
    struct frame_cache *cache = &frame_front.caches[cpu_number()][zone_of(number)];
    frame->state = FRAME_CACHED;
    if (__builtin_expect(!frame_cache_push(cache, frame, number), 0))
        frame_give_slow(cache, frame, number);
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
static inline void frame_check_allocated(const struct frame *frame, unsigned order)
{
    if (__builtin_expect(!frame || frame->state < FRAME_RAW, 0))
        kernel_bug("free of a frame that is not allocated (freed twice?)");
    if (__builtin_expect(frame->order != order, 0))
        kernel_bug("free of a block with another order than it was allocated with");
}
