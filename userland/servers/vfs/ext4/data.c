/*
 * data.c: blocks for the pager of files. A block that was given out but not committed yet is
 * "unwritten" on the card: cut off now, the file has zeros there, not what somebody deleted.
 */
#include "data.h"
#include "commit.h"
#include "map.h"
#include "space.h"

#define FAR 1024 /* blocks: so far apart in the file, they need not be apart on the card */

static int64_t check_regular(struct file_system *fs, struct node *node, inode *inode)
{
    int64_t error = inode_read(fs, node->number, inode);
    if (error)
        return error;
    if (LINUX_S_ISDIR(inode->i_mode))
        return -EISDIR;
    return LINUX_S_ISREG(inode->i_mode) ? 0 : -EINVAL;
}

/* Near what lies before it in the file, as far away as there. */
static uint64_t goal_for(struct file_system *fs, const struct node *node, size_t at, uint64_t first)
{
    const struct map *map = &node->map;
    if (!map->count)
        return space_goal(fs, node->number);
    if (!at)
        return map->extents[0].start;
    const struct extent *before = &map->extents[at - 1];
    uint64_t apart = first - (before->first + (uint64_t)before->length);
    return before->start + before->length + (apart < FAR ? apart : 0);
}

/* From the first change on, what is unwritten is this pager's; what was left over from before a
 * power cut is a hole. */
static void begin_allocating(struct file_system *fs, struct node *node)
{
    if (node->flags & NODE_ALLOCATES)
        return;
    if (!fs->again) /* else it is the pager's, who outlived the server before */
        map_drop_unwritten(fs, node);
    node_flags(fs, node, NODE_ALLOCATES, 0);
}

static int64_t fill_hole(struct file_system *fs, struct node *node, size_t at, uint64_t first,
                         struct mapped *mapped)
{
    struct extent added = {.first = (uint32_t)first, .unwritten = true};
    uint64_t length;
    int64_t error = space_take(fs, SPACE_FOR_FILE, goal_for(fs, node, at, first), mapped->blocks,
                               &added.start, &length);
    if (error)
        return error;
    added.length = (uint32_t)length;
    error = map_insert(fs, node, &added);
    if (error)
        space_give_back(fs, added.start, length);
    else
        *mapped = (struct mapped){added.start, length, true};
    return error;
}

int64_t data_map(struct file_system *fs, struct node *node, uint64_t first, uint64_t wanted,
                 bool allocate, struct mapped *mapped)
{
    inode inode;
    int64_t error = check_regular(fs, node, &inode);
    if (!error && (!wanted || first >= FILE_BYTES_MOST / BLOCK_BYTES))
        error = wanted ? -EFBIG : -EINVAL;
    if (!error && allocate && fs->read_only)
        error = -EROFS;
    if (!error)
        error = map_load(fs, node);
    if (error)
        return error;
    if (allocate || (fs->again && map_has_unwritten(&node->map)))
        begin_allocating(fs, node);
    const struct map *map = &node->map;
    size_t at = map_place(map, first);
    uint64_t most = FILE_BYTES_MOST / BLOCK_BYTES - first;
    *mapped = (struct mapped){.blocks = wanted < most ? wanted : most};
    if (at < map->count) {
        const struct extent *extent = &map->extents[at];
        bool inside = extent->first <= first;
        uint64_t end = inside ? (uint64_t)extent->first + extent->length : extent->first;
        mapped->blocks = end - first < mapped->blocks ? end - first : mapped->blocks;
        if (inside) {
            if (!extent->unwritten || node->flags & NODE_ALLOCATES)
                mapped->start = extent->start + (first - extent->first);
            return 0;
        }
    }
    return allocate ? fill_hole(fs, node, at, first, mapped) : 0;
}

int64_t data_set_size(struct file_system *fs, struct node *node, uint64_t bytes)
{
    inode inode;
    int64_t error = check_regular(fs, node, &inode);
    if (!error && bytes > FILE_BYTES_MOST)
        error = -EFBIG;
    if (!error && fs->read_only)
        error = -EROFS;
    if (!error)
        error = map_load(fs, node);
    if (error)
        return error;
    if (bytes < inode_size(&inode))
        map_cut(fs, node, (bytes + BLOCK_BYTES - 1) / BLOCK_BYTES);
    if (bytes == inode_size(&inode))
        return 0;
    inode_set_size(&inode, bytes);
    return inode_write(fs, node->number, &inode);
}

/* What is beyond the size stays unwritten: the format wants it so, and the pager may still extend
 * the file. */
static int64_t make_written(struct file_system *fs, struct node *node)
{
    inode inode;
    int64_t error = inode_read(fs, node->number, &inode);
    if (!error && fs->again && LINUX_S_ISREG(inode.i_mode)) {
        error = map_load(fs, node);
        if (!error && map_has_unwritten(&node->map))
            begin_allocating(fs, node);
    }
    if (error || !(node->flags & NODE_ALLOCATES))
        return error;
    if (!error)
        error = map_written(fs, node, (inode_size(&inode) + BLOCK_BYTES - 1) / BLOCK_BYTES);
    if (!error && !map_has_unwritten(&node->map))
        node_flags(fs, node, 0, NODE_ALLOCATES);
    return error;
}

int64_t data_commit(struct file_system *fs, struct node *node, bool data_only)
{
    if (fs->read_only)
        return 0;
    int64_t error = node ? make_written(fs, node) : 0;
    for (size_t i = 0; !node && i < fs->nodes_entries; i++)
        for (struct node *one = fs->nodes[i]; one && !error; one = one->chain)
            error = make_written(fs, one);
    if (error)
        return error;
    if (node && data_only && !(node->flags & NODE_CHANGED) && !fs->cache.dirty[CACHE_INODE])
        return fs->device->flush(fs->device);
    return commit_all(fs);
}
