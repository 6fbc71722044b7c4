/*
 * buddy.c: free memory as blocks of 2^order frames, per zone (Knuth, TAOCP 1, 2.5).
 *
 * A free block is known by its head's descriptor alone. The buddy of block b of
 * order k is b ^ 2^k; it can be merged when it lies in the same bank and zone and
 * heads a free block of the same order. An absorbed head becomes FRAME_KERNEL, so
 * inside a block no descriptor is ever in a free or allocated state: that is what
 * finds a double free later.
 */
#include "mm/buddy.h"
#include "arch/lock.h"
#include "mm/frame_cache.h"

#define DMA_END ((frame_number)1 << (30 - 12)) /* 1 GiB */

struct zone_blocks {
    struct lock lock;
    uint32_t nonempty; /* bit k: blocks of order k exist */
    uint32_t heads[ORDERS];
    uint64_t blocks[ORDERS];
    uint64_t free;           /* frames in the lists, caches not counted */
    frame_number start, end; /* never merge across */
    bool memory;             /* was ever given any */
};
static struct zone_blocks zones[ZONES];

struct frame_front frame_front;
static uint64_t fail_at; /* allocations until the one that shall fail; 0: none */

/* Zones to try for each use, the best first; ZONES ends. */
static const uint8_t zone_order[USES][ZONES + 1] = {
    [USE_PAGE] = {ZONE_HIGH, ZONE_LINEAR, ZONE_DMA, ZONES},
    [USE_KERNEL] = {ZONE_LINEAR, ZONE_DMA, ZONES},
    [USE_DMA] = {ZONE_DMA, ZONES},
};

static unsigned order_below(uint64_t frames) /* largest order that fits in `frames` (not 0) */
{
    unsigned order = 63u - (unsigned)__builtin_clzll(frames);
    return order < ORDERS ? order : ORDERS - 1;
}

/* ---- One zone; the lock is held ---- */

static void block_link(struct zone_blocks *zone, struct frame *head, frame_number number,
                       unsigned order)
{
    uint32_t next = zone->heads[order];
    head->state = FRAME_FREE;
    head->order = (uint8_t)order;
    head->previous = 0;
    head->next = next;
    if (next)
        frame_of(next)->previous = (uint32_t)number;
    zone->heads[order] = (uint32_t)number;
    zone->nonempty |= 1u << order;
    zone->blocks[order]++;
}

static void block_unlink(struct zone_blocks *zone, struct frame *head)
{
    unsigned order = head->order;
    if (head->previous)
        frame_of(head->previous)->next = head->next;
    else if (!(zone->heads[order] = head->next))
        zone->nonempty &= ~(1u << order);
    if (head->next)
        frame_of(head->next)->previous = head->previous;
    zone->blocks[order]--;
    head->state = FRAME_KERNEL;
}

/* Takes a block of `order` out of the smallest that is large enough, unmarked; 0: none. */
static frame_number zone_take(struct zone_blocks *zone, unsigned order)
{
    uint32_t enough = zone->nonempty >> order << order;
    if (!enough)
        return 0;
    unsigned found = (unsigned)__builtin_ctz(enough);
    frame_number number = zone->heads[found];
    struct frame *head = frame_of(number);
    block_unlink(zone, head);
    zone->free -= 1u << order;
    while (found > order) { /* keep the lower half, the upper becomes a free block */
        found--;
        block_link(zone, head + (1u << found), number + (1u << found), found);
    }
    return number;
}

/* Puts a block in and merges it as far as it goes. Its head's old state does not matter. */
static void zone_give(struct zone_blocks *zone, frame_number number, unsigned order)
{
    const struct bank *bank = bank_of(number);
    frame_number low = bank->first > zone->start ? bank->first : zone->start;
    frame_number bank_end = bank->first + bank->count;
    frame_number size = (bank_end < zone->end ? bank_end : zone->end) - low;
    bank->frames[number - bank->first].state = FRAME_KERNEL;
    zone->free += 1u << order;
    for (; order < ORDERS - 1; order++) {
        frame_number buddy = number ^ ((frame_number)1 << order);
        if (buddy - low >= size)
            break;
        struct frame *head = &bank->frames[buddy - bank->first];
        if (head->state != FRAME_FREE || head->order != order)
            break;
        block_unlink(zone, head);
        number &= ~((frame_number)1 << order);
    }
    block_link(zone, &bank->frames[number - bank->first], number, order);
}

/* ---- Between the zones and the caches ---- */

/*
 * Fills an empty cache of this CPU: the smallest blocks first, whole where they fit,
 * so that large blocks stay large. Popped, frames of one block come in ascending order.
 */
static bool cache_refill(struct frame_cache *cache, struct zone_blocks *zone)
{
    unsigned got = 0;
    lock_take(&zone->lock);
    while (got < FRAME_CACHE_BATCH && zone->nonempty) {
        unsigned order = (unsigned)__builtin_ctz(zone->nonempty);
        unsigned fits = order_below(FRAME_CACHE_BATCH - got);
        order = order < fits ? order : fits;
        frame_number number = zone_take(zone, order);
        struct frame *frame = frame_of(number);
        for (unsigned i = 1u << order; i-- > 0; got++) {
            frame[i].order = 0;
            frame_cache_push(cache, &frame[i], number + i);
        }
    }
    lock_release(&zone->lock);
    return got != 0;
}

static struct cached_frame take_from_zones(enum frame_use use)
{
    for (const uint8_t *zone = zone_order[use]; *zone != ZONES; zone++) {
        struct frame_cache *cache = &frame_front.caches[*zone][cpu_number()];
        do { /* again when another CPU drained what was just filled in */
            while (cache->count) {
                struct cached_frame cached = frame_cache_pop(cache);
                if (cached.frame)
                    return cached;
            }
        } while (cache_refill(cache, &zones[*zone]));
    }
    return (struct cached_frame){NULL, 0};
}

/* Lets the fast path begin at the first zone of each use's order that has memory at all; or, while
 * an allocation shall fail, at a cache that is always empty, so that all of them are counted. */
static void choose_first_caches(void)
{
    for (unsigned use = 0; use < USES; use++) {
        const uint8_t *zone = zone_order[use];
        while (zone[1] != ZONES && !zones[*zone].memory)
            zone++;
        frame_front.first[use] = frame_front.caches[fail_at ? ZONES : *zone];
    }
}

void buddy_fail_at(uint64_t n)
{
    fail_at = n;
    choose_first_caches();
}

/* True: this allocation shall fail. */
static bool fail_now(void)
{
    if (!fail_at || --fail_at)
        return false;
    choose_first_caches();
    return true;
}

struct cached_frame frame_take_slow(enum frame_use use)
{
    if (fail_now())
        return (struct cached_frame){NULL, 0};
    struct cached_frame cached = take_from_zones(use);
    if (!cached.frame) { /* other CPUs' caches may hold the last frames */
        buddy_drain();
        cached = take_from_zones(use);
    }
    return cached;
}

void frame_give_slow(struct frame *frame, frame_number number)
{
    enum zone zone = zone_of(number);
    struct frame_cache *cache = &frame_front.caches[zone][cpu_number()];
    lock_take(&zones[zone].lock);
    for (unsigned i = 0; i < FRAME_CACHE_BATCH; i++) {
        struct cached_frame cached = frame_cache_pop(cache);
        if (cached.frame)
            zone_give(&zones[zone], cached.number, 0);
    }
    lock_release(&zones[zone].lock);
    frame_cache_push(cache, frame, number);
}

void buddy_drain(void)
{
    for (unsigned zone = 0; zone < ZONES; zone++) {
        lock_take(&zones[zone].lock);
        for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++) {
            unsigned at = 0;
            struct frame *frame;
            while ((frame = frame_cache_steal(&frame_front.caches[zone][cpu], &at)))
                zone_give(&zones[zone], frame_number_of(frame), 0);
        }
        lock_release(&zones[zone].lock);
    }
}

/* ---- The public face ---- */

void buddy_init(frame_number linear_end)
{
    frame_number dma_end = linear_end < DMA_END ? linear_end : DMA_END;
    frame_front.linear_end = linear_end;
    frame_front.dma_end = dma_end;
    zones[ZONE_DMA].end = dma_end;
    zones[ZONE_LINEAR].start = dma_end;
    zones[ZONE_LINEAR].end = linear_end;
    zones[ZONE_HIGH].start = linear_end;
    zones[ZONE_HIGH].end = UINT64_MAX;
    choose_first_caches();
}

void buddy_free_range(frame_number first, frame_number count)
{
    if (count && first == 0) { /* its number means "none": it stays with the kernel */
        first++;
        count--;
    }
    while (count) {
        struct zone_blocks *zone = &zones[zone_of(first)];
        frame_number in_zone = zone->end - first;
        unsigned order = order_below(count < in_zone ? count : in_zone);
        unsigned aligned = (unsigned)__builtin_ctzll(first);
        order = order < aligned ? order : aligned;
        const struct bank *bank = bank_of(first);
        if (!bank || first - bank->first + (1u << order) > bank->count)
            kernel_bug("buddy_free_range: not in one memory bank");
        if (frame_of(first)->state != FRAME_KERNEL)
            kernel_bug("buddy_free_range: given twice");
        lock_take(&zone->lock);
        zone_give(zone, first, order);
        zone->memory = true;
        lock_release(&zone->lock);
        first += 1u << order;
        count -= 1u << order;
    }
    choose_first_caches();
}

static frame_number take_block(unsigned order, enum frame_use use)
{
    for (const uint8_t *zone = zone_order[use]; *zone != ZONES; zone++) {
        lock_take(&zones[*zone].lock);
        frame_number number = zone_take(&zones[*zone], order);
        lock_release(&zones[*zone].lock);
        if (number) {
            frame_mark_raw(frame_of(number), order);
            return number;
        }
    }
    return 0;
}

/* What the fast path of buddy_alloc does not serve. */
static __attribute__((noinline)) frame_number alloc_slow(unsigned order, enum frame_use use)
{
    if (order == 0) {
        struct cached_frame cached = frame_take_slow(use);
        if (cached.frame)
            frame_mark_raw(cached.frame, 0);
        return cached.frame ? cached.number : 0;
    }
    if (order >= ORDERS || fail_now())
        return 0;
    frame_number number = take_block(order, use);
    if (!number) { /* cached frames keep their neighbours from merging */
        buddy_drain();
        number = take_block(order, use);
    }
    return number;
}

frame_number buddy_alloc(unsigned order, enum frame_use use)
{
    if (__builtin_expect(order == 0, 1)) {
        struct cached_frame cached = frame_take_fast(use);
        if (__builtin_expect(cached.frame != NULL, 1)) {
            frame_mark_raw(cached.frame, 0);
            return cached.number;
        }
    }
    return alloc_slow(order, use);
}

_Noreturn void frame_free_bug(const struct frame *frame)
{
    if (!frame)
        kernel_bug("free of a frame outside of memory");
    if (frame->state < FRAME_RAW || frame->state >= FRAME_STATES)
        kernel_bug("free of a frame that is not allocated (freed twice?)");
    kernel_bug("free of a block with another order than it was allocated with");
}

/* What the fast path of buddy_free does not serve. */
static __attribute__((noinline)) void free_slow(frame_number first, unsigned order)
{
    struct frame *frame = frame_of(first);
    if (!frame)
        frame_free_bug(frame);
    frame_check_allocated(frame, order);
    if (order == 0) {
        if (!frame_give_fast(frame, first))
            frame_give_slow(frame, first);
        return;
    }
    struct zone_blocks *zone = &zones[zone_of(first)];
    lock_take(&zone->lock);
    zone_give(zone, first, order);
    lock_release(&zone->lock);
}

void buddy_free(frame_number first, unsigned order)
{
    const struct bank *bank = bank_guess();
    if (__builtin_expect(order == 0, 1) && bank_has(bank, first)) {
        struct frame *frame = &bank->frames[first - bank->first];
        frame_check_allocated(frame, 0);
        if (frame_give_fast(frame, first))
            return;
    }
    free_slow(first, order);
}

uint64_t buddy_free_frames(void)
{
    uint64_t frames = 0;
    for (unsigned zone = 0; zone < ZONES; zone++) {
        frames += zones[zone].free;
        for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++)
            frames += frame_cache_frames(&frame_front.caches[zone][cpu]);
    }
    return frames;
}

uint64_t buddy_free_blocks(enum zone zone, unsigned order)
{
    return zone < ZONES && order < ORDERS ? zones[zone].blocks[order] : 0;
}
