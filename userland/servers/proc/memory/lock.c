/*
 * lock.c: mlock and its family. Nothing is ever taken from a program's memory here, so to lock is
 * to bring pages in, to count them, and to forbid what Linux forbids for locked memory.
 */
#include "ranges.h"

/* Sets the bits for every mapping of a range; ENOMEM at a gap, what came before is done. */
static int64_t apply(struct memory *memory, uint64_t address, uint64_t end, uint64_t bits)
{
    struct region_facts part;
    for (; address < end; address = facts_end(&part)) {
        if (!region_next(memory, address, end, &part) || part.start > address)
            return -ENOMEM;
        int64_t error = region_change(memory->space, part.start, part.pages, bits,
                                      ADVICE_LOCKED | ADVICE_ONFAULT);
        if (error)
            return error;
    }
    memory->locked |= bits != 0;
    return 0;
}

static bool may_lock(const struct thread *thread)
{
    return limit_of(thread, LINUX_RLIMIT_MEMLOCK) || capable(thread, LINUX_CAP_IPC_LOCK);
}

/* How many pages of a range are locked already. */
static uint64_t locked_in(const struct memory *memory, uint64_t address, uint64_t end)
{
    uint64_t pages = 0;
    struct region_facts part;
    for (; region_next(memory, address, end, &part); address = facts_end(&part))
        if (part.map & ADVICE_LOCKED)
            pages += part.pages;
    return pages;
}

static int64_t lock(struct thread *thread, uint64_t address, uint64_t bytes, uint64_t bits)
{
    struct memory *memory = memory_of(thread);
    uint64_t rounded = round_up(bytes + (address & PAGE_MASK)), start = address & ~PAGE_MASK;
    uint64_t end = start + rounded;
    if (!may_lock(thread))
        return -EPERM;
    if (!thread->stage) { /* else it is locked, and being brought in */
        uint64_t pages = rounded >> PAGE_SHIFT;
        if (!limits_allow_lock(thread, pages) &&
            !limits_allow_lock(thread, pages - locked_in(memory, start, end)))
            return -ENOMEM;
        if (end < start)
            return -EINVAL;
        if (end > USER_END)
            return -ENOMEM;
        int64_t error = apply(memory, start, end, bits);
        if (error)
            return error;
        thread->stage = 1;
    }
    if (bits & ADVICE_ONFAULT || start == end)
        return 0;
    int64_t error = memory_populate(thread, start, end, POPULATE_AS_MAPPED);
    if (error == -ENOMEM) /* POSIX wants it the other way round */
        return -EAGAIN;
    return error == -EFAULT ? -ENOMEM : error;
}

int64_t linux_mlock(struct thread *thread, uint64_t address, uint64_t bytes)
{
    return lock(thread, address, bytes, ADVICE_LOCKED);
}

int64_t linux_mlock2(struct thread *thread, uint64_t address, uint64_t bytes, uint64_t flags)
{
    if ((uint32_t)flags & ~(uint32_t)LINUX_MLOCK_ONFAULT)
        return -EINVAL;
    return lock(thread, address, bytes, ADVICE_LOCKED | (flags & 1 ? ADVICE_ONFAULT : 0));
}

int64_t linux_munlock(struct thread *thread, uint64_t address, uint64_t bytes)
{
    uint64_t start = address & ~PAGE_MASK;
    uint64_t end = start + round_up(bytes + (address & PAGE_MASK));
    if (end < start)
        return -EINVAL;
    return end > USER_END ? -ENOMEM : apply(memory_of(thread), start, end, 0);
}

/* ---- All of it ---- */

static void apply_to_all(struct memory *memory, uint64_t bits)
{
    struct region_facts part;
    for (uint64_t at = 0; region_next(memory, at, USER_END, &part); at = facts_end(&part))
        region_change(memory->space, part.start, part.pages, bits, ADVICE_LOCKED | ADVICE_ONFAULT);
    memory->locked |= bits != 0;
}

/* Brings in what there is; what cannot be brought in is left out. */
static int64_t populate_all(struct thread *thread)
{
    struct region_facts part;
    while (region_next(memory_of(thread), thread->stage, USER_END, &part)) {
        if (thread->progress < part.start)
            thread->progress = part.start;
        if (part.map & MAP_RIGHTS && memory_populate(thread, part.start, facts_end(&part),
                                                     POPULATE_AS_MAPPED) == ANSWER_RETRY)
            return ANSWER_RETRY;
        thread->stage = facts_end(&part);
    }
    return 0;
}

int64_t linux_mlockall(struct thread *thread, uint64_t flags)
{
    struct memory *memory = memory_of(thread);
    const uint32_t all = LINUX_MCL_CURRENT | LINUX_MCL_FUTURE | LINUX_MCL_ONFAULT;
    uint32_t bits = ADVICE_LOCKED | (flags & LINUX_MCL_ONFAULT ? ADVICE_ONFAULT : 0);
    if (thread->stage)
        return populate_all(thread);
    if (!(uint32_t)flags || (uint32_t)flags & ~all || (uint32_t)flags == LINUX_MCL_ONFAULT)
        return -EINVAL;
    if (!may_lock(thread))
        return -EPERM;
    if (flags & LINUX_MCL_CURRENT && !capable(thread, LINUX_CAP_IPC_LOCK) &&
        memory->pages > limit_of(thread, LINUX_RLIMIT_MEMLOCK) >> PAGE_SHIFT)
        return -ENOMEM;
    memory->lock_future = flags & LINUX_MCL_FUTURE ? bits : 0;
    if (!(flags & LINUX_MCL_CURRENT))
        return 0;
    apply_to_all(memory, bits);
    if (flags & LINUX_MCL_ONFAULT)
        return 0;
    thread->stage = LOWEST;
    return populate_all(thread);
}

int64_t linux_munlockall(struct thread *thread)
{
    memory_of(thread)->lock_future = 0;
    apply_to_all(memory_of(thread), 0);
    return 0;
}
