/*
 * mmap.c: the call of that name, with all its flags.
 */
#include "lib/protocol.h"
#include "ranges.h"

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
    if (file->operations != &regular_operations)
        return -ENODEV;
    /* Files of the bundle are read-only, so a shared mapping may not be written. */
    if ((mapping->flags & LINUX_MAP_TYPE) != LINUX_MAP_PRIVATE &&
        mapping->protection & LINUX_PROT_WRITE)
        return -EACCES;
    mapping->file = file->node;
    return 0;
}

static int64_t place(struct memory *memory, const struct mapping *mapping, uint64_t rights)
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
                region_unmap(memory->space, address, bytes >> PAGE_SHIFT, UNMAP_DISCARD);
            if (removed < 0)
                return removed;
        }
    }
    address &= ~PAGE_MASK;
    if (fixed || (address >= LOWEST && bytes <= memory->layout.top &&
                  address <= memory->layout.top - bytes)) {
        int64_t error = memory_map(memory, address, bytes, rights, mapping->file, mapping->page);
        if (!error)
            return (int64_t)address;
        if (fixed || error != -EEXIST)
            return error;
    }
    return layout_map_anywhere(memory, bytes, rights, mapping->file, mapping->page);
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
        error =
            region_protect(thread->process->memory->space, last, 1, rights_of(mapping->protection));
    if (error) {
        region_unmap(thread->process->memory->space, thread->stage, mapping->bytes >> PAGE_SHIFT,
                     UNMAP_DISCARD);
        return -ENOMEM;
    }
    return (int64_t)thread->stage;
}

/* Nobody's call fails for want of populated pages: they come by faults then. */
void memory_populate(struct memory *memory, uint64_t address, uint64_t bytes)
{
    if (!configuration.pager_trusted)
        return;
    struct message message = {.w = {ANON_POPULATE, address >> PAGE_SHIFT, bytes >> PAGE_SHIFT,
                                    memory->cookie, 0, memory->object}};
    call(configuration.anon, TAG_HANDLE, &message);
}

static int64_t map(struct thread *thread, const struct mapping *mapping)
{
    struct memory *memory = thread->process->memory;
    uint64_t first = mapping->page << PAGE_SHIFT;
    bool tail = mapping->file && mapping->file->size & PAGE_MASK && mapping->file->size > first &&
                mapping->file->size - first < mapping->bytes;
    if (thread->stage)
        return clear_tail(thread, mapping);
    int64_t address = place(memory, mapping, rights_of(mapping->protection));
    if (address < 0)
        return address;
    if (tail) {
        uint64_t last = (mapping->file->size - first) & ~PAGE_MASK;
        thread->stage = (uint64_t)address;
        int64_t error =
            region_protect(memory->space, (uint64_t)address + last, 1, MAP_READ | MAP_WRITE);
        if (!error)
            return clear_tail(thread, mapping);
        region_unmap(memory->space, (uint64_t)address, mapping->bytes >> PAGE_SHIFT, UNMAP_DISCARD);
        return error;
    }
    if (mapping->flags & LINUX_MAP_POPULATE && !mapping->file &&
        mapping->protection & LINUX_PROT_WRITE)
        memory_populate(memory, (uint64_t)address, mapping->bytes);
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
               memory_hopeless(thread->process->memory, mapping.bytes)) {
        return -ENOMEM;
    }
    return map(thread, &mapping);
}
