/*
 * ranges.h: short sorted lists of physical ranges (memory, reservations).
 */
#pragma once
#include "boot/fdt.h"

/* Physical addresses have at most 48 bits here (Arm ARM D8.1, 4 KiB granule without FEAT_LPA2). */
#define PHYSICAL_END (UINT64_C(1) << 48)

struct ranges {
    struct range list[RANGES_MAX];
    unsigned count;
};

/*
 * Adds [start, start + size), merged with what it overlaps or touches. False,
 * and nothing changes, when the list is full. start + size <= 2^64 - 1.
 */
bool ranges_add(struct ranges *ranges, uint64_t start, uint64_t size);

/* The whole pages inside [start, start + size); all pages it touches. Size 0: there are none. */
struct range range_shrink_to_pages(uint64_t start, uint64_t size);
struct range range_grow_to_pages(uint64_t start, uint64_t size);

/* Does one range of the list hold all of [start, start + size)? */
bool ranges_hold(const struct ranges *ranges, uint64_t start, uint64_t size);

/* Adds to `to` what `ranges` has of [start, start + size). As ranges_add. */
bool ranges_add_common(struct ranges *to, const struct ranges *ranges, uint64_t start,
                       uint64_t size);

/* Keeps the lowest `limit` bytes, whole pages. */
void ranges_clamp(struct ranges *ranges, uint64_t limit);
