/*
 * protect.c: munmap, mprotect and brk.
 */
#include "ranges.h"

int64_t linux_munmap(struct thread *thread, uint64_t address, uint64_t bytes)
{
    struct memory *memory = memory_of(thread);
    uint64_t rounded = round_up(bytes);
    if (address & PAGE_MASK || rounded == 0 || outside(address, rounded))
        return -EINVAL;
    int64_t error = memory_unmap(memory, address, rounded);
    if (!error)
        layout_note_hole(&memory->layout, address, address + rounded);
    return error;
}

/* ---- mprotect ---- */

/* Which bits of a region mprotect changes: that it was writable once stays. */
static uint64_t changed_by(uint64_t rights)
{
    return MAP_RIGHTS | ADVICE_NOREAD | (rights & ADVICE_ACCOUNT);
}

/* Private memory that is locked and may be written from now on has pages of its own at once. */
static bool wants_pages(const struct region_facts *part, uint64_t rights)
{
    const uint32_t looked_at = ADVICE_LOCKED | ADVICE_ONFAULT | ADVICE_SHARED | MAP_WRITE;
    return rights & MAP_WRITE && (part->map & looked_at) == ADVICE_LOCKED;
}

/* Region by region, as far as it goes; what came before stays changed. thread->stage: the region
 * that was changed already, whose pages are being brought in. */
static int64_t protect_by_parts(struct thread *thread, uint64_t address, uint64_t end,
                                uint64_t rights)
{
    struct memory *memory = memory_of(thread);
    struct region_facts part;
    for (; address < end; address = facts_end(&part)) {
        if (!region_next(memory, address, end, &part) || part.start > address)
            return -ENOMEM;
        if (part.map & ADVICE_BEYOND)
            continue;
        /* What becomes data counts as such. */
        if (rights & ~part.map & MAP_WRITE &&
            !limits_allow(thread, rights | (part.map & MAP_ADVICE), part.pages) &&
            limits_allow(thread, part.map, part.pages))
            return -ENOMEM;
        bool brings = thread->stage == part.start || wants_pages(&part, rights);
        int64_t error =
            region_change(memory->space, part.start, part.pages, rights, changed_by(rights));
        if (error)
            return error;
        if (!brings)
            continue;
        thread->stage = part.start;
        if (memory_populate(thread, part.start, facts_end(&part), POPULATE_AS_MAPPED) ==
            ANSWER_RETRY)
            return ANSWER_RETRY;
        thread->stage = thread->progress = 0;
    }
    return 0;
}

/* PROT_GROWSDOWN: from the start of the mapping, if it grows. */
static int64_t find_start(struct memory *memory, uint64_t *address, uint64_t end)
{
    struct region_facts facts;
    if (region_query(memory->space, *address, &facts) < 0 || facts.start >= end)
        return -ENOMEM;
    if (!(facts.map & ADVICE_GROWS_DOWN))
        return -EINVAL;
    *address = facts.start;
    return 0;
}

int64_t linux_mprotect(struct thread *thread, uint64_t address, uint64_t bytes, uint64_t protection)
{
    struct memory *memory = memory_of(thread);
    const uint64_t grows = LINUX_PROT_GROWSDOWN | LINUX_PROT_GROWSUP;
    uint64_t rounded = round_up(bytes), end = address + rounded;
    int64_t error = 0;
    if ((protection & grows) == grows || address & PAGE_MASK)
        return -EINVAL;
    if (bytes == 0)
        return 0;
    if (end <= address)
        return -ENOMEM;
    if (protection &
        ~(grows | LINUX_PROT_READ | LINUX_PROT_WRITE | LINUX_PROT_EXEC | LINUX_PROT_SEM))
        return -EINVAL;
    if (outside(address, rounded))
        return address >= USER_END
                   ? -ENOMEM
                   : protect_by_parts(thread, address, USER_END, rights_of(protection));
    if (protection & LINUX_PROT_GROWSUP)
        return -EINVAL; /* nothing grows up here */
    if (protection & LINUX_PROT_GROWSDOWN)
        error = find_start(memory, &address, end);
    if (error)
        return error;
    uint64_t rights = rights_of(protection);
    if (limit_of(thread, LINUX_RLIMIT_DATA) != LINUX_RLIM_INFINITY || memory->locked)
        return protect_by_parts(thread, address, end, rights);
    error = region_change(memory->space, address, (end - address) >> PAGE_SHIFT, rights,
                          changed_by(rights));
    if (error != -ENOENT && error != -EACCES)
        return error;
    return protect_by_parts(thread, address, end, rights);
}

/* ---- brk ---- */

static bool heap_grows(struct thread *thread, uint64_t from, uint64_t to)
{
    struct memory *memory = memory_of(thread);
    struct extent extent = {from, to - from, MAP_READ | MAP_WRITE | ADVICE_ACCOUNT, NULL, 0};
    extent.map |= memory->lock_future;
    if (to > USER_END || memory_hopeless(memory, to - from))
        return false;
    if (extent.map & ADVICE_LOCKED && !limits_allow_lock(thread, (to - from) >> PAGE_SHIFT))
        return false;
    /* One page stays free above, and all that a stack there may grow by. */
    if (!layout_free(memory, from, to - from + PAGE_SIZE) ||
        !limits_allow(thread, extent.map, (to - from) >> PAGE_SHIFT))
        return false;
    return extent_map(memory, &extent) == 0;
}

int64_t linux_brk(struct thread *thread, uint64_t wanted)
{
    struct memory *memory = memory_of(thread);
    struct layout *layout = &memory->layout;
    uint64_t old_end = round_up(layout->brk_end), new_end = round_up(wanted);
    bool again = thread->stage; /* mapped already, being locked */
    if (!again && (wanted < layout->brk_start || wanted > USER_END - PAGE_SIZE ||
                   wanted - layout->brk_start > limit_of(thread, LINUX_RLIMIT_DATA)))
        return (int64_t)layout->brk_end;
    if (!again && new_end > old_end) {
        if (!heap_grows(thread, old_end, new_end))
            return (int64_t)layout->brk_end;
        if (memory->lock_future == ADVICE_LOCKED)
            thread->stage = old_end;
    } else if (!again && new_end < old_end) {
        if (layout_free(memory, new_end, old_end - new_end) ||
            memory_unmap(memory, new_end, old_end - new_end) < 0)
            return (int64_t)layout->brk_end;
        layout_note_hole(layout, new_end, old_end);
    }
    layout->brk_end = wanted;
    if (thread->stage &&
        memory_populate(thread, thread->stage, new_end, POPULATE_FRESH) == ANSWER_RETRY)
        return ANSWER_RETRY;
    return (int64_t)wanted;
}
