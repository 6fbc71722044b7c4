/*
 * advice.c: madvise, msync and mincore: calls that go over a range mapping by mapping and say
 * ENOMEM where there is a gap, after having done the rest.
 */
#include "files/contents.h"
#include "files/remote.h"
#include "lib/layout.h"
#include "ranges.h"

/* ---- madvise ---- */

/* What an advice does to the bits kept with a region. */
struct bits {
    uint64_t set, clear;
};

static const struct bits bits_of[] = {
    [LINUX_MADV_NORMAL] = {0, ADVICE_RANDOM | ADVICE_SEQUENTIAL},
    [LINUX_MADV_RANDOM] = {ADVICE_RANDOM, ADVICE_SEQUENTIAL},
    [LINUX_MADV_SEQUENTIAL] = {ADVICE_SEQUENTIAL, ADVICE_RANDOM},
    [LINUX_MADV_DONTFORK] = {MAP_DONTFORK, 0},
    [LINUX_MADV_DOFORK] = {0, MAP_DONTFORK},
    [LINUX_MADV_MERGEABLE] = {ADVICE_MERGEABLE, 0},
    [LINUX_MADV_UNMERGEABLE] = {0, ADVICE_MERGEABLE},
    [LINUX_MADV_HUGEPAGE] = {ADVICE_HUGE, ADVICE_NOHUGE},
    [LINUX_MADV_NOHUGEPAGE] = {ADVICE_NOHUGE, ADVICE_HUGE},
    [LINUX_MADV_DONTDUMP] = {ADVICE_DONTDUMP, 0},
    [LINUX_MADV_DODUMP] = {0, ADVICE_DONTDUMP},
    [LINUX_MADV_WIPEONFORK] = {MAP_WIPEONFORK, 0},
    [LINUX_MADV_KEEPONFORK] = {0, MAP_WIPEONFORK},
};

/* Private pages are forgotten: zeros, or the file's again. Shared ones only leave the tables. */
static int64_t dont_need(struct memory *memory, const struct region_facts *part)
{
    if (region_own(part)) {
        int64_t done = page_reclaim(memory->object, part->first, part->pages, RECLAIM_DISCARD);
        return done < 0 ? done : 0;
    }
    int64_t error = region_change(memory->space, part->start, part->pages, 0, MAP_RIGHTS);
    if (!error)
        error = region_change(memory->space, part->start, part->pages, part->map, MAP_RIGHTS);
    return error;
}

static int64_t punch(struct node *node, uint64_t offset, uint64_t bytes)
{
    int64_t error = file_sealed(node, LINUX_F_SEAL_WRITE | LINUX_F_SEAL_FUTURE_WRITE);
    return error ? error : contents_punch(node, offset, bytes);
}

/* A hole in shared memory, for everybody who maps it. */
static int64_t remove_pages(struct memory *memory, const struct region_facts *part)
{
    struct shown *shown =
        region_own(part) ? NULL : view_find(&memory->views, part->object, part->first);
    if (part->map & ADVICE_LOCKED || !(part->map & ADVICE_SHARED || part->source))
        return -EINVAL;
    if (!shown || part->map & ADVICE_READONLY)
        return -EACCES;
    uint64_t pages = region_there(part, shown);
    if (shown->file)
        return punch(shown->file->node, (part->first - shown->first) << PAGE_SHIFT,
                     pages << PAGE_SHIFT);
    int64_t done = pages ? page_reclaim(shown->object, part->first, pages, RECLAIM_DISCARD) : 0;
    return done < 0 ? done : 0;
}

static void will_need(const struct memory *memory, const struct region_facts *part)
{
    bool own = region_own(part);
    const struct shown *shown = view_find(&memory->views, own ? part->source : part->object,
                                          own ? part->source_first : part->first);
    uint64_t first = own ? part->source_first : part->first;
    if (shown && shown->file && is_remote(shown->file->node))
        remote_advise(shown->file->node, (first - shown->first) << PAGE_SHIFT,
                      part->pages << PAGE_SHIFT, FILE_ADVICE_WILL_NEED);
}

/* One advice for one mapping: 0 or the error that ends the call. */
static int64_t advise(struct memory *memory, const struct region_facts *part, uint64_t advice)
{
    bool locked = part->map & ADVICE_LOCKED;
    bool anonymous = !(part->map & ADVICE_SHARED) && !part->source;
    switch (advice) {
    case LINUX_MADV_DONTNEED:
        return locked ? -EINVAL : dont_need(memory, part);
    case LINUX_MADV_DONTNEED_LOCKED:
        return dont_need(memory, part);
    case LINUX_MADV_FREE:
        return locked || !anonymous ? -EINVAL : dont_need(memory, part);
    case LINUX_MADV_REMOVE:
        return remove_pages(memory, part);
    case LINUX_MADV_COLD:
    case LINUX_MADV_PAGEOUT:
        return locked ? -EINVAL : 0;
    case LINUX_MADV_WILLNEED:
        will_need(memory, part);
        return 0;
    case LINUX_MADV_WIPEONFORK:
        if (!anonymous)
            return -EINVAL;
        break;
    case LINUX_MADV_DONTFORK:
        memory->partial = true;
        break;
    }
    return region_change(memory->space, part->start, part->pages, bits_of[advice].set,
                         bits_of[advice].set | bits_of[advice].clear);
}

static bool known(uint64_t advice)
{
    switch (advice) {
    case LINUX_MADV_WILLNEED:
    case LINUX_MADV_DONTNEED:
    case LINUX_MADV_FREE:
    case LINUX_MADV_REMOVE:
    case LINUX_MADV_COLD:
    case LINUX_MADV_PAGEOUT:
    case LINUX_MADV_DONTNEED_LOCKED:
    case LINUX_MADV_POPULATE_READ:
    case LINUX_MADV_POPULATE_WRITE:
        return true;
    default:
        return advice < sizeof bits_of / sizeof bits_of[0] &&
               (bits_of[advice].set | bits_of[advice].clear);
    }
}

/* MADV_POPULATE_*; thread->stage remembers that there was a gap. */
static int64_t populate(struct thread *thread, uint64_t address, uint64_t end, uint64_t advice)
{
    bool write = advice == LINUX_MADV_POPULATE_WRITE;
    struct region_facts part;
    if (!thread->progress)
        thread->progress = address;
    while (thread->progress < end) {
        if (!region_next(memory_of(thread), thread->progress, end, &part))
            return -ENOMEM;
        if (part.start > thread->progress)
            thread->stage = 1;
        thread->progress = part.start;
        if (part.map & ADVICE_BEYOND)
            return -EFAULT;
        if (write ? !(part.map & MAP_WRITE) : (part.map & (MAP_READ | ADVICE_NOREAD)) != MAP_READ)
            return -EINVAL;
        int64_t error = memory_populate(thread, part.start, facts_end(&part),
                                        write ? POPULATE_WRITE : POPULATE_READ);
        if (error)
            return error;
    }
    return thread->stage ? -ENOMEM : 0;
}

int64_t linux_madvise(struct thread *thread, uint64_t address, uint64_t bytes, uint64_t advice)
{
    struct memory *memory = memory_of(thread);
    uint64_t rounded = round_up(bytes), end = address + rounded;
    int64_t result = 0;
    struct region_facts part;
    advice = (uint32_t)advice;
    if (!known(advice) || address & PAGE_MASK || rounded < bytes || end < address)
        return -EINVAL;
    if (advice == LINUX_MADV_POPULATE_READ || advice == LINUX_MADV_POPULATE_WRITE)
        return populate(thread, address, end, advice);
    for (; address < end; address = facts_end(&part)) {
        if (address >= USER_END || !region_next(memory, address, end, &part))
            return -ENOMEM;
        if (part.start > address)
            result = -ENOMEM;
        int64_t error = part.map & ADVICE_BEYOND ? 0 : advise(memory, &part, advice);
        if (error)
            return error;
    }
    return result;
}

/* ---- msync ---- */

/* Pages of a shared file of another server are written back: 0, ANSWER_NONE or an error. What was
 * done stands in thread->progress, as an address. */
static int64_t write_back(struct thread *thread, const struct region_facts *part, uint64_t end,
                          uint64_t flags)
{
    struct shown *shown = view_find(&memory_of(thread)->views, part->object, part->first);
    uint64_t stop = facts_end(part) < end ? facts_end(part) : end;
    if (!(part->map & ADVICE_SHARED) || !shown || !shown->file || !is_remote(shown->file->node) ||
        !(flags & (LINUX_MS_SYNC | LINUX_MS_ASYNC)) || stop <= thread->progress)
        return 0;
    int64_t error = remote_sync(thread, shown->file->node, part->first - shown->first,
                                (stop - part->start) >> PAGE_SHIFT,
                                flags & LINUX_MS_ASYNC ? FILE_SYNC_START : FILE_SYNC_METADATA);
    if (error)
        return error;
    thread->remote.done = false;
    thread->progress = stop;
    return 0;
}

/* What is written to a shared file is there at once for all. */
int64_t linux_msync(struct thread *thread, uint64_t address, uint64_t bytes, uint64_t flags)
{
    const uint64_t all = LINUX_MS_ASYNC | LINUX_MS_INVALIDATE | LINUX_MS_SYNC;
    uint64_t end = address + round_up(bytes);
    int64_t result = 0;
    struct region_facts part;
    if (flags & ~all || address & PAGE_MASK ||
        (flags & (LINUX_MS_ASYNC | LINUX_MS_SYNC)) == (LINUX_MS_ASYNC | LINUX_MS_SYNC))
        return -EINVAL;
    if (end < address)
        return -ENOMEM;
    for (; address < end; address = facts_end(&part)) {
        if (address >= USER_END || !region_next(memory_of(thread), address, end, &part))
            return -ENOMEM;
        if (part.start > address) {
            if (flags == LINUX_MS_ASYNC)
                return -ENOMEM;
            result = -ENOMEM;
        }
        if (flags & LINUX_MS_INVALIDATE && part.map & ADVICE_LOCKED)
            return -EBUSY;
        int64_t error = write_back(thread, &part, end, flags);
        if (error)
            return error;
    }
    return result;
}

/* ---- mincore ---- */

#define QUERY_MOST 512 /* pages a page_query tells of */

/* What is present of the pages from `address` on, all of them mapped: how many were told. */
static int64_t tell_present(struct memory *memory, uint64_t address, uint64_t pages,
                            unsigned char *told)
{
    struct region_facts part;
    uint64_t done = 0;
    pages = pages < QUERY_MOST ? pages : QUERY_MOST;
    while (done < pages) {
        uint64_t at = address + (done << PAGE_SHIFT);
        if (!region_next(memory, at, address + (pages << PAGE_SHIFT), &part) || part.start > at)
            return -ENOMEM;
        int64_t count = page_query(memory->space, at, part.pages, 0);
        if (count < 0)
            return count;
        for (int64_t i = 0; i < count; i++)
            told[done++] = MESSAGE_WORDS[i] & PAGE_PRESENT ? 1 : 0;
    }
    return (int64_t)done;
}

int64_t linux_mincore(struct thread *thread, uint64_t address, uint64_t bytes, uint64_t vector)
{
    unsigned char told[QUERY_MOST];
    uint64_t pages = (bytes >> PAGE_SHIFT) + ((bytes & PAGE_MASK) != 0);
    if (address & PAGE_MASK)
        return -EINVAL;
    if (outside(address, bytes))
        return -ENOMEM;
    if (outside(vector, pages))
        return -EFAULT;
    while (thread->progress < pages) {
        uint64_t done = thread->progress;
        int64_t some =
            tell_present(memory_of(thread), address + (done << PAGE_SHIFT), pages - done, told);
        if (some < 0)
            return some;
        int64_t error = client_write(thread, vector + done, told, (size_t)some);
        if (error)
            return error;
        thread->progress += (uint64_t)some;
        error = client_pause(thread, thread->progress, (uint64_t)some);
        if (error && thread->progress < pages)
            return error;
    }
    return 0;
}
