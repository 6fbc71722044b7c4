/*
 * open.c: openat, in all its ways.
 */
#include "block_device.h"
#include "contents.h"
#include "lib/format.h"
#include "lib/memory.h"
#include "lib/wired.h"
#include "names.h"
#include "proc.h"
#include "remote.h"

#define LINKS_MOST 40
/* What an open file does not keep of its flags. */
#define ONCE (LINUX_O_CREAT | LINUX_O_EXCL | LINUX_O_NOCTTY | LINUX_O_TRUNC | LINUX_O_CLOEXEC)

static unsigned access_of(uint32_t flags)
{
    static const uint8_t wanted[] = {4, 2, 6, 6};
    return wanted[flags & LINUX_O_ACCMODE] | (flags & LINUX_O_TRUNC ? 2 : 0);
}

/* May this node be opened so? */
static int64_t check(const struct thread *thread, const struct node *node, uint32_t flags)
{
    uint32_t type = node_type(node);
    if (type == LINUX_S_IFLNK)
        return -ELOOP;
    if (type == LINUX_S_IFDIR && (access_of(flags) & 2 || flags & LINUX_O_CREAT))
        return -EISDIR;
    if (type != LINUX_S_IFDIR && flags & LINUX_O_DIRECTORY)
        return -ENOTDIR;
    int64_t error = node_permits(thread, node, access_of(flags));
    if (error)
        return error;
    if (type == LINUX_S_IFSOCK)
        return -ENXIO;
    if ((type == LINUX_S_IFCHR || type == LINUX_S_IFBLK) && !node->file)
        return -ENXIO;
    if (type == LINUX_S_IFBLK && flags & LINUX_O_EXCL && block_in_use(node->special))
        return -EBUSY;
    return flags & LINUX_O_NOATIME ? node_owned(thread, node) : 0;
}

static void drop_kept(struct thread *thread)
{
    file_drop(thread->wait.kept);
}

/* O_TRUNC takes a while; the call comes again when the file is empty. */
static int64_t open_remote(struct thread *thread, struct node *node, uint32_t flags)
{
    int64_t error = remote_begin(node);
    if (!error && flags & (LINUX_O_ACCMODE | LINUX_O_TRUNC) && remote_read_only())
        error = -EROFS;
    return error || !(flags & LINUX_O_TRUNC) || !node->size ? error
                                                            : remote_resize(thread, node, 0, false);
}

/* The open file of an entry that was checked. */
static struct open_file *open_checked(struct thread *thread, struct entry *entry, uint32_t flags,
                                      int64_t *error)
{
    struct node *node = entry->node;
    *error = -ENOMEM;
    struct open_file *file = file_new(entry, (flags & ~(uint32_t)ONCE) | LINUX_O_LARGEFILE);
    if (!file)
        return NULL;
    *error = 0;
    if (is_remote(node) && node->file == &regular_operations)
        *error = open_remote(thread, node, flags);
    else if (file->operations && file->operations->open)
        *error = file->operations->open(thread, file);
    if (!*error && flags & LINUX_O_TRUNC && node->file == &regular_operations && !is_remote(node)) {
        *error = contents_resize(node, 0);
        if (!*error)
            node->modified = node->changed = node_time();
    }
    if (!*error)
        return file;
    if (*error == ANSWER_NONE &&
        !thread->remote.operation) { /* a fifo waits for its other side: the call comes again */
        thread->wait.kept = file;
        thread->wait.let_go = drop_kept;
        return NULL;
    }
    if (!file->state)
        file->operations = NULL; /* it was not opened: nothing to release */
    file_drop(file);
    return NULL;
}

struct open_file *files_open(struct thread *thread, struct entry *entry, uint32_t flags,
                             int64_t *error)
{
    if (flags & LINUX_O_PATH) {
        struct open_file *file =
            file_new(entry, flags & (LINUX_O_PATH | LINUX_O_DIRECTORY | LINUX_O_NOFOLLOW));
        if (file)
            file->operations = NULL;
        *error = file ? 0 : -ENOMEM;
        return file;
    }
    *error = check(thread, entry->node, flags);
    return *error ? NULL : open_checked(thread, entry, flags, error);
}

/* ---- O_CREAT ---- */

/* The text of a link, in memory to be freed; NULL: *error. */
static char *link_copy(struct thread *thread, struct node *link, size_t *length, int64_t *error)
{
    char made[256];
    const char *text = (const char *)link->base;
    *length = link->size;
    if (link->operations) {
        int64_t result = link->operations->link_text
                             ? link->operations->link_text(thread, link, made, sizeof made)
                             : -ENOENT;
        *error = result;
        if (result < 0)
            return NULL;
        text = made;
        *length = (size_t)result;
    }
    *error = -ENOMEM;
    return wired_text(text, *length);
}

/* Finds what `path` names below `directory` (whose reference is taken over), or makes it. *made:
 * it was made. The entry with a reference; NULL: *error. */
static struct entry *find_or_make(struct thread *thread, struct entry *from, const char *path,
                                  size_t length, uint32_t flags, uint32_t mode, bool *made,
                                  int64_t *error)
{
    struct last_name last;
    char *text = NULL;
    struct entry *entry = NULL;
    for (unsigned links = 0; from; links++) {
        struct entry *directory = path_parent(thread, from, path, length, &last, error);
        entry_drop(from);
        from = NULL;
        if (!directory)
            break;
        bool dots =
            last.length == 0 || (last.text[0] == '.' &&
                                 (last.length == 1 || (last.length == 2 && last.text[1] == '.')));
        if (last.slash || dots) {
            *error = -EISDIR;
            entry_drop(directory);
            break;
        }
        entry = path_child(thread, directory, &last, error);
        if (!entry && *error == -ENOENT) {
            entry = files_make(thread, directory, &last, LINUX_S_IFREG | (mode & 07777), error);
            *made = entry != NULL;
            entry_drop(directory);
            break;
        }
        if (entry && flags & LINUX_O_EXCL) {
            entry_drop(entry);
            entry = NULL;
            *error = -EEXIST;
        }
        if (!entry || node_type(entry->node) != LINUX_S_IFLNK || flags & LINUX_O_NOFOLLOW) {
            entry_drop(directory);
            break;
        }
        if (entry->node->operations && entry->node->operations->link_target) {
            struct entry *target = NULL;
            *error = entry->node->operations->link_target(thread, entry->node, &target);
            entry_drop(entry);
            entry_drop(directory);
            entry = *error ? NULL : target;
            break;
        }
        char *next = links < LINKS_MOST ? link_copy(thread, entry->node, &length, error) : NULL;
        if (links >= LINKS_MOST)
            *error = -ELOOP;
        entry_drop(entry);
        entry = NULL;
        wired_free(text);
        path = text = next;
        from = directory;
        if (!next) {
            entry_drop(from);
            from = NULL;
        } else if (path[0] == '/') {
            entry_drop(from);
            from = thread->process->place->root;
            entry_hold(from);
        }
    }
    wired_free(text);
    return entry;
}

static struct open_file *open_creating(struct thread *thread, uint64_t descriptor, uint64_t address,
                                       uint32_t flags, uint32_t mode, int64_t *error)
{
    size_t length;
    bool made = false;
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
    struct entry *entry = find_or_make(thread, from, path, length, flags, mode, &made, error);
    if (!entry)
        return NULL;
    struct open_file *file =
        made ? open_checked(thread, entry, flags, error) : files_open(thread, entry, flags, error);
    entry_drop(entry);
    return file;
}

/* ---- O_TMPFILE ---- */

static struct open_file *open_unnamed(struct thread *thread, struct entry *directory,
                                      uint32_t flags, uint32_t mode, int64_t *error)
{
    char name[24];
    *error = -EINVAL;
    if (!(flags & LINUX_O_ACCMODE))
        return NULL;
    *error = node_type(directory->node) != LINUX_S_IFDIR ? -ENOTDIR
                                                         : node_permits(thread, directory->node, 3);
    if (!*error && (directory->node->operations || is_remote(directory->node)))
        *error = -EOPNOTSUPP;
    if (*error)
        return NULL;
    *error = -ENOMEM;
    struct node *node = node_new(directory->node->system,
                                 LINUX_S_IFREG | (mode & 07777 & ~thread->process->place->umask));
    if (!node)
        return NULL;
    node->file = &regular_operations;
    node->links = 0;
    node->user = files_user(thread);
    node->group = files_group(thread);
    size_t length = format_text(name, sizeof name, "#%lu", node->inode);
    struct entry *entry = entry_new(directory, name, length, node);
    node_drop(node);
    if (!entry)
        return NULL;
    entry->removed = true;
    entry->linkable = !(flags & LINUX_O_EXCL);
    struct open_file *file =
        open_checked(thread, entry, flags & ~(uint32_t)LINUX_O_DIRECTORY, error);
    entry_drop(entry);
    return file;
}

/* ---- The calls ---- */

static struct open_file *open_existing(struct thread *thread, uint64_t descriptor, uint64_t path,
                                       uint32_t flags, uint32_t mode, int64_t *error)
{
    bool unnamed = (flags & LINUX_O_TMPFILE) == LINUX_O_TMPFILE;
    struct entry *entry = files_find(
        thread, descriptor, path, flags & LINUX_O_NOFOLLOW ? LINUX_AT_SYMLINK_NOFOLLOW : 0, error);
    if (!entry)
        return NULL;
    struct open_file *file = NULL;
    if (unnamed)
        file = open_unnamed(thread, entry, flags, mode, error);
    else if (flags & LINUX_O_PATH && flags & LINUX_O_DIRECTORY &&
             node_type(entry->node) != LINUX_S_IFDIR)
        *error = -ENOTDIR;
    else
        file = files_open(thread, entry, flags, error);
    entry_drop(entry);
    return file;
}

int64_t linux_openat(struct thread *thread, uint64_t directory, uint64_t path, uint64_t flags64,
                     uint64_t mode)
{
    uint32_t flags = (uint32_t)flags64;
    int64_t error;
    bool unnamed = flags & 0x400000;
    if (thread->wait.kept) {
        struct open_file *file = thread->wait.kept;
        error = fifo_opened(thread, file);
        if (error)
            return error;
        thread->wait.let_go = NULL;
        thread->wait.kept = NULL;
        return descriptor_add(thread->process, file, flags & LINUX_O_CLOEXEC);
    }
    if (flags & LINUX_O_PATH)
        flags &= LINUX_O_PATH | LINUX_O_DIRECTORY | LINUX_O_NOFOLLOW | LINUX_O_CLOEXEC;
    else if (unnamed && (flags & LINUX_O_TMPFILE) != LINUX_O_TMPFILE)
        return -EINVAL;
    else if ((flags & (LINUX_O_CREAT | LINUX_O_DIRECTORY)) == (LINUX_O_CREAT | LINUX_O_DIRECTORY))
        return -EINVAL;
    struct open_file *file =
        flags & LINUX_O_CREAT && !unnamed
            ? open_creating(thread, directory, path, flags, (uint32_t)mode, &error)
            : open_existing(thread, directory, path, flags, (uint32_t)mode, &error);
    return file ? descriptor_add(thread->process, file, flags & LINUX_O_CLOEXEC) : error;
}
