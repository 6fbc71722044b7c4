/*
 * find.c: from what a program says (a descriptor and a path in its memory) to an entry; and who may
 * do what with it.
 */
#include "lib/memory.h"
#include "proc.h"

static char path_buffer[LINUX_PATH_MAX]; /* of the call being served: there is one at a time */

const char *files_path(struct thread *thread, uint64_t address, size_t *length, int64_t *error)
{
    int64_t result = client_string(thread, address, path_buffer, sizeof path_buffer);
    *error = result;
    *length = (size_t)result;
    return result < 0 ? NULL : path_buffer;
}

struct entry *files_start(struct thread *thread, uint64_t descriptor, const char *path,
                          int64_t *error)
{
    struct entry *from = thread->process->place->directory;
    if (path[0] != '/' && (int32_t)descriptor != LINUX_AT_FDCWD) {
        struct open_file *file = file_of_any(thread->process, descriptor);
        *error = !file ? -EBADF : -ENOTDIR;
        if (!file || (path[0] && node_type(file->node) != LINUX_S_IFDIR))
            return NULL;
        from = file->entry;
    }
    entry_hold(from);
    return from;
}

struct entry *files_find(struct thread *thread, uint64_t descriptor, uint64_t address,
                         uint64_t flags, int64_t *error)
{
    size_t length;
    const char *path = files_path(thread, address, &length, error);
    if (!path)
        return NULL;
    if (length == 0 && !(flags & LINUX_AT_EMPTY_PATH)) {
        *error = -ENOENT;
        return NULL;
    }
    struct entry *from = files_start(thread, descriptor, path, error);
    if (!from || length == 0)
        return from;
    struct entry *found =
        path_walk(thread, from, path, length, !(flags & LINUX_AT_SYMLINK_NOFOLLOW), error);
    entry_drop(from);
    return found;
}

struct entry *files_parent(struct thread *thread, uint64_t descriptor, uint64_t address,
                           struct last_name *last, int64_t *error)
{
    size_t length;
    const char *path = files_path(thread, address, &length, error);
    if (!path)
        return NULL;
    if (length == 0) {
        *error = -ENOENT;
        return NULL;
    }
    struct entry *from = files_start(thread, descriptor, path, error);
    if (!from)
        return NULL;
    struct entry *directory = path_parent(thread, from, path, length, last, error);
    entry_drop(from);
    return directory;
}

/* ---- Who may what ---- */

uint32_t files_user(const struct thread *thread)
{
    return thread->process->family.credentials.user.file;
}

uint32_t files_group(const struct thread *thread)
{
    return thread->process->family.credentials.group.file;
}

bool files_privileged(const struct thread *thread)
{
    return files_user(thread) == 0;
}

static bool in_group(const struct thread *thread, uint32_t own, uint32_t group)
{
    const struct groups *groups = thread->process->family.credentials.groups;
    bool found = own == group;
    for (uint32_t i = 0; groups && i < groups->count && !found; i++)
        found = groups->ids[i] == group;
    return found;
}

int64_t node_permits_as(const struct thread *thread, uint32_t user, uint32_t group,
                        const struct node *node, unsigned want)
{
    uint32_t mode = node->mode;
    if (user == 0)
        return want & 1 && node_type(node) != LINUX_S_IFDIR && !(mode & 0111) ? -EACCES : 0;
    if (node->user == user)
        mode >>= 6;
    else if (in_group(thread, group, node->group))
        mode >>= 3;
    return want & ~mode & 7 ? -EACCES : 0;
}

bool files_in_group(const struct thread *thread, uint32_t group)
{
    return in_group(thread, files_group(thread), group);
}

int64_t node_permits(const struct thread *thread, const struct node *node, unsigned want)
{
    return node_permits_as(thread, files_user(thread), files_group(thread), node, want);
}

int64_t node_owned(const struct thread *thread, const struct node *node)
{
    return files_privileged(thread) || node->user == files_user(thread) ? 0 : -EPERM;
}

int64_t directory_changeable(const struct thread *thread, const struct entry *directory)
{
    if (directory->removed)
        return -ENOENT;
    int64_t error = node_permits(thread, directory->node, 3);
    if (error)
        return error;
    return directory->node->operations ? -EPERM : 0;
}

/* ---- Signals ---- */

void files_signal(struct thread *thread, unsigned number)
{
    struct signal_info info = signal_info_from(thread, (int32_t)number, 0);
    signal_send_thread(thread, &info);
}

int64_t files_too_large(struct thread *thread)
{
    files_signal(thread, LINUX_SIGXFSZ);
    return -EFBIG;
}
