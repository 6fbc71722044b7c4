/*
 * directory_change.c: putting names in and taking them out. All that can fail comes before the
 * first change: room is made, the block's memory is kept dirty; then putting is only bytes.
 */
#include "directory.h"
#include "directory_entry.h"
#include "space.h"
#include <string.h>

static uint8_t stored_type(struct file_system *fs, uint8_t type)
{
    return ext2fs_has_feature_filetype(fs->ext->super) ? type : 0;
}

/* Cannot fail: the block is sound and its inode was read. */
static void seal(struct file_system *fs, uint32_t number, uint8_t *data)
{
    ext2fs_dir_block_csum_set(fs->ext, number, (struct ext2_dir_entry *)data);
}

static void tail_make(struct file_system *fs, uint8_t *data)
{
    if (entry_tail_bytes(fs))
        ext2fs_initialize_dirent_tail(fs->ext, EXT2_DIRENT_TAIL(data, BLOCK_BYTES));
}

/* The largest gap of a block, for the index. */
static void tell_gap(struct file_system *fs, struct node *directory, const struct place *place)
{
    uint8_t *data = place->cached->data;
    uint32_t gap = 0, limit = entry_limit(fs, data);
    if (!directory->directory)
        return;
    for (uint32_t at = 0; at < limit; at += entry_at(data, at)->bytes)
        gap = entry_gap(entry_at(data, at)) > gap ? entry_gap(entry_at(data, at)) : gap;
    directory_index_set_gap(directory, place->block, gap);
}

void directory_make(struct file_system *fs, struct cached *cached, uint32_t self, uint32_t parent)
{
    uint32_t end = BLOCK_BYTES - entry_tail_bytes(fs);
    struct entry *dot = entry_at(cached->data, 0), *dots = entry_at(cached->data, 12);
    *dot = (struct entry){self, 12, 1, stored_type(fs, EXT2_FT_DIR)};
    dot->name[0] = '.';
    *dots = (struct entry){parent, (uint16_t)(end - 12), 2, stored_type(fs, EXT2_FT_DIR)};
    dots->name[0] = dots->name[1] = '.';
    tail_make(fs, cached->data);
    cached->owner = self;
    seal(fs, self, cached->data);
}

int64_t directory_touch(struct file_system *fs, const struct place *place, bool late)
{
    return cache_dirty(&fs->cache, place->cached, late ? CACHE_NAMES_LATE : CACHE_NAMES);
}

void directory_put(struct file_system *fs, struct node *directory, const struct place *gap,
                   const struct name *name, uint32_t inode, uint8_t type)
{
    uint8_t *data = gap->cached->data;
    uint32_t offset = gap->offset;
    struct entry *entry = entry_at(data, offset);
    uint16_t bytes = entry->bytes;
    if (entry->inode) {
        uint32_t kept = entry_bytes(entry->length);
        entry->bytes = (uint16_t)kept;
        offset += kept;
        bytes = (uint16_t)(bytes - kept);
        entry = entry_at(data, offset);
    }
    *entry = (struct entry){inode, bytes, (uint8_t)name->length, stored_type(fs, type)};
    memcpy(entry->name, name->text, name->length);
    seal(fs, directory->number, data);
    directory_index_add(directory, name, gap->block, offset);
    tell_gap(fs, directory, gap);
}

void directory_set(struct file_system *fs, struct node *directory, const struct place *place,
                   uint32_t inode, uint8_t type)
{
    struct entry *entry = entry_at(place->cached->data, place->offset);
    entry->inode = inode;
    entry->type = stored_type(fs, type);
    seal(fs, directory->number, place->cached->data);
}

void directory_remove(struct file_system *fs, struct node *directory, const struct place *place)
{
    uint8_t *data = place->cached->data;
    struct entry *entry = entry_at(data, place->offset);
    struct name name = {entry->name, entry->length};
    directory_index_remove(directory, &name, place->block, place->offset);
    if (place->before < place->offset)
        entry_at(data, place->before)->bytes += entry->bytes;
    else
        entry->inode = 0;
    seal(fs, directory->number, data);
    tell_gap(fs, directory, place);
}

/* ---- Room ---- */

/* An index block becomes a directory block without names. */
static int64_t empty_block(struct file_system *fs, struct node *directory, struct cached *cached)
{
    int64_t error = cache_dirty(&fs->cache, cached, CACHE_NAMES);
    if (error)
        return error;
    memset(cached->data, 0, BLOCK_BYTES);
    entry_at(cached->data, 0)->bytes = (uint16_t)(BLOCK_BYTES - entry_tail_bytes(fs));
    tail_make(fs, cached->data);
    seal(fs, directory->number, cached->data);
    return 0;
}

/* The first block of a directory with an htree: "." and "..", whose room hides the tree's root. */
static int64_t open_first_block(struct file_system *fs, struct node *directory,
                                struct cached *cached)
{
    uint32_t end = BLOCK_BYTES - entry_tail_bytes(fs);
    struct entry *dots = entry_at(cached->data, 12);
    if (entry_at(cached->data, 0)->bytes != 12 || dots->bytes != BLOCK_BYTES - 12)
        return -EUCLEAN;
    int64_t error = cache_dirty(&fs->cache, cached, CACHE_NAMES);
    if (error)
        return error;
    dots->bytes = (uint16_t)(end - 12);
    memset(cached->data + 24, 0, BLOCK_BYTES - 24);
    tail_make(fs, cached->data);
    seal(fs, directory->number, cached->data);
    return 0;
}

/* Gives up the card's index: names are added anywhere from now on. */
static int64_t give_up_htree(struct file_system *fs, struct node *directory, uint32_t blocks)
{
    inode inode;
    int64_t error = inode_read(fs, directory->number, &inode);
    if (error || !(inode.i_flags & EXT2_INDEX_FL))
        return error;
    for (uint32_t which = 0; which < blocks && !error; which++) {
        struct cached *cached;
        error = directory_block(fs, directory, which, &cached);
        if (!error && which == 0)
            error = open_first_block(fs, directory, cached);
        else if (!error && !entry_at(cached->data, 0)->inode &&
                 entry_at(cached->data, 0)->bytes == BLOCK_BYTES)
            error = empty_block(fs, directory, cached);
    }
    directory_forget(directory); /* the gaps are others */
    inode.i_flags &= ~(uint32_t)EXT2_INDEX_FL;
    return error ? error : inode_write(fs, directory->number, &inode);
}

/* One more block at the end. */
static int64_t grow(struct file_system *fs, struct node *directory, uint32_t blocks,
                    struct place *place)
{
    const struct extent *last = &directory->map.extents[directory->map.count - 1];
    struct extent added = {.first = blocks};
    uint64_t length;
    inode inode;
    if (blocks == 1u << (32 - PLACE_OFFSET_BITS))
        return -ENOSPC;
    if (last->first + last->length != blocks)
        return -EUCLEAN; /* blocks beyond its size */
    int64_t error = inode_read(fs, directory->number, &inode);
    if (!error)
        error =
            space_take(fs, SPACE_FOR_FILE, last->start + last->length, 1, &added.start, &length);
    if (error)
        return error;
    added.length = 1;
    error = cache_new(&fs->cache, added.start, &place->cached);
    if (!error)
        error = empty_block(fs, directory, place->cached);
    if (!error)
        error = map_insert(fs, directory, &added);
    if (error) {
        space_give_back(fs, added.start, 1);
        return error;
    }
    inode_set_size(&inode, (uint64_t)(blocks + 1) * BLOCK_BYTES);
    error = inode_write(fs, directory->number, &inode);
    place->cached->owner = directory->number;
    place->block = blocks;
    place->offset = place->before = 0;
    tell_gap(fs, directory, place);
    return error;
}

int64_t directory_room(struct file_system *fs, struct node *directory, const struct name *name,
                       struct place *place)
{
    uint32_t blocks, wanted = entry_bytes(name->length);
    int64_t error = directory_blocks(fs, directory, &blocks);
    if (!error)
        error = give_up_htree(fs, directory, blocks);
    if (error)
        return error;
    struct directory *index = directory_index(fs, directory, blocks, &error);
    for (uint32_t which = 0; which < blocks && !error; which++) {
        if (index && !directory_index_gap(index, wanted, &which))
            break;
        error = directory_block(fs, directory, which, &place->cached);
        if (!error && directory_gap_in(fs, place->cached, wanted, place)) {
            place->block = which;
            return 0;
        }
    }
    return error ? error : grow(fs, directory, blocks, place);
}
