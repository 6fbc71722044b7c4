/*
 * layout.c: where things go in a program's address space: as in Linux at the highest free place
 * below `top`.
 *
 * region_map itself refuses what overlaps, so the usual choice, right below the last one, costs no
 * look-up. `holes` bounds how much was given back above that, and `hole` is the latest of it, for
 * programs that map and unmap in turn; where there may be a better one the regions are walked.
 */
#include "ranges.h"

void layout_init(struct layout *layout, uint64_t brk, uint64_t top)
{
    *layout = (struct layout){.brk_start = brk,
                              .brk_end = brk,
                              .bottom = LOWEST,
                              .top = top,
                              .next = top,
                              .hole = top,
                              .hole_end = top};
}

uint64_t layout_take(struct layout *layout, uint64_t bytes)
{
    return layout->next -= bytes;
}

/* Where the region begins for others: nothing is placed right below what grows down. */
static uint64_t guarded_start(const struct region_facts *facts)
{
    if (!(facts->map & ADVICE_GROWS_DOWN))
        return facts->start;
    return facts->start > STACK_GUARD ? facts->start - STACK_GUARD : 0;
}

bool layout_free(const struct memory *memory, uint64_t address, uint64_t bytes)
{
    struct region_facts facts;
    return region_query(memory->space, address, &facts) < 0 ||
           guarded_start(&facts) >= address + bytes;
}

/* ---- Choosing an address ---- */

static void forget_hole(struct layout *layout)
{
    layout->hole = layout->hole_end = layout->top;
}

static int64_t map_at(struct memory *memory, struct extent *extent, uint64_t address)
{
    extent->address = address;
    if (memory->growing && !layout_free(memory, address, extent->bytes))
        return -EEXIST;
    return extent_map(memory, extent);
}

/* The highest hole in [next, top) of at least `bytes`: becomes `hole`, and `holes` is exact. */
static bool find_hole(struct memory *memory, uint64_t bytes)
{
    struct layout *layout = &memory->layout;
    struct region_facts facts;
    uint64_t at = layout->next;
    bool found = false;
    layout->holes = 0;
    forget_hole(layout);
    while (at < layout->top) {
        bool more = region_next(memory, at, USER_END, &facts);
        uint64_t end = more ? guarded_start(&facts) : layout->top;
        if (end > layout->top)
            end = layout->top;
        if (end > at) {
            layout->holes += end - at;
            if (end - at >= bytes) {
                found = true;
                layout->hole = at;
                layout->hole_end = end;
            }
        }
        if (!more)
            break;
        at = facts_end(&facts);
    }
    return found;
}

/* In a hole above `next`. EEXIST: there is none. */
static int64_t map_in_hole(struct memory *memory, struct extent *extent)
{
    struct layout *layout = &memory->layout;
    uint64_t bytes = extent->bytes;
    if (bytes > layout->holes)
        return -EEXIST;
    /* The only hole there is needs no search. */
    if (layout->hole_end - layout->hole != layout->holes && !find_hole(memory, bytes))
        return -EEXIST;
    int64_t error = map_at(memory, extent, layout->hole_end - bytes);
    if (error == -EEXIST) { /* somebody mapped there by address */
        if (!find_hole(memory, bytes))
            return -EEXIST;
        error = map_at(memory, extent, layout->hole_end - bytes);
    }
    if (!error) {
        layout->hole_end -= bytes;
        layout->holes -= bytes;
    }
    return error;
}

/* Below everything chosen so far; what is passed over is a hole then. */
static int64_t map_below(struct memory *memory, struct extent *extent)
{
    struct layout *layout = &memory->layout;
    uint64_t from = layout->next, bytes = extent->bytes;
    while (from >= bytes && from - bytes >= layout->bottom) {
        int64_t error = map_at(memory, extent, from - bytes);
        if (!error) {
            if (from != layout->next) {
                layout->holes += layout->next - from;
                forget_hole(layout);
            }
            layout->next = from - bytes;
        }
        if (error != -EEXIST)
            return error;
        /* The lowest region that is in the way; what is below it is tried next. */
        struct region_facts facts;
        if (region_query(memory->space, from - bytes, &facts) < 0)
            break;
        from = guarded_start(&facts) < from ? guarded_start(&facts) : from - PAGE_SIZE;
    }
    return -EEXIST;
}

int64_t layout_map_anywhere(struct memory *memory, struct extent *extent)
{
    int64_t error = -EEXIST;
    if (extent->bytes > memory->layout.top - memory->layout.bottom)
        return -ENOMEM;
    if (memory->layout.holes)
        error = map_in_hole(memory, extent);
    if (error == -EEXIST)
        error = map_below(memory, extent);
    return error == -EEXIST ? -ENOMEM : error;
}

/* ---- Giving back ---- */

void layout_note_hole(struct layout *layout, uint64_t address, uint64_t end)
{
    if (end > layout->top)
        end = layout->top;
    if (address >= end || end <= layout->next)
        return; /* never ours to choose from, or below everything already */
    if (address <= layout->next) {
        layout->next = end;
    } else {
        layout->holes += end - address;
        if (layout->hole == end && layout->hole_end > end)
            layout->hole = address;
        else if (layout->hole_end == address && layout->hole < address)
            layout->hole_end = end;
        else if (end - address == layout->holes)
            layout->hole = address, layout->hole_end = end;
        else
            forget_hole(layout);
    }
    if (layout->hole <= layout->next && layout->hole_end > layout->next) {
        /* The hole came to lie at the lower edge: one range. */
        layout->holes -= layout->hole_end - layout->hole;
        layout->next = layout->hole_end;
        forget_hole(layout);
    }
    if (layout->next >= layout->top)
        layout->holes = 0;
}
