/*
 * remove.c: names go: unlinkat, and renameat2 in all its cases.
 */
#include "lib/memory.h"
#include "names.h"
#include "proc.h"
#include "remote.h"

/* The sticky bit: may this thread take that name away? */
static int64_t removable(const struct thread *thread, const struct entry *directory,
                         const struct entry *entry)
{
    int64_t error = directory_changeable(thread, directory);
    if (error)
        return error;
    if (directory->node->mode & LINUX_S_ISVTX && node_owned(thread, entry->node) &&
        node_owned(thread, directory->node))
        return -EPERM;
    return entry->node->system != directory->node->system || entry->mounted ? -EBUSY : 0;
}

/* Takes a name away and counts. */
static void unlink_entry(struct entry *directory, struct entry *entry)
{
    struct node *node = entry->node;
    node_hold(node);
    if (node_type(node) == LINUX_S_IFDIR) {
        directory->node->links--;
        node->links = 0;
    } else {
        node->links--;
    }
    node->changed = node_time();
    directory_changed(directory);
    name_remove(entry);
    node_drop(node);
}

static int64_t remove_directory(struct thread *thread, struct entry *directory, struct entry *entry)
{
    if (node_type(entry->node) != LINUX_S_IFDIR)
        return -ENOTDIR;
    if (entry->node->operations)
        return -EPERM;
    if (entry->node->first)
        return -ENOTEMPTY;
    if (is_remote(directory->node))
        return remote_remove(thread, directory, entry);
    unlink_entry(directory, entry);
    return 0;
}

static int64_t remove_file(struct thread *thread, struct entry *directory, struct entry *entry,
                           bool slash)
{
    if (node_type(entry->node) == LINUX_S_IFDIR)
        return -EISDIR;
    if (slash)
        return -ENOTDIR;
    if (is_remote(directory->node))
        return remote_remove(thread, directory, entry);
    unlink_entry(directory, entry);
    return 0;
}

int64_t linux_unlinkat(struct thread *thread, uint64_t descriptor, uint64_t path, uint64_t flags)
{
    bool directory_meant = flags & LINUX_AT_REMOVEDIR;
    struct last_name last;
    struct entry *entry = NULL;
    int64_t error;
    if (flags & ~(uint64_t)LINUX_AT_REMOVEDIR)
        return -EINVAL;
    struct entry *directory = files_parent(thread, descriptor, path, &last, &error);
    if (!directory)
        return error;
    if (!last_is_dots(&last))
        entry = path_child(thread, directory, &last, &error);
    else if (!directory_meant)
        error = -EISDIR;
    else if (last.length == 0)
        error = -EBUSY;
    else
        error = last.length == 1 ? -EINVAL : -ENOTEMPTY;
    if (entry)
        error = removable(thread, directory, entry);
    if (entry && !error)
        error = directory_meant ? remove_directory(thread, directory, entry)
                                : remove_file(thread, directory, entry, last.slash);
    entry_drop(entry);
    entry_drop(directory);
    return error;
}

/* ---- rename ---- */

struct renaming {
    struct entry *from, *to;     /* directories */
    struct entry *entry, *there; /* what is renamed; what has the name, or NULL */
    struct last_name old, new;
    uint64_t flags;
};

static bool is_below(const struct entry *entry, const struct entry *above)
{
    while (entry && entry != above)
        entry = entry->parent;
    return entry != NULL;
}

static bool is_directory(const struct entry *entry)
{
    return node_type(entry->node) == LINUX_S_IFDIR;
}

/* All that may speak against it. 0, a negated errno, or 1: there is nothing to do. */
static int64_t check(struct thread *thread, const struct renaming *r)
{
    bool exchange = r->flags & LINUX_RENAME_EXCHANGE;
    if (r->there && r->flags & LINUX_RENAME_NOREPLACE)
        return -EEXIST;
    if (exchange && !r->there)
        return -ENOENT;
    if (!is_directory(r->entry) && (r->old.slash || (!exchange && r->new.slash)))
        return -ENOTDIR;
    if (exchange && r->new.slash && !is_directory(r->there))
        return -ENOTDIR;
    if (is_below(r->to, r->entry))
        return -EINVAL; /* into itself */
    if (r->there && is_below(r->from, r->there))
        return exchange ? -EINVAL : -ENOTEMPTY;
    int64_t error = removable(thread, r->from, r->entry);
    if (!error)
        error = r->there ? removable(thread, r->to, r->there) : directory_changeable(thread, r->to);
    if (error || !r->there)
        return error;
    if (r->entry->node == r->there->node)
        return 1; /* two names of one file: POSIX wants both to stay */
    if (exchange)
        return 0;
    if (is_directory(r->entry) != is_directory(r->there))
        return is_directory(r->entry) ? -ENOTDIR : -EISDIR;
    return is_directory(r->there) && r->there->node->first ? -ENOTEMPTY : 0;
}

static int64_t exchange(struct renaming *r)
{
    int64_t error = name_exchange(r->entry, r->there);
    int change = (int)is_directory(r->there) - (int)is_directory(r->entry);
    if (error)
        return error;
    r->from->node->links += (uint32_t)change;
    r->to->node->links -= (uint32_t)change;
    r->there->node->changed = node_time();
    return 0;
}

static int64_t move(struct renaming *r)
{
    if (r->there)
        unlink_entry(r->to, r->there);
    int64_t error = name_move(r->entry, r->to, r->new.text, r->new.length);
    if (!error && is_directory(r->entry)) {
        r->from->node->links--;
        r->to->node->links++;
    }
    return error;
}

static int64_t rename_entries(struct thread *thread, struct renaming *r)
{
    int64_t error = check(thread, r);
    if (error)
        return error > 0 ? 0 : error;
    if (is_remote(r->from->node))
        return remote_rename(thread, r->from, r->entry, r->to, r->there, &r->new, r->flags);
    error = r->flags & LINUX_RENAME_EXCHANGE ? exchange(r) : move(r);
    if (error)
        return error;
    r->entry->node->changed = node_time();
    directory_changed(r->from);
    directory_changed(r->to);
    return 0;
}

/* Finds both entries of both directories, then renames. */
static int64_t rename_in(struct thread *thread, struct renaming *r)
{
    int64_t error = 0;
    if (r->from->node->system != r->to->node->system)
        return -EXDEV;
    if (last_is_dots(&r->old))
        return -EBUSY;
    if (last_is_dots(&r->new))
        return r->flags & LINUX_RENAME_NOREPLACE ? -EEXIST : -EBUSY;
    r->entry = path_child(thread, r->from, &r->old, &error);
    if (!r->entry)
        return error;
    r->there = path_child(thread, r->to, &r->new, &error);
    if (r->there || error == -ENOENT)
        error = rename_entries(thread, r);
    entry_drop(r->there);
    entry_drop(r->entry);
    return error;
}

int64_t linux_renameat2(struct thread *thread, uint64_t old_descriptor, uint64_t old_path,
                        uint64_t descriptor, uint64_t path, uint64_t flags)
{
    struct renaming renaming = {.flags = flags};
    static char old_name[LINUX_NAME_MAX + 1]; /* the second path takes the first one's buffer */
    int64_t error;
    if (flags & ~7UL ||
        (flags & LINUX_RENAME_EXCHANGE && flags & (LINUX_RENAME_NOREPLACE | LINUX_RENAME_WHITEOUT)))
        return -EINVAL;
    if (flags & LINUX_RENAME_WHITEOUT)
        return -EINVAL;
    renaming.from = files_parent(thread, old_descriptor, old_path, &renaming.old, &error);
    if (!renaming.from)
        return error;
    memcpy(old_name, renaming.old.text, renaming.old.length);
    renaming.old.text = old_name;
    renaming.to = files_parent(thread, descriptor, path, &renaming.new, &error);
    if (renaming.to)
        error = rename_in(thread, &renaming);
    entry_drop(renaming.to);
    entry_drop(renaming.from);
    return error;
}

int64_t linux_renameat(struct thread *thread, uint64_t old_descriptor, uint64_t old_path,
                       uint64_t descriptor, uint64_t path)
{
    return linux_renameat2(thread, old_descriptor, old_path, descriptor, path, 0);
}
