/*
 * remote_names.c: what proc knows of a remote file system's names. They are in the table of all
 * names (names.c) like those of a tmpfs, but nobody needs them there: when there are many, those
 * that were not used for the longest time go, from the leaves on. Names that are not there are
 * remembered in a table of their own, where a new one takes an old one's place.
 */
#include "lib/memory.h"
#include "lib/protocol.h"
#include "lib/wired.h"
#include "names.h"
#include "remote_internal.h"

#define NAMES_MOST   4096 /* that nobody uses */
#define LOOKS_MOST   64   /* at names that may be in use, for one that is not */
#define MISSING_MOST 1024 /* a power of two */

/* ---- Names that are there ---- */

struct known {
    struct entry entry;
    struct known *newer, *older;
    char name[];
};

static struct known *newest, *oldest;
static size_t count;

static struct known *known_of(struct entry *entry)
{
    return (struct known *)entry;
}

static void put_first(struct known *known)
{
    known->newer = NULL;
    known->older = newest;
    if (newest)
        newest->newer = known;
    else
        oldest = known;
    newest = known;
    count++;
}

static void take_off(struct known *known)
{
    if (known->newer)
        known->newer->older = known->older;
    else
        newest = known->older;
    if (known->older)
        known->older->newer = known->newer;
    else
        oldest = known->newer;
    count--;
}

void remote_name_used(struct entry *entry)
{
    if (newest == known_of(entry))
        return;
    take_off(known_of(entry));
    put_first(known_of(entry));
}

void remote_name_remove(struct entry *entry)
{
    take_off(known_of(entry));
    name_remove(entry);
}

/* Drops the oldest, unless it is used: then it counts as new. */
static bool drop_oldest(void)
{
    struct known *known = oldest;
    bool idle = known->entry.references == 1 && !known->entry.mounted;
    if (idle)
        remote_name_remove(&known->entry);
    else
        remote_name_used(&known->entry);
    return idle;
}

/* Makes room, but never takes the newest. */
static void trim(void)
{
    for (unsigned looks = LOOKS_MOST; count > NAMES_MOST && looks; looks--)
        drop_oldest();
}

void remote_names_drop(void)
{
    for (bool some = true; some;) {
        some = false;
        for (size_t looks = count; looks; looks--)
            some |= drop_oldest();
    }
}

struct entry *remote_name_add(struct entry *directory, const char *name, size_t length,
                              struct node *node)
{
    struct known *known = wired_alloc(sizeof *known + length + 1);
    if (!known)
        return NULL;
    memcpy(known->name, name, length);
    known->entry.name = known->name;
    known->entry.name_length = (uint16_t)length;
    known->entry.references = 1;
    known->entry.parent = directory;
    known->entry.node = node;
    if (!name_enter(&known->entry)) {
        wired_free(known);
        return NULL;
    }
    entry_hold(directory);
    node_hold(node);
    put_first(known);
    trim();
    return &known->entry;
}

/* ---- Names that are not there ---- */

struct missing {
    uint64_t directory;
    size_t length;
    char *name;
};

static struct missing *missing;

static struct missing *place_of(const struct node *directory, const char *name, size_t length)
{
    uint64_t hash = 0xcbf29ce484222325 ^ directory->inode;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (uint8_t)name[i]) * 0x100000001b3;
    return &missing[(hash * 0x9e3779b97f4a7c15 >> 32) & (MISSING_MOST - 1)];
}

static bool is_missing(const struct node *directory, const char *name, size_t length)
{
    if (!missing)
        return false;
    const struct missing *place = place_of(directory, name, length);
    return place->name && place->directory == directory->inode && place->length == length &&
           memcmp(place->name, name, length) == 0;
}

void remote_missing_add(const struct node *directory, const char *name, size_t length)
{
    if (!missing)
        missing = wired_alloc_array(MISSING_MOST, sizeof *missing);
    char *copy = missing ? wired_text(name, length) : NULL;
    if (!copy)
        return;
    struct missing *place = place_of(directory, name, length);
    wired_free(place->name);
    *place = (struct missing){directory->inode, length, copy};
}

void remote_missing_remove(const struct node *directory, const char *name, size_t length)
{
    if (!is_missing(directory, name, length))
        return;
    struct missing *place = place_of(directory, name, length);
    wired_free(place->name);
    *place = (struct missing){0};
}

void remote_missing_clear(void)
{
    for (size_t i = 0; missing && i < MISSING_MOST; i++)
        wired_free(missing[i].name);
    wired_free(missing);
    missing = NULL;
}

/* ---- Looking up ---- */

static struct remote_operation *about(struct entry *directory, const char *name, size_t length)
{
    struct remote_operation *operation = remote_operation(REMOTE_VFS, VFS_LOOKUP, length);
    if (!operation)
        return NULL;
    memcpy(operation->data, name, length);
    operation->request.w[0] = directory->node->inode;
    operation->request.w[1] = length;
    operation->directory = directory;
    entry_hold(directory);
    remote_concerns(operation, directory->node);
    return operation;
}

static void looked_up(struct remote_operation *operation, int64_t error,
                      const struct ring_completion *completion, const void *data)
{
    struct entry *directory = operation->directory;
    struct vfs_attributes attributes;
    const char *name = operation->data;
    size_t length = operation->data_bytes;
    (void)completion;
    if (error == -ENOENT) {
        remote_missing_add(directory->node, name, length);
        return;
    }
    if (error) {
        remote_ends(operation, error);
        return;
    }
    memcpy(&attributes, data, sizeof attributes);
    struct node *node = remote_attributes_good(&attributes, sizeof attributes)
                            ? remote_node_of(directory->node->system, &attributes)
                            : NULL;
    if (!node) {
        remote_ends(operation, -EIO);
        return;
    }
    if (!name_find(directory, name, length) && !directory->removed &&
        !remote_name_add(directory, name, length, node))
        remote_ends(operation, -ENOMEM);
    node_drop(node);
}

static void link_read(struct remote_operation *operation, int64_t error,
                      const struct ring_completion *completion, const void *data)
{
    struct node *node = operation->entry->node;
    uint64_t length = error ? 0 : completion->w[0];
    if (!error && (!length || length >= PAGE_SIZE))
        error = -EIO;
    char *text = error || node->base ? NULL : wired_text(data, length);
    if (!error && !node->base && !text)
        error = -ENOMEM;
    if (error) {
        remote_ends(operation, error);
    } else if (text) {
        node->base = (const uint8_t *)text;
        node->size = length;
        node->target_owned = true;
    }
}

/* A symbolic link's text is asked for at once: whoever finds a link wants it. */
static int64_t read_link(struct thread *thread, struct entry *link)
{
    struct remote_operation *operation = remote_operation(REMOTE_VFS, VFS_READ_LINK, 0);
    if (operation) {
        operation->request.w[0] = link->node->inode;
        operation->entry = link;
        entry_hold(link);
        operation->done = link_read;
    }
    return remote_wait(thread, operation);
}

struct entry *remote_lookup(struct thread *thread, struct entry *directory, const char *name,
                            size_t length, int64_t *error)
{
    struct entry *found = name_find(directory, name, length);
    if (!found && (directory->removed || is_missing(directory->node, name, length))) {
        *error = -ENOENT;
        return NULL;
    }
    if (!found) {
        struct remote_operation *operation = about(directory, name, length);
        if (operation)
            operation->done = looked_up;
        *error = remote_wait(thread, operation);
        return NULL;
    }
    remote_name_used(found);
    if (node_type(found->node) == LINUX_S_IFLNK && !found->node->base) {
        *error = read_link(thread, found);
        return NULL;
    }
    while (found->mounted)
        found = found->mounted;
    entry_hold(found);
    return found;
}
