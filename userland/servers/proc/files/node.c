/*
 * node.c: nodes come and go.
 */
#include "contents.h"
#include "lib/memory.h"
#include "lib/wired.h"
#include "proc.h"
#include "remote.h"
#include "time/vdso.h"

int64_t node_time(void)
{
    return (int64_t)time_now() + clock_realtime();
}

struct node *node_new(struct file_system *system, uint32_t mode)
{
    struct node *node = wired_alloc(sizeof *node);
    if (!node)
        return NULL;
    node->references = 1;
    node->mode = mode;
    node->links = node_type(node) == LINUX_S_IFDIR ? 2 : 1;
    node->inode = ++system->last_inode;
    node->system = system;
    node->accessed = node->modified = node->changed = node_time();
    system->nodes++;
    return node;
}

struct node *node_text(struct file_system *system, uint32_t permissions,
                       const struct text_operations *text)
{
    struct node *node = node_new(system, LINUX_S_IFREG | permissions);
    if (!node)
        return NULL;
    node->file = &text_file_operations;
    node->text = text;
    return node;
}

void node_hold(struct node *node)
{
    node->references++;
}

void node_drop(struct node *node)
{
    if (!node || --node->references)
        return;
    if (node->system->remote) {
        remote_ended(node);
        return;
    }
    if (node->operations && node->operations->forget)
        node->operations->forget(node);
    else if (node->file == &regular_operations)
        contents_free(node);
    else if (node_type(node) == LINUX_S_IFLNK && node->target_owned)
        wired_free((void *)node->base);
    else if (node_type(node) == LINUX_S_IFIFO)
        pipe_forget(node);
    locks_forget(node);
    struct file_system *system = node->system;
    if (--system->nodes == 0 && system->gone)
        wired_free(system);
    wired_free(node);
}
