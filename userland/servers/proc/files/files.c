/*
 * files.c: the calls that name files. The tree is read-only: opening for writing is EROFS, except
 * for devices.
 */
#include "lib/memory.h"
#include "proc.h"

static char path_buffer[LINUX_PATH_MAX]; /* of the call being served: there is one at a time */

/* Where a relative path begins. */
static struct node *start_directory(struct process *process, uint64_t descriptor, int64_t *error)
{
    if ((int32_t)descriptor == LINUX_AT_FDCWD)
        return process->directory;
    struct open_file *file = file_of(process, descriptor);
    *error = -EBADF;
    return file ? file->node : NULL;
}

/* Reads a path from the program and follows it. NULL: *error is what the call answers. */
static struct node *find(struct thread *thread, uint64_t descriptor, uint64_t address,
                         uint64_t flags, int64_t *error)
{
    int64_t length = client_string(thread, address, path_buffer, sizeof path_buffer);
    *error = length;
    if (length < 0)
        return NULL;
    struct node *from =
        path_buffer[0] == '/' ? tree_root() : start_directory(thread->process, descriptor, error);
    if (!from)
        return NULL;
    if (length == 0 && flags & LINUX_AT_EMPTY_PATH)
        return from;
    return tree_find(thread->process, from, path_buffer, !(flags & LINUX_AT_SYMLINK_NOFOLLOW),
                     error);
}

static bool is_directory(const struct node *node)
{
    return (node->mode & LINUX_S_IFMT) == LINUX_S_IFDIR;
}

int64_t linux_openat(struct thread *thread, uint64_t directory, uint64_t path, uint64_t flags)
{
    int64_t error;
    struct node *node = find(thread, directory, path,
                             flags & LINUX_O_NOFOLLOW ? LINUX_AT_SYMLINK_NOFOLLOW : 0, &error);
    bool writing = flags & LINUX_O_ACCMODE;
    if (!node)
        return error == -ENOENT && flags & LINUX_O_CREAT ? -EROFS : error;
    if ((flags & (LINUX_O_CREAT | LINUX_O_EXCL)) == (LINUX_O_CREAT | LINUX_O_EXCL))
        return -EEXIST;
    if ((node->mode & LINUX_S_IFMT) == LINUX_S_IFLNK)
        return -ELOOP;
    if (is_directory(node) && writing)
        return -EISDIR;
    if (!is_directory(node) && flags & LINUX_O_DIRECTORY)
        return -ENOTDIR;
    if ((node->mode & LINUX_S_IFMT) == LINUX_S_IFREG && (writing || flags & LINUX_O_TRUNC))
        return -EROFS;
    return descriptor_open(thread->process, node, (uint32_t)flags);
}

int64_t linux_faccessat(struct thread *thread, uint64_t directory, uint64_t path, uint64_t mode)
{
    int64_t error;
    struct node *node = find(thread, directory, path, 0, &error);
    if (mode & ~7UL)
        return -EINVAL;
    if (!node)
        return error;
    if (mode & 2 && (node->mode & LINUX_S_IFMT) != LINUX_S_IFCHR)
        return -EROFS;
    return mode & 1 && !(node->mode & 0111) ? -EACCES : 0;
}

int64_t linux_readlinkat(struct thread *thread, uint64_t directory, uint64_t path, uint64_t buffer,
                         uint64_t size)
{
    int64_t error;
    struct node *node = find(thread, directory, path, LINUX_AT_SYMLINK_NOFOLLOW, &error);
    size_t length;
    if ((int32_t)size <= 0)
        return -EINVAL;
    if (!node)
        return error;
    if ((node->mode & LINUX_S_IFMT) != LINUX_S_IFLNK)
        return -EINVAL;
    const char *target = tree_link(thread->process, node, &length);
    if (length > size)
        length = size;
    error = client_write(thread, buffer, target, length);
    return error ? error : (int64_t)length;
}

int64_t linux_getcwd(struct thread *thread, uint64_t buffer, uint64_t size)
{
    int64_t length = tree_path(thread->process->directory, path_buffer,
                               size < sizeof path_buffer ? size : sizeof path_buffer);
    int64_t error = length < 0 ? length : client_write(thread, buffer, path_buffer, (size_t)length);
    return error ? error : length;
}

int64_t linux_chdir(struct thread *thread, uint64_t path)
{
    int64_t error;
    struct node *node = find(thread, (uint64_t)LINUX_AT_FDCWD, path, 0, &error);
    if (!node)
        return error;
    if (!is_directory(node))
        return -ENOTDIR;
    thread->process->directory = node;
    return 0;
}

/* ---- stat ---- */

static int64_t write_stat(struct thread *thread, const struct node *node, uint64_t address)
{
    struct linux_stat status = {
        .device = 1,
        .inode = node->inode,
        .mode = node->mode,
        .links = is_directory(node) ? 2 : 1,
        .special_device = node->device,
        .size = (int64_t)node->size,
        .block_size = PAGE_SIZE,
        .blocks = (int64_t)((node->size + 511) / 512),
        .accessed = {node->time, 0},
        .modified = {node->time, 0},
        .changed = {node->time, 0},
    };
    return client_write(thread, address, &status, sizeof status);
}

int64_t linux_newfstatat(struct thread *thread, uint64_t directory, uint64_t path, uint64_t buffer,
                         uint64_t flags)
{
    int64_t error;
    if (flags & ~(uint64_t)(LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH | 0x800))
        return -EINVAL;
    struct node *node = find(thread, directory, path, flags, &error);
    return node ? write_stat(thread, node, buffer) : error;
}

int64_t linux_fstat(struct thread *thread, uint64_t descriptor, uint64_t buffer)
{
    struct open_file *file = file_of(thread->process, descriptor);
    return file ? write_stat(thread, file->node, buffer) : -EBADF;
}

/* ---- Directories ---- */

/* The entry at a position: 0 is ".", 1 is "..", then the children in order. */
static const struct node *entry_at(const struct node *directory, uint64_t position,
                                   const char **name, size_t *length)
{
    *name = "..";
    *length = position + 1;
    if (position < 2)
        return position == 0 ? directory : directory->parent;
    const struct node *node = directory->children;
    for (position -= 2; node && position; position--)
        node = node->next;
    if (node) {
        *name = node->name;
        *length = node->name_length;
    }
    return node;
}

int64_t linux_getdents64(struct thread *thread, uint64_t descriptor, uint64_t buffer, uint64_t size)
{
    struct open_file *file = file_of(thread->process, descriptor);
    union {
        struct linux_directory_entry header;
        char bytes[sizeof(struct linux_directory_entry) + 256 + 8];
    } entry;
    uint64_t position, done = 0;
    if (!file)
        return -EBADF;
    if (!is_directory(file->node))
        return -ENOTDIR;
    for (position = file->offset;; position++) {
        const char *name;
        size_t length;
        const struct node *node = entry_at(file->node, position, &name, &length);
        if (!node)
            break;
        size_t bytes = (sizeof entry.header + length + 1 + 7) & ~7UL;
        if (done + bytes > size) {
            if (done == 0)
                return -EINVAL;
            break;
        }
        memset(&entry, 0, sizeof entry);
        entry.header = (struct linux_directory_entry){node->inode, (int64_t)position + 1,
                                                      (uint16_t)bytes, (uint8_t)(node->mode >> 12)};
        memcpy(entry.bytes + sizeof entry.header, name, length);
        int64_t error = client_write(thread, buffer + done, &entry, bytes);
        if (error)
            return error; /* nothing has moved on: the whole call comes again */
        done += bytes;
    }
    file->offset = position;
    return (int64_t)done;
}
