/*
 * remote_change.c: names of a remote file system come, go and move. What proc knows is changed when
 * vfs says that it is so, whether or not the call still waits for it.
 */
#include "lib/memory.h"
#include "lib/protocol.h"
#include "names.h"
#include "remote_internal.h"

/* Names came or went: its times, which vfs sets itself. */
static void changed(struct entry *directory)
{
    directory_changed(directory);
    remote_of(directory->node)->blocks_stale = true; /* and its size */
}

/* What is said to be in a directory is not there, or not that: it is looked up again. */
static void doubt(struct entry *entry)
{
    if (entry && entry->stored)
        remote_name_remove(entry);
}

static struct remote_operation *change(uint32_t message, struct entry *directory, const char *name,
                                       size_t length, size_t more)
{
    struct remote_operation *operation = remote_operation(REMOTE_VFS, message, length + more);
    if (!operation)
        return NULL;
    memcpy(operation->data, name, length);
    operation->request.w[0] = directory->node->inode;
    operation->request.w[1] = length;
    operation->directory = directory;
    operation->exclusive = true;
    entry_hold(directory);
    remote_concerns(operation, directory->node);
    return operation;
}

/* ---- Names come ---- */

/* The name is there, whatever was known of it. The entry without a reference, or NULL. */
static struct entry *appeared(struct entry *directory, const char *name, size_t length,
                              struct node *node)
{
    remote_missing_remove(directory->node, name, length);
    doubt(name_find(directory, name, length));
    struct entry *entry = remote_name_add(directory, name, length, node);
    changed(directory);
    return entry;
}

static void made(struct remote_operation *operation, int64_t error,
                 const struct ring_completion *completion, const void *data)
{
    struct entry *directory = operation->directory;
    struct vfs_attributes attributes;
    size_t length = operation->request.w[1];
    (void)completion;
    if (error == -EEXIST && operation->again && !name_find(directory, operation->data, length)) {
        /* Nobody else makes names: this request did, before its server died. What did it make? */
        struct remote_operation *look = change(VFS_LOOKUP, directory, operation->data, length, 0);
        if (look) {
            look->done = made;
            remote_instead(operation, look);
            return;
        }
    }
    if (error == -EEXIST) { /* somebody was first: the call looks again, and finds it */
        remote_missing_remove(directory->node, operation->data, length);
        return;
    }
    if (!error) {
        memcpy(&attributes, data, sizeof attributes);
        error = remote_attributes_good(&attributes, sizeof attributes) ? 0 : -EIO;
    }
    struct node *node = error ? NULL : remote_node_of(directory->node->system, &attributes);
    struct entry *entry = node ? appeared(directory, operation->data, length, node) : NULL;
    if (entry && node_type(node) == LINUX_S_IFDIR)
        directory->node->links++;
    if (!entry) {
        remote_ends(operation, error ? error : -ENOMEM);
    } else if (operation->thread) {
        entry_hold(entry);
        entry_drop(operation->thread->remote.made);
        operation->thread->remote.made = entry;
    }
    node_drop(node);
}

bool remote_made_it(const struct thread *thread, const struct entry *directory,
                    const struct last_name *last)
{
    const struct entry *made = thread->remote.made;
    return made && made->parent == directory && made->name_length == last->length &&
           memcmp(made->name, last->text, last->length) == 0;
}

struct entry *remote_make(struct thread *thread, struct entry *directory,
                          const struct last_name *last, const struct remote_wish *wish,
                          int64_t *error)
{
    if (remote_made_it(thread, directory, last)) {
        entry_hold(thread->remote.made);
        return thread->remote.made;
    }
    struct remote_operation *operation =
        change(VFS_CREATE, directory, last->text, last->length, wish->target_length);
    if (operation) {
        operation->request.w[2] = wish->mode;
        operation->request.w[3] = wish->user | (uint64_t)wish->group << 32;
        operation->request.w[4] = wish->device;
        operation->request.w[5] = wish->target_length;
        memcpy(operation->data + last->length, wish->target, wish->target_length);
        operation->done = made;
    }
    *error = remote_wait(thread, operation);
    return NULL;
}

static void linked(struct remote_operation *operation, int64_t error,
                   const struct ring_completion *completion, const void *data)
{
    struct node *node = operation->entry->node;
    (void)completion, (void)data;
    if (!error) {
        node->links++;
        node->changed = node_time();
        appeared(operation->directory, operation->data, operation->request.w[1], node);
    }
    remote_ends(operation, error);
}

int64_t remote_link(struct thread *thread, struct entry *old, struct entry *directory,
                    const struct last_name *last)
{
    struct remote_operation *operation = change(VFS_LINK, directory, last->text, last->length, 0);
    if (operation) {
        operation->request.w[2] = old->node->inode;
        operation->entry = old;
        entry_hold(old);
        operation->done = linked;
    }
    return remote_wait(thread, operation);
}

/* ---- Names go ---- */

/* A node has lost a name. */
static void lost(struct entry *directory, struct node *node, uint32_t left)
{
    if (node_type(node) == LINUX_S_IFDIR) {
        directory->node->links--;
        node->links = 0;
    } else {
        node->links = left;
    }
    node->changed = node_time();
}

static void removed(struct remote_operation *operation, int64_t error,
                    const struct ring_completion *completion, const void *data)
{
    struct entry *entry = operation->entry;
    (void)data;
    if (!error) {
        lost(operation->directory, entry->node, (uint32_t)completion->w[1]);
        changed(operation->directory);
        remote_missing_add(operation->directory->node, operation->data, operation->request.w[1]);
    }
    if (!error || error == -ENOENT)
        doubt(entry);
    remote_ends(operation, error);
}

int64_t remote_remove(struct thread *thread, struct entry *directory, struct entry *entry)
{
    struct remote_operation *operation =
        change(VFS_REMOVE, directory, entry->name, entry->name_length, 0);
    if (operation) {
        operation->request.w[2] = node_type(entry->node) == LINUX_S_IFDIR;
        operation->entry = entry;
        entry_hold(entry);
        if (operation->request.w[2])
            remote_concerns(operation, entry->node); /* nothing is made in it meanwhile */
        operation->done = removed;
    }
    return remote_wait(thread, operation);
}

/* ---- rename ---- */

static bool is_directory(const struct entry *entry)
{
    return node_type(entry->node) == LINUX_S_IFDIR;
}

static void exchanged(struct remote_operation *operation)
{
    struct entry *a = operation->entry, *b = operation->there;
    int change = (int)is_directory(b) - (int)is_directory(a);
    operation->directory->node->links += (uint32_t)change;
    operation->other->node->links -= (uint32_t)change;
    b->node->changed = node_time();
    if (name_exchange(a, b)) { /* no memory: they are looked up again */
        doubt(a);
        doubt(b);
    }
}

static void moved(struct remote_operation *operation, uint32_t left)
{
    struct entry *entry = operation->entry, *there = operation->there;
    const char *name = operation->data + operation->request.w[1];
    size_t length = operation->request.w[3];
    remote_missing_remove(operation->other->node, name, length);
    remote_missing_add(operation->directory->node, operation->data, operation->request.w[1]);
    if (there)
        lost(operation->other, there->node, left);
    doubt(there);
    doubt(name_find(operation->other, name, length));
    if (is_directory(entry)) {
        operation->directory->node->links--;
        operation->other->node->links++;
    }
    if (entry->stored && name_move(entry, operation->other, name, length))
        doubt(entry);
}

static void renamed(struct remote_operation *operation, int64_t error,
                    const struct ring_completion *completion, const void *data)
{
    (void)data;
    if (!error && operation->request.w[4] & LINUX_RENAME_EXCHANGE)
        exchanged(operation);
    else if (!error)
        moved(operation, (uint32_t)completion->w[1]);
    if (!error) {
        operation->entry->node->changed = node_time();
        changed(operation->directory);
        changed(operation->other);
    } else if (error == -ENOENT || error == -EEXIST) { /* not as it seemed */
        doubt(operation->entry);
        doubt(operation->there);
        remote_missing_remove(operation->other->node, operation->data + operation->request.w[1],
                              operation->request.w[3]);
    }
    remote_ends(operation, error);
}

int64_t remote_rename(struct thread *thread, struct entry *from, struct entry *entry,
                      struct entry *to, struct entry *there, const struct last_name *last,
                      uint64_t flags)
{
    struct remote_operation *operation =
        change(VFS_RENAME, from, entry->name, entry->name_length, last->length);
    if (operation) {
        memcpy(operation->data + entry->name_length, last->text, last->length);
        operation->request.w[2] = to->node->inode;
        operation->request.w[3] = last->length;
        operation->request.w[4] = flags;
        operation->other = to;
        entry_hold(to);
        operation->entry = entry;
        entry_hold(entry);
        operation->there = there;
        if (there)
            entry_hold(there);
        remote_concerns(operation, to->node);
        if (there && is_directory(there))
            remote_concerns(operation, there->node);
        operation->done = renamed;
    }
    return remote_wait(thread, operation);
}

/* ---- Attributes ---- */

static void was_set(struct remote_operation *operation, int64_t error,
                    const struct ring_completion *completion, const void *data)
{
    struct node *node = &operation->about[0]->node;
    const struct vfs_attributes *wish = (const struct vfs_attributes *)operation->data;
    uint64_t set = operation->request.w[1];
    (void)completion, (void)data;
    if (!error) {
        if (set & VFS_SET_MODE)
            node->mode = wish->mode;
        if (set & VFS_SET_OWNER) {
            node->user = wish->uid;
            node->group = wish->gid;
        }
        if (set & VFS_SET_ACCESSED)
            node->accessed = remote_nanoseconds(&wish->accessed);
        if (set & VFS_SET_MODIFIED)
            node->modified = remote_nanoseconds(&wish->modified);
        node->changed = remote_nanoseconds(&wish->changed);
    }
    remote_ends(operation, error);
}

int64_t remote_set(struct thread *thread, struct node *node, const struct remote_change *change)
{
    struct remote_operation *operation =
        remote_operation(REMOTE_VFS, VFS_SET_ATTRIBUTES, sizeof(struct vfs_attributes));
    if (operation) {
        struct vfs_attributes *wish = (struct vfs_attributes *)operation->data;
        wish->mode = change->mode;
        wish->uid = change->user;
        wish->gid = change->group;
        wish->accessed = remote_time(change->accessed);
        wish->modified = remote_time(change->modified);
        wish->changed = remote_time(node_time());
        operation->request.w[0] = node->inode;
        operation->request.w[1] = change->set | VFS_SET_CHANGED;
        operation->exclusive = true; /* two of the same file: in order */
        remote_concerns(operation, node);
        operation->done = was_set;
    }
    return remote_wait(thread, operation);
}

static void refreshed(struct remote_operation *operation, int64_t error,
                      const struct ring_completion *completion, const void *data)
{
    struct node *node = &operation->about[0]->node;
    struct vfs_attributes attributes;
    (void)completion;
    if (!error) {
        memcpy(&attributes, data, sizeof attributes);
        error = remote_attributes_good(&attributes, sizeof attributes) ? 0 : -EIO;
    }
    if (error) {
        remote_ends(operation, error);
        return;
    }
    remote_of(node)->blocks = attributes.blocks;
    remote_of(node)->blocks_stale = false;
    if (node_type(node) != LINUX_S_IFREG)
        node->size = node_type(node) == LINUX_S_IFDIR ? attributes.size : node->size;
}

int64_t remote_refresh(struct thread *thread, struct node *node)
{
    if (!remote_of(node)->blocks_stale)
        return 0;
    struct remote_operation *operation = remote_operation(REMOTE_VFS, VFS_ATTRIBUTES, 0);
    if (operation) {
        operation->request.w[0] = node->inode;
        remote_concerns(operation, node);
        operation->done = refreshed;
    }
    return remote_wait(thread, operation);
}

uint64_t remote_blocks(const struct node *node)
{
    return ((const struct remote_node *)node)->blocks;
}
