/*
 * mmap.c: the call of that name, with all its flags.
 */
#include "files/files.h"
#include "ranges.h"

/* What MAP_SHARED_VALIDATE lets pass, as Linux's LEGACY_MAP_MASK. */
#define FLAGS_KNOWN                                                                                \
    (LINUX_MAP_TYPE | LINUX_MAP_FIXED | LINUX_MAP_ANONYMOUS | LINUX_MAP_GROWSDOWN |                \
     LINUX_MAP_DENYWRITE | LINUX_MAP_EXECUTABLE | LINUX_MAP_LOCKED | LINUX_MAP_NORESERVE |         \
     LINUX_MAP_POPULATE | LINUX_MAP_NONBLOCK | LINUX_MAP_STACK | LINUX_MAP_HUGETLB)

/* thread->stage while a mapping that is made already is filled: its address, and what to do. */
#define STAGE_TAIL     1
#define STAGE_POPULATE 2

#define DEVICE_ZERO 0x105 /* major 1, minor 5 */

struct mapping {
    struct extent extent;
    uint64_t address, protection, flags;
    bool shared;
    const struct open_file *file; /* NULL: anonymous */
};

/* ---- The arguments, in the order in which Linux looks at them ---- */

/* Where: known for MAP_FIXED, else only rounded. */
static int64_t check_address(struct thread *thread, struct mapping *mapping)
{
    uint64_t address = mapping->address, bytes = mapping->extent.bytes;
    if (bytes > USER_END)
        return -ENOMEM;
    if (!(mapping->flags & (LINUX_MAP_FIXED | LINUX_MAP_FIXED_NOREPLACE))) {
        address = round_up(address);
        mapping->address = address && address < LOWEST ? LOWEST : address;
        return bytes > USER_END - LOWEST ? -ENOMEM : 0;
    }
    if (address > USER_END - bytes)
        return -ENOMEM;
    if (address & PAGE_MASK)
        return -EINVAL;
    if (address < LOWEST && !capable(thread, LINUX_CAP_SYS_RAWIO))
        return -EPERM;
    struct region_facts facts;
    if (mapping->flags & LINUX_MAP_FIXED_NOREPLACE &&
        region_next(memory_of(thread), address, address + bytes, &facts))
        return -EEXIST;
    return 0;
}

static int64_t check_lock(struct thread *thread, struct mapping *mapping)
{
    if (mapping->flags & LINUX_MAP_LOCKED) {
        if (!limit_of(thread, LINUX_RLIMIT_MEMLOCK) && !capable(thread, LINUX_CAP_IPC_LOCK))
            return -EPERM;
        mapping->extent.map |= ADVICE_LOCKED;
    }
    mapping->extent.map |= memory_of(thread)->lock_future;
    return mapping->extent.map & ADVICE_LOCKED &&
                   !limits_allow_lock(thread, mapping->extent.bytes >> PAGE_SHIFT)
               ? -EAGAIN
               : 0;
}

static uint64_t file_size(const struct mapping *mapping)
{
    return mapping->file->node->size;
}

static int64_t check_file(struct mapping *mapping)
{
    uint64_t type = mapping->flags & LINUX_MAP_TYPE;
    uint32_t access = mapping->file->flags & LINUX_O_ACCMODE;
    bool writable = access == 1 || access == 2;
    if (type == LINUX_MAP_SHARED_VALIDATE && mapping->flags & ~(uint64_t)FLAGS_KNOWN)
        return -EOPNOTSUPP;
    if (type < LINUX_MAP_SHARED || type > LINUX_MAP_SHARED_VALIDATE)
        return -EINVAL;
    mapping->shared = type != LINUX_MAP_PRIVATE;
    if (mapping->shared && mapping->protection & LINUX_PROT_WRITE && !writable)
        return -EACCES;
    if (access == 1)
        return -EACCES; /* it cannot be read */
    if (mapping->file->operations != &regular_operations)
        return -ENODEV;
    if (mapping->flags & LINUX_MAP_GROWSDOWN)
        return -EINVAL;
    if (mapping->shared && !writable)
        mapping->extent.map |= ADVICE_READONLY;
    return 0;
}

static int64_t check_anonymous(struct mapping *mapping)
{
    uint64_t type = mapping->flags & LINUX_MAP_TYPE;
    mapping->shared = type == LINUX_MAP_SHARED;
    if (type != LINUX_MAP_SHARED && type != LINUX_MAP_PRIVATE)
        return -EINVAL;
    return mapping->shared && mapping->flags & LINUX_MAP_GROWSDOWN ? -EINVAL : 0;
}

static int64_t check_room(const struct thread *thread, const struct mapping *mapping)
{
    const struct extent *extent = &mapping->extent;
    struct memory *memory = memory_of(thread);
    uint64_t pages = extent->bytes >> PAGE_SHIFT;
    if (!limits_allow(thread, extent->map, pages)) {
        /* What is replaced does not count. */
        struct region_facts part;
        uint64_t end = mapping->address + extent->bytes;
        if (!(mapping->flags & LINUX_MAP_FIXED))
            return -ENOMEM;
        for (uint64_t at = mapping->address; region_next(memory, at, end, &part);
             at = facts_end(&part))
            pages -= part.pages;
        if (!limits_allow(thread, extent->map, pages))
            return -ENOMEM;
    }
    bool promised = !mapping->file && !(mapping->flags & LINUX_MAP_NORESERVE) &&
                    (mapping->shared || mapping->protection & LINUX_PROT_WRITE);
    return promised && memory_hopeless(memory, extent->bytes) ? -ENOMEM : 0;
}

static int64_t check(struct thread *thread, struct mapping *mapping)
{
    int64_t error = check_address(thread, mapping);
    if (!error)
        error = check_lock(thread, mapping);
    if (!error)
        error = mapping->file ? check_file(mapping) : check_anonymous(mapping);
    if (mapping->flags & LINUX_MAP_NORESERVE)
        mapping->extent.map |= ADVICE_NORESERVE | ADVICE_ACCOUNT;
    if (mapping->shared)
        mapping->extent.map |= ADVICE_SHARED | ADVICE_ACCOUNT;
    if (mapping->flags & LINUX_MAP_GROWSDOWN)
        mapping->extent.map |= ADVICE_GROWS_DOWN;
    return error ? error : check_room(thread, mapping);
}

/* ---- Mapping ---- */

static int64_t place(struct memory *memory, struct mapping *mapping)
{
    struct extent *extent = &mapping->extent;
    int64_t error = 0;
    extent->address = mapping->address;
    if (mapping->flags & (LINUX_MAP_FIXED | LINUX_MAP_FIXED_NOREPLACE)) {
        if (!(mapping->flags & LINUX_MAP_FIXED_NOREPLACE))
            error = memory_unmap(memory, extent->address, extent->bytes);
        return error ? error : extent_map(memory, extent);
    }
    if (extent->address && extent->bytes <= USER_END - extent->address &&
        layout_free(memory, extent->address, extent->bytes))
        return extent_map(memory, extent);
    return layout_map_anywhere(memory, extent);
}

/* The page in which a file ends shows zeros after its end: so it becomes a private page, and that
 * takes a fault. */
static int64_t clear_tail(struct thread *thread, const struct mapping *mapping)
{
    static const char zeros[PAGE_SIZE];
    struct memory *memory = memory_of(thread);
    uint64_t start = thread->stage & ~PAGE_MASK, bytes = mapping->extent.bytes;
    uint64_t end = file_size(mapping) - (mapping->extent.page << PAGE_SHIFT);
    uint64_t last = start + (end & ~PAGE_MASK);
    int64_t error = client_write(thread, start + end, zeros, PAGE_SIZE - (end & PAGE_MASK));
    if (error == ANSWER_RETRY)
        return error;
    if (!error)
        error = region_change(memory->space, last, 1, mapping->extent.map, MAP_RIGHTS);
    if (error) {
        memory_unmap(memory, start, bytes);
        return -ENOMEM;
    }
    return 0;
}

/* True when the page in which the file ends is mapped and has bytes of something else. */
static bool has_tail(const struct mapping *mapping)
{
    uint64_t first = mapping->extent.page << PAGE_SHIFT;
    if (!mapping->file || mapping->extent.shown->owned)
        return false;
    uint64_t size = file_size(mapping);
    return size & PAGE_MASK && size > first && size - first < mapping->extent.bytes;
}

static bool wants_pages(const struct mapping *mapping)
{
    bool locked = (mapping->extent.map & (ADVICE_LOCKED | ADVICE_ONFAULT)) == ADVICE_LOCKED;
    return locked ||
           (mapping->flags & (LINUX_MAP_POPULATE | LINUX_MAP_NONBLOCK)) == LINUX_MAP_POPULATE;
}

/* What is left to do when the mapping stands. */
static int64_t fill(struct thread *thread, const struct mapping *mapping)
{
    uint64_t start = thread->stage & ~PAGE_MASK;
    if ((thread->stage & PAGE_MASK) == STAGE_TAIL) {
        int64_t error = clear_tail(thread, mapping);
        if (error)
            return error;
        thread->stage = start | STAGE_POPULATE;
    }
    /* Nobody's call fails for want of populated pages: they come by faults then. */
    if (wants_pages(mapping) && mapping->extent.map & MAP_RIGHTS &&
        memory_populate(thread, start, start + mapping->extent.bytes, POPULATE_FRESH) ==
            ANSWER_RETRY)
        return ANSWER_RETRY;
    return (int64_t)start;
}

static int64_t map(struct thread *thread, struct mapping *mapping)
{
    struct memory *memory = memory_of(thread);
    int64_t error = 0;
    if (mapping->file)
        mapping->extent.shown =
            shown_file(memory, mapping->file->entry,
                       mapping->shared && !(mapping->extent.map & ADVICE_READONLY), &error);
    else if (mapping->shared)
        mapping->extent.shown = shown_memory(memory, mapping->extent.bytes >> PAGE_SHIFT, &error);
    if (mapping->file && wants_pages(mapping))
        mapping->extent.map |= MAP_POPULATE; /* what lies in memory is entered at once */
    if (!error)
        error = place(memory, mapping);
    bool tail = !error && has_tail(mapping);
    shown_drop(mapping->extent.shown);
    if (error)
        return error;
    uint64_t start = mapping->extent.address;
    memory->locked |= mapping->extent.map & ADVICE_LOCKED;
    memory->growing |= mapping->flags & LINUX_MAP_GROWSDOWN;
    thread->stage = start | (tail ? STAGE_TAIL : STAGE_POPULATE);
    thread->progress = 0;
    if (tail) {
        uint64_t end = file_size(mapping) - (mapping->extent.page << PAGE_SHIFT);
        error = region_change(memory->space, start + (end & ~PAGE_MASK), 1, MAP_READ | MAP_WRITE,
                              MAP_READ | MAP_WRITE);
        if (error) {
            memory_unmap(memory, start, mapping->extent.bytes);
            return error;
        }
    }
    return fill(thread, mapping);
}

int64_t linux_mmap(struct thread *thread, uint64_t address, uint64_t bytes, uint64_t protection,
                   uint64_t flags, uint64_t descriptor, uint64_t offset)
{
    struct mapping mapping = {
        .extent = {.bytes = round_up(bytes),
                   .page = offset >> PAGE_SHIFT,
                   .map = rights_of(protection)},
        .address = address,
        .protection = protection,
        .flags = flags,
    };
    if (offset & PAGE_MASK)
        return -EINVAL;
    if (!(flags & LINUX_MAP_ANONYMOUS)) {
        mapping.file = file_of(thread->process, descriptor);
        if (!mapping.file)
            return -EBADF;
        if (mapping.file->operations == device_operations(DEVICE_ZERO))
            mapping.file = NULL; /* is anonymous memory */
    }
    if (bytes == 0)
        return -EINVAL;
    if (!mapping.extent.bytes || flags & LINUX_MAP_HUGETLB) /* no huge pages are set aside */
        return -ENOMEM;
    if (mapping.extent.page + (mapping.extent.bytes >> PAGE_SHIFT) < mapping.extent.page)
        return -EOVERFLOW;
    int64_t error = thread->stage ? 0 : check(thread, &mapping);
    if (error)
        return error;
    if (!thread->stage)
        return map(thread, &mapping);
    mapping.shared = (flags & LINUX_MAP_TYPE) != LINUX_MAP_PRIVATE;
    mapping.extent.map |= flags & LINUX_MAP_LOCKED ? ADVICE_LOCKED : 0;
    return fill(thread, &mapping);
}
