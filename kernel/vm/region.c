/*
 * region.c: the ordered table of regions of a space.
 */
#include "vm/region.h"
#include "arch/tlb.h"
#include "mm/slab.h"
#include "vm/map.h"

static struct slab_cache region_cache;

void regions_init(void)
{
    slab_cache_init(&region_cache, "region", sizeof(struct region));
}

struct region *region_from(struct space *space, uint64_t va)
{
    struct region *region = region_at(space, va);
    struct tree_node *node = region ? NULL : tree_at_or_above(&space->regions, va);

    return node ? tree_entry(node, struct region, node) : region;
}

bool region_range_free(struct space *space, uint64_t va, uint64_t length)
{
    struct tree_node *node = tree_at_or_below(&space->regions, va + length - 1);

    return !node || node->key + tree_entry(node, struct region, node)->length <= va;
}

/* Both in one space, and page n of the object at the same address in both, were they longer. */
static bool same_view(const struct region *a, const struct region *b)
{
    return a->space == b->space &&
           a->node.key - (a->first << PAGE_SHIFT) == b->node.key - (b->first << PAGE_SHIFT);
}

#define OTHERS_MOST 64 /* regions that are looked at */

/* May `others` or one behind it in the object's list show a page that `region` shows? */
static bool shown_by(const struct region *others, const struct region *region)
{
    uint64_t pages = region->length >> PAGE_SHIFT;
    unsigned left = OTHERS_MOST;

    for (; others; others = others->object_next)
        if (!left-- || (others->first < region->first + pages &&
                        region->first < others->first + (others->length >> PAGE_SHIFT)))
            return true;
    return false;
}

void object_look_again(struct object *object)
{
    const struct region *region = object->regions;

    while (region && !shown_by(region->object_next, region))
        region = region->object_next;
    object->one_view = !region;
}

static void link(struct region *region)
{
    struct object *object = region->object, *source = region->source;

    object_ref(&object->object);
    object->aligned = !object->regions || (object->aligned && same_view(region, object->regions));
    object->one_view = object->aligned || (object->one_view && !shown_by(object->regions, region));
    list_enter(&object->regions, region, object_next, object_link);
    if (!source)
        return;
    object_ref(&source->object);
    list_enter(&source->sourced, region, source_next, source_link);
}

int64_t region_new(struct space *space, uint64_t va, uint64_t length, unsigned rights,
                   unsigned limit, struct object *object, uint64_t first, struct object *source,
                   uint64_t source_first)
{
    struct region *region;

    if (!region_range_free(space, va, length))
        return -EEXIST;
    region = slab_alloc(&region_cache, space->pool->pool);
    if (!region)
        return -ENOMEM;
    region->node.key = va;
    region->length = length;
    region->rights = rights;
    region->rights_limit = limit;
    region->space = space;
    region->object = object;
    region->first = first;
    region->source = source;
    region->source_first = source_first;
    link(region);
    tree_insert(&space->regions, &region->node);
    return 0;
}

void region_free(struct region *region)
{
    struct space *space = region->space;
    struct object *object = region->object, *source = region->source;

    tree_remove(&space->regions, &region->node);
    if (space->last_region == region)
        space->last_region = NULL;
    list_leave(region, object_next, object_link);
    if (source)
        list_leave(region, source_next, source_link);
    slab_free(&region_cache, region, space->pool->pool);
    object_unref(&object->object);
    if (source)
        object_unref(&source->object);
}

int64_t region_split(struct region *region, uint64_t va)
{
    uint64_t before = va - region->node.key, length = region->length;
    int64_t error;

    region->length = before;
    error = region_new(region->space, va, length - before, region->rights, region->rights_limit,
                       region->object, region->first + (before >> PAGE_SHIFT), region->source,
                       region->source_first + (before >> PAGE_SHIFT));
    if (error)
        region->length = length;
    return error;
}

/* The entry for a slot that needs no thought: resident, not to be executed; or 0. */
static inline uint64_t plain_entry(const struct region *region, const struct chunk *chunk,
                                   uint64_t index)
{
    bool known = chunk && index - chunk->node.key < chunk->size;
    slot value = known ? chunk->slots[index - chunk->node.key] : SLOT_EMPTY;
    bool written = (value & (SLOT_DIRTY | SLOT_COW)) == SLOT_DIRTY;

    if ((value & (SLOT_STATE | SLOT_BUSY)) != SLOT_RESIDENT || region->rights & MAP_EXEC)
        return 0;
    return entry_for(value & SLOT_ADDRESS, written ? region->rights : MAP_READ, MAIR_NORMAL);
}

int64_t region_populate(struct region *region, uint64_t va, uint64_t pages, bool sources)
{
    struct space *space = region->space;
    struct object *object = region->object;
    uint64_t index = region->first + ((va - region->node.key) >> PAGE_SHIFT), entered = 0;
    uint64_t *leaf = NULL;
    int64_t error = 0;

    if (!(region->rights & MAP_RIGHTS))
        return 0;
    for (; pages; pages--, va += PAGE_SIZE, index++) {
        if (!(va & (LEAF_PAGES * PAGE_SIZE - 1)))
            leaf = NULL;
        uint64_t entry = plain_entry(region, object->last, index);
        if (!entry && (sources || object->kind == OBJECT_RANGE || object_slot(object, index)))
            entry = map_entry(region, index, MAP_READ);
        if (!entry)
            continue;
        if (!leaf)
            leaf = translation_leaf(&space->translation, va, true);
        if (!leaf) {
            error = -ENOMEM;
            break;
        }
        if (*leaf_entry(leaf, va))
            continue;
        *leaf_entry(leaf, va) = entry;
        entered++;
    }
    space->resident += entered;
    if (entered)
        tlb_entries_written();
    return error;
}

/* `second` begins where `first` ends and shows what would come next anyway. */
static bool continues(const struct region *first, const struct region *second)
{
    uint64_t pages = first->length >> PAGE_SHIFT;

    return first->node.key + first->length == second->node.key && first->rights == second->rights &&
           first->rights_limit == second->rights_limit && first->object == second->object &&
           first->first + pages == second->first && first->source == second->source &&
           (!first->source || first->source_first + pages == second->source_first);
}

void region_merge(struct region *region)
{
    struct tree_node *node = tree_next(&region->node);
    struct region *other;

    if (node) {
        other = tree_entry(node, struct region, node);
        if (continues(region, other)) {
            uint64_t length = other->length;
            region_free(other);
            region->length += length;
        }
    }
    if (!region->node.key)
        return;
    node = tree_at_or_below(&region->space->regions, region->node.key - 1);
    if (!node)
        return;
    other = tree_entry(node, struct region, node);
    if (continues(other, region)) {
        uint64_t length = region->length;
        region_free(region);
        other->length += length;
    }
}

int64_t region_add(struct space *space, uint64_t va, uint64_t length, unsigned rights,
                   unsigned limit, struct object *object, uint64_t first, struct object *source,
                   uint64_t source_first)
{
    int64_t error =
        region_new(space, va, length, rights, limit, object, first, source, source_first);

    if (!error)
        region_merge(region_at(space, va));
    return error;
}
