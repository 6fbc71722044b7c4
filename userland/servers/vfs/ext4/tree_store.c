/*
 * tree_store.c: a map into a tree of extents. The blocks of the tree are made anew, but for those
 * that would be as they are on the card: so the old tree stays whole until its inode points to the
 * new one, and an append to a long list costs one leaf.
 */
#include "map.h"
#include "space.h"
#include <stdlib.h>
#include <string.h>

static uint32_t piece_most(const struct extent *extent)
{
    return extent->unwritten ? TREE_WRITTEN_MOST - 1 : TREE_WRITTEN_MOST;
}

static uint64_t pieces(const struct map *map)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < map->count; i++)
        sum += (map->extents[i].length + piece_most(&map->extents[i]) - 1) /
               piece_most(&map->extents[i]);
    return sum;
}

/* At most: the pieces are not counted, because this is asked after every change. */
uint64_t tree_blocks(const struct map *map)
{
    uint64_t sum = 0;
    for (uint64_t count = map->count + map->blocks / (TREE_WRITTEN_MOST - 1);
         count > TREE_ROOT_ENTRIES; sum += count)
        count = (count + TREE_ENTRIES - 1) / TREE_ENTRIES;
    return sum;
}

/* A walk over the pieces that the runs are stored in. */
struct cursor {
    const struct map *map;
    size_t at;
    uint32_t offset;
};

static void next_piece(struct cursor *cursor, struct ext3_extent *to)
{
    const struct extent *extent = &cursor->map->extents[cursor->at];
    uint32_t left = extent->length - cursor->offset;
    uint32_t length = left < piece_most(extent) ? left : piece_most(extent);
    uint64_t start = extent->start + cursor->offset;
    *to = (struct ext3_extent){.ee_block = extent->first + cursor->offset,
                               .ee_len =
                                   (uint16_t)(length + (extent->unwritten ? TREE_WRITTEN_MOST : 0)),
                               .ee_start_hi = (uint16_t)(start >> 32),
                               .ee_start = (uint32_t)start};
    cursor->offset += length;
    if (cursor->offset == extent->length) {
        cursor->at++;
        cursor->offset = 0;
    }
}

/* A level of the tree being made: where its blocks lie and which block of the file each begins at.
 */
struct level {
    struct ext3_extent_idx *entries;
    size_t count;
};

/* A tree that is being made. */
struct storing {
    struct file_system *fs;
    struct node *node;
    uint64_t *tree; /* its blocks so far */
    size_t count;
    uint8_t *block;
};

static bool among(const uint64_t *blocks, size_t count, uint64_t block)
{
    for (size_t i = 0; i < count; i++)
        if (blocks[i] == block)
            return true;
    return false;
}

/* The block of the old tree that has just these contents, or 0. */
static uint64_t old_block(struct storing *storing)
{
    const struct map *map = &storing->node->map;
    struct cached *cached;
    for (size_t i = 0; i < map->tree_count; i++)
        if (!cache_get(&storing->fs->cache, map->tree[i], &cached) &&
            !memcmp(cached->data, storing->block, BLOCK_BYTES))
            return map->tree[i];
    return 0;
}

/*
 * A block of the old tree that the new one does not have yet, when the device is so full that there
 * is no other: a power cut in the next commit can then cost this one file. 0: none is left.
 */
static uint64_t last_resort(const struct storing *storing)
{
    const struct map *map = &storing->node->map;
    for (size_t i = 0; i < map->tree_count; i++)
        if (!among(storing->tree, storing->count, map->tree[i]))
            return map->tree[i];
    return 0;
}

/* Puts storing->block somewhere. */
static int64_t store_block(struct storing *storing, uint64_t *where)
{
    struct file_system *fs = storing->fs;
    const struct map *map = &storing->node->map;
    struct cached *cached;
    uint64_t length;
    int64_t error = error_of(
        ext2fs_extent_block_csum_set(fs->ext, storing->node->number, (void *)storing->block));
    if (error)
        return error;
    *where = old_block(storing);
    if (!*where) {
        bool tight = ext2fs_free_blocks_count(fs->ext->super) < fs->reserved;
        *where = tight ? last_resort(storing) : 0; /* others have no old tree */
        if (!*where)
            error = space_take(fs, SPACE_FOR_TREE, map->extents[0].start, 1, where, &length);
        if (!error)
            error = cache_new(&fs->cache, *where, &cached);
        if (error)
            return error;
        memcpy(cached->data, storing->block, BLOCK_BYTES);
    }
    storing->tree[storing->count++] = *where;
    return 0;
}

static void header_make(void *at, size_t entries, size_t most, size_t depth)
{
    *(struct ext3_extent_header *)at = (struct ext3_extent_header){.eh_magic = EXT3_EXT_MAGIC,
                                                                   .eh_entries = (uint16_t)entries,
                                                                   .eh_max = (uint16_t)most,
                                                                   .eh_depth = (uint16_t)depth};
}

/* Stores `count` entries, leaves' (from the cursor) or those in `level`, whose place is then taken
 * by what points to the blocks made. Returns how many those are, or an error. */
static int64_t store_level(struct storing *storing, struct cursor *cursor,
                           struct ext3_extent_idx *level, size_t count, size_t depth)
{
    struct ext3_extent *entries = (void *)(storing->block + sizeof(struct ext3_extent_header));
    int64_t made = 0;
    for (size_t at = 0; at < count; made++) {
        size_t step = count - at < TREE_ENTRIES ? count - at : TREE_ENTRIES;
        uint64_t where;
        memset(storing->block, 0, BLOCK_BYTES);
        header_make(storing->block, step, TREE_ENTRIES, depth);
        for (size_t i = 0; i < step && !depth; i++)
            next_piece(cursor, &entries[i]);
        if (depth)
            memcpy(entries, &level[at], step * sizeof *level);
        int64_t error = store_block(storing, &where);
        if (error)
            return error;
        level[made] =
            (struct ext3_extent_idx){.ei_block = entries[0].ee_block, /* also an index's */
                                     .ei_leaf = (uint32_t)where,
                                     .ei_leaf_hi = (uint16_t)(where >> 32)};
        at += step;
    }
    return made;
}

/* All levels below the root, and the root into the inode. */
static int64_t store_levels(struct storing *storing, struct ext3_extent_idx *level, inode *inode)
{
    struct cursor cursor = {.map = &storing->node->map};
    int64_t count = (int64_t)pieces(cursor.map);
    size_t depth = 0;
    for (; count > TREE_ROOT_ENTRIES; depth++) {
        count = store_level(storing, &cursor, level, (size_t)count, depth);
        if (count < 0)
            return count;
    }
    struct ext3_extent *root = (void *)&inode->i_block[3];
    memset(inode->i_block, 0, sizeof inode->i_block);
    header_make(inode->i_block, (size_t)count, TREE_ROOT_ENTRIES, depth);
    for (int64_t i = 0; i < count && !depth; i++)
        next_piece(&cursor, &root[i]);
    if (depth)
        memcpy(root, level, (size_t)count * sizeof *level);
    inode->i_flags |= EXT4_EXTENTS_FL;
    return 0;
}

/* Frees the blocks of one list that are not in the other. */
static void free_others(struct file_system *fs, const uint64_t *blocks, size_t count,
                        const uint64_t *kept, size_t kept_count)
{
    for (size_t i = 0; i < count; i++)
        if (!among(kept, kept_count, blocks[i]))
            space_free(fs, blocks[i], 1);
}

int64_t tree_store(struct file_system *fs, struct node *node, inode *inode)
{
    struct map *map = &node->map;
    uint64_t most = tree_blocks(map);
    struct storing storing = {.fs = fs, .node = node};
    struct ext3_extent_idx *level = calloc(most + 1, sizeof *level);
    storing.tree = calloc(most + 1, sizeof *storing.tree);
    storing.block = malloc(BLOCK_BYTES);
    int64_t error = level && storing.tree && storing.block ? 0 : -ENOMEM;
    if (!error)
        error = store_levels(&storing, level, inode);
    if (!error)
        free_others(fs, map->tree, map->tree_count, storing.tree, storing.count);
    else if (storing.tree)
        free_others(fs, storing.tree, storing.count, map->tree, map->tree_count);
    free(level);
    free(storing.block);
    if (error) {
        free(storing.tree);
        return error;
    }
    free(map->tree);
    map->tree = storing.tree;
    map->tree_count = storing.count;
    fs->reserved -= node->reserved;
    node->reserved = 0;
    return 0;
}
