/*
 * commit.c: the order in which changes reach the medium; the device is flushed between steps.
 *
 *   1  bitmaps and descriptors   what is used is marked before anything uses it
 *   2  fresh blocks              trees of extents, new directory blocks: nothing points to them yet
 *   3  inodes                    a name never leads to an inode that is not there
 *   4  names                     where names came that went elsewhere before ...
 *   5  names, late               ... where they went: a file that moves has two names for a moment
 *   6  inodes, late              of those a name was taken from by a rename: until 4 and 5 are
 *                                done, the old name leads to the old file
 *   7  in memory: blocks freed are free. They are marked so by the next commit's step 1: when a
 *      block is used again, no inode on the medium has it any more.
 *
 * Cut in between, the medium has inodes with a link count too high or low, names whose inode is
 * gone, inodes without name, blocks marked that nobody uses: all of which e2fsck mends without
 * asking what the file contained.
 */
#include "commit.h"
#include "map.h"
#include "space.h"
#include <stdio.h>
#include <string.h>

#define ROUNDS 8

static bool is_gone(const struct node *node)
{
    return node->flags & NODE_ORPHAN && !node->holds;
}

static void set_blocks(inode *inode, const struct map *map)
{
    uint64_t attributes = inode->i_file_acl || inode->osd2.linux2.l_i_file_acl_high;
    uint64_t sectors = (map->blocks + map->tree_count + attributes) * (BLOCK_BYTES / 512);
    inode->i_blocks = (uint32_t)sectors;
    inode->osd2.linux2.l_i_blocks_hi = (uint16_t)(sectors >> 32);
}

static int64_t store_map(struct file_system *fs, struct node *node)
{
    inode inode;
    int64_t error = inode_read(fs, node->number, &inode);
    if (!error)
        error = tree_store(fs, node, &inode);
    if (error)
        return error;
    set_blocks(&inode, &node->map);
    error = inode_write(fs, node->number, &inode);
    if (!error)
        node_flags(fs, node, 0, NODE_MAP_CHANGED);
    return error;
}

/* The inode says that it has no name; and, if nobody holds it, when it was deleted. */
static int64_t store_orphan(struct file_system *fs, struct node *node)
{
    inode inode;
    int64_t error = inode_read(fs, node->number, &inode);
    if (!error && is_gone(node))
        error = map_load(fs, node);
    if (error == -EUCLEAN && is_gone(node))
        error = 0; /* its blocks are not known: they stay marked until e2fsck */
    if (error)
        return error;
    inode.i_links_count = 0;
    inode.i_dtime = is_gone(node) ? (uint32_t)fs->now().seconds : 0;
    return inode_write(fs, node->number, &inode);
}

/* Does a commit do it in step 3, or (late) in step 6? */
static bool has_turn(const struct node *node, bool late)
{
    bool said = node->flags & NODE_ORPHAN_SAID && node->holds;
    return node->flags & NODE_ORPHAN && !said && !(node->flags & NODE_LATE) == !late;
}

static int64_t store_orphans(struct file_system *fs, bool late)
{
    int64_t error = 0;
    for (struct node *node = fs->changed; node && !error; node = node->changed_next)
        if (has_turn(node, late))
            error = store_orphan(fs, node);
    return error;
}

static int64_t store_nodes(struct file_system *fs)
{
    int64_t error = 0;
    for (struct node *node = fs->changed; node && !error; node = node->changed_next)
        if (node->flags & NODE_MAP_CHANGED && !is_gone(node))
            error = store_map(fs, node);
    return error ? error : store_orphans(fs, false);
}

/* Data that inodes speak of must be there before them, even if step 1 had nothing to do. */
static int64_t store_blocks(struct file_system *fs)
{
    int64_t error = 0;
    if (!fs->any_group_dirty)
        error = fs->device->flush(fs->device);
    if (!error)
        error = space_store(fs);
    for (unsigned class = CACHE_FRESH; class < CACHE_CLASSES && !error; class ++)
        error = cache_store(&fs->cache, class);
    return error;
}

/* A block of extended attributes may belong to several inodes: it counts them. */
static void free_attributes(struct file_system *fs, uint32_t number, const inode *inode)
{
    uint64_t block = inode->i_file_acl | (uint64_t)inode->osd2.linux2.l_i_file_acl_high << 32;
    struct cached *cached;
    if (!block || cache_get(&fs->cache, block, &cached))
        return;
    struct ext2_ext_attr_header *header = (void *)cached->data;
    if (header->h_magic != EXT2_EXT_ATTR_MAGIC ||
        !ext2fs_ext_attr_block_csum_verify(fs->ext, number, block, header))
        return; /* e2fsck's */
    if (header->h_refcount <= 1) {
        space_free(fs, block, 1);
    } else if (!cache_dirty(&fs->cache, cached, CACHE_INODE)) {
        header->h_refcount--;
        ext2fs_ext_attr_block_csum_set(fs->ext, number, block, header);
    }
}

/* All that belonged to an inode that is gone on the medium. */
static void free_node(struct file_system *fs, struct node *node)
{
    inode inode;
    if (!inode_read(fs, node->number, &inode)) {
        free_attributes(fs, node->number, &inode);
        space_free_inode(fs, node->number, LINUX_S_ISDIR(inode.i_mode));
    }
    for (size_t i = 0; i < node->map.count; i++)
        space_free(fs, node->map.extents[i].start, node->map.extents[i].length);
    for (size_t i = 0; i < node->map.tree_count; i++)
        space_free(fs, node->map.tree[i], 1);
    fs->reserved -= node->reserved;
    node_end(fs, node);
}

static void finish(struct file_system *fs)
{
    struct node *node = fs->changed;
    fs->changed = NULL;
    while (node) {
        struct node *next = node->changed_next;
        bool gone = is_gone(node);
        if (node->flags & NODE_ORPHAN)
            node_flags(fs, node, NODE_ORPHAN_SAID, 0);
        node_unchanged(fs, node);
        if (gone)
            free_node(fs, node);
        node = next;
    }
    space_apply_frees(fs);
    fs->commit++;
}

bool commit_needed(const struct file_system *fs)
{
    return fs->changed || fs->any_group_dirty || cache_dirty_blocks(&fs->cache);
}

int64_t commit_all(struct file_system *fs)
{
    if (fs->read_only || !commit_needed(fs))
        return fs->read_only ? 0 : fs->device->flush(fs->device);
    int64_t error = store_nodes(fs);
    if (!error)
        error = store_blocks(fs);
    if (!error)
        error = store_orphans(fs, true);
    if (!error)
        error = cache_store(&fs->cache, CACHE_INODE);
    if (!error)
        finish(fs);
    fs->commits += !error;
    return error;
}

int64_t commit_everything(struct file_system *fs)
{
    int64_t error = commit_all(fs);
    for (unsigned i = 0; i < ROUNDS && !error && commit_needed(fs); i++)
        error = commit_all(fs);
    return error;
}
