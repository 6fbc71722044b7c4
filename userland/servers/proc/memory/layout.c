/*
 * layout.c: where things go in a program's address space. A program's memory is one anonymous
 * object whose index is the address >> 12; a region shows a part of it, and where a file is mapped,
 * the file's pages are the region's source: read in place, copied on the first write. So a mapping
 * is one kernel call, and the kernel's region table is the only record of it.
 *
 * Addresses are chosen downward from `top`. region_map itself refuses what overlaps, so the usual
 * choice, right below the last one, costs no look-up. `hole` remembers the latest range given back,
 * for programs that map and unmap in turn; when neither fits, the regions are walked from the top.
 */
#include "ranges.h"

#define COMMIT_CHECKED 64 /* pages; smaller requests are not worth asking the pool */

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

bool memory_hopeless(const struct memory *memory, uint64_t bytes)
{
    struct pool_facts facts;
    uint64_t pages = bytes >> PAGE_SHIFT;
    if (pages < COMMIT_CHECKED || pool_query(memory->pool->handle, &facts) < 0)
        return false;
    /* A 64th more is for translation tables and slots. */
    return facts.used >= facts.limit || pages + pages / 64 > facts.limit - facts.used;
}

int64_t memory_map(struct memory *memory, uint64_t address, uint64_t bytes, uint64_t rights,
                   const struct node *file, uint64_t file_page)
{
    uint64_t pages = bytes >> PAGE_SHIFT, index = address >> PAGE_SHIFT;
    if (!file)
        return region_map(memory->space, address, pages, rights, memory->object, index, 0, 0);
    uint64_t in_file = round_up(file->size) >> PAGE_SHIFT;
    uint64_t shown = file_page >= in_file ? 0 : in_file - file_page;
    if (shown > pages)
        shown = pages;
    uint64_t first;
    bool zero_tail;
    int64_t source = node_object((struct node *)file, false, &first, &zero_tail), error = 0;
    if (source < 0)
        return source;
    if (shown)
        error = region_map(memory->space, address, shown, rights, memory->object, index,
                           (handle)source, first + file_page);
    if (error || shown == pages)
        return error;
    error = region_map(memory->space, address + (shown << PAGE_SHIFT), pages - shown, 0,
                       memory->object, index + shown, 0, 0);
    if (error && shown)
        region_unmap(memory->space, address, shown, UNMAP_DISCARD);
    return error;
}

/* ---- Choosing an address ---- */

/* Maps at the highest free place in [bottom, from). EEXIST: there is none. */
static int64_t map_below(struct memory *memory, uint64_t from, uint64_t bytes, uint64_t rights,
                         const struct node *file, uint64_t page)
{
    while (from >= bytes && from - bytes >= memory->layout.bottom) {
        uint64_t address = from - bytes;
        struct region_facts facts;
        int64_t error = memory_map(memory, address, bytes, rights, file, page);
        if (error != -EEXIST)
            return error ? error : (int64_t)address;
        /* The lowest region that is in the way; what is below it is tried next. */
        if (region_query(memory->space, address, &facts) < 0)
            return -EEXIST;
        from = facts.start;
    }
    return -EEXIST;
}

int64_t layout_map_anywhere(struct memory *memory, uint64_t bytes, uint64_t rights,
                            const struct node *file, uint64_t page)
{
    struct layout *layout = &memory->layout;
    if (bytes > layout->top - layout->bottom)
        return -ENOMEM;
    if (layout->hole_end - layout->hole >= bytes) {
        uint64_t address = layout->hole_end - bytes;
        int64_t error = memory_map(memory, address, bytes, rights, file, page);
        if (!error) {
            layout->hole_end = address;
            return (int64_t)address;
        }
        if (error != -EEXIST)
            return error;
        layout->hole = layout->hole_end = layout->top; /* somebody mapped there by address */
    }
    int64_t result = map_below(memory, layout->next, bytes, rights, file, page);
    if (result >= 0)
        layout->next = (uint64_t)result;
    else if (result == -EEXIST)
        result = map_below(memory, layout->top, bytes, rights, file, page);
    return result == -EEXIST ? -ENOMEM : result;
}

/* Remembers [address, end) as free. The hole always lies above `next`, or is empty at `top`. */
void layout_note_hole(struct layout *layout, uint64_t address, uint64_t end)
{
    if (end > layout->top || end <= layout->next)
        return; /* never ours to choose from, or below everything already */
    if (address <= layout->next) {
        layout->next = end;
    } else if (layout->hole == end) {
        layout->hole = address;
    } else if (layout->hole_end == address) {
        layout->hole_end = end;
    } else {
        layout->hole = address;
        layout->hole_end = end;
    }
    if (layout->hole <= layout->next) { /* the hole came to lie at the lower edge: one range */
        if (layout->hole_end > layout->next)
            layout->next = layout->hole_end;
        layout->hole = layout->hole_end = layout->top;
    }
}
