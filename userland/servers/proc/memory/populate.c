/*
 * populate.c: brings pages in before they are touched: MAP_POPULATE, mlock, MADV_POPULATE_*. What
 * is private and absent is supplied in bulk; for the rest the thread itself is sent to fault.
 */
#include "lib/layout.h"
#include "lib/protocol.h"
#include "ranges.h"

#define TURN        4096 /* pages between two looks at other programs' calls */
#define SUPPLY_MOST 512  /* pages at once */
#define ASKED_MOST  6    /* as many addresses as a message holds */
#define RETRIES     32

/* Zeroed pages that can be written, by their pager. How many were done, or an error. */
static int64_t supply_zeroed(struct memory *memory, const struct region_facts *part)
{
    struct message message = {
        .w = {ANON_POPULATE, part->first, part->pages, memory->cookie, 0, memory->object}};
    int64_t error = call(configuration.anon, TAG_HANDLE, &message);
    if (!error)
        error = (int64_t)message.w[0];
    return error < 0 ? error : (int64_t)message.w[1];
}

/* Private copies of a file's pages. Where the file has a hole, a fault will ask. */
static int64_t supply_copies(struct memory *memory, const struct region_facts *part)
{
    struct shown *shown = view_find(&memory->views, part->source, part->source_first);
    for (uint64_t i = 0; shown && i < part->pages; i++) {
        int64_t error =
            page_supply_unasked(memory->object, SUPPLY_COPY | SUPPLY_WRITABLE, part->first + i, 1,
                                shown->object, part->source_first + i);
        if (error == -ENOMEM)
            return i ? (int64_t)i : error;
    }
    return (int64_t)part->pages;
}

/* The page of zeros that all share, where nothing is. */
static int64_t supply_zero_page(handle object, const struct region_facts *part)
{
    uint64_t done = 0;
    while (done < part->pages) {
        uint64_t some = SUPPLY_MOST - (part->first + done) % SUPPLY_MOST;
        if (some > part->pages - done)
            some = part->pages - done;
        int64_t error = page_supply_unasked(object, SUPPLY_ZERO, part->first + done, some, 0, 0);
        if (error)
            return done ? (int64_t)done : error;
        done += some;
    }
    return (int64_t)done;
}

/* At most TURN pages of one region, without a fault where that can be: how many were looked at, or
 * an error. */
static int64_t supply(struct memory *memory, const struct region_facts *part, bool write)
{
    if (!region_own(part))
        return (int64_t)part->pages;
    if (part->source)
        return write ? supply_copies(memory, part) : (int64_t)part->pages;
    return write ? supply_zeroed(memory, part) : supply_zero_page(memory->object, part);
}

/* ---- By faults ---- */

/* Asks the thread to fault on pages that are not in its tables as wanted, six at a time. 0: there
 * are none. */
static int64_t ask_for_rest(struct thread *thread, const struct region_facts *part, bool write)
{
    const uint64_t wanted = PAGE_MAPPED | (write ? PAGE_WRITABLE : 0);
    uint64_t done = 0;
    unsigned count = 0;
    while (done < part->pages && count < ASKED_MOST) {
        uint64_t at = part->start + (done << PAGE_SHIFT), some = part->pages - done;
        int64_t told =
            page_query(memory_of(thread)->space, at, some < SUPPLY_MOST ? some : SUPPLY_MOST, 0);
        for (int64_t i = 0; i < told && count < ASKED_MOST; i++)
            if ((MESSAGE_WORDS[i] & wanted) != wanted)
                thread->retry[count++] = at + ((uint64_t)i << PAGE_SHIFT);
        if (told <= 0)
            break;
        done += (uint64_t)told;
    }
    if (!count)
        return 0;
    if (thread->refused) {
        thread->refused = false;
        return -EFAULT;
    }
    if (thread->retry_tag && thread->progress == thread->retry[0] && ++thread->retries > RETRIES)
        return -EFAULT; /* somebody takes them away as fast as they come */
    if (count < ASKED_MOST)
        thread->retry[count] = 0;
    thread->progress = thread->retry[0];
    thread->retry_tag = write ? TAG_RETRY_WRITE : TAG_RETRY_READ;
    return ANSWER_RETRY;
}

int64_t memory_populate(struct thread *thread, uint64_t address, uint64_t end,
                        enum populate_access access)
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
        const struct shown *shown = view_of(&memory->views, &part);
        if (shown)
            part.pages = region_there(&part, shown);
        if (!part.pages)
            return -EFAULT;
        if (part.pages > TURN)
            part.pages = TURN;
        /* As Linux: private memory as if written, shared memory as if read. */
        bool write =
            access == POPULATE_WRITE ||
            (access != POPULATE_READ && (part.map & (MAP_WRITE | ADVICE_SHARED)) == MAP_WRITE);
        int64_t done = supply(memory, &part, write);
        if (done <= 0)
            return done ? done : -ENOMEM;
        part.pages = (uint64_t)done;
        /* What is new and private was supplied, a file's pages were entered when it was mapped; but
         * a copy of a hole is left. */
        bool fresh = access == POPULATE_FRESH && (region_own(&part) || (shown && shown->file)) &&
                     !(part.source && write);
        int64_t rest = fresh ? 0 : ask_for_rest(thread, &part, write);
        if (rest)
            return rest;
        thread->progress = facts_end(&part);
        if (thread->progress < end && part.pages == TURN)
            return client_again(thread);
    }
    return 0;
}
