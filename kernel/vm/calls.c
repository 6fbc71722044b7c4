/*
 * calls.c: the calls on regions.
 */
#include "debug/trace.h"
#include "task/lookup.h"
#include "task/reaper.h"
#include "vm/region.h"

#define STEP_PAGES 64 /* between two looks at the interrupt line */

/* A pager must be below whoever waits for it (invariant 1); programs may page for each other. */
static bool pager_allowed(const struct space *space, const struct object *object)
{
    return !object || !object->pager || object->pager->level < space->level ||
           (object->pager->level == LEVEL_PROGRAM && space->level == LEVEL_PROGRAM);
}

/* Beyond the end of a paged object is no error before it is touched: it may grow. */
static bool fits(const struct object *object, uint64_t first, uint64_t pages)
{
    uint64_t size = object->kind == OBJECT_PAGED ? PAGES_MAX : object->pages;

    return first < size && pages <= size - first;
}

/* Pages from va on for which there are no slots; for which there are no tables. */
static uint64_t no_slots(struct region *region, uint64_t va)
{
    if (region->object->kind == OBJECT_RANGE)
        return 0;
    return object_absent(region->object, region->first + ((va - region->node.key) >> PAGE_SHIFT));
}

static uint64_t no_tables(struct region *region, uint64_t va)
{
    uint64_t end = region->node.key + region->length;

    return (translation_next(&region->space->translation, va, end) - va) >> PAGE_SHIFT;
}

/* Enters what is resident, from x1 on for x2 pages. What cannot be entered now will be by a fault.
 */
static struct thread *populate(struct thread *thread, struct space *space)
{
    uint64_t *x = thread->registers.x;

    while (x[2]) {
        struct region *region = range_valid(x[1], x[2]) ? region_at(space, x[1]) : NULL;
        if (!region)
            break;
        uint64_t room = (region->node.key + region->length - x[1]) >> PAGE_SHIFT;
        uint64_t pages = region->source ? 0 : no_slots(region, x[1]);
        uint64_t most = x[2] < room ? x[2] : room;
        bool skip = pages > STEP_PAGES;
        pages = skip ? pages : STEP_PAGES;
        pages = pages < most ? pages : most;
        if (!skip && region_populate(region, x[1], pages, true))
            break;
        x[1] += pages << PAGE_SHIFT;
        x[2] -= pages;
        if (x[2] && interrupt_pending()) {
            thread->populating = true; /* mapped already: the call goes on here */
            return call_again(thread);
        }
    }
    return answer(thread, 0);
}

struct thread *call_region_map(struct thread *thread)
{
    uint64_t *x = thread->registers.x, va = x[1], pages = x[2];
    unsigned rights = x[3] & MAP_KEPT, limit;
    struct object *source = NULL;
    int64_t error;
    struct space *space = lookup_space(thread, x[0], RIGHT_MANAGE);

    if (!space)
        return thread;
    if (thread->populating) {
        thread->populating = false;
        return populate(thread, space);
    }
    struct handle_entry *entry = handle_lookup(&thread->space->handles, (uint32_t)x[4],
                                               KERNEL_OBJECT_OBJECT, rights & MAP_RIGHTS, &error);
    if (!entry)
        return answer(thread, error);
    struct object *object = (struct object *)entry->object;
    limit = entry->meta >> 8 & MAP_RIGHTS;
    if (x[6]) {
        entry = handle_lookup(&thread->space->handles, (uint32_t)x[6], KERNEL_OBJECT_OBJECT,
                              RIGHT_READ | (rights & MAP_EXEC), &error);
        if (!entry)
            return answer(thread, error);
        source = (struct object *)entry->object;
        if (!(entry->meta >> 8 & RIGHT_EXEC))
            limit &= ~MAP_EXEC;
    }
    if (!range_valid(va, pages) || x[3] & ~(uint64_t)(MAP_KEPT | MAP_POPULATE) ||
        !fits(object, x[5], pages) ||
        (source &&
         (object->kind != OBJECT_PAGED || !object_is_memory(source) || !fits(source, x[7], 1))))
        return answer(thread, -EINVAL);
    if (!pager_allowed(space, object) || !pager_allowed(space, source))
        return answer(thread, -EPERM);
    error = region_add(space, va, pages << PAGE_SHIFT, rights, limit, object, x[5], source, x[7]);
    if (error || !(x[3] & MAP_POPULATE))
        return answer(thread, error);
    return populate(thread, space);
}

/* The space that x0 names, and the end of the range of it at x1, of x2 pages. x3 may hold `flags`.
 * NULL: answered. */
static struct space *range_of(struct thread *thread, uint64_t flags, uint64_t *end)
{
    uint64_t *x = thread->registers.x;
    struct space *space = lookup_space(thread, x[0], RIGHT_MANAGE);

    if (!space)
        return NULL;
    *end = x[1] + (x[2] << PAGE_SHIFT);
    if (range_valid(x[1], x[2]) && !(x[3] & ~flags))
        return space;
    answer(thread, -EINVAL);
    return NULL;
}

/* Makes va a border of regions where it lies inside one. */
static int64_t border(struct space *space, uint64_t va)
{
    struct region *region = region_at(space, va);

    return region && region->node.key < va ? region_split(region, va) : 0;
}

/* The same at both ends of a range: no region reaches out of it then. -ENOMEM: nothing changed. */
static int64_t borders(struct space *space, uint64_t va, uint64_t end)
{
    int64_t error = border(space, end);

    if (error)
        return error;
    error = border(space, va);
    if (error && region_at(space, end))
        region_merge(region_at(space, end));
    return error;
}

/* The first region that begins in [va, end), or NULL. */
static struct region *region_in(struct space *space, uint64_t va, uint64_t end)
{
    struct tree_node *node = tree_at_or_above(&space->regions, va);

    return node && node->key < end ? tree_entry(node, struct region, node) : NULL;
}

/* To forget contents is to change them: the handle that the object was mapped by must have allowed
 * it. */
static bool may_discard(const struct region *region)
{
    return region->object->kind == OBJECT_PAGED && region->rights_limit & MAP_WRITE;
}

/* Pages from the region's start on behind which there is no table and, to discard, no slot. */
static uint64_t untouched(struct region *region, bool discard)
{
    uint64_t tables = no_tables(region, region->node.key);
    uint64_t slots = discard ? no_slots(region, region->node.key) : ~0ul;

    return slots < tables ? slots : tables;
}

/* Forgets contents of which one region was just unmapped. */
static void discard_pages(struct object *object, uint64_t first, uint64_t pages)
{
    if (!object->one_view || object->sourced)
        object_unmap(object, first, pages); /* others may show them, too */
    object_discard_unmapped(object, first, pages);
}

/* Takes the front off a region: what nobody ever touched at once, else up to STEP_PAGES. How many.
 */
static uint64_t region_shorten(struct region *region, bool discard)
{
    struct space *space = region->space;
    struct object *object = region->object; /* if this was its last use, the reaper has it now */
    uint64_t first = region->first;
    uint64_t pages = region->length >> PAGE_SHIFT, untouched_pages;

    if (pages > STEP_PAGES) {
        untouched_pages = untouched(region, discard);
        pages = untouched_pages > STEP_PAGES ? untouched_pages : STEP_PAGES;
    }
    if (pages <= STEP_PAGES)
        space->resident -= translation_clear(&space->translation, region->node.key, pages);
    trace(TRACE_UNMAP, region->node.key, pages);
    region->node.key +=
        pages << PAGE_SHIFT; /* still between its neighbours: the tree stays ordered */
    region->length -= pages << PAGE_SHIFT;
    region->first += pages;
    region->source_first += pages;
    if (!region->length)
        region_free(region);
    /* Only now: who waits for one of these pages looks again, and must not find them. */
    if (discard && pages <= STEP_PAGES)
        discard_pages(object, first, pages);
    return pages;
}

/* Tables that serve nothing between the neighbours of a hole are freed. */
static void prune_hole(struct space *space, uint64_t va, uint64_t end)
{
    struct tree_node *below = tree_at_or_below(&space->regions, va);
    struct tree_node *above = tree_at_or_above(&space->regions, end);
    uint64_t floor = below ? below->key + tree_entry(below, struct region, node)->length : 0;
    uint64_t ceiling = above ? above->key : USER_END;

    translation_prune(&space->translation, va, end, floor, ceiling);
}

struct thread *call_region_unmap(struct thread *thread)
{
    uint64_t *x = thread->registers.x, va = x[1], end;
    struct region *region;
    int64_t error;
    struct space *space = range_of(thread, UNMAP_DISCARD, &end);

    if (!space)
        return thread;
    error = borders(space, va, end);
    if (error)
        return answer(thread, error);
    while ((region = region_in(space, va, end))) {
        x[4] += region_shorten(region, x[3] & UNMAP_DISCARD && may_discard(region));
        if (interrupt_pending())
            return call_again(thread); /* what is unmapped already is not found again */
    }
    prune_hole(space, va, end);
    x[1] = x[4];
    answer(thread, 0);
    return reap_wait(thread);
}

/* True when regions cover the range without a hole, and each allows `rights`. */
static int64_t range_covered(struct space *space, uint64_t va, uint64_t end, unsigned rights)
{
    while (va < end) {
        struct region *region = region_at(space, va);
        if (!region)
            return -ENOENT;
        if (rights & MAP_RIGHTS & ~region->rights_limit)
            return -EACCES;
        va = region->node.key + region->length;
    }
    return 0;
}

/* Takes from the tables what a region has lost; where it had nothing, enters what is its own: who
 * may not touch a page for a while does not pay for it by a fault later. */
static void entries_allow(struct region *region, uint64_t va, uint64_t pages, unsigned old)
{
    struct space *space = region->space;

    if (!(region->rights & MAP_RIGHTS))
        space->resident -= translation_clear(&space->translation, va, pages);
    else if (!(old & MAP_RIGHTS))
        region_populate(region, va, pages, false); /* where a table is missing, faults will */
    else if (old & ~region->rights & MAP_RIGHTS)
        translation_restrict(&space->translation, va, pages, region->rights);
}

/* Gives a region new rights. Where an interrupt waits, the rest becomes a region of its own. */
static void region_allow(struct region *region, unsigned rights)
{
    uint64_t va = region->node.key, end = va + region->length, pages, left;
    unsigned old = region->rights;

    region->rights = rights;
    for (; va < end; va += pages << PAGE_SHIFT) {
        if (va != region->node.key && interrupt_pending() && !region_split(region, va)) {
            region_at(region->space, va)->rights = old;
            return;
        }
        left = (end - va) >> PAGE_SHIFT;
        pages = old & MAP_RIGHTS ? no_tables(region, va) : no_slots(region, va);
        if (!pages) {
            pages = left < 2 * STEP_PAGES ? left : 2 * STEP_PAGES;
            entries_allow(region, va, pages, old);
        }
        pages = pages < left ? pages : left;
    }
}

struct thread *call_region_protect(struct thread *thread)
{
    uint64_t *x = thread->registers.x, va = x[1], end;
    struct region *region;
    int64_t error;
    struct space *space = range_of(thread, MAP_KEPT, &end);

    if (!space)
        return thread;
    if (x[4] & ~(uint64_t)MAP_KEPT)
        return answer(thread, -EINVAL);
    error = range_covered(space, va, end, x[3] & ~x[4]);
    if (!error)
        error = borders(space, va, end);
    if (error)
        return answer(thread, error);
    for (bool changed = false; va < end;) {
        region = region_at(space, va);
        uint64_t wanted = (region->rights & x[4]) | (x[3] & ~x[4]);
        if (region->rights != wanted) { /* or it is joined with what was done */
            if (changed && interrupt_pending()) {
                x[1] = va;
                x[2] = (end - va) >> PAGE_SHIFT;
                return call_again(thread);
            }
            region_allow(region, wanted);
            changed = true;
        }
        va = region->node.key + region->length;
        region_merge(region);
    }
    return answer(thread, 0);
}

struct thread *call_region_query(struct thread *thread)
{
    uint64_t *x = thread->registers.x;
    struct region *region;
    struct space *space = lookup_space(thread, x[0], RIGHT_READ);

    if (!space)
        return thread;
    if (x[1] >= USER_END)
        return answer(thread, -EINVAL);
    region = region_from(space, x[1]);
    if (!region)
        return answer(thread, -ENOENT);
    x[1] = region->node.key;
    x[2] = region->length >> PAGE_SHIFT;
    x[3] = region->rights;
    x[4] = region->object->id;
    x[5] = region->first;
    x[6] = region->source ? region->source->id : 0;
    x[7] = region->source_first;
    return answer(thread, 0);
}
