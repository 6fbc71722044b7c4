/*
 * remote_again.c: after the death of a server of a remote file system, when another one is there.
 * It knows nothing of proc, so proc tells it, before anything else is asked.
 *
 * The file pager has adopted its objects, so all that was written is there; it learns the sizes,
 * which only proc knows. Requests that were under way are sent again: each may be done twice.
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

void remote_again(enum remote_server server)
{
    if (server == REMOTE_FILE)
        remote_nodes_each(open_again);
}
