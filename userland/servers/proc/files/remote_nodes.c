/*
 * remote_nodes.c: the nodes of a remote file system: one for each inode that vfs holds for proc,
 * found by its number. A node that nobody refers to any more is written back before it is released;
 * until then it stays, because proc alone knows its size.
 */
#include "block_device.h"
#include "contents.h"
#include "lib/memory.h"
#include "lib/protocol.h"
#include "lib/wired.h"
#include "remote_internal.h"

#define NANOSECONDS   1000000000L
#define FIRST_BUCKETS 64
#define TELL_AFTER    (5 * NANOSECONDS) /* times of files that were written, as Linux's 5 s */

static struct remote_node **buckets;
static size_t bucket_count, nodes;
static struct remote_node *dirty; /* whose times are to be told */

/* ---- Times ---- */

int64_t remote_nanoseconds(const struct vfs_time *time)
{
    int64_t result;
    if (__builtin_mul_overflow(time->seconds, NANOSECONDS, &result) ||
        __builtin_add_overflow(result, (int64_t)time->nanoseconds, &result))
        return time->seconds < 0 ? INT64_MIN : INT64_MAX;
    return result;
}

struct vfs_time remote_time(int64_t nanoseconds)
{
    int64_t seconds = nanoseconds / NANOSECONDS, rest = nanoseconds % NANOSECONDS;
    if (rest < 0) {
        seconds--;
        rest += NANOSECONDS;
    }
    return (struct vfs_time){seconds, (uint32_t)rest, 0};
}

static void clean(struct remote_node *node)
{
    if (!node->dirty_link)
        return;
    *node->dirty_link = node->dirty_next;
    if (node->dirty_next)
        node->dirty_next->dirty_link = node->dirty_link;
    node->dirty_link = NULL;
}

struct remote_operation *remote_times(struct node *node)
{
    struct remote_node *remote = remote_of(node);
    struct vfs_attributes *attributes;
    if (!remote->dirty_link)
        return NULL;
    struct remote_operation *operation =
        remote_operation(REMOTE_VFS, VFS_SET_ATTRIBUTES, sizeof *attributes);
    if (!operation)
        return NULL;
    attributes = (struct vfs_attributes *)operation->data;
    attributes->accessed = remote_time(node->accessed);
    attributes->modified = remote_time(node->modified);
    attributes->changed = remote_time(node->changed);
    operation->request.w[0] = node->inode;
    attributes->mode = node->mode; /* a write may have taken privileges away */
    operation->request.w[1] = VFS_SET_MODE | VFS_SET_ACCESSED | VFS_SET_MODIFIED | VFS_SET_CHANGED;
    clean(remote);
    return operation;
}

/* Nobody waits for this: what it fails with is not told, as times are not on Linux. */
static void times_told(struct remote_operation *operation, int64_t error,
                       const struct ring_completion *completion, const void *data)
{
    (void)operation, (void)error, (void)completion, (void)data;
}

void remote_tell_times(void)
{
    while (dirty) {
        struct node *node = &dirty->node;
        struct remote_operation *operation = remote_times(node);
        if (!operation)
            return;
        operation->done = times_told;
        remote_concerns(operation, node);
        remote_send(operation);
    }
}

static void time_to_tell(struct timer *timer)
{
    (void)timer;
    remote_tell_times();
}

void remote_touched(struct node *node)
{
    static struct timer timer = {.expired = time_to_tell};
    struct remote_node *remote = remote_of(node);
    if (remote->dirty_link || remote_system.read_only)
        return;
    remote->dirty_next = dirty;
    if (dirty)
        dirty->dirty_link = &remote->dirty_next;
    remote->dirty_link = &dirty;
    dirty = remote;
    if (!timer.set)
        timer_set(&timer, time_now() + TELL_AFTER);
}

/* ---- By number ---- */

static struct remote_node **bucket_of(uint64_t inode)
{
    return &buckets[(inode * 0x9e3779b97f4a7c15 >> 32) & (bucket_count - 1)];
}

static bool grow(void)
{
    if (nodes < bucket_count)
        return true;
    size_t old_count = bucket_count, count = old_count ? old_count * 2 : FIRST_BUCKETS;
    struct remote_node **old = buckets, **larger = wired_alloc_array(count, sizeof *larger);
    if (!larger)
        return buckets != NULL;
    buckets = larger;
    bucket_count = count;
    for (size_t i = 0; i < old_count; i++)
        for (struct remote_node *node = old[i]; node;) {
            struct remote_node *rest = node->hash_next;
            struct remote_node **bucket = bucket_of(node->node.inode);
            node->hash_next = *bucket;
            *bucket = node;
            node = rest;
        }
    wired_free(old);
    return true;
}

static void take_out(struct remote_node *node)
{
    struct remote_node **link = bucket_of(node->node.inode);
    while (*link != node)
        link = &(*link)->hash_next;
    *link = node->hash_next;
    nodes--;
}

/* ---- Nodes come ---- */

bool remote_attributes_good(const struct vfs_attributes *attributes, size_t bytes)
{
    uint32_t type = attributes->mode & LINUX_S_IFMT;
    return bytes >= sizeof *attributes && attributes->inode &&
           attributes->size <= FILE_BYTES_MOST &&
           (type == LINUX_S_IFREG || type == LINUX_S_IFDIR || type == LINUX_S_IFLNK ||
            type == LINUX_S_IFCHR || type == LINUX_S_IFBLK || type == LINUX_S_IFIFO ||
            type == LINUX_S_IFSOCK) &&
           !(attributes->mode & ~(uint32_t)(LINUX_S_IFMT | 07777));
}

/* Takes over all but the size, which is proc's while it holds a regular file. */
void remote_note_attributes(struct node *node, const struct vfs_attributes *attributes)
{
    struct remote_node *remote = remote_of(node);
    remote->blocks = attributes->blocks;
    remote->blocks_stale = false;
    if (remote->dirty_link)
        return; /* proc's times are newer */
    node->accessed = remote_nanoseconds(&attributes->accessed);
    node->modified = remote_nanoseconds(&attributes->modified);
    node->changed = remote_nanoseconds(&attributes->changed);
}

static void release(uint64_t inode, uint64_t generation, uint32_t holds)
{
    struct remote_operation *operation =
        holds ? remote_operation(REMOTE_VFS, VFS_RELEASE, 0) : NULL;
    if (!operation)
        return; /* it stays held until the file system is unmounted */
    operation->request.w[0] = inode;
    operation->request.w[1] = holds;
    operation->own[0] = generation; /* remote_again.c */
    remote_send(operation);
}

static void set_kind(struct node *node, const struct vfs_attributes *attributes)
{
    switch (node_type(node)) {
    case LINUX_S_IFREG:
        node->file = &regular_operations;
        break;
    case LINUX_S_IFDIR:
        node->file = &remote_directory_operations;
        break;
    case LINUX_S_IFIFO:
        node->file = &fifo_operations;
        break;
    case LINUX_S_IFCHR:
        node->special = attributes->device;
        node->file = device_operations(attributes->device);
        break;
    case LINUX_S_IFBLK:
        node->special = attributes->device;
        node->file = block_operations_of(attributes->device);
        break;
    }
}

static struct remote_node *make(struct file_system *system, const struct vfs_attributes *attributes)
{
    struct remote_node *remote = grow() ? wired_alloc(sizeof *remote) : NULL;
    if (!remote)
        return NULL;
    struct node *node = &remote->node;
    node->references = 1;
    node->mode = attributes->mode;
    node->links = attributes->links;
    node->user = attributes->uid;
    node->group = attributes->gid;
    node->inode = attributes->inode;
    node->size = remote->told = attributes->size;
    node->system = system;
    remote->generation = attributes->generation;
    remote_note_attributes(node, attributes);
    set_kind(node, attributes);
    system->nodes++;
    nodes++;
    struct remote_node **bucket = bucket_of(node->inode);
    remote->hash_next = *bucket;
    *bucket = remote;
    return remote;
}

struct node *remote_node_of(struct file_system *system, const struct vfs_attributes *attributes)
{
    struct remote_node *remote = bucket_count ? *bucket_of(attributes->inode) : NULL;
    while (remote && (remote->node.inode != attributes->inode ||
                      remote->generation != attributes->generation))
        remote = remote->hash_next;
    if (remote)
        node_hold(&remote->node); /* perhaps one that was ending */
    else
        remote = make(system, attributes);
    if (!remote) {
        release(attributes->inode, attributes->generation, 1);
        return NULL;
    }
    remote->holds++;
    return &remote->node;
}

/* ---- … and go ---- */

static void ending_done(struct remote_operation *operation, int64_t error,
                        const struct ring_completion *completion, const void *data);

/* A step before it can be released: waits for the answer of the operation. */
static void ending_step(struct remote_node *remote, struct remote_operation *operation)
{
    operation->done = ending_done;
    operation->request.w[0] = remote->node.inode;
    operation->own[0] = (uintptr_t)remote;
    remote->ending = true;
    remote_send(operation);
}

/* Its memory goes, and vfs holds it no longer. */
static void finish(struct remote_node *remote)
{
    struct node *node = &remote->node;
    struct file_system *system = node->system;
    clean(remote);
    remote_forget_pages(node);
    if (node_type(node) == LINUX_S_IFLNK && node->target_owned)
        wired_free((void *)node->base);
    else if (node_type(node) == LINUX_S_IFIFO)
        pipe_forget(node);
    locks_forget(node);
    take_out(remote);
    release(node->inode, remote->generation, remote->holds);
    wired_free(remote);
    if (--system->nodes == 0 && system->gone)
        wired_free(system);
}

/* The next thing to be done for a node that nobody refers to. */
static void end(struct remote_node *remote)
{
    struct node *node = &remote->node;
    struct remote_operation *operation = NULL;
    bool regular = node_type(node) == LINUX_S_IFREG;
    if (!node->links && regular && !remote->ending) {
        clean(remote);
        operation = remote_operation(REMOTE_FILE, FILE_FORGET, 0);
    } else if (node->links && remote->dirty_link) {
        operation = remote_times(node);
    } else if (node->links && regular && remote->told != node->size) {
        operation = remote_operation(REMOTE_FILE, FILE_RESIZE, 0);
        if (operation)
            operation->request.w[1] = remote->told = node->size;
    } else if (node->links && regular && remote->written) {
        remote->written = false;
        operation = remote_operation(REMOTE_FILE, FILE_SYNC, 0);
        if (operation)
            operation->request.w[3] = FILE_SYNC_METADATA;
    }
    if (operation)
        ending_step(remote, operation);
    else
        finish(remote);
}

static void ending_done(struct remote_operation *operation, int64_t error,
                        const struct ring_completion *completion, const void *data)
{
    struct remote_node *remote = (struct remote_node *)operation->own[0];
    (void)error, (void)completion, (void)data;
    if (!remote->node.links && !remote->node.references) {
        finish(remote);
        return;
    }
    remote->ending = false;
    if (!remote->node.references)
        end(remote);
}

void remote_ended(struct node *node)
{
    struct remote_node *remote = remote_of(node);
    if (!remote->ending) /* else it was found again meanwhile, and is dropped again */
        end(remote);
}

void remote_nodes_each(void (*function)(struct remote_node *node))
{
    for (size_t i = 0; i < bucket_count; i++)
        for (struct remote_node *node = buckets[i]; node; node = node->hash_next)
            function(node);
}

void remote_nodes_release(void)
{
    for (size_t i = 0; i < bucket_count; i++)
        for (struct remote_node *node = buckets[i]; node; node = node->hash_next) {
            release(node->node.inode, node->generation, node->holds);
            node->holds = 0;
        }
}
