/*
 * requests.c: requests of rings. Everything is looked at once: names are copied out of the shared
 * page before they are checked. What needs a commit first, or room that only a commit frees, is
 * done again after one.
 */
#include "clock.h"
#include "ext4/commit.h"
#include "ext4/data.h"
#include "ext4/names.h"
#include "lib/errors.h"
#include "lib/protocol.h"
#include "lib/wired.h"
#include "server.h"
#include <string.h>

/* A request with what its words and its page mean. */
struct operation {
    struct file_system *fs;
    const struct ring_request *request;
    struct ring_completion *completion;
    uint8_t *page;
    char text[BLOCK_BYTES]; /* a copy of the page's start: names, a target */
};

typedef int64_t handler(struct operation *operation);

static int64_t node_of(struct operation *operation, unsigned word, struct node **node)
{
    uint64_t number = operation->request->w[word];
    return number > UINT32_MAX ? -ENOENT : node_get(operation->fs, (uint32_t)number, node);
}

static int64_t name_at(struct operation *operation, uint64_t offset, unsigned word,
                       struct name *name)
{
    uint64_t length = operation->request->w[word];
    if (length > EXT2_NAME_LEN)
        return -ENAMETOOLONG;
    *name = (struct name){operation->text + offset, length};
    return 0;
}

/* The attributes of a node into the page. */
static int64_t answer(struct operation *operation, struct node *node, bool hold)
{
    inode inode;
    int64_t error = inode_read(operation->fs, node->number, &inode);
    if (error)
        return error;
    inode_attributes(operation->fs, node, &inode, (struct vfs_attributes *)operation->page);
    if (hold)
        node_hold(operation->fs, node);
    return 0;
}

/* What a name was taken from: its number and the names it has left. */
static int64_t answer_gone(struct operation *operation, struct node *gone)
{
    inode inode;
    int64_t error = gone ? inode_read(operation->fs, gone->number, &inode) : 0;
    if (error || !gone)
        return error;
    operation->completion->w[0] = gone->number;
    operation->completion->w[1] = gone->flags & NODE_ORPHAN ? 0 : inode.i_links_count;
    return 0;
}

static int64_t lookup(struct operation *operation)
{
    struct node *directory, *node;
    struct name name;
    int64_t error = name_at(operation, 0, 1, &name);
    if (!error)
        error = node_of(operation, 0, &directory);
    if (!error)
        error = names_lookup(operation->fs, directory, &name, &node);
    return error ? error : answer(operation, node, true);
}

static int64_t attributes(struct operation *operation)
{
    struct node *node;
    int64_t error = node_of(operation, 0, &node);
    return error ? error : answer(operation, node, false);
}

static int64_t set_attributes(struct operation *operation)
{
    struct vfs_attributes wanted;
    uint64_t what = operation->request->w[1];
    struct node *node;
    inode inode;
    int64_t error = operation->fs->read_only ? -EROFS : node_of(operation, 0, &node);
    if (!error)
        error = inode_read(operation->fs, node->number, &inode);
    if (error)
        return error;
    memcpy(&wanted, operation->text, sizeof wanted);
    inode_change(operation->fs, &inode, (uint32_t)what, &wanted);
    error = inode_write(operation->fs, node->number, &inode);
    return error ? error : answer(operation, node, false);
}

static int64_t read_directory(struct operation *operation)
{
    struct node *directory;
    int64_t bytes = node_of(operation, 0, &directory);
    if (!bytes)
        bytes = directory_read(operation->fs, directory, operation->request->w[1], operation->page,
                               BLOCK_BYTES);
    if (bytes < 0)
        return bytes;
    operation->completion->w[0] = (uint64_t)bytes;
    return 0;
}

static int64_t create_inode(struct operation *operation)
{
    const uint64_t *w = operation->request->w;
    struct node *directory, *node;
    struct name name;
    struct creation creation = {.mode = (uint32_t)w[2],
                                .uid = (uint32_t)w[3],
                                .gid = (uint32_t)(w[3] >> 32),
                                .device = (uint32_t)w[4],
                                .target_bytes = w[5]};
    int64_t error = name_at(operation, 0, 1, &name);
    if (!error && creation.target_bytes > BLOCK_BYTES - name.length)
        error = -ENAMETOOLONG;
    if (!error)
        error = node_of(operation, 0, &directory);
    if (error)
        return error;
    creation.target = operation->text + name.length;
    error = names_create(operation->fs, directory, &name, &creation, &node);
    return error ? error : answer(operation, node, true);
}

static int64_t link_inode(struct operation *operation)
{
    struct node *directory, *node;
    struct name name;
    int64_t error = name_at(operation, 0, 1, &name);
    if (!error)
        error = node_of(operation, 0, &directory);
    if (!error)
        error = node_of(operation, 2, &node);
    if (!error)
        error = names_link(operation->fs, directory, &name, node);
    return error ? error : answer(operation, node, false);
}

static int64_t remove_name(struct operation *operation)
{
    struct node *directory, *gone;
    struct name name;
    int64_t error = name_at(operation, 0, 1, &name);
    if (!error)
        error = node_of(operation, 0, &directory);
    if (!error)
        error = names_remove(operation->fs, directory, &name, operation->request->w[2] & 1, &gone);
    return error ? error : answer_gone(operation, gone);
}

static int64_t rename_name(struct operation *operation)
{
    const uint64_t *w = operation->request->w;
    struct node *from, *to, *gone;
    struct name old, new;
    int64_t error = name_at(operation, 0, 1, &old);
    if (!error)
        error = name_at(operation, old.length, 3, &new);
    if (!error)
        error = node_of(operation, 0, &from);
    if (!error)
        error = node_of(operation, 2, &to);
    if (!error && w[4] > UINT32_MAX)
        error = -EINVAL;
    if (!error)
        error = names_rename(operation->fs, from, &old, to, &new, (uint32_t)w[4], &gone);
    return error ? error : answer_gone(operation, gone);
}

static int64_t read_link(struct operation *operation)
{
    struct node *node;
    int64_t bytes = node_of(operation, 0, &node);
    if (!bytes)
        bytes = names_read_link(operation->fs, node, (char *)operation->page, BLOCK_BYTES);
    if (bytes < 0)
        return bytes;
    operation->completion->w[0] = (uint64_t)bytes;
    return 0;
}

static int64_t statistics(struct operation *operation)
{
    return file_system_statistics(operation->fs, (struct vfs_statistics *)operation->page);
}

static int64_t sync_all(struct operation *operation)
{
    return commit_all(operation->fs);
}

static int64_t release_inode(struct operation *operation)
{
    uint64_t number = operation->request->w[0];
    struct node *node = number <= UINT32_MAX ? node_find(operation->fs, (uint32_t)number) : NULL;
    return node ? node_release(operation->fs, node, operation->request->w[1]) : -ENOENT;
}

static int64_t hold_again(struct operation *operation)
{
    const uint64_t *w = operation->request->w;
    struct node *node;
    int64_t error = w[0] > UINT32_MAX || w[1] > UINT32_MAX
                        ? -ESTALE
                        : node_get_again(operation->fs, (uint32_t)w[0], (uint32_t)w[1], &node);
    return error ? error : answer(operation, node, true);
}

/* The handlers of what needs a mounted file system; `changes`: writes may be refused. */
static const struct {
    handler *serve;
    bool changes;
} handlers[] = {
    [VFS_LOOKUP] = {lookup, false},
    [VFS_ATTRIBUTES] = {attributes, false},
    [VFS_SET_ATTRIBUTES] = {set_attributes, true},
    [VFS_READ_DIRECTORY] = {read_directory, false},
    [VFS_CREATE] = {create_inode, true},
    [VFS_LINK] = {link_inode, true},
    [VFS_REMOVE] = {remove_name, true},
    [VFS_RENAME] = {rename_name, true},
    [VFS_READ_LINK] = {read_link, false},
    [VFS_STATISTICS] = {statistics, false},
    [VFS_SYNC] = {sync_all, false},
    [VFS_RELEASE] = {release_inode, false},
    [VFS_HOLD] = {hold_again, false},
};

static int64_t serve_mount(const struct ring_request *request, struct ring_completion *completion,
                           uint8_t *page)
{
    struct node *root;
    clock_set(request->w[1]);
    int64_t error = mount((uint32_t)request->w[0]);
    struct file_system *fs = mounted();
    if (!error)
        error = node_get(fs, EXT2_ROOT_INO, &root);
    if (error)
        return error;
    struct operation operation = {.fs = fs, .page = page};
    node_hold(fs, root);
    error = answer(&operation, root, false);
    completion->w[0] = root->number;
    completion->w[1] = ((struct vfs_attributes *)page)->generation;
    return error ? error : file_system_statistics(fs, (struct vfs_statistics *)page);
}

static int64_t serve_mounted(struct operation *operation)
{
    uint32_t number = operation->request->operation;
    if (number >= sizeof handlers / sizeof *handlers || !handlers[number].serve)
        return -ENOSYS;
    if (!operation->fs)
        return -ENXIO;
    if (handlers[number].changes && wired_scarce())
        return -ENOMEM;
    memcpy(operation->text, operation->page, sizeof operation->text);
    int64_t error = handlers[number].serve(operation);
    if ((error == -EAGAIN || error == -ENOSPC) && commit_needed(operation->fs)) {
        error = commit_everything(operation->fs);
        if (!error)
            error = handlers[number].serve(operation);
    }
    return error == -EAGAIN ? -EIO : error;
}

void request_serve(const struct ring_request *request, uint8_t *page,
                   struct ring_completion *completion)
{
    int64_t error;
    switch (request->operation) {
    case VFS_MOUNT:
        error = serve_mount(request, completion, page);
        break;
    case VFS_UNMOUNT:
        error = unmount();
        break;
    case VFS_CLOCK:
        clock_set(request->w[0]);
        error = 0;
        break;
    default: {
        struct operation operation = {
            .fs = mounted(), .request = request, .completion = completion, .page = page};
        error = serve_mounted(&operation);
    }
    }
    completion->error = (int32_t)error;
}
