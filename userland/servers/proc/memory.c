/*
 * memory.c: mmap and its family. A program's memory is one anonymous object whose index is the
 * address >> 12; a region shows a part of it, and where a file is mapped, the file's pages are the
 * region's source: read in place, copied on the first write. So a mapping is one kernel call, and
 * the kernel's region table is the only record of it.
 *
 * Addresses are chosen downward from `top`. region_map itself refuses what overlaps, so the usual
 * choice, right below the last one, costs no look-up. `hole` remembers the latest range given back,
 * for programs that map and unmap in turn; when neither fits, the regions are walked from the top.
 */
#include "lib/protocol.h"
#include "proc.h"

#define USER_END       (1UL << 48)
#define LOWEST         0x10000UL /* as Linux's vm.mmap_min_addr: null stays unmapped */
#define PAGE_MASK      (PAGE_SIZE - 1UL)
#define COMMIT_CHECKED 64 /* pages; smaller requests are not worth asking the pool */

static uint64_t round_up(uint64_t bytes)
{
    return (bytes + PAGE_MASK) & ~PAGE_MASK;
}

/* On this architecture what can be written or executed can be read. */
static uint64_t rights_of(uint64_t protection)
{
    uint64_t rights = 0;
    if (protection & (LINUX_PROT_READ | LINUX_PROT_WRITE | LINUX_PROT_EXEC))
        rights |= MAP_READ;
    if (protection & LINUX_PROT_WRITE)
        rights |= MAP_WRITE;
    if (protection & LINUX_PROT_EXEC)
        rights |= MAP_EXEC;
    return rights;
}

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

/* True when the pool could never fill the request, whatever else happens: then mmap says so rather
 * than the first touch. A 64th more is for translation tables and slots. */
static bool hopeless(const struct process *process, uint64_t bytes)
{
    struct pool_facts facts;
    uint64_t pages = bytes >> PAGE_SHIFT;
    if (pages < COMMIT_CHECKED || pool_query(process->pool, &facts) < 0)
        return false;
    return facts.used >= facts.limit || pages + pages / 64 > facts.limit - facts.used;
}

int64_t memory_map(struct process *process, uint64_t address, uint64_t bytes, uint64_t rights,
                   const struct node *file, uint64_t file_page)
{
    uint64_t pages = bytes >> PAGE_SHIFT, index = address >> PAGE_SHIFT;
    if (!file)
        return region_map(process->space, address, pages, rights, process->object, index, 0, 0);
    uint64_t in_file = round_up(file->size) >> PAGE_SHIFT;
    uint64_t shown = file_page >= in_file ? 0 : in_file - file_page;
    if (shown > pages)
        shown = pages;
    int64_t error = 0;
    if (shown)
        error = region_map(process->space, address, shown, rights, process->object, index,
                           configuration.bundle, file->bundle_page + file_page);
    if (error || shown == pages)
        return error;
    error = region_map(process->space, address + (shown << PAGE_SHIFT), pages - shown, 0,
                       process->object, index + shown, 0, 0);
    if (error && shown)
        region_unmap(process->space, address, shown, UNMAP_DISCARD);
    return error;
}

/* ---- Choosing an address ---- */

/* Maps at the highest free place in [bottom, from). EEXIST: there is none. */
static int64_t map_below(struct process *process, uint64_t from, uint64_t bytes, uint64_t rights,
                         const struct node *file, uint64_t page)
{
    while (from >= bytes && from - bytes >= process->layout.bottom) {
        uint64_t address = from - bytes;
        struct region_facts facts;
        int64_t error = memory_map(process, address, bytes, rights, file, page);
        if (error != -EEXIST)
            return error ? error : (int64_t)address;
        /* The lowest region that is in the way; what is below it is tried next. */
        if (region_query(process->space, address, &facts) < 0)
            return -EEXIST;
        from = facts.start;
    }
    return -EEXIST;
}

static int64_t map_anywhere(struct process *process, uint64_t bytes, uint64_t rights,
                            const struct node *file, uint64_t page)
{
    struct layout *layout = &process->layout;
    if (bytes > layout->top - layout->bottom)
        return -ENOMEM;
    if (layout->hole_end - layout->hole >= bytes) {
        uint64_t address = layout->hole_end - bytes;
        int64_t error = memory_map(process, address, bytes, rights, file, page);
        if (!error) {
            layout->hole_end = address;
            return (int64_t)address;
        }
        if (error != -EEXIST)
            return error;
        layout->hole = layout->hole_end = layout->top; /* somebody mapped there by address */
    }
    int64_t result = map_below(process, layout->next, bytes, rights, file, page);
    if (result >= 0)
        layout->next = (uint64_t)result;
    else if (result == -EEXIST)
        result = map_below(process, layout->top, bytes, rights, file, page);
    return result == -EEXIST ? -ENOMEM : result;
}

/* Remembers [address, end) as free. The hole always lies above `next`, or is empty at `top`. */
static void note_hole(struct layout *layout, uint64_t address, uint64_t end)
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

/* ---- mmap ---- */

struct mapping {
    uint64_t address, bytes, protection, flags, page;
    const struct node *file; /* NULL: anonymous */
};

/* The file behind a descriptor, checked for this kind of mapping. */
static int64_t find_file(struct thread *thread, struct mapping *mapping, uint64_t descriptor)
{
    struct open_file *file = file_of(thread->process, descriptor);
    if (!file)
        return -EBADF;
    if (!file->node || (file->node->mode & LINUX_S_IFMT) != LINUX_S_IFREG)
        return -ENODEV;
    /* Files of the bundle are read-only, so a shared mapping may not be written. */
    if ((mapping->flags & LINUX_MAP_TYPE) != LINUX_MAP_PRIVATE &&
        mapping->protection & LINUX_PROT_WRITE)
        return -EACCES;
    mapping->file = file->node;
    return 0;
}

static int64_t place(struct process *process, const struct mapping *mapping, uint64_t rights)
{
    uint64_t address = mapping->address, bytes = mapping->bytes;
    bool fixed = mapping->flags & (LINUX_MAP_FIXED | LINUX_MAP_FIXED_NOREPLACE);
    if (fixed) {
        if (address & PAGE_MASK)
            return -EINVAL;
        if (address > USER_END - bytes)
            return -ENOMEM;
        if (address < LOWEST)
            return -EPERM;
        if (!(mapping->flags & LINUX_MAP_FIXED_NOREPLACE)) {
            int64_t removed =
                region_unmap(process->space, address, bytes >> PAGE_SHIFT, UNMAP_DISCARD);
            if (removed < 0)
                return removed;
        }
    }
    address &= ~PAGE_MASK;
    if (fixed || (address >= LOWEST && bytes <= process->layout.top &&
                  address <= process->layout.top - bytes)) {
        int64_t error = memory_map(process, address, bytes, rights, mapping->file, mapping->page);
        if (!error)
            return (int64_t)address;
        if (fixed || error != -EEXIST)
            return error;
    }
    return map_anywhere(process, bytes, rights, mapping->file, mapping->page);
}

/* The page in which a file ends shows zeros after its end: so it becomes a private page, and that
 * takes a fault. `thread->stage` remembers the mapping meanwhile. */
static int64_t clear_tail(struct thread *thread, const struct mapping *mapping)
{
    static const char zeros[PAGE_SIZE];
    uint64_t end = mapping->file->size - (mapping->page << PAGE_SHIFT); /* offset in the mapping */
    uint64_t last = thread->stage + (end & ~PAGE_MASK);
    int64_t error = client_write(thread, thread->stage + end, zeros, PAGE_SIZE - (end & PAGE_MASK));
    if (error == ANSWER_RETRY)
        return error;
    if (!error)
        error = region_protect(thread->process->space, last, 1, rights_of(mapping->protection));
    if (error) {
        region_unmap(thread->process->space, thread->stage, mapping->bytes >> PAGE_SHIFT,
                     UNMAP_DISCARD);
        return -ENOMEM;
    }
    return (int64_t)thread->stage;
}

/* Nobody's call fails for want of populated pages: they come by faults then. */
static void populate(struct process *process, uint64_t address, uint64_t bytes)
{
    if (!configuration.pager_trusted)
        return;
    struct message message = {.w = {ANON_POPULATE, address >> PAGE_SHIFT, bytes >> PAGE_SHIFT,
                                    process->pid, 0, process->object}};
    call(configuration.anon, TAG_HANDLE, &message);
}

static int64_t map(struct thread *thread, const struct mapping *mapping)
{
    struct process *process = thread->process;
    uint64_t first = mapping->page << PAGE_SHIFT;
    bool tail = mapping->file && mapping->file->size & PAGE_MASK && mapping->file->size > first &&
                mapping->file->size - first < mapping->bytes;
    if (thread->stage)
        return clear_tail(thread, mapping);
    int64_t address = place(process, mapping, rights_of(mapping->protection));
    if (address < 0)
        return address;
    if (tail) {
        uint64_t last = (mapping->file->size - first) & ~PAGE_MASK;
        thread->stage = (uint64_t)address;
        int64_t error =
            region_protect(process->space, (uint64_t)address + last, 1, MAP_READ | MAP_WRITE);
        if (!error)
            return clear_tail(thread, mapping);
        region_unmap(process->space, (uint64_t)address, mapping->bytes >> PAGE_SHIFT,
                     UNMAP_DISCARD);
        return error;
    }
    if (mapping->flags & LINUX_MAP_POPULATE && !mapping->file &&
        mapping->protection & LINUX_PROT_WRITE)
        populate(process, (uint64_t)address, mapping->bytes);
    return address;
}

int64_t linux_mmap(struct thread *thread, uint64_t address, uint64_t bytes, uint64_t protection,
                   uint64_t flags, uint64_t descriptor, uint64_t offset)
{
    uint64_t type = flags & LINUX_MAP_TYPE;
    struct mapping mapping = {address, round_up(bytes),      protection,
                              flags,   offset >> PAGE_SHIFT, NULL};
    if (bytes == 0 || offset & PAGE_MASK || type < LINUX_MAP_SHARED ||
        type > LINUX_MAP_SHARED_VALIDATE)
        return -EINVAL;
    if (mapping.bytes < bytes || mapping.bytes > USER_END)
        return -ENOMEM;
    if (!(flags & LINUX_MAP_ANONYMOUS)) {
        int64_t error = find_file(thread, &mapping, descriptor);
        if (error)
            return error;
        if (offset + mapping.bytes < offset)
            return -EOVERFLOW;
    } else if (protection != 0 && !(flags & LINUX_MAP_NORESERVE) &&
               hopeless(thread->process, mapping.bytes)) {
        return -ENOMEM;
    }
    return map(thread, &mapping);
}

int64_t linux_munmap(struct thread *thread, uint64_t address, uint64_t bytes)
{
    uint64_t rounded = round_up(bytes);
    if (address & PAGE_MASK || rounded == 0 || rounded > USER_END || address > USER_END - rounded)
        return -EINVAL;
    int64_t removed =
        region_unmap(thread->process->space, address, rounded >> PAGE_SHIFT, UNMAP_DISCARD);
    if (removed < 0)
        return removed;
    note_hole(&thread->process->layout, address, address + rounded);
    return 0;
}

int64_t linux_mprotect(struct thread *thread, uint64_t address, uint64_t bytes, uint64_t protection)
{
    uint64_t rounded = round_up(bytes);
    if (address & PAGE_MASK || protection & ~(uint64_t)LINUX_PROT_ALLOWED)
        return -EINVAL;
    if (bytes == 0)
        return 0;
    if (rounded < bytes || rounded > USER_END || address > USER_END - rounded)
        return -ENOMEM;
    int64_t error = region_protect(thread->process->space, address, rounded >> PAGE_SHIFT,
                                   rights_of(protection));
    return error == -ENOENT ? -ENOMEM : error;
}

int64_t linux_brk(struct thread *thread, uint64_t wanted)
{
    struct process *process = thread->process;
    struct layout *layout = &process->layout;
    uint64_t old_end = round_up(layout->brk_end), new_end = round_up(wanted);
    if (wanted < layout->brk_start || wanted >= layout->top)
        return (int64_t)layout->brk_end;
    if (new_end > old_end) {
        if (hopeless(process, new_end - old_end) ||
            memory_map(process, old_end, new_end - old_end, MAP_READ | MAP_WRITE, NULL, 0))
            return (int64_t)layout->brk_end;
    } else if (new_end < old_end) {
        if (region_unmap(process->space, new_end, (old_end - new_end) >> PAGE_SHIFT,
                         UNMAP_DISCARD) < 0)
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
    struct process *process = thread->process;
    struct region_facts facts;
    uint64_t from = round_up(old), to = round_up(wanted);
    (void)fixed;
    if (address & PAGE_MASK || to == 0 || flags & ~3UL || from == 0 || flags & LINUX_MREMAP_FIXED)
        return -EINVAL;
    if (from > USER_END || to > USER_END || address > USER_END - from || address > USER_END - to)
        return -EINVAL;
    if (region_query(process->space, address, &facts) < 0 || facts.start > address ||
        facts.start + (facts.pages << PAGE_SHIFT) < address + from)
        return -EFAULT;
    if (to < from) {
        int64_t removed =
            region_unmap(process->space, address + to, (from - to) >> PAGE_SHIFT, UNMAP_DISCARD);
        if (removed < 0)
            return removed;
        note_hole(&process->layout, address + to, address + from);
    } else if (to > from) {
        /* Not over the end of mmap's range, where the stack's gap is. */
        if (hopeless(process, to - from) || address + to > process->layout.top ||
            memory_map(process, address + from, to - from, facts.map & 7, NULL, 0))
            return -ENOMEM;
    }
    return (int64_t)address;
}

/* Calls `act` for every mapped part of a range; -ENOMEM when there are gaps, as Linux says. */
static int64_t for_each_region(struct process *process, uint64_t address, uint64_t end,
                               void (*act)(struct process *, uint64_t, uint64_t))
{
    int64_t result = 0;
    while (address < end) {
        struct region_facts facts;
        if (region_query(process->space, address, &facts) < 0 || facts.start >= end)
            return -ENOMEM;
        uint64_t stop = facts.start + (facts.pages << PAGE_SHIFT);
        if (facts.start > address) {
            result = -ENOMEM;
            address = facts.start;
        }
        if (stop > end)
            stop = end;
        act(process, address, stop - address);
        address = stop;
    }
    return result;
}

static void discard(struct process *process, uint64_t address, uint64_t bytes)
{
    page_reclaim(process->object, address >> PAGE_SHIFT, bytes >> PAGE_SHIFT, RECLAIM_DISCARD);
}

static void no_action(struct process *process, uint64_t address, uint64_t bytes)
{
    (void)process, (void)address, (void)bytes;
}

int64_t linux_madvise(struct thread *thread, uint64_t address, uint64_t bytes, uint64_t advice)
{
    uint64_t rounded = round_up(bytes);
    if (address & PAGE_MASK || rounded < bytes || rounded > USER_END ||
        address > USER_END - rounded)
        return -EINVAL;
    switch (advice) {
    case LINUX_MADV_DONTNEED:
    case LINUX_MADV_FREE:
        return for_each_region(thread->process, address, address + rounded, discard);
    case LINUX_MADV_POPULATE_READ:
    case LINUX_MADV_POPULATE_WRITE:
        return for_each_region(thread->process, address, address + rounded, populate);
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
        return for_each_region(thread->process, address, address + rounded, no_action);
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
    if (rounded < bytes || rounded > USER_END || address > USER_END - rounded)
        return -ENOMEM;
    return for_each_region(thread->process, address, address + rounded, no_action);
}
