/*
 * buddy.c: free memory as blocks of 2^order frames, per zone (Knuth, TAOCP 1, 2.5).
 *
 * A free block is known by its head's descriptor alone. The buddy of block b of
 * order k is b ^ 2^k; it can be merged when it lies in the same bank (and so in the
 * same zone) and heads a free block of the same order. An absorbed head becomes
 * FRAME_KERNEL, so inside a block no descriptor is ever in a free or allocated
 * state: that is what finds a double free later.
 */
#include "mm/buddy.h"
#include "mm/frame_cache.h"

#define DMA_END ((frame_number)1 << (30 - 12)) /* 1 GiB */
#define BATCH   64                             /* frames moved at once between a zone and a cache */

struct zone_blocks {
    struct lock lock;
    uint32_t heads[ORDERS];  /* lists of free blocks */
    uint32_t blocks[ORDERS]; /* how many */
    uint64_t free;           /* frames in them, caches not counted */
};
static struct zone_blocks zones[ZONES];
static uint64_t fail_at; /* allocations until the one that shall fail; 0: none */

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static unsigned order_below(uint64_t frames) /* largest order that fits in `frames` (not 0) */
{
    return (unsigned)least(63u - (unsigned)__builtin_clzll(frames), ORDERS - 1);
}

/* ---- One zone ---- */

static void block_link(struct zone_blocks *zone, struct frame *head, frame_number number,
                       unsigned order)
{
    head->state = FRAME_FREE;
    head->order = (uint8_t)order;
    frame_link(&zone->heads[order], head, number);
    zone->blocks[order]++;
}

static void block_unlink(struct zone_blocks *zone, struct frame *head)
{
    frame_unlink(&zone->heads[head->order], head);
    zone->blocks[head->order]--;
    head->state = FRAME_KERNEL;
}

/* The smallest order of at least `order` that there are blocks of; ORDERS: none. */
static unsigned zone_find(const struct zone_blocks *zone, unsigned order)
{
    while (order < ORDERS && !zone->heads[order])
        order++;
    return order;
}

/* Takes a block of `order` out of the smallest that is large enough, unmarked; 0: none. */
static frame_number zone_take(struct zone_blocks *zone, unsigned order)
{
    frame_number number = 0;
    lock_take(&zone->lock);
    unsigned found = zone_find(zone, order);
    if (found < ORDERS) {
        number = zone->heads[found];
        struct frame *head = frame_of(number);
        block_unlink(zone, head);
        zone->free -= 1u << order;
        while (found-- > order) /* keep the lower half, the upper becomes a free block */
            block_link(zone, head + (1u << found), number + (1u << found), found);
    }
    lock_release(&zone->lock);
    return number;
}

/* Under the lock: puts a block in, whatever its head's state, and merges it as far as it goes. */
static void zone_give(const struct bank *bank, frame_number number, unsigned order)
{
    struct zone_blocks *zone = &zones[bank->zone];
    bank->frames[number - bank->first].state = FRAME_KERNEL;
    zone->free += 1u << order;
    for (; order < ORDERS - 1; order++) {
        frame_number at = (number ^ (frame_number)1 << order) - bank->first;
        struct frame *buddy = &bank->frames[at];
        if (at >= bank->count || buddy->state != FRAME_FREE || buddy->order != order)
            break;
        block_unlink(zone, buddy);
        number &= ~((frame_number)1 << order);
    }
    block_link(zone, &bank->frames[number - bank->first], number, order);
}

/* ---- Between the zones and this CPU's caches ---- */

/* Fills an empty cache: the smallest blocks first, whole where they fit, so that large
 * ones stay large. Popped, frames of one block come in ascending order. */
static void cache_refill(struct frame_cache *cache, struct zone_blocks *zone)
{
    for (unsigned wanted = BATCH, order; wanted; wanted -= 1u << order) {
        order = (unsigned)least(zone_find(zone, 0), order_below(wanted));
        frame_number number = zone_take(zone, order);
        if (!number)
            return;
        struct frame *frame = frame_of(number), *end = frame + (1u << order);
        for (struct frame *at = frame; at < end; at++) {
            at->state = FRAME_CACHED;
            at->order = 0;
            at->below = at + 1;
            at->number = number++;
        }
        end[-1].below = cache->first;
        *cache = (struct frame_cache){frame, cache->count + (1u << order)};
    }
}

bool frame_cache_shrink(struct frame_cache *cache)
{
    struct zone_blocks *zone = &zones[cache - this_cpu()->caches.of];
    bool any = cache->first;
    lock_take(&zone->lock);
    for (unsigned i = 0; i < BATCH && cache->first; i++) {
        frame_number number = frame_cache_pop(cache)->number;
        zone_give(bank_of(number), number, 0);
    }
    lock_release(&zone->lock);
    return any;
}

/* A batch of this CPU's frames goes back. False: it has none. */
static bool drain_some(void)
{
    struct frame_cache *of = this_cpu()->caches.of;
    return frame_cache_shrink(&of[0]) || frame_cache_shrink(&of[1]) || frame_cache_shrink(&of[2]);
}

void buddy_drain(void)
{
    while (drain_some())
        ;
}

/* While an allocation shall fail, all of them go the slow way, where they are counted. */
static void choose_first_caches(void)
{
    static struct frame_cache nothing;
    for (unsigned use = 0; use < USES; use++) {
        uint64_t first = ZONE_DMA;
        for (const struct bank *bank = banks; bank < &banks[bank_count]; bank++)
            first = bank->zone >= use ? least(first, bank->zone) : first;
        for (struct cpu *cpu = cpus; cpu < &cpus[CPUS_MAX]; cpu++)
            cpu->caches.first[use] = fail_at ? &nothing : &cpu->caches.of[first];
    }
}

uint64_t buddy_fail_at(uint64_t n)
{
    uint64_t left = fail_at;

    fail_at = n;
    choose_first_caches();
    return left;
}

bool buddy_fail_now(void)
{
    return fail_at && !--fail_at;
}

struct frame *frame_take(enum frame_use use)
{
    if (buddy_fail_now())
        return NULL;
    for (unsigned zone = use; zone < ZONES; zone++) {
        struct frame_cache *cache = &this_cpu()->caches.of[zone];
        if (!cache->first && zones[zone].free)
            cache_refill(cache, &zones[zone]);
        if (cache->first)
            return frame_cache_pop(cache);
    }
    return NULL;
}

/* ---- The public face ---- */

/* Cuts in two what lies on both sides of `end`. */
static void banks_split(frame_number end)
{
    for (struct bank *bank = banks; bank < &banks[bank_count]; bank++)
        if (bank->first < end && end - bank->first < bank->count) {
            frame_number below = end - bank->first;
            frame_add_bank(end, bank->count - below, bank->frames + below);
            bank->count = below;
        }
}

void buddy_init(frame_number linear_end)
{
    frame_number dma_end = least(linear_end, DMA_END);
    banks_split(dma_end);
    banks_split(linear_end);
    for (struct bank *bank = banks; bank < &banks[bank_count]; bank++)
        bank->zone = (bank->first < linear_end) + (bank->first < dma_end);
    choose_first_caches();
}

void buddy_free_range(frame_number first, frame_number count)
{
    frame_number end = first + count;
    for (first += first == 0; first < end;) { /* 0 means "none": it stays with the kernel */
        const struct bank *bank = bank_of(first);
        if (!bank)
            kernel_bug("buddy_free_range: not in a memory bank");
        if (frame_of(first)->state != FRAME_KERNEL)
            kernel_bug("buddy_free_range: given twice");
        unsigned order = order_below(least(end, bank->first + bank->count) - first);
        order = (unsigned)least(order, (unsigned)__builtin_ctzll(first));
        zone_give(bank, first, order);
        first += 1u << order;
    }
}

frame_number buddy_alloc(unsigned order, enum frame_use use)
{
    frame_number number = 0;
    struct frame *head = NULL;
    if (order == 0) {
        head = frame_take(use);
        number = head ? head->number : 0;
    } else if (order < ORDERS && !buddy_fail_now()) {
        do /* cached frames keep their neighbours from merging */
            for (unsigned zone = use; zone < ZONES && !number; zone++)
                number = zone_take(&zones[zone], order);
        while (!number && drain_some());
        head = frame_of(number);
    }
    if (number)
        *head = (struct frame){.state = FRAME_RAW, .order = (uint8_t)order};
    return number;
}

_Noreturn void frame_free_bug(const struct frame *frame)
{
    if (!frame)
        kernel_bug("free of a frame outside of memory");
    if (frame->state < FRAME_RAW || frame->state >= FRAME_STATES)
        kernel_bug("free of a frame that is not allocated (freed twice?)");
    kernel_bug("free of a block with another order than it was allocated with");
}

void buddy_free(frame_number first, unsigned order)
{
    const struct bank *bank = bank_of(first);
    struct frame *head = frame_of(first);
    if (!bank)
        frame_free_bug(NULL);
    if (order == 0) {
        frame_give(bank->zone, head, first);
        return;
    }
    frame_check_allocated(head, order);
    lock_take(&zones[bank->zone].lock);
    zone_give(bank, first, order);
    lock_release(&zones[bank->zone].lock);
}

struct zone_facts buddy_zone_facts(enum zone zone)
{
    struct zone_facts facts = {.free = zones[zone].free};
    for (unsigned order = 0; order < ORDERS; order++)
        facts.blocks[order] = zones[zone].blocks[order];
    for (const struct cpu *cpu = cpus; cpu < &cpus[CPUS_MAX]; cpu++) {
        facts.free += cpu->caches.of[zone].count;
        facts.blocks[0] += cpu->caches.of[zone].count;
    }
    for (const struct bank *bank = banks; bank < &banks[bank_count]; bank++)
        facts.total += bank->zone == zone ? bank->count : 0;
    return facts;
}

uint64_t buddy_free_frames(void)
{
    return buddy_zone_facts(ZONE_HIGH).free + buddy_zone_facts(ZONE_LINEAR).free +
           buddy_zone_facts(ZONE_DMA).free;
}
