/*
 * remote_again.c: after the death of a server of a remote file system, when another one is there.
 * It knows nothing of proc, so proc tells it, before anything else is asked.
 *
 * The file pager has adopted its objects, so all that was written is there; it learns the sizes,
 * which only proc knows. vfs mounts again and learns which inodes are held. Requests that were
 * under way are sent again. Most may be done twice; of a change of names it is seen that it
 * happened.
 */
#include "lib/log.h"
#include "lib/protocol.h"
#include "lib/server.h"
#include "remote_internal.h"

/* Opens a file again: the same object. A pager that dies meanwhile is not waited for: it will be
 * told all by the notification of its end. */
static void open_again(struct remote_node *remote)
{
    struct node *node = &remote->node;
    struct message message = {.w = {FILE_OPEN, node->inode, remote->generation, remote->told}};
    if (node->file != &regular_operations || !node->pages)
        return;
    int64_t error = call(configuration.file, 0, &message);
    if (!error)
        message_refuse_handle(&message);
    if (!error)
        error = (int64_t)message.w[0];
    if (error < 0 && error != -EOWNERDEAD)
        log_print(LOG_ERROR, "proc: the file pager does not know inode %lu again: %s\n",
                  node->inode, linux_error_name(error));
}

/* ---- vfs ---- */

static void held(struct remote_operation *operation, int64_t error,
                 const struct ring_completion *completion, const void *data)
{
    (void)completion, (void)data;
    if (error && !operation->own[0])
        log_print(LOG_ERROR, "proc: inode %lu was lost with vfs: %s\n", operation->request.w[0],
                  linux_error_name(error));
}

static void hold(uint64_t inode, uint64_t generation, bool ends)
{
    struct remote_operation *operation = remote_operation(REMOTE_VFS, VFS_HOLD, 0);
    if (!operation)
        return;
    operation->request.w[0] = inode;
    operation->request.w[1] = generation;
    operation->own[0] = ends;
    operation->done = held;
    remote_send_first(operation);
}

static void hold_node(struct remote_node *remote)
{
    bool is_root = &remote->node == remote_system.system->root->node;
    if (!remote->holds)
        return;
    hold(remote->node.inode, remote->generation, false);
    remote->holds = is_root ? 2 : 1; /* MOUNT holds it as well */
}

/* What is to be released must be held, or vfs would not know that it can go. */
static void hold_released(struct remote_operation *operation)
{
    if (operation->server != REMOTE_VFS || operation->request.operation != VFS_RELEASE)
        return;
    operation->request.w[1] = 1;
    hold(operation->request.w[0], operation->own[0], true);
}

static void mounted(struct remote_operation *operation, int64_t error,
                    const struct ring_completion *completion, const void *data)
{
    (void)operation, (void)completion, (void)data;
    if (error)
        log_print(LOG_ERROR, "proc: the card cannot be mounted again: %s\n",
                  linux_error_name(error));
}

/* In the end: MOUNT, then the HOLDs, then what was there before. */
static void mount_again(void)
{
    struct remote_operation *operation =
        remote_system.system ? remote_operation(REMOTE_VFS, VFS_MOUNT, 0) : NULL;
    if (!operation)
        return;
    remote_each_queued(hold_released);
    remote_nodes_each(hold_node);
    operation->request.w[0] = VFS_MOUNT_AGAIN | (remote_system.read_only ? VFS_MOUNT_READ_ONLY : 0);
    operation->request.w[1] = (uint64_t)(node_time() - (int64_t)time_now());
    operation->done = mounted;
    remote_send_first(operation);
}

/* Names are proc's alone to change, and a change is alone with its directories: so a name that is
 * not as the request needs it is so because of the request. (CREATE: remote_change.c.) */
bool remote_happened(const struct remote_operation *operation, int64_t error,
                     struct ring_completion *completion)
{
    const struct ring_request *request = &operation->request;
    const struct entry *gone = NULL;
    if (operation->server != REMOTE_VFS)
        return false;
    if (request->operation == VFS_REMOVE && error == -ENOENT)
        gone = operation->entry;
    else if (request->operation == VFS_RENAME && error == -ENOENT &&
             !(request->w[4] & LINUX_RENAME_EXCHANGE))
        gone = operation->there;
    else if (request->operation != VFS_LINK || error != -EEXIST)
        return false;
    *completion = (struct ring_completion){0};
    if (gone && gone->node->links)
        completion->w[1] = gone->node->links - 1;
    return true;
}

void remote_again(enum remote_server server)
{
    if (server == REMOTE_FILE)
        remote_nodes_each(open_again);
    else if (server == REMOTE_VFS)
        mount_again();
}
