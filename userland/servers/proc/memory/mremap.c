/*
 * mremap.c: mappings move with their pages: the regions at the new place show the same indices
 * (indices.h), so nothing is copied, and what was in the tables is there again at once.
 */
#include "ranges.h"

struct move {
    uint64_t from, old_bytes, to, bytes, flags;
    struct region_facts mapping; /* from `from` on, as far as it is one mapping for Linux */
};

/* The mapping at an address, as Linux sees it, from there to its end. False: there is none. */
static bool mapping_at(const struct memory *memory, uint64_t address, struct region_facts *mapping)
{
    struct region_facts last, next;
    if (address >= USER_END || !region_next(memory, address, USER_END, mapping) ||
        mapping->start > address)
        return false;
    for (last = *mapping;
         region_next(memory, facts_end(&last), USER_END, &next) && region_continues(&last, &next);
         last = next)
        mapping->pages += next.pages;
    return true;
}

/* ---- Larger ---- */

/* Makes [at, at + bytes) the end of the mapping whose last region is `last`. */
static int64_t extend(struct memory *memory, const struct region_facts *last, uint64_t at,
                      uint64_t bytes)
{
    struct extent extent = {at, bytes, last->map, NULL, 0};
    uint64_t next = last->first + last->pages, pages = bytes >> PAGE_SHIFT;
    if (last->map & ADVICE_BEYOND || !region_own(last) || last->source) {
        uint64_t object = region_own(last) ? last->source : last->object;
        uint64_t page = region_own(last) ? last->source_first : last->first;
        extent.shown = object ? view_find(&memory->views, object, page) : NULL;
        if (!extent.shown)
            return -ENOMEM;
        extent.page = page + last->pages - extent.shown->first;
        if (region_own(last) && next != at >> PAGE_SHIFT)
            extent.map |= ADVICE_JOINED;
        return extent_map(memory, &extent);
    }
    if (next == at >> PAGE_SHIFT)
        return extent_map(memory, &extent);
    if (!indices_unused(memory, next, pages) || indices_reserve(&memory->indices)) {
        extent.map |= ADVICE_JOINED;
        return extent_map(memory, &extent);
    }
    int64_t error = region_map(memory->space, at, pages, last->map, memory->object, next, 0, 0);
    struct region_facts part = {at, pages, last->map, 0, next, 0, 0};
    if (!error)
        region_counted(memory, &part);
    return error;
}

static struct region_facts last_of(const struct memory *memory, const struct region_facts *mapping)
{
    struct region_facts last = *mapping;
    region_next(memory, facts_end(mapping) - PAGE_SIZE, facts_end(mapping), &last);
    return last;
}

/* ---- Elsewhere ---- */

/* Shows at another address what one part of a region shows. */
static int64_t show_part(struct memory *memory, const struct region_facts *part, uint64_t to)
{
    struct region_facts moved = *part;
    struct shown *shown = NULL;
    handle object = part->map & ADVICE_BEYOND ? memory->hidden : memory->object;
    handle source = HANDLE_NONE;
    int64_t error = indices_reserve(&memory->indices);
    if (error)
        return error;
    if (!region_own(part)) {
        shown = view_find(&memory->views, part->object, part->first);
        object = shown ? shown_handle(shown, !(part->map & ADVICE_READONLY), &error) : HANDLE_NONE;
    } else if (part->source) {
        shown = view_find(&memory->views, part->source, part->source_first);
        source = shown ? shown->object : HANDLE_NONE;
    }
    if (!object || (part->source && !source))
        return error ? error : -EFAULT; /* the vdso does not move */
    error = region_map(memory->space, to, part->pages, part->map | MAP_POPULATE, object,
                       part->first, source, part->source_first);
    moved.start = to;
    if (!error)
        region_counted(memory, &moved);
    return error;
}

/* Takes away what show_part made. */
static void unshow(struct memory *memory, uint64_t address, uint64_t end)
{
    struct region_facts part;
    while (region_next(memory, address, end, &part)) {
        memory_leave(memory, &part);
        address = facts_end(&part);
    }
}

/* Shows [from, from + bytes) at `to`, too. All or nothing. */
static int64_t show(struct memory *memory, uint64_t from, uint64_t bytes, uint64_t to)
{
    struct region_facts part;
    uint64_t end = from + bytes;
    for (uint64_t at = from; region_next(memory, at, end, &part); at = facts_end(&part)) {
        int64_t error = show_part(memory, &part, to + (part.start - from));
        if (error) {
            unshow(memory, to, to + (part.start - from));
            return error;
        }
    }
    return 0;
}

/* True when the page before a mapping's part belongs to the mapping, too. */
static bool continues_below(const struct memory *memory, const struct region_facts *mapping)
{
    struct region_facts below;
    return region_next(memory, mapping->start - PAGE_SIZE, mapping->start, &below) &&
           region_continues(&below, mapping);
}

/* MREMAP_DONTUNMAP: what was moved stays mapped, empty, and one mapping with what is beside it. */
static int64_t renew(struct memory *memory, const struct region_facts *mapping, uint64_t bytes,
                     bool below)
{
    struct extent extent = {mapping->start, bytes, mapping->map, NULL, 0};
    struct region_facts above;
    uint64_t end = mapping->start + bytes;
    extent.map &= ~(uint64_t)(ADVICE_LOCKED | ADVICE_ONFAULT);
    if (below)
        extent.map |= ADVICE_JOINED;
    if (bytes < mapping->pages << PAGE_SHIFT && region_next(memory, end, USER_END, &above))
        region_change(memory->space, end, above.pages, ADVICE_JOINED, ADVICE_JOINED);
    if (mapping->source) {
        extent.shown = view_find(&memory->views, mapping->source, mapping->source_first);
        if (extent.shown)
            extent.page = mapping->source_first - extent.shown->first;
    }
    return extent_map(memory, &extent);
}

/* Moves a mapping to a place that is free. */
static int64_t move_to(struct memory *memory, struct move *move)
{
    bool duplicate = move->old_bytes == 0;
    uint64_t shown = duplicate ? move->bytes : move->old_bytes;
    uint64_t mapped = move->mapping.pages << PAGE_SHIFT;
    if (shown > move->bytes)
        shown = move->bytes;
    if (shown > mapped)
        shown = mapped;
    int64_t error = show(memory, move->from, shown, move->to);
    if (!error && move->bytes > shown) {
        struct region_facts moved = {.start = move->to, .pages = shown >> PAGE_SHIFT};
        moved = last_of(memory, &moved);
        error = extend(memory, &moved, move->to + shown, move->bytes - shown);
        if (error)
            unshow(memory, move->to, move->to + shown);
    }
    if (error || duplicate)
        return error ? error : (int64_t)move->to;
    bool keep = move->flags & LINUX_MREMAP_DONTUNMAP;
    if (keep && !region_own(&move->mapping))
        return (int64_t)move->to; /* the pages are in the shared object, for both */
    bool below = keep && continues_below(memory, &move->mapping);
    unshow(memory, move->from, move->from + shown);
    if (keep && renew(memory, &move->mapping, move->old_bytes, below) == 0)
        return (int64_t)move->to;
    layout_note_hole(&memory->layout, move->from, move->from + move->old_bytes);
    return (int64_t)move->to;
}

/* To a place of proc's choice: found by mapping something there, which then makes way. */
static int64_t move_anywhere(struct memory *memory, struct move *move)
{
    struct extent place = {move->to, move->bytes, 0, NULL, 0};
    int64_t error = -EEXIST;
    if (place.address && layout_free(memory, place.address, place.bytes))
        error = extent_map(memory, &place);
    if (error == -EEXIST)
        error = layout_map_anywhere(memory, &place);
    if (!error)
        error = memory_unmap(memory, place.address, place.bytes);
    if (error)
        return error;
    move->to = place.address;
    error = move_to(memory, move);
    if (error < 0)
        layout_note_hole(&memory->layout, place.address, place.address + place.bytes);
    return error;
}

/* ---- The call ---- */

/* Linux's vma_to_resize: may the mapping become that large? */
static int64_t check_growth(const struct thread *thread, const struct move *move)
{
    const struct region_facts *mapping = &move->mapping;
    uint64_t pages = (move->bytes - move->old_bytes) >> PAGE_SHIFT;
    if (!move->old_bytes && !(mapping->map & ADVICE_SHARED))
        return -EINVAL;
    if (move->old_bytes > mapping->pages << PAGE_SHIFT)
        return -EFAULT;
    if (move->bytes <= move->old_bytes)
        return 0;
    if (mapping->map & ADVICE_LOCKED && !limits_allow_lock(thread, pages))
        return -EAGAIN;
    if (!limits_allow(thread, mapping->map, pages))
        return -ENOMEM;
    return (mapping->map & (MAP_WRITE | ADVICE_SHARED | ADVICE_NORESERVE)) == MAP_WRITE &&
                   memory_hopeless(memory_of(thread), pages << PAGE_SHIFT)
               ? -ENOMEM
               : 0;
}

/* MREMAP_FIXED and MREMAP_DONTUNMAP. */
static int64_t move_as_told(struct thread *thread, struct move *move)
{
    struct memory *memory = memory_of(thread);
    int64_t error = 0;
    bool fixed = move->flags & LINUX_MREMAP_FIXED;
    if (move->to & PAGE_MASK || outside(move->to, move->bytes) ||
        (move->from + move->old_bytes > move->to && move->to + move->bytes > move->from))
        return -EINVAL;
    if (fixed && move->to < LOWEST && !capable(thread, LINUX_CAP_SYS_RAWIO))
        return -EPERM;
    if (fixed)
        error = memory_unmap(memory, move->to, move->bytes);
    if (!error && move->old_bytes > move->bytes) {
        error = memory_unmap(memory, move->from + move->bytes, move->old_bytes - move->bytes);
        move->old_bytes = move->bytes;
    }
    if (!error && !mapping_at(memory, move->from, &move->mapping))
        error = -EFAULT;
    if (!error)
        error = check_growth(thread, move);
    if (!error && move->flags & LINUX_MREMAP_DONTUNMAP &&
        !limits_allow(thread, move->mapping.map, move->old_bytes >> PAGE_SHIFT))
        error = -ENOMEM;
    if (error)
        return error;
    return fixed ? move_to(memory, move) : move_anywhere(memory, move);
}

static int64_t resize(struct thread *thread, struct move *move)
{
    struct memory *memory = memory_of(thread);
    struct region_facts last;
    uint64_t end = move->from + move->old_bytes;
    if (move->old_bytes >= move->bytes) {
        int64_t error = 0;
        if (move->old_bytes > move->bytes)
            error = memory_unmap(memory, move->from + move->bytes, move->old_bytes - move->bytes);
        if (!error)
            layout_note_hole(&memory->layout, move->from + move->bytes, end);
        return error ? error : (int64_t)move->from;
    }
    int64_t error = check_growth(thread, move);
    if (error)
        return error;
    if (end == facts_end(&move->mapping) && !outside(move->from, move->bytes) &&
        layout_free(memory, end, move->bytes - move->old_bytes)) {
        last = last_of(memory, &move->mapping);
        error = extend(memory, &last, end, move->bytes - move->old_bytes);
        return error ? error : (int64_t)move->from;
    }
    move->to = 0;
    return move->flags & LINUX_MREMAP_MAYMOVE ? move_anywhere(memory, move) : -ENOMEM;
}

/* New pages of a locked mapping are brought in. */
static int64_t fill(struct thread *thread, const struct move *move, uint64_t start)
{
    bool locked = (move->mapping.map & (ADVICE_LOCKED | ADVICE_ONFAULT)) == ADVICE_LOCKED;
    thread->stage = start;
    if (locked && move->bytes > move->old_bytes &&
        memory_populate(thread, start + move->old_bytes, start + move->bytes, POPULATE_FRESH) ==
            ANSWER_RETRY)
        return ANSWER_RETRY;
    return (int64_t)start;
}

int64_t linux_mremap(struct thread *thread, uint64_t address, uint64_t old, uint64_t wanted,
                     uint64_t flags, uint64_t fixed)
{
    const uint64_t known = LINUX_MREMAP_MAYMOVE | LINUX_MREMAP_FIXED | LINUX_MREMAP_DONTUNMAP;
    struct move move = {.from = address,
                        .old_bytes = round_up(old),
                        .to = fixed,
                        .bytes = round_up(wanted),
                        .flags = flags};
    bool told = flags & (LINUX_MREMAP_FIXED | LINUX_MREMAP_DONTUNMAP);
    if (flags & ~known || (told && !(flags & LINUX_MREMAP_MAYMOVE)))
        return -EINVAL;
    if (flags & LINUX_MREMAP_DONTUNMAP && old != wanted)
        return -EINVAL;
    if (address & PAGE_MASK || !move.bytes)
        return -EINVAL;
    if (thread->stage) {
        mapping_at(memory_of(thread), thread->stage, &move.mapping);
        return fill(thread, &move, thread->stage);
    }
    if (!mapping_at(memory_of(thread), address, &move.mapping))
        return -EFAULT;
    int64_t start = told ? move_as_told(thread, &move) : resize(thread, &move);
    return start < 0 ? start : fill(thread, &move, (uint64_t)start);
}
