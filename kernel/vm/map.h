/*
 * map.h: from what is resident to a translation entry. The one place that
 * decides which rights a page gets right now.
 */
#pragma once
#include "vm/region.h"

/*
 * The entry for page `index` of region's object, good for `access` (MAP_READ,
 * MAP_WRITE or MAP_EXEC), or 0: not there, or not in a way that allows the access.
 * A write marks the page dirty. The region must allow the access.
 */
uint64_t map_entry(struct region *region, uint64_t index, unsigned access);

/* The physical address of the page behind the region's source for object page `index`, or 0. */
uint64_t map_source_page(struct region *region, uint64_t index);

/*
 * Enters an entry for va; what was there is broken first (Arm ARM D8.14.1).
 * -ENOMEM: no table. Nothing was changed then.
 */
int64_t map_enter(struct space *space, uint64_t va, uint64_t entry);
