/*
 * sync.c: calls about the way to a disk. Most files never take it: arguments are checked, and there
 * is nothing to do. Those of a remote file system are written back.
 */
#include "block_device.h"
#include "proc.h"
#include "remote.h"

#define LINUX_SYNC_FILE_RANGE_WAIT_AFTER 4

int64_t linux_sync(struct thread *thread)
{
    return remote_mounted() ? remote_sync_all(thread) : 0;
}

/* Pipes and the like cannot be synchronised. */
static int64_t synchronise(struct thread *thread, uint64_t descriptor, uint32_t how)
{
    struct open_file *file = file_of(thread->process, descriptor);
    if (!file)
        return -EBADF;
    uint32_t type = node_type(file->node);
    if (type == LINUX_S_IFBLK)
        return file->operations ? block_flush(thread) : -EBADF;
    if (type != LINUX_S_IFREG && type != LINUX_S_IFDIR)
        return -EINVAL;
    return is_remote(file->node) ? remote_sync(thread, file->node, 0, 0, how) : 0;
}

int64_t linux_fdatasync(struct thread *thread, uint64_t descriptor)
{
    return synchronise(thread, descriptor, 0);
}

int64_t linux_fsync(struct thread *thread, uint64_t descriptor)
{
    return synchronise(thread, descriptor, FILE_SYNC_METADATA);
}

int64_t linux_syncfs(struct thread *thread, uint64_t descriptor)
{
    struct open_file *file = file_of(thread->process, descriptor);
    if (!file)
        return -EBADF;
    return is_remote(file->node) ? remote_sync_all(thread) : 0;
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
    if (type != LINUX_S_IFREG && type != LINUX_S_IFDIR)
        return -ESPIPE;
    if (!is_remote(file->node) || type != LINUX_S_IFREG || !flags)
        return 0;
    uint64_t first = offset / PAGE_SIZE;
    uint64_t pages = bytes ? (offset + bytes + PAGE_SIZE - 1) / PAGE_SIZE - first : 0;
    bool waits = flags & LINUX_SYNC_FILE_RANGE_WAIT_AFTER;
    return remote_sync(thread, file->node, first, pages, waits ? 0 : FILE_SYNC_START);
}

#define LINUX_POSIX_FADV_NOREUSE 5 /* the last one */

int64_t linux_fadvise64(struct thread *thread, uint64_t descriptor, uint64_t offset, uint64_t bytes,
                        uint64_t advice)
{
    struct open_file *file = file_of(thread->process, descriptor);
    if (!file)
        return -EBADF;
    if (node_type(file->node) == LINUX_S_IFIFO)
        return -ESPIPE;
    if ((int64_t)bytes < 0 || (uint32_t)advice > LINUX_POSIX_FADV_NOREUSE)
        return -EINVAL;
    if (is_remote(file->node) && node_type(file->node) == LINUX_S_IFREG &&
        (uint32_t)advice < LINUX_POSIX_FADV_NOREUSE) /* the numbers are the same */
        remote_advise(file->node, offset, bytes, (uint32_t)advice);
    return 0;
}

int64_t linux_readahead(struct thread *thread, uint64_t descriptor, uint64_t offset, uint64_t bytes)
{
    struct open_file *file = file_of(thread->process, descriptor);
    if (!file || file->flags & LINUX_O_WRONLY)
        return -EBADF;
    if (node_type(file->node) != LINUX_S_IFREG)
        return -EINVAL;
    if (is_remote(file->node))
        remote_advise(file->node, offset, bytes, FILE_ADVICE_WILL_NEED);
    return 0;
}
