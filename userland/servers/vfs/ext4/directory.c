/*
 * directory.c: finding, reading, and growing. A block is looked at once, when it comes into the
 * cache: after that its entries are known to lie one behind the other within it.
 */
#include "directory.h"
#include "directory_entry.h"
#include "space.h"
#include <stdlib.h>
#include <string.h>

#define READ_AHEAD 16 /* blocks */

int64_t directory_blocks(struct file_system *fs, struct node *directory, uint32_t *blocks)
{
    inode inode;
    int64_t error = inode_read(fs, directory->number, &inode);
    if (!error && !LINUX_S_ISDIR(inode.i_mode))
        error = -ENOTDIR;
    if (!error)
        error = map_load(fs, directory);
    if (error)
        return error;
    const struct map *map = &directory->map;
    uint64_t count = inode_size(&inode) / BLOCK_BYTES;
    const struct extent *last = map->count ? &map->extents[map->count - 1] : NULL;
    if (inode_size(&inode) % BLOCK_BYTES || !last || count > (uint64_t)last->first + last->length ||
        !count || count > 1u << (32 - PLACE_OFFSET_BITS))
        return -EUCLEAN;
    *blocks = (uint32_t)count;
    return 0;
}

/* Are these the entries of a directory of this inode? */
static bool is_sound(struct file_system *fs, uint32_t number, uint8_t *data)
{
    uint32_t inodes = fs->ext->super->s_inodes_count;
    uint32_t at = 0;
    if (!ext2fs_dir_block_csum_verify(fs->ext, number, (struct ext2_dir_entry *)data))
        return false;
    while (at < BLOCK_BYTES) {
        const struct entry *entry = entry_at(data, at);
        if (at + ENTRY_HEADER > BLOCK_BYTES || entry->bytes % 4 ||
            entry->bytes < ENTRY_HEADER + 4u || entry->bytes > BLOCK_BYTES - at)
            return false;
        if (entry->inode > inodes || entry->length + ENTRY_HEADER > entry->bytes)
            return false;
        if (entry->inode && (!entry->length || memchr(entry->name, '/', entry->length) ||
                             memchr(entry->name, 0, entry->length)))
            return false;
        at += entry->bytes;
    }
    return true;
}

int64_t directory_block(struct file_system *fs, struct node *directory, uint32_t which,
                        struct cached **cached)
{
    uint64_t block = map_block(&directory->map, which);
    if (!block)
        return -EUCLEAN;
    int64_t error = cache_get(&fs->cache, block, cached);
    if (error)
        return error == -EINVAL ? -EUCLEAN : error;
    if ((*cached)->owner != directory->number) {
        if (!is_sound(fs, directory->number, (*cached)->data))
            return -EUCLEAN;
        (*cached)->owner = directory->number;
    }
    return 0;
}

/* For who reads one block after the other. */
static int64_t next_block(struct file_system *fs, struct node *directory, uint32_t which,
                          uint32_t blocks, struct cached **cached)
{
    if (which % READ_AHEAD == 0 && blocks > 1) {
        const struct map *map = &directory->map;
        size_t at = map_place(map, which);
        if (at < map->count && map->extents[at].first <= which) {
            uint64_t skipped = which - map->extents[at].first;
            uint64_t run = map->extents[at].length - skipped;
            cache_prefetch(&fs->cache, map->extents[at].start + skipped,
                           run < READ_AHEAD ? (uint32_t)run : READ_AHEAD);
        }
        cache_trim(&fs->cache);
    }
    return directory_block(fs, directory, which, cached);
}

/* Looks for a name, or (NULL) a gap of `wanted` bytes, in one block. */
static bool find_in(struct file_system *fs, struct cached *cached, const struct name *name,
                    uint32_t wanted, struct place *place)
{
    uint32_t limit = entry_limit(fs, cached->data);
    if (!name && entry_tail_bytes(fs) && limit == BLOCK_BYTES)
        return false; /* of an htree's index */
    for (uint32_t at = 0, before = 0; at < limit;
         before = at, at += entry_at(cached->data, at)->bytes) {
        const struct entry *entry = entry_at(cached->data, at);
        bool found = name ? entry->inode && entry->length == name->length &&
                                !memcmp(entry->name, name->text, name->length)
                          : entry_gap(entry) >= wanted;
        if (found) {
            place->offset = at;
            place->before = before;
            place->inode = name ? entry->inode : 0;
            place->type = entry->type;
            place->cached = cached;
            return true;
        }
    }
    return false;
}

bool directory_gap_in(struct file_system *fs, struct cached *cached, uint32_t wanted,
                      struct place *place)
{
    return find_in(fs, cached, NULL, wanted, place);
}

static int64_t find_by_index(struct file_system *fs, struct node *directory,
                             const struct directory *index, const struct name *name,
                             struct place *place)
{
    uint32_t hash = directory_hash(name), offset;
    for (size_t at = hash; directory_index_next(index, hash, &at, &place->block, &offset);) {
        struct cached *cached;
        int64_t error = directory_block(fs, directory, place->block, &cached);
        if (error)
            return error;
        const struct entry *entry = entry_at(cached->data, offset);
        if (entry->inode && entry->length == name->length &&
            !memcmp(entry->name, name->text, name->length) && find_in(fs, cached, name, 0, place))
            return 0;
    }
    return -ENOENT;
}

int64_t directory_find(struct file_system *fs, struct node *directory, const struct name *name,
                       struct place *place)
{
    uint32_t blocks;
    int64_t error = directory_blocks(fs, directory, &blocks);
    if (error)
        return error;
    struct directory *index = directory_index(fs, directory, blocks, &error);
    if (error)
        return error;
    if (index)
        return find_by_index(fs, directory, index, name, place);
    for (place->block = 0; place->block < blocks; place->block++) {
        struct cached *cached;
        error = next_block(fs, directory, place->block, blocks, &cached);
        if (error)
            return error;
        if (find_in(fs, cached, name, 0, place))
            return 0;
    }
    return -ENOENT;
}

int64_t directory_is_empty(struct file_system *fs, struct node *directory)
{
    uint32_t blocks;
    int64_t error = directory_blocks(fs, directory, &blocks);
    for (uint32_t which = 0; !error && which < blocks; which++) {
        struct cached *cached;
        error = next_block(fs, directory, which, blocks, &cached);
        for (uint32_t at = 0; !error && at < BLOCK_BYTES; at += entry_at(cached->data, at)->bytes)
            if (entry_at(cached->data, at)->inode && !entry_is_dots(entry_at(cached->data, at)))
                return 0;
    }
    return error ? error : 1;
}

/* ---- Reading ---- */

/* EXT2_FT_* to Linux's DT_*. */
static uint8_t type_of(uint8_t type)
{
    static const uint8_t types[] = {0, 8, 4, 2, 6, 1, 12, 10};
    return type < sizeof types ? types[type] : 0;
}

/* One entry to `to`. Returns its bytes, or 0: it does not fit. */
static size_t read_entry(const struct entry *entry, uint64_t behind, uint8_t *to, size_t room)
{
    size_t bytes = (sizeof(struct vfs_name) + entry->length + 1u + 7) / 8 * 8;
    if (bytes > room)
        return 0;
    struct vfs_name *name = (void *)to;
    memset(to, 0, bytes);
    *name = (struct vfs_name){.inode = entry->inode,
                              .position = behind,
                              .bytes = (uint16_t)bytes,
                              .type = type_of(entry->type),
                              .length = entry->length};
    memcpy(name->name, entry->name, entry->length);
    return bytes;
}

int64_t directory_read(struct file_system *fs, struct node *directory, uint64_t position,
                       uint8_t *to, size_t room)
{
    uint32_t blocks;
    size_t done = 0;
    int64_t error = directory_blocks(fs, directory, &blocks);
    for (uint64_t which = position / BLOCK_BYTES; !error && which < blocks; which++) {
        struct cached *cached;
        error = next_block(fs, directory, (uint32_t)which, blocks, &cached);
        for (uint32_t at = 0, bytes; !error && at < BLOCK_BYTES; at += bytes) {
            const struct entry *entry = entry_at(cached->data, at);
            bytes = entry->bytes;
            if (which * BLOCK_BYTES + at < position || !entry->inode)
                continue;
            size_t step =
                read_entry(entry, which * BLOCK_BYTES + at + bytes, to + done, room - done);
            if (!step)
                return done ? (int64_t)done : -EINVAL;
            done += step;
        }
    }
    return error ? error : (int64_t)done;
}
