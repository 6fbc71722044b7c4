/*
 * ranges.c: see ranges.h.
 */
#include "boot/ranges.h"
#include "entry/abi.h"

#define PAGE_MASK ((uint64_t)PAGE_SIZE - 1)

static uint64_t end_of(const struct range *range)
{
    return range->start + range->size;
}

static void remove_at(struct ranges *ranges, unsigned at, unsigned how_many)
{
    ranges->count -= how_many;
    for (unsigned i = at; i < ranges->count; i++)
        ranges->list[i] = ranges->list[i + how_many];
}

bool ranges_add(struct ranges *ranges, uint64_t start, uint64_t size)
{
    if (size == 0)
        return true;
    uint64_t end = start + size;
    unsigned first = 0; /* the first range that ends at or behind our start */
    while (first < ranges->count && end_of(&ranges->list[first]) < start)
        first++;
    unsigned last = first; /* behind the last one that begins at or before our end */
    for (; last < ranges->count && ranges->list[last].start <= end; last++) {
        if (ranges->list[last].start < start)
            start = ranges->list[last].start;
        if (end_of(&ranges->list[last]) > end)
            end = end_of(&ranges->list[last]);
    }
    if (first == last) {
        if (ranges->count == RANGES_MAX)
            return false;
        for (unsigned i = ranges->count++; i > first; i--)
            ranges->list[i] = ranges->list[i - 1];
    } else {
        remove_at(ranges, first + 1, last - first - 1);
    }
    ranges->list[first] = (struct range){start, end - start};
    return true;
}

struct range range_shrink_to_pages(uint64_t start, uint64_t size)
{
    if (start >= PHYSICAL_END)
        return (struct range){0, 0};
    if (size > PHYSICAL_END - start)
        size = PHYSICAL_END - start;
    uint64_t first = (start + PAGE_MASK) & ~PAGE_MASK;
    uint64_t end = (start + size) & ~PAGE_MASK;
    return first < end ? (struct range){first, end - first} : (struct range){0, 0};
}

struct range range_grow_to_pages(uint64_t start, uint64_t size)
{
    if (size == 0 || start >= PHYSICAL_END)
        return (struct range){0, 0};
    if (size > PHYSICAL_END - start)
        size = PHYSICAL_END - start;
    uint64_t first = start & ~PAGE_MASK;
    uint64_t end = (start + size + PAGE_MASK) & ~PAGE_MASK;
    return (struct range){first, end - first};
}

bool ranges_hold(const struct ranges *ranges, uint64_t start, uint64_t size)
{
    for (unsigned i = 0; i < ranges->count; i++) {
        const struct range *range = &ranges->list[i];
        if (start >= range->start && start - range->start <= range->size &&
            size <= range->size - (start - range->start))
            return true;
    }
    return false;
}

bool ranges_add_common(struct ranges *to, const struct ranges *ranges, uint64_t start,
                       uint64_t size)
{
    for (unsigned i = 0; i < ranges->count; i++) {
        uint64_t first = ranges->list[i].start, end = end_of(&ranges->list[i]);
        if (first < start)
            first = start;
        if (end > start + size)
            end = start + size;
        if (first < end && !ranges_add(to, first, end - first))
            return false;
    }
    return true;
}

void ranges_clamp(struct ranges *ranges, uint64_t limit)
{
    limit &= ~PAGE_MASK;
    for (unsigned i = 0; i < ranges->count; i++) {
        if (ranges->list[i].size >= limit) {
            ranges->list[i].size = limit;
            ranges->count = limit > 0 ? i + 1 : i;
            return;
        }
        limit -= ranges->list[i].size;
    }
}
