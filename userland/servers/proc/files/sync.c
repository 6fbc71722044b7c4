/*
 * sync.c: calls about the way to a disk, which these files never take: arguments are checked, and
 * there is nothing to do.
 */
#include "proc.h"

int64_t linux_sync(struct thread *thread)
{
    (void)thread;
    return 0;
}

/* Pipes and the like cannot be synchronised. */
int64_t linux_fsync(struct thread *thread, uint64_t descriptor)
{
    struct open_file *file = file_of(thread->process, descriptor);
    if (!file)
        return -EBADF;
    uint32_t type = node_type(file->node);
    return type == LINUX_S_IFREG || type == LINUX_S_IFDIR ? 0 : -EINVAL;
}

int64_t linux_syncfs(struct thread *thread, uint64_t descriptor)
{
    return file_of(thread->process, descriptor) ? 0 : -EBADF;
}

int64_t linux_sync_file_range(struct thread *thread, uint64_t descriptor, uint64_t offset,
                              uint64_t bytes, uint64_t flags)
{
    struct open_file *file = file_of(thread->process, descriptor);
    if (!file)
        return -EBADF;
    if (flags & ~7UL || (int64_t)offset < 0 || (int64_t)(offset + bytes) < (int64_t)offset)
        return -EINVAL;
    uint32_t type = node_type(file->node);
    return type == LINUX_S_IFREG || type == LINUX_S_IFDIR ? 0 : -ESPIPE;
}

#define LINUX_POSIX_FADV_NOREUSE 5 /* the last one */

int64_t linux_fadvise64(struct thread *thread, uint64_t descriptor, uint64_t offset, uint64_t bytes,
                        uint64_t advice)
{
    struct open_file *file = file_of(thread->process, descriptor);
    (void)offset;
    if (!file)
        return -EBADF;
    if (node_type(file->node) == LINUX_S_IFIFO)
        return -ESPIPE;
    return (int64_t)bytes < 0 || (uint32_t)advice > LINUX_POSIX_FADV_NOREUSE ? -EINVAL : 0;
}

int64_t linux_readahead(struct thread *thread, uint64_t descriptor, uint64_t offset, uint64_t bytes)
{
    struct open_file *file = file_of(thread->process, descriptor);
    (void)offset, (void)bytes;
    if (!file || file->flags & LINUX_O_WRONLY)
        return -EBADF;
    return node_type(file->node) == LINUX_S_IFREG ? 0 : -EINVAL;
}
