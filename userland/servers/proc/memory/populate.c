/*
 * populate.c: brings pages in before they are touched: MAP_POPULATE, mlock, MADV_POPULATE_*. Pages
 * that are there already stay as they are; those that a clone shares are copied when written, as
 * ever.
 */
#include "lib/protocol.h"
#include "ranges.h"

#define TURN 4096 /* pages between two looks at other programs' calls */

/* Zeroed pages that can be written, by their pager. How many were done, or an error. */
static int64_t supply_zeroed(struct memory *memory, handle object, uint64_t cookie, uint64_t index,
                             uint64_t pages)
{
    (void)memory;
    struct message message = {.w = {ANON_POPULATE, index, pages, cookie, 0, object}};
    int64_t error = call(configuration.anon, TAG_HANDLE, &message);
    if (!error)
        error = (int64_t)message.w[0];
    return error < 0 ? error : (int64_t)message.w[1];
}

/* Private copies of a file's pages. */
static int64_t supply_copies(struct memory *memory, const struct region_facts *part)
{
    struct shown *shown = view_find(&memory->views, part->source, part->source_first);
    for (uint64_t i = 0; shown && i < part->pages; i++) {
        int64_t error =
            page_supply_unasked(memory->object, SUPPLY_COPY | SUPPLY_WRITABLE, part->first + i, 1,
                                shown->object, part->source_first + i);
        if (error)
            return i ? (int64_t)i : error;
    }
    return (int64_t)part->pages;
}

/* The page of zeros that all share, where nothing is. */
static int64_t supply_zero_page(struct memory *memory, const struct region_facts *part)
{
    uint64_t done = 0;
    while (done < part->pages) {
        uint64_t some = 512 - ((part->first + done) & 511);
        if (some > part->pages - done)
            some = part->pages - done;
        int64_t error =
            page_supply_unasked(memory->object, SUPPLY_ZERO, part->first + done, some, 0, 0);
        if (error)
            return done ? (int64_t)done : error;
        done += some;
    }
    return (int64_t)done;
}

/* At most TURN pages of one region: how many were done, or an error. */
static int64_t supply(struct memory *memory, const struct region_facts *part)
{
    if (!region_own(part)) {
        struct shown *shown = view_find(&memory->views, part->object, part->first);
        if (!shown || shown->file)
            return (int64_t)part->pages; /* a file brings its own */
        return supply_zeroed(memory, shown->object, 0, part->first, part->pages);
    }
    if (part->source && part->map & MAP_WRITE)
        return supply_copies(memory, part);
    if (part->source)
        return (int64_t)part->pages; /* what is read lies in memory already */
    if (part->map & MAP_WRITE)
        return supply_zeroed(memory, memory->object, memory->cookie, part->first, part->pages);
    return supply_zero_page(memory, part);
}

int64_t memory_populate(struct thread *thread, uint64_t address, uint64_t end)
{
    struct memory *memory = memory_of(thread);
    struct region_facts part;
    if (!thread->progress)
        thread->progress = address;
    if (!configuration.pager_trusted) /* it might never answer */
        return 0;
    while (thread->progress < end) {
        if (!region_next(memory, thread->progress, end, &part) || part.start > thread->progress)
            return -ENOMEM;
        if (!(part.map & MAP_RIGHTS))
            return -EFAULT;
        if (part.pages > TURN)
            part.pages = TURN;
        int64_t done = supply(memory, &part);
        if (done < 0)
            return done;
        if (done == 0)
            return -ENOMEM;
        thread->progress += (uint64_t)done << PAGE_SHIFT;
        if (thread->progress < end && part.pages == TURN)
            return client_again(thread);
    }
    return 0;
}
