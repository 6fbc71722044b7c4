/*
 * ring.c: both sides of a ring. Nothing here calls the kernel, so that tests on a host can be both
 * sides at once.
 */
#include "lib/ring.h"
#include "lib/errors.h"

#define ENTRY_BYTES (sizeof(struct ring_request) + sizeof(struct ring_completion))
_Static_assert(sizeof(struct ring_request) == 64 && sizeof(struct ring_completion) == 32,
               "both sides count on these");
_Static_assert(sizeof(struct ring_shared) == 128, "a cache line for each side");

static uint64_t entry_pages(uint32_t entries)
{
    return (entries * ENTRY_BYTES + PAGE_SIZE - 1) / PAGE_SIZE;
}

uint64_t ring_pages(uint32_t entries, uint32_t data_pages)
{
    return 1 + entry_pages(entries) + data_pages;
}

int64_t ring_init(struct ring *ring, void *at, uint64_t pages, uint32_t entries)
{
    if (entries < 2 || entries > RING_ENTRIES_MOST || entries & (entries - 1) ||
        pages > RING_PAGES_MOST || pages < ring_pages(entries, 0))
        return -EINVAL;
    uint8_t *memory = at;
    *ring = (struct ring){
        .shared = at,
        .requests = (struct ring_request *)(memory + PAGE_SIZE),
        .data = memory + ring_pages(entries, 0) * PAGE_SIZE,
        .data_pages = (uint32_t)(pages - ring_pages(entries, 0)),
        .entries = entries,
    };
    ring->completions = (struct ring_completion *)(ring->requests + entries);
    return 0;
}

/*
 * The other side's counter, which may be anything: how many entries it is ahead of `known`, if that
 * is not more than `most`. `broken` otherwise, and 0. When there is nothing, that is said in
 * *drained, and looked once more: whoever added in between may have read the old word.
 */
static uint32_t ahead(struct ring *ring, const uint32_t *counter, uint32_t known, uint32_t most,
                      uint32_t *drained)
{
    uint32_t count = __atomic_load_n(counter, __ATOMIC_ACQUIRE) - known;
    if (!count) {
        __atomic_store_n(drained, known, __ATOMIC_RELAXED);
        __atomic_thread_fence(__ATOMIC_SEQ_CST); /* dmb ish: the word before the look */
        count = __atomic_load_n(counter, __ATOMIC_ACQUIRE) - known;
    }
    if (count <= most)
        return count;
    ring->broken = true;
    return 0;
}

/* Shows the entry behind `count`. True: the other side had looked exactly so far. */
static bool publish(uint32_t *counter, uint32_t count, const uint32_t *drained)
{
    __atomic_store_n(counter, count + 1, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* dmb ish: the counter before the look */
    return __atomic_load_n(drained, __ATOMIC_RELAXED) == count;
}

bool ring_has_room(const struct ring *ring)
{
    return !ring->broken && ring->submitted - ring->completed < ring->entries;
}

bool ring_submit(struct ring *ring, const struct ring_request *request)
{
    uint32_t count = ring->submitted++;
    ring->requests[count & (ring->entries - 1)] = *request;
    return publish(&ring->shared->submitted, count, &ring->shared->submitted_drained);
}

bool ring_reap(struct ring *ring, struct ring_completion *completion)
{
    struct ring_shared *shared = ring->shared;
    if (ring->broken || !ahead(ring, &shared->completed, ring->completed,
                               ring->submitted - ring->completed, &shared->completed_drained))
        return false;
    *completion = ring->completions[ring->completed++ & (ring->entries - 1)];
    return true;
}

bool ring_take(struct ring *ring, struct ring_request *request)
{
    struct ring_shared *shared = ring->shared;
    uint32_t most = ring->entries - (ring->submitted - ring->completed);
    if (ring->broken ||
        !ahead(ring, &shared->submitted, ring->submitted, most, &shared->submitted_drained))
        return false;
    *request = ring->requests[ring->submitted++ & (ring->entries - 1)];
    return true;
}

bool ring_complete(struct ring *ring, const struct ring_completion *completion)
{
    uint32_t count = ring->completed++;
    ring->completions[count & (ring->entries - 1)] = *completion;
    return publish(&ring->shared->completed, count, &ring->shared->completed_drained);
}
