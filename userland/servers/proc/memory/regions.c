/*
 * regions.c: from what Linux calls a mapping to the kernel's regions. Private memory is one
 * anonymous object for each program (indices.h); where a file is mapped, its pages are the region's
 * source: read in place, copied on the first write. Shared memory is a region over the shared
 * object itself. So a mapping is one kernel call, and the kernel's region table the only record of
 * it; beside it stand only counts.
 */
#include "ranges.h"

bool region_next(const struct memory *memory, uint64_t address, uint64_t end,
                 struct region_facts *facts)
{
    if (address >= end || region_query(memory->space, address, facts) < 0 || facts->start >= end)
        return false;
    uint64_t stop = facts_end(facts);
    if (facts->start < address) {
        uint64_t skipped = (address - facts->start) >> PAGE_SHIFT;
        facts->first += skipped;
        facts->source_first += skipped;
        facts->start = address;
    }
    facts->pages = ((stop < end ? stop : end) - facts->start) >> PAGE_SHIFT;
    return true;
}

bool region_continues(const struct region_facts *facts, const struct region_facts *next)
{
    const uint64_t compared = ~(uint64_t)(ADVICE_JOINED | ADVICE_BEYOND);
    if (next->start != facts_end(facts))
        return false;
    if (next->map & ADVICE_BEYOND) /* whatever rights it would have had */
        return facts->source || facts->map & (ADVICE_SHARED | ADVICE_BEYOND);
    if ((facts->map ^ next->map) & compared || facts->object != next->object ||
        facts->source != next->source)
        return false;
    if (facts->source && facts->source_first + facts->pages != next->source_first)
        return false;
    return facts->first + facts->pages == next->first ||
           (next->map & ADVICE_JOINED && region_own(next));
}

uint64_t region_there(const struct region_facts *part, const struct shown *shown)
{
    uint64_t page = (region_own(part) ? part->source_first : part->first) - shown->first;
    uint64_t end = shown->file ? round_up(shown->file->node->size) >> PAGE_SHIFT : shown->pages;
    if (page >= end)
        return 0;
    return part->pages < end - page ? part->pages : end - page;
}

/* ---- Counts ---- */

/* Natural indices of the program's own object: see indices.h. */
static bool indexed(const struct region_facts *part)
{
    return region_own(part) && !(part->map & ADVICE_BEYOND);
}

static void count_pages(struct memory *memory, uint64_t pages)
{
    memory->pages += pages;
    if (memory->pages > memory->pages_most)
        memory->pages_most = memory->pages;
}

static void count_shown(struct memory *memory, const struct region_facts *part)
{
    count_pages(memory, part->pages);
    if (!region_own(part))
        view_more(&memory->views, part->object, part->first, part->start, part->pages);
    else if (part->source)
        view_more(&memory->views, part->source, part->source_first, part->start, part->pages);
}

void region_counted(struct memory *memory, const struct region_facts *part)
{
    count_shown(memory, part);
    if (indexed(part))
        indices_displace(&memory->indices, part->start, part->first, part->pages);
}

static void uncount(struct memory *memory, const struct region_facts *part)
{
    memory->pages -= part->pages;
    if (!region_own(part))
        view_remove(&memory->views, part->object, part->first, part->pages);
    else if (part->source)
        view_remove(&memory->views, part->source, part->source_first, part->pages);
    if (indexed(part))
        indices_return(&memory->indices, part->start, part->first, part->pages);
}

/* ---- Mapping ---- */

/* A region was made: learns the number of what is shown, and counts it. */
static void made(struct memory *memory, uint64_t address, uint64_t pages, struct shown *shown,
                 bool shared)
{
    struct region_facts facts;
    count_pages(memory, pages);
    if (shown && !shown->id && region_query(memory->space, address, &facts) == 0)
        shown->id = shared ? facts.object : facts.source;
    if (shown)
        view_add(&memory->views, shown, address, pages);
}

/* A private region; `source` may be NULL. */
static int64_t map_private(struct memory *memory, uint64_t address, uint64_t pages, uint64_t map,
                           struct shown *source, uint64_t page)
{
    uint64_t index = index_for(memory, address, pages);
    if (index == INDICES)
        return -ENOMEM;
    int64_t error =
        region_map(memory->space, address, pages, map, memory->object, index,
                   source ? source->object : HANDLE_NONE, source ? source->first + page : 0);
    if (!error)
        made(memory, address, pages, source, false);
    return error;
}

static int64_t map_shared(struct memory *memory, uint64_t address, uint64_t pages, uint64_t map,
                          struct shown *shown, uint64_t page)
{
    int64_t error = 0;
    handle object = shown_handle(shown, !(map & ADVICE_READONLY), &error);
    if (!object)
        return error;
    error = region_map(memory->space, address, pages, map, object, shown->first + page, 0, 0);
    if (!error)
        made(memory, address, pages, shown, true);
    return error;
}

/* Addresses after the end of a file: a region that can never be given any rights. */
static int64_t map_beyond(struct memory *memory, uint64_t address, uint64_t pages, uint64_t map)
{
    if (!memory->hidden) {
        int64_t hidden = handle_dup(memory->object, 0, 0, HANDLE_NONE);
        if (hidden < 0)
            return hidden;
        memory->hidden = (handle)hidden;
    }
    int64_t error = region_map(memory->space, address, pages, (map & MAP_ADVICE) | ADVICE_BEYOND,
                               memory->hidden, address >> PAGE_SHIFT, 0, 0);
    memory->beyond = true;
    if (!error)
        made(memory, address, pages, NULL, false);
    return error;
}

/* How many of `pages` from a page of it on can be mapped. The kernel knows the end of an object of
 * its own, but not of a file among the bundle's. */
static uint64_t shown_pages(const struct shown *shown, uint64_t page, uint64_t pages)
{
    if (shown->owned)
        return pages;
    if (page >= shown->pages)
        return 0;
    return pages < shown->pages - page ? pages : shown->pages - page;
}

int64_t extent_map(struct memory *memory, const struct extent *extent)
{
    uint64_t pages = extent->bytes >> PAGE_SHIFT, address = extent->address;
    struct shown *shown = extent->shown;
    if (__builtin_expect(!shown, 1))
        return map_private(memory, address, pages, extent->map, NULL, 0);
    uint64_t there = shown_pages(shown, extent->page, pages);
    bool shared = extent->map & ADVICE_SHARED && shown->owned;
    int64_t error = views_reserve(&memory->views);
    if (!error && there)
        error = (shared ? map_shared : map_private)(
            memory, address, there, extent->map | MAP_AROUND, shown, extent->page);
    if (error || there == pages)
        return error;
    error = map_beyond(memory, address + (there << PAGE_SHIFT), pages - there, extent->map);
    if (error && there)
        memory_unmap(memory, address, there << PAGE_SHIFT);
    return error;
}

int64_t memory_map(struct memory *memory, uint64_t address, uint64_t bytes, uint64_t map,
                   struct entry *file, uint64_t file_page)
{
    int64_t error = 0;
    struct shown *shown = file ? shown_file(memory, file, false, &error) : NULL;
    if (file && !shown)
        return error;
    if (map & MAP_WRITE)
        map |= ADVICE_ACCOUNT;
    struct extent extent = {address, bytes, map, shown, file_page};
    error = extent_map(memory, &extent);
    shown_drop(shown);
    return error;
}

/* ---- Unmapping ---- */

static int64_t unmap_part(struct memory *memory, const struct region_facts *part, uint64_t flags)
{
    int64_t error = region_unmap(memory->space, part->start, part->pages, flags);
    if (!error)
        uncount(memory, part);
    return error;
}

int64_t memory_leave(struct memory *memory, const struct region_facts *part)
{
    return unmap_part(memory, part, 0);
}

static int64_t unmap_by_parts(struct memory *memory, uint64_t address, uint64_t end)
{
    struct region_facts part;
    while (region_next(memory, address, end, &part)) {
        int64_t error = unmap_part(memory, &part, region_own(&part) ? UNMAP_DISCARD : 0);
        if (error)
            return error;
        address = facts_end(&part);
    }
    return 0;
}

int64_t memory_unmap(struct memory *memory, uint64_t address, uint64_t bytes)
{
    uint64_t end = address + bytes, pages;
    if (memory->indices.count || (address < memory->views.high && end > memory->views.low))
        return unmap_by_parts(memory, address, end);
    int64_t error =
        region_unmap_counted(memory->space, address, bytes >> PAGE_SHIFT, UNMAP_DISCARD, &pages);
    if (!error)
        memory->pages -= pages;
    return error;
}

/* ---- Fork ---- */

/* Locks are not inherited; what MADV_DONTFORK left out is not counted. */
static void recount(struct memory *child)
{
    struct region_facts part;
    child->pages = 0;
    views_empty(&child->views);
    for (uint64_t at = 0; region_next(child, at, USER_END, &part); at = facts_end(&part)) {
        count_shown(child, &part);
        if (part.map & (ADVICE_LOCKED | ADVICE_ONFAULT))
            region_change(child->space, part.start, part.pages, 0, ADVICE_LOCKED | ADVICE_ONFAULT);
    }
    views_tidy(&child->views);
}

int64_t memory_inherit(struct memory *child, const struct memory *parent)
{
    int64_t error = views_copy(&child->views, &parent->views);
    if (!error)
        error = indices_copy(&child->indices, &parent->indices);
    if (error)
        return error;
    child->layout = parent->layout;
    child->pages = child->pages_most = parent->pages;
    child->growing = parent->growing;
    child->partial = parent->partial;
    child->beyond = parent->beyond;
    if (parent->locked || parent->partial)
        recount(child);
    return 0;
}
