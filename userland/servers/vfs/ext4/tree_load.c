/*
 * tree_load.c: a map as the card has it ("Extent Tree" of the ext4 disk layout): a header and up to
 * four entries in the inode, or the root of a tree whose leaves have up to 340 runs each.
 *
 * Nothing is trusted: every run must lie behind the one before, every leaf have one, so that a tree
 * that leads in circles ends at once.
 */
#include "map.h"
#include <stdlib.h>
#include <string.h>

#define DEPTH_MOST  5
#define LOADED_MOST (64UL << 20 >> 5) /* runs: more than a card of a terabyte needs */

struct loading {
    struct file_system *fs;
    uint32_t number;
    struct map *map;
    uint64_t next; /* first block of the file that may come */
};

static int64_t add_run(struct loading *loading, const struct extent *extent)
{
    struct map *map = loading->map;
    uint64_t blocks = ext2fs_blocks_count(loading->fs->ext->super);
    if (!extent->length || extent->first < loading->next || !extent->start ||
        extent->start >= blocks || extent->length > blocks - extent->start)
        return -EUCLEAN;
    loading->next = (uint64_t)extent->first + extent->length;
    if (loading->next > MAP_BLOCKS_MOST)
        return -EUCLEAN;
    struct extent *last = map->count ? &map->extents[map->count - 1] : NULL;
    if (last && (uint64_t)last->first + last->length == extent->first &&
        last->start + last->length == extent->start && last->unwritten == extent->unwritten) {
        last->length += extent->length;
        return 0;
    }
    if (map->count == map->room) {
        size_t room = map->room ? 2 * map->room : 4;
        struct extent *larger =
            map->room < LOADED_MOST ? realloc(map->extents, room * sizeof *larger) : NULL;
        if (!larger)
            return -ENOMEM;
        map->extents = larger;
        map->room = room;
    }
    map->extents[map->count++] = *extent;
    return 0;
}

static int64_t load_leaf(struct loading *loading, const struct ext3_extent_header *header)
{
    const struct ext3_extent *entry = (const void *)(header + 1);
    int64_t error = 0;
    for (unsigned i = 0; i < header->eh_entries && !error; i++, entry++) {
        bool unwritten = entry->ee_len > TREE_WRITTEN_MOST;
        struct extent extent = {.first = entry->ee_block,
                                .length = entry->ee_len - (unwritten ? TREE_WRITTEN_MOST : 0),
                                .start = entry->ee_start | (uint64_t)entry->ee_start_hi << 32,
                                .unwritten = unwritten};
        error = add_run(loading, &extent);
    }
    return error;
}

static int64_t add_tree_block(struct map *map, uint64_t block)
{
    uint64_t *larger = realloc(map->tree, (map->tree_count + 1) * sizeof *larger);
    if (!larger)
        return -ENOMEM;
    map->tree = larger;
    map->tree[map->tree_count++] = block;
    return 0;
}

static int64_t load_index(struct loading *loading, const struct ext3_extent_header *header);

static int64_t load_part(struct loading *loading, const struct ext3_extent_header *header,
                         unsigned depth, size_t room)
{
    if (header->eh_magic != EXT3_EXT_MAGIC || header->eh_depth != depth ||
        header->eh_entries > header->eh_max || header->eh_max > room)
        return -EUCLEAN;
    return depth ? load_index(loading, header) : load_leaf(loading, header);
}

static int64_t load_index(struct loading *loading, const struct ext3_extent_header *header)
{
    const struct ext3_extent_idx *entry = (const void *)(header + 1);
    struct file_system *fs = loading->fs;
    uint8_t *copy = malloc(BLOCK_BYTES); /* the cache's may go meanwhile */
    int64_t error = copy ? 0 : -ENOMEM;
    for (unsigned i = 0; i < header->eh_entries && !error; i++, entry++) {
        uint64_t block = entry->ei_leaf | (uint64_t)entry->ei_leaf_hi << 32;
        struct cached *cached;
        if (entry->ei_block < loading->next || !block) {
            error = -EUCLEAN;
            break;
        }
        error = cache_get(&fs->cache, block, &cached);
        if (error)
            break;
        memcpy(copy, cached->data, BLOCK_BYTES);
        struct ext3_extent_header *below = (void *)copy;
        if (below->eh_max != TREE_ENTRIES || !below->eh_entries ||
            !ext2fs_extent_block_csum_verify(fs->ext, loading->number, below))
            error = -EUCLEAN;
        if (!error)
            error = add_tree_block(loading->map, block);
        if (!error)
            error = load_part(loading, below, header->eh_depth - 1u, TREE_ENTRIES);
    }
    free(copy);
    return error == -EINVAL ? -EUCLEAN : error;
}

/* One block of a file without extents, as libext2fs walks its lists. */
static int add_block(ext2_filsys ext, blk64_t *block, e2_blkcnt_t which, blk64_t list, int offset,
                     void *data)
{
    struct {
        struct loading loading;
        int64_t error;
    } *walk = data;
    (void)ext, (void)list, (void)offset;
    if (which < 0)
        walk->error = add_tree_block(walk->loading.map, *block);
    else if ((uint64_t)which < MAP_BLOCKS_MOST)
        walk->error = add_run(&walk->loading, &(struct extent){(uint32_t)which, 1, *block, false});
    else
        walk->error = -EUCLEAN;
    return walk->error ? BLOCK_ABORT : 0;
}

static int64_t load_lists(struct loading *loading)
{
    struct {
        struct loading loading;
        int64_t error;
    } walk = {.loading = *loading};
    errcode_t error = ext2fs_block_iterate3(loading->fs->ext, loading->number, BLOCK_FLAG_READ_ONLY,
                                            NULL, add_block, &walk);
    return walk.error ? walk.error : error_of(error);
}

int64_t tree_load(struct file_system *fs, uint32_t number, const inode *inode, struct map *map)
{
    struct loading loading = {.fs = fs, .number = number, .map = map};
    if (!(inode->i_flags & EXT4_EXTENTS_FL))
        return load_lists(&loading);
    const struct ext3_extent_header *root = (const void *)inode->i_block;
    if (root->eh_depth > DEPTH_MOST)
        return -EUCLEAN;
    return load_part(&loading, root, root->eh_depth, TREE_ROOT_ENTRIES);
}
