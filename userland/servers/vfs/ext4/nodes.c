/*
 * nodes.c: the inodes in use, found by number. One that nobody holds and that no commit waits for
 * is idle: it stays while there is room, because what it knows (its map, its index of names) took
 * reading.
 */
#include "directory.h"
#include "map.h"
#include <stdlib.h>
#include <string.h>

static struct node **place_of(struct file_system *fs, uint32_t number)
{
    struct node **at = &fs->nodes[(number * 0x9e3779b1u >> 7) & (fs->nodes_entries - 1)];
    while (*at && (*at)->number != number)
        at = &(*at)->chain;
    return at;
}

struct node *node_find(struct file_system *fs, uint32_t number)
{
    return *place_of(fs, number);
}

static void grow_table(struct file_system *fs)
{
    size_t old_entries = fs->nodes_entries;
    struct node **old = fs->nodes, **larger = calloc(2 * old_entries, sizeof *larger);
    if (!larger)
        return; /* longer chains */
    fs->nodes = larger;
    fs->nodes_entries = 2 * old_entries;
    for (size_t i = 0; i < old_entries; i++)
        for (struct node *node = old[i], *next; node; node = next) {
            next = node->chain;
            node->chain = NULL;
            *place_of(fs, node->number) = node;
        }
    free(old);
}

static bool is_idle(const struct node *node)
{
    return !node->holds && !(node->flags & (NODE_CHANGED | NODE_ORPHAN | NODE_ALLOCATES));
}

static void idle_remove(struct file_system *fs, struct node *node)
{
    *(node->newer ? &node->newer->older : &fs->idle_newest) = node->older;
    *(node->older ? &node->older->newer : &fs->idle_oldest) = node->newer;
    fs->idle_count--;
}

static void idle_add(struct file_system *fs, struct node *node)
{
    node->newer = NULL;
    node->older = fs->idle_newest;
    *(fs->idle_newest ? &fs->idle_newest->newer : &fs->idle_oldest) = node;
    fs->idle_newest = node;
    fs->idle_count++;
}

/* Changes holds and flags, and moves the node into or out of the idle ones accordingly. */
static void node_set(struct file_system *fs, struct node *node, uint64_t holds, uint32_t flags)
{
    bool before = is_idle(node);
    node->holds = holds;
    node->flags = flags;
    if (before == is_idle(node))
        return;
    if (before)
        idle_remove(fs, node);
    else
        idle_add(fs, node);
}

struct node *node_make(struct file_system *fs, uint32_t number)
{
    struct node *node = calloc(1, sizeof *node);
    if (!node)
        return NULL;
    node->number = number;
    if (fs->nodes_count++ > 2 * fs->nodes_entries)
        grow_table(fs);
    *place_of(fs, number) = node;
    idle_add(fs, node);
    return node;
}

static void let_go(struct file_system *fs, struct node *node)
{
    if (is_idle(node))
        idle_remove(fs, node);
    *place_of(fs, node->number) = node->chain;
    fs->nodes_count--;
    directory_forget(node);
    map_forget(node);
    free(node);
}

/* Is it one that names may lead to? */
static int64_t check(struct file_system *fs, uint32_t number, const inode *inode)
{
    static const uint32_t types =
        1u << 1 | 1u << 2 | 1u << 4 | 1u << 6 | 1u << 8 | 1u << 10 | 1u << 12;
    if (number != EXT2_ROOT_INO && number < EXT2_FIRST_INODE(fs->ext->super))
        return -EUCLEAN;
    if (!ext2fs_test_inode_bitmap2(fs->ext->inode_map, number))
        return -EUCLEAN;
    if (!(types & 1u << (inode->i_mode >> 12)))
        return -EUCLEAN;
    if (inode->i_flags & (EXT4_INLINE_DATA_FL | EXT4_EA_INODE_FL | EXT4_ENCRYPT_FL))
        return -EUCLEAN;
    return inode_size(inode) > FILE_BYTES_MOST ? -EUCLEAN : 0;
}

int64_t node_get(struct file_system *fs, uint32_t number, struct node **node)
{
    *node = number ? node_find(fs, number) : NULL;
    if (*node)
        return 0;
    if (!number || number > fs->ext->super->s_inodes_count)
        return -ENOENT;
    inode inode;
    int64_t error = inode_read(fs, number, &inode);
    if (!error && !inode.i_links_count)
        error = -ENOENT;
    if (!error)
        error = check(fs, number, &inode);
    if (!error && !(*node = node_make(fs, number)))
        error = -ENOMEM;
    return error;
}

int64_t node_get_again(struct file_system *fs, uint32_t number, uint32_t generation,
                       struct node **node)
{
    inode inode;
    if (!number || number > fs->ext->super->s_inodes_count)
        return -ESTALE;
    int64_t error = inode_read(fs, number, &inode);
    if (error)
        return error;
    bool deleted = inode.i_links_count == 0 && inode.i_dtime;
    if (inode.i_generation != generation || deleted || check(fs, number, &inode))
        return -ESTALE;
    *node = node_find(fs, number);
    if (!*node && !(*node = node_make(fs, number)))
        return -ENOMEM;
    if (!inode.i_links_count && !((*node)->flags & NODE_ORPHAN)) {
        node_orphan(fs, *node, false);
        node_flags(fs, *node, NODE_ORPHAN_SAID, 0);
    }
    return 0;
}

void node_hold(struct file_system *fs, struct node *node)
{
    node_set(fs, node, node->holds + 1, node->flags);
}

int64_t node_release(struct file_system *fs, struct node *node, uint64_t times)
{
    uint64_t holds = times < node->holds ? node->holds - times : 0;
    int64_t error = times > node->holds ? -ENOENT : 0;
    node_set(fs, node, holds, node->flags);
    if (!holds && node->flags & NODE_ORPHAN)
        node_changed(fs, node);
    return error;
}

void node_changed(struct file_system *fs, struct node *node)
{
    if (node->flags & NODE_CHANGED)
        return;
    node_set(fs, node, node->holds, node->flags | NODE_CHANGED);
    node->changed_next = fs->changed;
    fs->changed = node;
}

void node_orphan(struct file_system *fs, struct node *node, bool late)
{
    node_set(fs, node, node->holds, node->flags | NODE_ORPHAN | (late ? NODE_LATE : 0));
    node_changed(fs, node);
    fs->orphans++;
}

void node_flags(struct file_system *fs, struct node *node, uint32_t set, uint32_t clear)
{
    node_set(fs, node, node->holds, (node->flags | set) & ~clear);
}

void node_unchanged(struct file_system *fs, struct node *node)
{
    node_set(fs, node, node->holds,
             node->flags & ~(uint32_t)(NODE_CHANGED | NODE_NAMED_TWICE | NODE_LATE));
}

void node_end(struct file_system *fs, struct node *node)
{
    fs->orphans--;
    node_set(fs, node, 0, node->flags & ~(uint32_t)NODE_ORPHAN);
    let_go(fs, node);
}

void node_drop(struct file_system *fs, struct node *node)
{
    for (struct node **at = &fs->changed; *at; at = &(*at)->changed_next)
        if (*at == node) {
            *at = node->changed_next;
            break;
        }
    node_unchanged(fs, node);
    let_go(fs, node);
}

void nodes_trim(struct file_system *fs, size_t most)
{
    while (fs->idle_count > most)
        let_go(fs, fs->idle_oldest);
}

bool nodes_held(const struct file_system *fs)
{
    for (size_t i = 0; i < fs->nodes_entries; i++)
        for (const struct node *node = fs->nodes[i]; node; node = node->chain)
            if (node->holds)
                return true;
    return false;
}

void nodes_end(struct file_system *fs)
{
    for (size_t i = 0; fs->nodes && i < fs->nodes_entries; i++)
        while (fs->nodes[i])
            let_go(fs, fs->nodes[i]);
}
