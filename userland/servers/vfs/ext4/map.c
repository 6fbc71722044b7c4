/*
 * map.c: the list of runs in memory.
 */
#include "map.h"
#include "space.h"
#include <stdlib.h>
#include <string.h>

void map_forget(struct node *node)
{
    free(node->map.extents);
    free(node->map.tree);
    node->map = (struct map){0};
    node->flags &= ~(uint32_t)NODE_MAP_LOADED;
}

int64_t map_load(struct file_system *fs, struct node *node)
{
    inode inode;
    if (node->flags & NODE_MAP_LOADED)
        return 0;
    int64_t error = inode_read(fs, node->number, &inode);
    if (!error && inode_has_map(&inode))
        error = tree_load(fs, node->number, &inode, &node->map);
    for (size_t i = 0; i < node->map.count; i++)
        node->map.blocks += node->map.extents[i].length;
    if (error)
        map_forget(node);
    else
        node_flags(fs, node, NODE_MAP_LOADED, 0);
    return error;
}

size_t map_place(const struct map *map, uint64_t block)
{
    size_t low = 0, high = map->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct extent *extent = &map->extents[middle];
        if ((uint64_t)extent->first + extent->length <= block)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint64_t map_block(const struct map *map, uint64_t block)
{
    size_t at = map_place(map, block);
    if (at == map->count || map->extents[at].first > block || map->extents[at].unwritten)
        return 0;
    return map->extents[at].start + (block - map->extents[at].first);
}

/* The map differs from the inode, and keeps as many blocks free as its tree will need. */
static void changed(struct file_system *fs, struct node *node)
{
    fs->reserved -= node->reserved;
    node->reserved = tree_blocks(&node->map);
    fs->reserved += node->reserved;
    node_changed(fs, node);
    node_flags(fs, node, NODE_MAP_CHANGED, 0);
}

static bool follows(const struct extent *before, const struct extent *after)
{
    return (uint64_t)before->first + before->length == after->first &&
           before->start + before->length == after->start && before->unwritten == after->unwritten;
}

static bool make_room(struct map *map)
{
    if (map->count < map->room)
        return true;
    size_t room = map->room ? 2 * map->room : 4;
    struct extent *larger = realloc(map->extents, room * sizeof *larger);
    if (!larger)
        return false;
    map->extents = larger;
    map->room = room;
    return true;
}

static void remove_at(struct map *map, size_t at)
{
    map->count--;
    memmove(&map->extents[at], &map->extents[at + 1], (map->count - at) * sizeof *map->extents);
}

int64_t map_insert(struct file_system *fs, struct node *node, const struct extent *added)
{
    struct map *map = &node->map;
    size_t at = map_place(map, added->first);
    if (at && follows(&map->extents[at - 1], added)) {
        map->extents[--at].length += added->length;
    } else {
        if (!make_room(map))
            return -ENOMEM;
        memmove(&map->extents[at + 1], &map->extents[at], (map->count - at) * sizeof *map->extents);
        map->extents[at] = *added;
        map->count++;
    }
    if (at + 1 < map->count && follows(&map->extents[at], &map->extents[at + 1])) {
        map->extents[at].length += map->extents[at + 1].length;
        remove_at(map, at + 1);
    }
    map->blocks += added->length;
    changed(fs, node);
    return 0;
}

void map_cut(struct file_system *fs, struct node *node, uint64_t first)
{
    struct map *map = &node->map;
    bool any = false;
    while (map->count) {
        struct extent *last = &map->extents[map->count - 1];
        uint64_t end = (uint64_t)last->first + last->length;
        if (end <= first)
            break;
        uint32_t cut = last->first >= first ? last->length : (uint32_t)(end - first);
        space_free(fs, last->start + last->length - cut, cut);
        last->length -= cut;
        map->blocks -= cut;
        map->count -= !last->length;
        any = true;
    }
    if (any)
        changed(fs, node);
}

/* Parts the run that holds `block`, so that one begins there. */
static int64_t split(struct map *map, uint64_t block)
{
    size_t at = map_place(map, block);
    if (at == map->count || map->extents[at].first >= block)
        return 0;
    if (!make_room(map))
        return -ENOMEM;
    struct extent *extent = &map->extents[at];
    uint32_t kept = (uint32_t)(block - extent->first);
    memmove(extent + 1, extent, (map->count - at) * sizeof *extent);
    map->count++;
    extent->length = kept;
    extent[1].first += kept;
    extent[1].start += kept;
    extent[1].length -= kept;
    return 0;
}

bool map_has_unwritten(const struct map *map)
{
    for (size_t i = 0; i < map->count; i++)
        if (map->extents[i].unwritten)
            return true;
    return false;
}

int64_t map_written(struct file_system *fs, struct node *node, uint64_t end)
{
    struct map *map = &node->map;
    size_t to = 0;
    if (!map_has_unwritten(map))
        return 0;
    int64_t error = split(map, end);
    if (error)
        return error;
    for (size_t i = 0; i < map->count; i++) {
        struct extent extent = map->extents[i];
        extent.unwritten &= extent.first >= end;
        if (to && follows(&map->extents[to - 1], &extent))
            map->extents[to - 1].length += extent.length;
        else
            map->extents[to++] = extent;
    }
    map->count = to;
    changed(fs, node);
    return 0;
}

void map_drop_unwritten(struct file_system *fs, struct node *node)
{
    struct map *map = &node->map;
    bool any = false;
    for (size_t i = map->count; i--;) {
        if (!map->extents[i].unwritten)
            continue;
        space_free(fs, map->extents[i].start, map->extents[i].length);
        map->blocks -= map->extents[i].length;
        remove_at(map, i);
        any = true;
    }
    if (any)
        changed(fs, node);
}
