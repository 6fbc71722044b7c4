/*
 * region.h: a region says which pages of which object a range of addresses
 * shows, and with what rights. Thin: pages never know of it.
 */
#pragma once
#include "task/space.h"
#include "vm/object.h"

#define MAP_RIGHTS (MAP_READ | MAP_WRITE | MAP_EXEC)
#define MAP_KEPT   (MAP_RIGHTS | MAP_DONTFORK | MAP_WIPEONFORK | MAP_AROUND | MAP_ADVICE)

struct region {
    struct tree_node node; /* key: start address, in space->regions */
    uint64_t length;       /* bytes */
    uint32_t rights;       /* MAP_RIGHTS; beside them what else is kept of MAP_* */
    uint8_t rights_limit;  /* what the object's handle allowed */
    struct space *space;
    struct object *object;
    uint64_t first;        /* page of the object at the start */
    struct object *source; /* where pages come from that the object has not; NULL: none */
    uint64_t source_first;
    struct region *object_next, **object_link; /* object->regions */
    struct region *source_next, **source_link; /* object->sourced */
};

/* The region that contains va, or NULL. Last hit first. */
static inline struct region *region_at(struct space *space, uint64_t va)
{
    struct region *region = space->last_region;
    struct tree_node *node;

    if (__builtin_expect(region && va - region->node.key < region->length, 1))
        return region;
    node = tree_at_or_below(&space->regions, va);
    if (!node)
        return NULL;
    region = tree_entry(node, struct region, node);
    if (va - region->node.key >= region->length)
        return NULL;
    return space->last_region = region;
}

/* The region that contains va, or the next one above, or NULL. */
struct region *region_from(struct space *space, uint64_t va);

/* True when no region touches [va, va + length). */
bool region_range_free(struct space *space, uint64_t va, uint64_t length);

/* A new region; takes references. -EEXIST, -ENOMEM: nothing changed. */
int64_t region_new(struct space *space, uint64_t va, uint64_t length, unsigned rights,
                   unsigned limit, struct object *object, uint64_t first, struct object *source,
                   uint64_t source_first);

/* The same, joined with neighbours that it continues. */
int64_t region_add(struct space *space, uint64_t va, uint64_t length, unsigned rights,
                   unsigned limit, struct object *object, uint64_t first, struct object *source,
                   uint64_t source_first);

/* Joins a region with its neighbours where they show one run of pages with the same rights. The
 * region may be gone afterwards. */
void region_merge(struct region *region);

/* Removes a region that maps nothing any more. */
void region_free(struct region *region);

/* Splits so that `va` (page aligned, inside) begins a region of its own. -ENOMEM: nothing changed.
 */
int64_t region_split(struct region *region, uint64_t va);

/* Enters what is resident in [va, va + pages) of one region into the tables, also pages of its
 * source if they are wanted. ENOMEM when a table cannot be had (what was entered stays). */
int64_t region_populate(struct region *region, uint64_t va, uint64_t pages, bool sources);

/*
 * What MAP_AROUND asks for at a fault that is no write: enters what is resident of the aligned 64
 * KiB around va, as far as the region and one leaf table go. True: va itself was entered, and the
 * fault counted; false: it has an entry already, or must be asked for.
 */
bool region_around(struct region *region, uint64_t va);

void regions_init(void);
