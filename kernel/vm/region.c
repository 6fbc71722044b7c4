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

/* The slots of an object from `index` on, NULL: all empty; *pages comes down to one chunk's. */
static inline const slot *slots_at(struct object *object, uint64_t index, uint64_t *pages)
{
    struct chunk *chunk = chunk_for(object, index, false);
    uint64_t room = object->chunk_slots - (index & (object->chunk_slots - 1));

    *pages = *pages < room ? *pages : room;
    return chunk ? chunk_slot(chunk, index) : NULL;
}

int64_t region_populate(struct region *region, uint64_t va, uint64_t pages, bool sources)
{
    struct space *space = region->space;
    struct object *object = region->object, *source = sources ? region->source : NULL;
    uint64_t offset = (va - region->node.key) >> PAGE_SHIFT, entered = 0, run;
    bool range = object->kind == OBJECT_RANGE;
    /* What needs no thought: a page that instruction fetches, if there are any, see as it is. */
    uint64_t mask = region->rights & MAP_EXEC ? SLOT_STATE | SLOT_SYNCED : SLOT_STATE;
    uint64_t plain = SLOT_RESIDENT | (mask & SLOT_SYNCED), *leaf = NULL;
    uint64_t reading = entry_for(0, region->rights & ~MAP_WRITE, MAIR_NORMAL);
    uint64_t writing = entry_for(0, region->rights, MAIR_NORMAL) ^ reading;

    if (!(region->rights & MAP_RIGHTS))
        return 0;
    for (; pages; pages -= run, offset += run, va += run << PAGE_SHIFT) {
        uint64_t behind = region->source_first + offset,
                 in_leaf = LEAF_PAGES - (va >> PAGE_SHIFT) % LEAF_PAGES, base = 0, i = 0;
        run = pages < in_leaf ? pages : in_leaf;
        const slot *own = slots_at(object, region->first + offset, &run), *others = NULL;
        if (source && source->kind != OBJECT_RANGE) {
            others = slots_at(source, behind, &run);
        } else if (source && behind < source->pages) {
            base = (source->base + (behind << PAGE_SHIFT)) | reading;
            run = run < source->pages - behind ? run : source->pages - behind;
        }
        if (!own && !others && !base && !range)
            continue;
        leaf = translation_leaf(&space->translation, va, true);
        if (!leaf)
            break;
        leaf = leaf_entry(leaf, va);
        for (; i < run; i++) {
            slot value = own ? own[i] : SLOT_EMPTY;
            uint64_t entry = reading;
            if (leaf[i])
                continue;
            if (value & SLOT_DIRTY && !(value & SLOT_COW))
                entry ^= writing;
            if (!value && others)
                value = others[i] & ~SLOT_SYNCED; /* see map_entry */
            if ((value & mask) == plain)
                leaf[i] = (value & SLOT_ADDRESS) | entry;
            else if (!value && base)
                leaf[i] = base + (i << PAGE_SHIFT);
            else if (value || range)
                leaf[i] = map_entry(region, region->first + offset + i, MAP_READ);
            entered += leaf[i] != 0;
        }
    }
    space->resident += entered;
    if (entered)
        tlb_entries_written();
    return pages && !leaf ? -ENOMEM : 0;
}

#define AROUND (16 * PAGE_SIZE)

bool region_around(struct region *region, uint64_t va)
{
    uint64_t start = va & ~(AROUND - 1), end = (va | (LEAF_PAGES * PAGE_SIZE - 1)) + 1;
    uint64_t *leaf = translation_leaf(&region->space->translation, va, true);

    if (!leaf || *leaf_entry(leaf, va))
        return false;
    start = start > region->node.key ? start : region->node.key;
    end = end - start < AROUND ? end : start + AROUND;
    if (end - region->node.key > region->length)
        end = region->node.key + region->length;
    region_populate(region, start, (end - start) >> PAGE_SHIFT, true);
    if (!*leaf_entry(leaf, va))
        return false;
    region->space->faults_minor +=
        !object_cloned(region->object, region->first + ((va - region->node.key) >> PAGE_SHIFT));
    this_cpu()->counters.faults_soft++;
    return true;
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

/* Joins two neighbours if they are one. */
static void join(struct region *first, struct region *second)
{
    uint64_t length = second->length;

    if (!continues(first, second))
        return;
    region_free(second);
    first->length += length;
}

void region_merge(struct region *region)
{
    struct tree *regions = &region->space->regions;
    struct tree_node *next = tree_next(&region->node);
    struct tree_node *below =
        region->node.key ? tree_at_or_below(regions, region->node.key - 1) : NULL;

    if (next)
        join(region, tree_entry(next, struct region, node));
    if (below)
        join(tree_entry(below, struct region, node), region);
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
