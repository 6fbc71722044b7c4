/*
 * position.c: where in a file: lseek; and how long it is: ftruncate, truncate, fallocate.
 */
#include "block_device.h"
#include "contents.h"
#include "lib/block.h"
#include "proc.h"
#include "remote.h"

/* SEEK_DATA and SEEK_HOLE: files that are not stored are data up to their end. */
static int64_t seek_data(struct open_file *file, uint64_t offset, bool data)
{
    struct node *node = file->node;
    if ((int64_t)offset < 0 || offset >= node->size)
        return -ENXIO;
    if (node->file != &regular_operations)
        return data ? (int64_t)offset : (int64_t)node->size;
    uint64_t found = contents_next(node, offset, data);
    return data && found >= node->size ? -ENXIO : (int64_t)found;
}

int64_t linux_lseek(struct thread *thread, uint64_t descriptor, uint64_t offset, uint64_t whence)
{
    struct open_file *file = file_of(thread->process, descriptor);
    int64_t base = 0, position;
    if (!file)
        return -EBADF;
    if (file->operations && file->operations->stream)
        return -ESPIPE;
    switch ((uint32_t)whence) {
    case LINUX_SEEK_SET:
        break;
    case LINUX_SEEK_CUR:
        base = (int64_t)file->offset;
        break;
    case LINUX_SEEK_END:
        if (node_type(file->node) == LINUX_S_IFREG)
            base = (int64_t)file->node->size;
        else if (node_type(file->node) == LINUX_S_IFBLK && block_part_of(file->node->special))
            base = (int64_t)(block_part_of(file->node->special)->sectors * BLOCK_SECTOR);
        break;
    case LINUX_SEEK_DATA:
    case LINUX_SEEK_HOLE:
        position = seek_data(file, offset, (uint32_t)whence == LINUX_SEEK_DATA);
        if (position >= 0)
            file->offset = (uint64_t)position;
        return position;
    default:
        return -EINVAL;
    }
    if (__builtin_add_overflow(base, (int64_t)offset, &position) || position < 0)
        return -EINVAL;
    if (node_type(file->node) == LINUX_S_IFCHR)
        position = 0; /* devices have none, and do not mind */
    file->offset = (uint64_t)position;
    return position;
}

/* ---- Length ---- */

static int64_t resize(struct thread *thread, struct node *node, uint64_t size)
{
    if (size > node->size && size > thread->process->limits[LINUX_RLIMIT_FSIZE].current)
        return files_too_large(thread);
    int64_t error = 0;
    if (size != node->size)
        error = file_sealed(node, size < node->size ? LINUX_F_SEAL_SHRINK : LINUX_F_SEAL_GROW);
    if (!error && is_remote(node))
        return remote_resize(thread, node, size, true);
    if (!error)
        error = contents_resize(node, size);
    if (!error)
        node->modified = node->changed = node_time();
    return error;
}

int64_t linux_ftruncate(struct thread *thread, uint64_t descriptor, uint64_t size)
{
    struct open_file *file = file_of(thread->process, descriptor);
    if ((int64_t)size < 0)
        return -EINVAL;
    if (!file)
        return -EBADF;
    if (file->node->file != &regular_operations || !(file->flags & LINUX_O_ACCMODE))
        return -EINVAL;
    return resize(thread, file->node, size);
}

int64_t linux_truncate(struct thread *thread, uint64_t path, uint64_t size)
{
    int64_t error;
    if ((int64_t)size < 0)
        return -EINVAL;
    struct entry *entry = files_find(thread, (uint64_t)LINUX_AT_FDCWD, path, 0, &error);
    if (!entry)
        return error;
    if (node_type(entry->node) == LINUX_S_IFDIR)
        error = -EISDIR;
    else if (entry->node->file != &regular_operations)
        error = -EINVAL;
    else
        error = node_permits(thread, entry->node, 2);
    if (!error)
        error = resize(thread, entry->node, size);
    entry_drop(entry);
    return error;
}

/* Makes every page of the range present, a part at a time. */
static int64_t allocate(struct thread *thread, struct node *node, uint64_t offset, uint64_t end)
{
    while (offset + thread->progress < end) {
        uint64_t bytes = end - offset - thread->progress;
        int64_t error;
        if (is_remote(node)) {
            error = remote_allocate(thread, node, offset + thread->progress, &bytes);
            if (error)
                return error;
            thread->progress += bytes;
            continue;
        }
        if (!contents_prepare(node, offset + thread->progress, &bytes, &error))
            return error;
        thread->progress += bytes;
        error = client_pause(thread, thread->progress, bytes);
        if (error && offset + thread->progress < end)
            return error;
    }
    return 0;
}

int64_t linux_fallocate(struct thread *thread, uint64_t descriptor, uint64_t mode, uint64_t offset,
                        uint64_t bytes)
{
    struct open_file *file = file_of(thread->process, descriptor);
    const uint64_t known = LINUX_FALLOC_KEEP_SIZE | LINUX_FALLOC_PUNCH_HOLE;
    uint64_t end;
    if (!file)
        return -EBADF;
    if ((int64_t)offset < 0 || (int64_t)bytes <= 0)
        return -EINVAL;
    if (mode & ~known || mode == LINUX_FALLOC_PUNCH_HOLE)
        return -EOPNOTSUPP;
    if (!(file->flags & LINUX_O_ACCMODE))
        return -EBADF;
    if (file->operations && file->operations->stream && node_type(file->node) == LINUX_S_IFIFO)
        return -ESPIPE;
    if (node_type(file->node) == LINUX_S_IFDIR)
        return -EISDIR;
    if (file->node->file != &regular_operations)
        return -ENODEV;
    if (__builtin_add_overflow(offset, bytes, &end) || end > FILE_SIZE_MAX)
        return -EFBIG;
    struct node *node = file->node;
    int64_t error;
    if (mode & LINUX_FALLOC_PUNCH_HOLE) {
        error = file_sealed(node, LINUX_F_SEAL_WRITE | LINUX_F_SEAL_FUTURE_WRITE);
        if (!error && is_remote(node))
            error = remote_zero(thread, node, offset, end);
        else if (!error)
            error = contents_punch(node, offset, bytes);
    } else {
        if (!(mode & LINUX_FALLOC_KEEP_SIZE) && end > node->size &&
            file_sealed(node, LINUX_F_SEAL_GROW))
            return -EPERM;
        if (!(mode & LINUX_FALLOC_KEEP_SIZE) && end > node->size &&
            end > thread->process->limits[LINUX_RLIMIT_FSIZE].current)
            return files_too_large(thread);
        if (is_remote(node) && end > node->size && mode & LINUX_FALLOC_KEEP_SIZE)
            return -EOPNOTSUPP; /* no blocks behind the end */
        error = allocate(thread, node, offset, end);
        if (!error && !(mode & LINUX_FALLOC_KEEP_SIZE) && end > node->size)
            node->size = end;
    }
    if (!error)
        node->modified = node->changed = node_time();
    return error;
}
