/*
 * make.c: names come: mkdirat, mknodat, symlinkat, linkat, and what open creates.
 */
#include "block_device.h"
#include "lib/memory.h"
#include "lib/wired.h"
#include "names.h"
#include "proc.h"
#include "remote.h"

bool last_is_dots(const struct last_name *last)
{
    return last->length == 0 ||
           (last->text[0] == '.' &&
            (last->length == 1 || (last->length == 2 && last->text[1] == '.')));
}

void directory_changed(struct entry *directory)
{
    directory->node->modified = directory->node->changed = node_time();
}

/* Gives `node` a name in a directory where nothing has it. The entry with a reference, or NULL. */
static struct entry *add_name(struct entry *directory, const struct last_name *last,
                              struct node *node)
{
    struct entry *entry = name_add(directory, last->text, last->length, false, node);
    if (!entry)
        return NULL;
    if (node_type(node) == LINUX_S_IFDIR)
        directory->node->links++;
    directory_changed(directory);
    entry_hold(entry);
    return entry;
}

/* Whom a new node belongs to, and its mode. */
static struct remote_wish wish_for(const struct thread *thread, const struct node *directory,
                                   uint32_t mode)
{
    struct remote_wish wish = {
        .mode = mode, .user = files_user(thread), .group = files_group(thread)};
    if ((mode & LINUX_S_IFMT) != LINUX_S_IFLNK)
        wish.mode &= ~thread->process->place->umask;
    if (directory->mode & LINUX_S_ISGID) {
        wish.group = directory->group;
        wish.mode |= (mode & LINUX_S_IFMT) == LINUX_S_IFDIR ? LINUX_S_ISGID : 0;
    }
    return wish;
}

static struct entry *make_stored(struct entry *directory, const struct last_name *last,
                                 const struct remote_wish *wish)
{
    struct node *node = node_new(directory->node->system, wish->mode);
    if (!node)
        return NULL;
    node->user = wish->user;
    node->group = wish->group;
    if (node_type(node) == LINUX_S_IFREG) {
        node->file = &regular_operations;
    } else if (node_type(node) == LINUX_S_IFIFO) {
        node->file = &fifo_operations;
    } else if (node_type(node) == LINUX_S_IFCHR) {
        node->special = wish->device;
        node->file = device_operations(wish->device);
    } else if (node_type(node) == LINUX_S_IFBLK) {
        node->special = wish->device;
        node->file = block_operations_of(wish->device);
    } else if (node_type(node) == LINUX_S_IFLNK) {
        node->base = (const uint8_t *)wired_text(wish->target, wish->target_length);
        node->size = wish->target_length;
        node->target_owned = true;
    }
    struct entry *entry =
        node_type(node) == LINUX_S_IFLNK && !node->base ? NULL : add_name(directory, last, node);
    node_drop(node);
    return entry;
}

/* `device` and `target` are for those kinds. */
static struct entry *make_node(struct thread *thread, struct entry *directory,
                               const struct last_name *last, uint32_t mode, uint32_t device,
                               const char *target, size_t target_length, int64_t *error)
{
    *error = directory_changeable(thread, directory);
    if (directory->node->operations) /* Linux looks the name up first, and that is all */
        *error = -ENOENT;
    if (*error)
        return NULL;
    struct remote_wish wish = wish_for(thread, directory->node, mode);
    wish.device = device;
    wish.target = target;
    wish.target_length = target_length;
    if (is_remote(directory->node))
        return remote_make(thread, directory, last, &wish, error);
    struct entry *entry = make_stored(directory, last, &wish);
    *error = entry ? 0 : -ENOMEM;
    return entry;
}

struct entry *files_make(struct thread *thread, struct entry *directory,
                         const struct last_name *last, uint32_t mode, int64_t *error)
{
    return make_node(thread, directory, last, mode, 0, "", 0, error);
}

/* The directory in which a new name is to be made, the name checked. NULL: *error. */
static struct entry *place_for(struct thread *thread, uint64_t descriptor, uint64_t path,
                               bool directory_wanted, struct last_name *last, int64_t *error)
{
    struct entry *directory = files_parent(thread, descriptor, path, last, error);
    if (!directory)
        return NULL;
    struct entry *there = NULL;
    if (last_is_dots(last))
        *error = -EEXIST;
    else
        there = path_child(thread, directory, last, error);
    if (there)
        *error = -EEXIST;
    else if (*error == -ENOENT && (!last->slash || directory_wanted))
        *error = 0;
    entry_drop(there);
    if (!*error)
        return directory;
    entry_drop(directory);
    return NULL;
}

int64_t linux_mkdirat(struct thread *thread, uint64_t descriptor, uint64_t path, uint64_t mode)
{
    struct last_name last;
    int64_t error;
    struct entry *directory = place_for(thread, descriptor, path, true, &last, &error);
    if (!directory)
        return error;
    entry_drop(
        files_make(thread, directory, &last, LINUX_S_IFDIR | ((uint32_t)mode & 01777), &error));
    entry_drop(directory);
    return error;
}

int64_t linux_mknodat(struct thread *thread, uint64_t descriptor, uint64_t path, uint64_t mode64,
                      uint64_t device)
{
    uint32_t mode = (uint32_t)mode64 & 0xffff, type = mode & LINUX_S_IFMT;
    struct last_name last;
    int64_t error;
    if (type == 0)
        mode |= type = LINUX_S_IFREG;
    if (type == LINUX_S_IFDIR)
        return -EPERM;
    if (type != LINUX_S_IFREG && type != LINUX_S_IFIFO && type != LINUX_S_IFSOCK &&
        type != LINUX_S_IFCHR && type != LINUX_S_IFBLK)
        return -EINVAL;
    struct entry *directory = place_for(thread, descriptor, path, false, &last, &error);
    if (!directory)
        return error;
    if ((type == LINUX_S_IFCHR || type == LINUX_S_IFBLK) && !files_privileged(thread))
        error = -EPERM;
    if (!error)
        entry_drop(make_node(thread, directory, &last, mode & (LINUX_S_IFMT | 07777),
                             (uint32_t)device, "", 0, &error));
    entry_drop(directory);
    return error;
}

int64_t linux_symlinkat(struct thread *thread, uint64_t target, uint64_t descriptor, uint64_t path)
{
    struct last_name last;
    size_t length;
    int64_t error;
    const char *text = files_path(thread, target, &length, &error);
    if (!text)
        return error;
    if (length == 0)
        return -ENOENT;
    char *copy = wired_text(text, length);
    if (!copy)
        return -ENOMEM;
    struct entry *directory = place_for(thread, descriptor, path, false, &last, &error);
    if (directory)
        entry_drop(
            make_node(thread, directory, &last, LINUX_S_IFLNK | 0777, 0, copy, length, &error));
    entry_drop(directory);
    wired_free(copy);
    return error;
}

static int64_t link(struct thread *thread, struct entry *old, struct entry *directory,
                    const struct last_name *last)
{
    struct node *node = old->node;
    if (node->system != directory->node->system)
        return -EXDEV;
    int64_t error = directory_changeable(thread, directory);
    if (error)
        return error;
    if (node_type(node) == LINUX_S_IFDIR)
        return -EPERM;
    /* A file that was removed stays so; one that never had a name (O_TMPFILE) gets its first. */
    if (!node->links && !old->linkable)
        return -ENOENT;
    if (is_remote(node))
        return remote_link(thread, old, directory, last);
    struct entry *entry = add_name(directory, last, node);
    if (!entry)
        return -ENOMEM;
    node->links++;
    node->changed = node_time();
    entry_drop(entry);
    return 0;
}

int64_t linux_linkat(struct thread *thread, uint64_t old_descriptor, uint64_t old_path,
                     uint64_t descriptor, uint64_t path, uint64_t flags)
{
    struct last_name last;
    int64_t error;
    if (flags & ~(uint64_t)(LINUX_AT_SYMLINK_FOLLOW | LINUX_AT_EMPTY_PATH))
        return -EINVAL;
    uint64_t how = (flags & LINUX_AT_EMPTY_PATH) |
                   (flags & LINUX_AT_SYMLINK_FOLLOW ? 0 : LINUX_AT_SYMLINK_NOFOLLOW);
    struct entry *old = files_find(thread, old_descriptor, old_path, how, &error);
    if (!old)
        return error;
    struct entry *directory = place_for(thread, descriptor, path, false, &last, &error);
    if (directory)
        error = link(thread, old, directory, &last);
    entry_drop(directory);
    entry_drop(old);
    return error;
}
