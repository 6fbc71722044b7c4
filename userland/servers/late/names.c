/*
 * names.c: vfs.def out of memory.
 */
#include "late.h"
#include "lib/errors.h"
#include "lib/memory.h"
#include "lib/protocol.h"
#include "lib/wired.h"

#define BUCKETS     4096
#define TYPE        0170000
#define DIRECTORY   0040000
#define NAME_MOST   255
#define INODES_MOST 100000
#define EXCHANGE    2
#define NOREPLACE   1

struct inode {
    struct inode *hash_next;
    struct vfs_attributes about;
    uint64_t holds, above; /* above: of a directory */
    char *target;
    struct name *names, **last_name; /* of a directory, in the order they came */
};

struct name {
    struct name *hash_next, *next, **link;
    struct inode *directory, *inode;
    uint64_t position;
    uint8_t length;
    char text[];
};

static struct inode *inodes[BUCKETS];
static struct name *names[BUCKETS];
static uint64_t last_inode, last_position = 2, inode_count;
static bool mounted;

/* ---- Inodes ---- */

static struct inode *inode_of(uint64_t number)
{
    struct inode *inode = inodes[number % BUCKETS];
    while (inode && inode->about.inode != number)
        inode = inode->hash_next;
    return inode;
}

static bool is_directory(const struct inode *inode)
{
    return (inode->about.mode & TYPE) == DIRECTORY;
}

static struct inode *inode_new(uint32_t mode)
{
    struct inode *inode = inode_count < INODES_MOST ? wired_alloc(sizeof *inode) : NULL;
    if (!inode)
        return NULL;
    uint64_t number = last_inode ? ++last_inode : (last_inode = 2);
    inode->about.inode = number;
    inode->about.generation = number * 7;
    inode->about.mode = mode;
    inode->about.links = (mode & TYPE) == DIRECTORY ? 2 : 1;
    inode->about.size = (mode & TYPE) == DIRECTORY ? PAGE_SIZE : 0;
    inode->last_name = &inode->names;
    inode->hash_next = inodes[number % BUCKETS];
    inodes[number % BUCKETS] = inode;
    inode_count++;
    return inode;
}

static void inode_unneeded(struct inode *inode)
{
    if (inode->holds || inode->about.links)
        return;
    struct inode **link = &inodes[inode->about.inode % BUCKETS];
    while (*link != inode)
        link = &(*link)->hash_next;
    *link = inode->hash_next;
    wired_free(inode->target);
    wired_free(inode);
    inode_count--;
}

/* ---- Names ---- */

static struct name **bucket(const struct inode *directory, const char *text, uint64_t length)
{
    uint64_t hash = directory->about.inode;
    for (uint64_t i = 0; i < length; i++)
        hash = hash * 31 + (uint8_t)text[i];
    return &names[hash % BUCKETS];
}

static struct name *name_of(const struct inode *directory, const char *text, uint64_t length)
{
    struct name *name = *bucket(directory, text, length);
    while (name && (name->directory != directory || name->length != length ||
                    memcmp(name->text, text, length)))
        name = name->hash_next;
    return name;
}

static int64_t name_new(struct inode *directory, const char *text, uint64_t length,
                        struct inode *inode)
{
    struct name *name = wired_alloc(sizeof *name + length);
    if (!name)
        return -ENOSPC;
    struct name **at = bucket(directory, text, length);
    *name = (struct name){
        *at, NULL, directory->last_name, directory, inode, ++last_position, (uint8_t)length};
    memcpy(name->text, text, length);
    *at = name;
    *directory->last_name = name;
    directory->last_name = &name->next;
    if (is_directory(inode)) {
        directory->about.links++;
        inode->above = directory->about.inode;
    }
    return 0;
}

static void name_free(struct name *name)
{
    struct inode *directory = name->directory;
    struct name **at = bucket(directory, name->text, name->length);
    while (*at != name)
        at = &(*at)->hash_next;
    *at = name->hash_next;
    *name->link = name->next;
    if (name->next)
        name->next->link = name->link;
    else
        directory->last_name = name->link;
    if (is_directory(name->inode))
        directory->about.links--;
    wired_free(name);
}

/* The directory and the name of a request that is to change it. */
static struct inode *directory_of(uint64_t number, uint64_t length, int64_t *error)
{
    struct inode *directory = inode_of(number);
    *error = !directory                      ? -ENOENT
             : !is_directory(directory)      ? -ENOTDIR
             : !directory->about.links       ? -ENOENT
             : !length || length > NAME_MOST ? -ENAMETOOLONG
                                             : 0;
    return directory;
}

/* ---- Requests ---- */

static int64_t tell(const struct inode *inode, uint8_t *data)
{
    memcpy(data, &inode->about, sizeof inode->about);
    return 0;
}

static int64_t lookup(const uint64_t *w, uint8_t *data)
{
    int64_t error;
    struct inode *directory = directory_of(w[0], w[1], &error);
    struct name *name = error ? NULL : name_of(directory, (const char *)data, w[1]);
    if (error || !name)
        return error ? error : -ENOENT;
    name->inode->holds++;
    return tell(name->inode, data);
}

static int64_t make(const uint64_t *w, uint8_t *data)
{
    int64_t error;
    struct inode *directory = directory_of(w[0], w[1], &error);
    if (error)
        return error;
    if (name_of(directory, (const char *)data, w[1]))
        return -EEXIST;
    struct inode *inode = inode_new((uint32_t)w[2]);
    if (!inode)
        return -ENOSPC;
    inode->about.uid = (uint32_t)w[3];
    inode->about.gid = (uint32_t)(w[3] >> 32);
    inode->about.device = (uint32_t)w[4];
    if ((w[2] & TYPE) == 0120000) {
        inode->target = wired_text((const char *)data + w[1], w[5]);
        inode->about.size = w[5];
    }
    error = name_new(directory, (const char *)data, w[1], inode);
    if (error) {
        inode->about.links = 0;
        inode_unneeded(inode);
        return error;
    }
    inode->holds = 1;
    return tell(inode, data);
}

static int64_t link(const uint64_t *w, uint8_t *data)
{
    int64_t error;
    struct inode *directory = directory_of(w[0], w[1], &error), *inode = inode_of(w[2]);
    if (error || !inode)
        return error ? error : -ENOENT;
    if (name_of(directory, (const char *)data, w[1]))
        return -EEXIST;
    error = name_new(directory, (const char *)data, w[1], inode);
    if (error)
        return error;
    inode->about.links++;
    return tell(inode, data);
}

/* A name goes: its inode's links left. */
static uint32_t unlink(struct name *name)
{
    struct inode *inode = name->inode;
    inode->about.links -= is_directory(inode) ? inode->about.links : 1;
    uint32_t left = inode->about.links;
    name_free(name);
    return left;
}

static int64_t remove(const uint64_t *w, const uint8_t *data, uint64_t *answer)
{
    int64_t error;
    struct inode *directory = directory_of(w[0], w[1], &error);
    struct name *name = error ? NULL : name_of(directory, (const char *)data, w[1]);
    if (error || !name)
        return error ? error : -ENOENT;
    struct inode *inode = name->inode;
    if (is_directory(inode) != (w[2] == 1))
        return w[2] ? -ENOTDIR : -EISDIR;
    if (inode->names)
        return -ENOTEMPTY;
    answer[0] = inode->about.inode;
    answer[1] = unlink(name);
    inode_unneeded(inode);
    return 0;
}

static bool below(const struct inode *inode, const struct inode *above)
{
    while (inode && inode != above && inode->above != inode->about.inode)
        inode = inode_of(inode->above);
    return inode == above;
}

static int64_t rename(const uint64_t *w, const uint8_t *data, uint64_t *answer)
{
    const char *old = (const char *)data, *new = old + w[1];
    int64_t error, other_error;
    struct inode *from = directory_of(w[0], w[1], &error);
    struct inode *to = directory_of(w[2], w[3], &other_error);
    if (error || other_error)
        return error ? error : other_error;
    struct name *name = name_of(from, old, w[1]), *there = name_of(to, new, w[3]);
    if (!name || (w[4] & EXCHANGE && !there))
        return -ENOENT;
    if (there && w[4] & NOREPLACE)
        return -EEXIST;
    struct inode *inode = name->inode, *lost = there ? there->inode : NULL;
    if (below(to, inode))
        return -EINVAL;
    if (there && !(w[4] & EXCHANGE)) {
        if (is_directory(inode) != is_directory(lost))
            return is_directory(lost) ? -EISDIR : -ENOTDIR;
        if (lost->names)
            return -ENOTEMPTY;
        answer[0] = lost->about.inode;
        answer[1] = unlink(there);
        inode_unneeded(lost);
    } else if (there) {
        name_free(there);
    }
    name_free(name);
    error = name_new(to, new, w[3], inode);
    if (!error && w[4] & EXCHANGE)
        error = name_new(from, old, w[1], lost);
    return error;
}

static int64_t set(const uint64_t *w, uint8_t *data)
{
    struct inode *inode = inode_of(w[0]);
    const struct vfs_attributes *wish = (const struct vfs_attributes *)data;
    if (!inode)
        return -ENOENT;
    if (w[1] & VFS_SET_MODE)
        inode->about.mode = (inode->about.mode & TYPE) | (wish->mode & 07777);
    if (w[1] & VFS_SET_OWNER) {
        inode->about.uid = wish->uid;
        inode->about.gid = wish->gid;
    }
    if (w[1] & VFS_SET_ACCESSED)
        inode->about.accessed = wish->accessed;
    if (w[1] & VFS_SET_MODIFIED)
        inode->about.modified = wish->modified;
    if (w[1] & VFS_SET_CHANGED)
        inode->about.changed = wish->changed;
    return tell(inode, data);
}

static bool put(uint8_t *data, uint64_t *bytes, const char *text, uint8_t length, uint64_t inode,
                uint32_t mode, uint64_t position)
{
    uint64_t size = (sizeof(struct vfs_name) + length + 1u + 7) & ~7UL;
    if (*bytes + size > PAGE_SIZE)
        return false;
    struct vfs_name *name = (struct vfs_name *)(data + *bytes);
    *name = (struct vfs_name){inode, position, (uint16_t)size, (uint8_t)(mode >> 12 & 15), length};
    memcpy(name->name, text, length);
    name->name[length] = 0;
    *bytes += size;
    return true;
}

static int64_t list(const uint64_t *w, uint8_t *data, uint64_t *bytes)
{
    int64_t error;
    struct inode *directory = directory_of(w[0], 1, &error);
    if (error)
        return error == -ENOENT && directory ? 0 : error;
    if (w[1] < 1)
        put(data, bytes, ".", 1, w[0], DIRECTORY, 1);
    if (w[1] < 2)
        put(data, bytes, "..", 2, directory->above, DIRECTORY, 2);
    for (struct name *name = directory->names; name; name = name->next)
        if (name->position > w[1] &&
            !put(data, bytes, name->text, name->length, name->inode->about.inode,
                 name->inode->about.mode, name->position))
            break;
    return 0;
}

static int64_t mount(uint32_t request, struct ring_completion *completion, uint8_t *data)
{
    struct inode *root = inode_of(2);
    if (!root) {
        root = inode_new(DIRECTORY | 0755);
        root->above = 2;
    }
    struct vfs_statistics facts = {PAGE_SIZE, 1 << 20,     1 << 19,
                                   1 << 19,   INODES_MOST, INODES_MOST - inode_count,
                                   1,         NAME_MOST,   0};
    memcpy(data, &facts, sizeof facts);
    root->holds += request == VFS_MOUNT;
    completion->w[0] = 2;
    completion->w[1] = root->about.generation;
    mounted = true;
    return 0;
}

static int64_t hold(const uint64_t *w, int64_t change)
{
    struct inode *inode = inode_of(w[0]);
    if (!inode || (change < 0 && inode->holds < w[1]))
        return -ENOENT;
    inode->holds -= w[1];
    inode_unneeded(inode);
    return 0;
}

static int64_t unmount(void)
{
    for (unsigned i = 0; i < BUCKETS; i++)
        for (struct inode *inode = inodes[i]; inode; inode = inode->hash_next)
            if (inode->holds)
                return -EBUSY;
    mounted = false;
    return 0;
}

static int64_t carry_out(const struct ring_request *request, struct ring_completion *completion,
                         uint8_t *data)
{
    const uint64_t *w = request->w;
    struct inode *inode = inode_of(w[0]);
    switch (request->operation) {
    case VFS_MOUNT:
    case VFS_STATISTICS:
        return mount(request->operation, completion, data);
    case VFS_LOOKUP:
        return lookup(w, data);
    case VFS_ATTRIBUTES:
        return inode ? tell(inode, data) : -ENOENT;
    case VFS_SET_ATTRIBUTES:
        return set(w, data);
    case VFS_READ_DIRECTORY:
        return list(w, data, &completion->w[0]);
    case VFS_CREATE:
        return make(w, data);
    case VFS_LINK:
        return link(w, data);
    case VFS_REMOVE:
        return remove(w, data, completion->w);
    case VFS_RENAME:
        return rename(w, data, completion->w);
    case VFS_READ_LINK:
        if (!inode || !inode->target)
            return -EINVAL;
        memcpy(data, inode->target, inode->about.size);
        completion->w[0] = inode->about.size;
        return 0;
    case VFS_SYNC:
    case VFS_CLOCK:
        return 0;
    case VFS_RELEASE:
        return hold(w, -1);
    case VFS_UNMOUNT:
        return unmount();
    }
    return -ENOSYS;
}

static void on_request(const struct ring_request *request, struct ring_completion *completion,
                       uint8_t *data)
{
    completion->error = data ? (int32_t)carry_out(request, completion, data) : -EINVAL;
}

/* From the other role: sizes. */
static int64_t on_call(struct message *message)
{
    struct inode *inode = inode_of(message->w[1]);
    message_refuse_handle(message);
    if (message->w[0] != VFS_SET_SIZE) {
        message->w[0] = (uint64_t)-ENOSYS;
        return 0;
    }
    if (inode) {
        inode->about.size = message->w[2];
        inode->about.blocks = (message->w[2] + PAGE_SIZE - 1) / PAGE_SIZE * 8;
    }
    message->w[0] = inode ? 0 : (uint64_t)-ENOENT;
    return 0;
}

static bool may_fail(uint32_t operation)
{
    return operation != VFS_RELEASE && operation != VFS_UNMOUNT && operation != VFS_MOUNT;
}

const struct late_role names_role = {.may_fail = may_fail, .request = on_request, .call = on_call};
