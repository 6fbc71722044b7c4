/*
 * indices.c: a sorted array of ranges. Most programs have none; those that move memory have a few.
 */
#include "indices.h"
#include "lib/memory.h"
#include "lib/wired.h"
#include "ranges.h"

/* The first range that ends after `index`. */
static uint32_t find(const struct indices *indices, uint64_t index)
{
    uint32_t low = 0, high = indices->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (indices->displaced[middle].end <= index)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool overlaps(const struct indices *indices, uint64_t first, uint64_t pages)
{
    uint32_t at = find(indices, first);
    return at < indices->count && indices->displaced[at].first < first + pages;
}

uint64_t index_for(struct memory *memory, uint64_t address, uint64_t pages)
{
    struct indices *indices = &memory->indices;
    uint64_t natural = address >> PAGE_SHIFT;
    if (__builtin_expect(!indices->count, 1) || !overlaps(indices, natural, pages))
        return natural;
    uint64_t fresh = indices->fresh ? indices->fresh : INDICES_NATURAL;
    if (pages > INDICES - fresh)
        return INDICES;
    indices->fresh = fresh + pages;
    return fresh;
}

bool indices_unused(const struct memory *memory, uint64_t first, uint64_t pages)
{
    struct region_facts facts;
    uint64_t end = first + pages, address = first << PAGE_SHIFT;
    if (end > INDICES_NATURAL || overlaps(&memory->indices, first, pages))
        return false;
    return region_query(memory->space, address, &facts) < 0 || facts.start >= end << PAGE_SHIFT;
}

int64_t indices_reserve(struct indices *indices)
{
    if (indices->count < indices->room)
        return 0;
    uint32_t room = indices->room ? 2 * indices->room : 8;
    struct index_range *grown = wired_resize(indices->displaced, room * sizeof *grown);
    if (!grown)
        return -ENOMEM;
    indices->displaced = grown;
    indices->room = room;
    return 0;
}

static void insert(struct indices *indices, uint32_t at, uint64_t first, uint64_t end)
{
    memmove(&indices->displaced[at + 1], &indices->displaced[at],
            (indices->count - at) * sizeof *indices->displaced);
    indices->displaced[at] = (struct index_range){first, end};
    indices->count++;
}

static void remove(struct indices *indices, uint32_t at)
{
    indices->count--;
    memmove(&indices->displaced[at], &indices->displaced[at + 1],
            (indices->count - at) * sizeof *indices->displaced);
}

/* Only natural indices away from home are recorded: fresh ones nobody else will ever get. */
static bool recorded(uint64_t address, uint64_t first)
{
    return first < INDICES_NATURAL && first != address >> PAGE_SHIFT;
}

void indices_displace(struct indices *indices, uint64_t address, uint64_t first, uint64_t pages)
{
    if (!recorded(address, first))
        return;
    uint32_t at = find(indices, first);
    uint64_t end = first + pages;
    struct index_range *range = indices->displaced;
    if (at && range[at - 1].end == first) {
        range[at - 1].end = end;
        if (at < indices->count && range[at].first == end) {
            range[at - 1].end = range[at].end;
            remove(indices, at);
        }
    } else if (at < indices->count && range[at].first == end) {
        range[at].first = first;
    } else {
        insert(indices, at, first, end);
    }
}

void indices_return(struct indices *indices, uint64_t address, uint64_t first, uint64_t pages)
{
    if (!indices->count || !recorded(address, first))
        return;
    uint32_t at = find(indices, first);
    uint64_t end = first + pages;
    if (at == indices->count || indices->displaced[at].first > first)
        return;
    struct index_range *range = &indices->displaced[at];
    if (range->first == first && range->end == end) {
        remove(indices, at);
    } else if (range->first == first) {
        range->first = end;
    } else if (range->end == end) {
        range->end = first;
    } else if (!indices_reserve(indices)) { /* else what lies between stays taken: no harm */
        range = &indices->displaced[at];
        uint64_t last = range->end;
        range->end = first;
        insert(indices, at + 1, end, last);
    }
}

int64_t indices_copy(struct indices *to, const struct indices *from)
{
    *to = (struct indices){.fresh = from->fresh};
    if (!from->count)
        return 0;
    to->displaced = wired_alloc_array(from->count, sizeof *to->displaced);
    if (!to->displaced)
        return -ENOMEM;
    memcpy(to->displaced, from->displaced, from->count * sizeof *to->displaced);
    to->count = to->room = from->count;
    return 0;
}

void indices_free(struct indices *indices)
{
    wired_free(indices->displaced);
    *indices = (struct indices){0};
}
