/*
 * memory.c: the calls that change memory that is mapped: munmap, mprotect, brk, mremap, madvise,
 * msync. They work on the kernel's regions directly (layout.c).
 */
#include "ranges.h"

int64_t linux_munmap(struct thread *thread, uint64_t address, uint64_t bytes)
{
    uint64_t rounded = round_up(bytes);
    if (address & PAGE_MASK || rounded == 0 || outside(address, rounded))
        return -EINVAL;
    int64_t removed =
        region_unmap(thread->process->memory->space, address, rounded >> PAGE_SHIFT, UNMAP_DISCARD);
    if (removed < 0)
        return removed;
    layout_note_hole(&thread->process->memory->layout, address, address + rounded);
    return 0;
}

int64_t linux_mprotect(struct thread *thread, uint64_t address, uint64_t bytes, uint64_t protection)
{
    uint64_t rounded = round_up(bytes);
    if (address & PAGE_MASK || protection & ~(uint64_t)LINUX_PROT_ALLOWED)
        return -EINVAL;
    if (bytes == 0)
        return 0;
    if (rounded < bytes || outside(address, rounded))
        return -ENOMEM;
    int64_t error = region_protect(thread->process->memory->space, address, rounded >> PAGE_SHIFT,
                                   rights_of(protection));
    return error == -ENOENT ? -ENOMEM : error;
}

int64_t linux_brk(struct thread *thread, uint64_t wanted)
{
    struct memory *memory = thread->process->memory;
    struct layout *layout = &memory->layout;
    uint64_t old_end = round_up(layout->brk_end), new_end = round_up(wanted);
    if (wanted < layout->brk_start || wanted >= layout->top)
        return (int64_t)layout->brk_end;
    if (new_end > old_end) {
        if (memory_hopeless(memory, new_end - old_end) ||
            memory_map(memory, old_end, new_end - old_end, MAP_READ | MAP_WRITE, NULL, 0))
            return (int64_t)layout->brk_end;
    } else if (new_end < old_end) {
        if (region_unmap(memory->space, new_end, (old_end - new_end) >> PAGE_SHIFT, UNMAP_DISCARD) <
            0)
            return (int64_t)layout->brk_end;
    }
    layout->brk_end = wanted;
    return (int64_t)wanted;
}

/*
 * Shrinks, and grows where the addresses above are free. Moving would need indices that are not the
 * address; ENOMEM instead, and realloc copies.
 */
int64_t linux_mremap(struct thread *thread, uint64_t address, uint64_t old, uint64_t wanted,
                     uint64_t flags, uint64_t fixed)
{
    struct memory *memory = thread->process->memory;
    struct region_facts facts;
    uint64_t from = round_up(old), to = round_up(wanted);
    (void)fixed;
    if (address & PAGE_MASK || to == 0 || flags & ~3UL || from == 0 || flags & LINUX_MREMAP_FIXED)
        return -EINVAL;
    if (outside(address, from) || outside(address, to))
        return -EINVAL;
    if (region_query(memory->space, address, &facts) < 0 || facts.start > address ||
        facts.start + (facts.pages << PAGE_SHIFT) < address + from)
        return -EFAULT;
    if (to < from) {
        int64_t removed =
            region_unmap(memory->space, address + to, (from - to) >> PAGE_SHIFT, UNMAP_DISCARD);
        if (removed < 0)
            return removed;
        layout_note_hole(&memory->layout, address + to, address + from);
    } else if (to > from) {
        /* Not over the end of mmap's range, where the stack's gap is. */
        if (memory_hopeless(memory, to - from) || address + to > memory->layout.top ||
            memory_map(memory, address + from, to - from, facts.map & 7, NULL, 0))
            return -ENOMEM;
    }
    return (int64_t)address;
}

/* Calls `act` for every mapped part of a range; -ENOMEM when there are gaps, as Linux says. */
static int64_t for_each_region(struct memory *memory, uint64_t address, uint64_t end,
                               void (*act)(struct memory *, uint64_t, uint64_t))
{
    int64_t result = 0;
    while (address < end) {
        struct region_facts facts;
        if (region_query(memory->space, address, &facts) < 0 || facts.start >= end)
            return -ENOMEM;
        uint64_t stop = facts.start + (facts.pages << PAGE_SHIFT);
        if (facts.start > address) {
            result = -ENOMEM;
            address = facts.start;
        }
        if (stop > end)
            stop = end;
        act(memory, address, stop - address);
        address = stop;
    }
    return result;
}

static void discard(struct memory *memory, uint64_t address, uint64_t bytes)
{
    page_reclaim(memory->object, address >> PAGE_SHIFT, bytes >> PAGE_SHIFT, RECLAIM_DISCARD);
}

static void no_action(struct memory *memory, uint64_t address, uint64_t bytes)
{
    (void)memory, (void)address, (void)bytes;
}

int64_t linux_madvise(struct thread *thread, uint64_t address, uint64_t bytes, uint64_t advice)
{
    uint64_t rounded = round_up(bytes);
    if (address & PAGE_MASK || rounded < bytes || outside(address, rounded))
        return -EINVAL;
    switch (advice) {
    case LINUX_MADV_DONTNEED:
    case LINUX_MADV_FREE:
        return for_each_region(thread->process->memory, address, address + rounded, discard);
    case LINUX_MADV_POPULATE_READ:
    case LINUX_MADV_POPULATE_WRITE:
        return for_each_region(thread->process->memory, address, address + rounded,
                               memory_populate);
    case 0: /* NORMAL, RANDOM, SEQUENTIAL, WILLNEED: hints */
    case 1:
    case 2:
    case 3:
    case 10: /* DONTFORK … DODUMP: about things that do not exist here */
    case 11:
    case 12:
    case 13:
    case 14:
    case 15:
    case 16:
    case 17:
        return for_each_region(thread->process->memory, address, address + rounded, no_action);
    default:
        return -EINVAL;
    }
}

/* Nothing mapped here is ever written back: only the range is checked. */
int64_t linux_msync(struct thread *thread, uint64_t address, uint64_t bytes, uint64_t flags)
{
    uint64_t rounded = round_up(bytes);
    if (address & PAGE_MASK || flags & ~7UL || (flags & 5) == 5)
        return -EINVAL;
    if (rounded < bytes || outside(address, rounded))
        return -ENOMEM;
    return for_each_region(thread->process->memory, address, address + rounded, no_action);
}
