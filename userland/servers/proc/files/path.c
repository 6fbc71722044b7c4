/*
 * path.c: the walk from name to name. An entry on the way is held, since what is made when it is
 * looked for (/proc) exists only as long as somebody does.
 */
#include "lib/memory.h"
#include "names.h"
#include "proc.h"
#include "remote.h"

#define LINKS_MAX      40  /* as Linux: then ELOOP */
#define LINK_TEXT_MOST 256 /* of links whose text is made: names in /proc */

struct walk {
    struct thread *thread;
    struct entry *root;
    unsigned links;
    int64_t error;
};

static struct entry *walk_over(struct walk *walk, struct entry *at, const char *path, size_t length,
                               bool follow);

static struct entry *fail(struct walk *walk, struct entry *at, int64_t error)
{
    entry_drop(at);
    walk->error = error;
    return NULL;
}

/* From a directory to the one it is in; not above the root. Takes over the reference. */
static struct entry *up(struct walk *walk, struct entry *at)
{
    struct entry *above = at;
    while (above != walk->root && above->parent && above->node->system->root == above)
        above = above->parent; /* the directory that the file system covers */
    if (above != walk->root && above->parent)
        above = above->parent;
    entry_hold(above);
    entry_drop(at);
    return above;
}

/* The entry of a name, with a reference; NULL: walk->error. */
static struct entry *look_up(struct walk *walk, struct entry *directory, const char *name,
                             size_t length)
{
    const struct node_operations *operations = directory->node->operations;
    struct entry *found = NULL;
    if (is_remote(directory->node))
        return remote_lookup(walk->thread, directory, name, length, &walk->error);
    if (!operations || !operations->lookup) {
        found = name_find(directory, name, length);
        if (!found) {
            walk->error = -ENOENT;
            return NULL;
        }
        while (found->mounted)
            found = found->mounted;
        entry_hold(found);
        return found;
    }
    found = name_find(directory, name, length); /* mounted over what is made when looked for */
    if (found && found->mounted) {
        while (found->mounted)
            found = found->mounted;
        entry_hold(found);
        return found;
    }
    struct node *node = NULL;
    walk->error = operations->lookup(walk->thread, directory->node, name, length, &node);
    if (walk->error)
        return NULL;
    found = entry_new(directory, name, length, node);
    node_drop(node);
    if (!found)
        walk->error = -ENOMEM;
    return found;
}

/* Where a link leads that lies in `directory`, whose reference is taken over. */
static struct entry *follow_link(struct walk *walk, struct entry *directory, struct entry *link)
{
    struct node *node = link->node;
    char made[LINK_TEXT_MOST];
    const char *text = (const char *)node->base;
    size_t length = node->size;
    if (++walk->links > LINKS_MAX)
        return fail(walk, directory, -ELOOP);
    if (node->operations && node->operations->link_target) {
        struct entry *target = NULL;
        walk->error = node->operations->link_target(walk->thread, node, &target);
        entry_drop(directory);
        return walk->error ? NULL : target;
    }
    if (node->operations) {
        int64_t made_length = node->operations->link_text(walk->thread, node, made, sizeof made);
        if (made_length < 0)
            return fail(walk, directory, made_length);
        text = made;
        length = (size_t)made_length;
    }
    if (length == 0)
        return fail(walk, directory, -ENOENT);
    return walk_over(walk, directory, text, length, true);
}

/* One name further. Takes over the reference. */
static struct entry *step(struct walk *walk, struct entry *at, const char *name, size_t length,
                          bool follow)
{
    if (node_type(at->node) != LINUX_S_IFDIR)
        return fail(walk, at, -ENOTDIR);
    int64_t error = node_permits(walk->thread, at->node, 1);
    if (error)
        return fail(walk, at, error);
    if (length == 1 && name[0] == '.')
        return at;
    if (length == 2 && name[0] == '.' && name[1] == '.')
        return up(walk, at);
    if (length > LINUX_NAME_MAX)
        return fail(walk, at, -ENAMETOOLONG);
    struct entry *found = look_up(walk, at, name, length);
    if (!found)
        return fail(walk, at, walk->error);
    if (follow && node_type(found->node) == LINUX_S_IFLNK) {
        struct entry *target = follow_link(walk, at, found);
        entry_drop(found);
        return target;
    }
    entry_drop(at);
    return found;
}

/* Takes over the reference to `at`. */
static struct entry *walk_over(struct walk *walk, struct entry *at, const char *path, size_t length,
                               bool follow)
{
    size_t start = 0;
    if (length && path[0] == '/') {
        entry_drop(at);
        at = walk->root;
        entry_hold(at);
    }
    while (at && start < length) {
        size_t end = start;
        while (end < length && path[end] != '/')
            end++;
        /* A link in the middle is always followed, at the end when asked or before a slash. */
        if (end > start)
            at = step(walk, at, path + start, end - start, end < length || follow);
        start = end + 1;
    }
    if (at && length && path[length - 1] == '/' && node_type(at->node) != LINUX_S_IFDIR)
        return fail(walk, at, -ENOTDIR);
    return at;
}

struct entry *path_walk(struct thread *thread, struct entry *from, const char *path, size_t length,
                        bool follow, int64_t *error)
{
    struct walk walk = {thread, thread->process->place->root, 0, 0};
    if (length == 0) {
        *error = -ENOENT;
        return NULL;
    }
    entry_hold(from);
    struct entry *found = walk_over(&walk, from, path, length, follow);
    *error = walk.error;
    return found;
}

struct entry *path_parent(struct thread *thread, struct entry *from, const char *path,
                          size_t length, struct last_name *last, int64_t *error)
{
    struct walk walk = {thread, thread->process->place->root, 0, 0};
    size_t end = length, start;
    while (end && path[end - 1] == '/')
        end--;
    for (start = end; start && path[start - 1] != '/';)
        start--;
    *last = (struct last_name){path + start, end - start, end < length};
    if (length == 0) {
        *error = -ENOENT;
        return NULL;
    }
    entry_hold(from);
    struct entry *directory = walk_over(&walk, from, path, end ? start : length, true);
    *error = walk.error;
    if (directory && node_type(directory->node) != LINUX_S_IFDIR) {
        entry_drop(directory);
        directory = NULL;
        *error = -ENOTDIR;
    }
    if (directory)
        *error = node_permits(thread, directory->node, 1);
    if (directory && last->length > LINUX_NAME_MAX)
        *error = -ENAMETOOLONG;
    if (directory && *error) {
        entry_drop(directory);
        directory = NULL;
    }
    return directory;
}

struct entry *path_child(struct thread *thread, struct entry *directory,
                         const struct last_name *last, int64_t *error)
{
    struct walk walk = {thread, thread->process->place->root, 0, 0};
    if (thread->remote.made && remote_made_it(thread, directory, last)) {
        *error = -ENOENT; /* until it comes to making it, which was done */
        return NULL;
    }
    struct entry *found = look_up(&walk, directory, last->text, last->length);
    *error = walk.error;
    return found;
}

/* ---- The name of an entry ---- */

/* Writes the name before `end`, upward to `root`. Where it begins, or NULL: no room. */
static char *put_names(const struct entry *entry, const struct entry *root, char *start, char *end,
                       bool *reached)
{
    const struct entry *at = entry;
    *reached = true;
    while (at != root) {
        if (at->node->system->root == at && at->parent) {
            at = at->parent;
            continue;
        }
        if (!at->parent) {
            *reached = false;
            break;
        }
        if ((size_t)(end - start) < at->name_length + 1u)
            return NULL;
        end -= at->name_length;
        memcpy(end, at->name, at->name_length);
        *--end = '/';
        at = at->parent;
    }
    return end;
}

int64_t path_text(const struct entry *entry, const struct entry *root, char *text, size_t size)
{
    static const char deleted[] = " (deleted)", unreachable[] = "(unreachable)";
    bool reached;
    char *end = text + size;
    if (!entry->parent && entry != root && entry->name_length) { /* pipe:[1]; memfd and the like */
        if (entry->name_length + 1u > size)
            return -ERANGE;
        memcpy(text, entry->name, entry->name_length);
        text[entry->name_length] = 0;
        return entry->name_length + 1;
    }
    if (size < sizeof deleted + 1)
        return size < 2 || entry != root ? -ERANGE : (memcpy(text, "/", 2), 2);
    if (entry->removed) {
        end -= sizeof deleted;
        memcpy(end, deleted, sizeof deleted);
    } else {
        *--end = 0;
    }
    char *names_end = end;
    char *begin = put_names(entry, root, text, end, &reached);
    if (begin && begin == names_end && begin > text)
        *--begin = '/';
    if (begin && !reached) {
        if ((size_t)(begin - text) < sizeof unreachable - 1)
            return -ERANGE;
        begin -= sizeof unreachable - 1;
        memcpy(begin, unreachable, sizeof unreachable - 1);
    }
    if (!begin)
        return -ERANGE;
    size_t length = (size_t)(text + size - begin);
    memmove(text, begin, length);
    return (int64_t)length;
}
