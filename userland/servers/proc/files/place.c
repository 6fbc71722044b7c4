/*
 * place.c: where a process stands: its root, its working directory, its umask.
 */
#include "lib/wired.h"
#include "proc.h"

struct file_system_state *place_new(void)
{
    struct file_system_state *place = wired_alloc(sizeof *place);
    if (!place)
        return NULL;
    *place = (struct file_system_state){1, 022, tree_root(), tree_root()};
    entry_hold(place->root);
    entry_hold(place->directory);
    return place;
}

struct file_system_state *place_fork(const struct file_system_state *place)
{
    struct file_system_state *copy = wired_alloc(sizeof *copy);
    if (!copy)
        return NULL;
    *copy = *place;
    copy->references = 1;
    entry_hold(copy->root);
    entry_hold(copy->directory);
    return copy;
}

void place_drop(struct file_system_state *place)
{
    if (!place || --place->references)
        return;
    entry_drop(place->root);
    entry_drop(place->directory);
    wired_free(place);
}

/* ---- The calls ---- */

static char text_buffer[LINUX_PATH_MAX]; /* of the call being served */

int64_t linux_getcwd(struct thread *thread, uint64_t buffer, uint64_t size)
{
    const struct file_system_state *place = thread->process->place;
    if (place->directory->removed)
        return -ENOENT;
    int64_t length = path_text(place->directory, place->root, text_buffer, sizeof text_buffer);
    if (length < 0)
        return -ENAMETOOLONG;
    if ((uint64_t)length > size)
        return -ERANGE;
    int64_t error = client_write(thread, buffer, text_buffer, (size_t)length);
    return error ? error : length;
}

static int64_t stand(struct thread *thread, struct entry *entry, struct entry **where)
{
    int64_t error =
        node_type(entry->node) != LINUX_S_IFDIR ? -ENOTDIR : node_permits(thread, entry->node, 1);
    if (error) {
        entry_drop(entry);
        return error;
    }
    entry_drop(*where);
    *where = entry;
    return 0;
}

int64_t linux_chdir(struct thread *thread, uint64_t path)
{
    int64_t error;
    struct entry *entry = files_find(thread, (uint64_t)LINUX_AT_FDCWD, path, 0, &error);
    return entry ? stand(thread, entry, &thread->process->place->directory) : error;
}

int64_t linux_fchdir(struct thread *thread, uint64_t descriptor)
{
    struct open_file *file = file_of_any(thread->process, descriptor);
    if (!file)
        return -EBADF;
    entry_hold(file->entry);
    return stand(thread, file->entry, &thread->process->place->directory);
}

int64_t linux_chroot(struct thread *thread, uint64_t path)
{
    int64_t error;
    struct entry *entry = files_find(thread, (uint64_t)LINUX_AT_FDCWD, path, 0, &error);
    if (entry && !files_privileged(thread)) {
        entry_drop(entry);
        return -EPERM;
    }
    return entry ? stand(thread, entry, &thread->process->place->root) : error;
}

int64_t linux_umask(struct thread *thread, uint64_t mask)
{
    uint32_t before = thread->process->place->umask;
    thread->process->place->umask = (uint32_t)mask & 0777;
    return before;
}
