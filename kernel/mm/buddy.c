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
};
static struct zone_blocks zones[ZONES];

struct frame_front frame_front;

/* Zones to try for each use, the best first; ZONES ends. */
static const uint8_t zone_order[][ZONES + 1] = {
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

/* Takes a block of `order` out, from the smallest that is large enough; 0: none. It heads no block yet. */
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
    uint32_t got = 0;
    lock_take(&zone->lock);
    while (got < FRAME_CACHE_BATCH && zone->nonempty) {
        unsigned order = (unsigned)__builtin_ctz(zone->nonempty);
        unsigned fits = order_below(FRAME_CACHE_BATCH - got);
        order = order < fits ? order : fits;
        frame_number number = zone_take(zone, order);
        struct frame *frame = frame_of(number);
        for (uint32_t i = 1u << order; i-- > 0; got++) {
            frame[i].state = FRAME_CACHED;
            frame[i].order = 0;
            cache->entries[got] = (struct cached_frame){&frame[i], number + i};
        }
    }
    lock_release(&zone->lock);
    __atomic_fetch_add(&cache->word, FRAME_CACHE_VERSION + got, __ATOMIC_RELEASE);
    return got != 0;
}

static bool take_from_zones(enum frame_use use, struct cached_frame *out)
{
    for (const uint8_t *zone = zone_order[use]; *zone != ZONES; zone++) {
        struct frame_cache *cache = &frame_front.caches[cpu_number()][*zone];
        do { /* again when another CPU drained what was just filled in */
            if (frame_cache_pop(cache, out))
                return true;
        } while (cache_refill(cache, &zones[*zone]));
    }
    return false;
}

/* The fault injection's countdown. True: this allocation shall fail. */
static bool fail_now(void)
{
#ifdef PAGODA_FAULT_INJECTION
    return frame_front.fail_at && --frame_front.fail_at == 0;
#else
    return false;
#endif
}

bool frame_take_slow(enum frame_use use, struct cached_frame *out)
{
    if (fail_now())
        return false;
    if (take_from_zones(use, out))
        return true;
    buddy_drain(); /* other CPUs' caches may hold the last frames */
    return take_from_zones(use, out);
}

void frame_give_slow(struct frame_cache *cache, struct frame *frame, frame_number number)
{
    struct zone_blocks *zone = &zones[zone_of(number)];
    struct cached_frame cached;
    lock_take(&zone->lock);
    for (unsigned i = 0; i < FRAME_CACHE_BATCH && frame_cache_pop(cache, &cached); i++)
        zone_give(zone, cached.number, 0);
    lock_release(&zone->lock);
    if (!frame_cache_push(cache, frame, number))
        kernel_bug("frame cache full after making room");
}

void buddy_drain(void)
{
    struct cached_frame taken[FRAME_CACHE_SIZE];
    for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++) {
        for (unsigned zone = 0; zone < ZONES; zone++) {
            uint32_t count = frame_cache_take_all(&frame_front.caches[cpu][zone], taken);
            if (!count)
                continue;
            lock_take(&zones[zone].lock);
            while (count-- > 0)
                zone_give(&zones[zone], taken[count].number, 0);
            lock_release(&zones[zone].lock);
        }
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
    for (unsigned use = 0; use < sizeof zone_order / sizeof zone_order[0]; use++)
        frame_front.first_zone[use] = zone_order[use][0];
}

/* The first zone of each use's order that has memory: others need not be tried each time. */
static void choose_first_zones(void)
{
    for (unsigned use = 0; use < sizeof zone_order / sizeof zone_order[0]; use++) {
        const uint8_t *zone = zone_order[use];
        while (zone[1] != ZONES && !zones[*zone].free)
            zone++;
        frame_front.first_zone[use] = *zone;
    }
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
        lock_release(&zone->lock);
        first += 1u << order;
        count -= 1u << order;
    }
    choose_first_zones();
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

frame_number buddy_alloc(unsigned order, enum frame_use use)
{
    if (__builtin_expect(order == 0, 1)) {
        struct cached_frame cached;
        if (!frame_take(use, &cached))
            return 0;
        frame_mark_raw(cached.frame, 0);
        return cached.number;
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

void buddy_free(frame_number first, unsigned order)
{
    struct frame *frame = frame_of(first);
    frame_check_allocated(frame, order);
    if (__builtin_expect(order == 0, 1)) {
        frame_give(frame, first);
        return;
    }
    struct zone_blocks *zone = &zones[zone_of(first)];
    lock_take(&zone->lock);
    zone_give(zone, first, order);
    lock_release(&zone->lock);
}

uint64_t buddy_free_frames(void)
{
    uint64_t frames = 0;
    for (unsigned zone = 0; zone < ZONES; zone++) {
        frames += zones[zone].free;
        for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++)
            frames += frame_cache_count(&frame_front.caches[cpu][zone]);
    }
    return frames;
}

uint64_t buddy_free_blocks(enum zone zone, unsigned order)
{
    return zone < ZONES && order < ORDERS ? zones[zone].blocks[order] : 0;
}

void buddy_fail_at(uint64_t n)
{
    frame_front.fail_at = n;
}
