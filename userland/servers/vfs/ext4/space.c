/*
 * space.c: taking and freeing, with libext2fs's bitmaps and counts.
 */
#include "space.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROUP_BLOCKS    0x1
#define GROUP_INODES    0x2
#define TRIES           8 /* runs that are looked at for a longer one */
#define INODE_DIRECTORY 0x80000000
#define KEPT_PART       128 /* of all blocks one is kept for trees, within these bounds */
#define KEPT_LEAST      4
#define KEPT_MOST       64

static void group_dirty(struct file_system *fs, dgrp_t group, uint8_t what)
{
    fs->groups_dirty[group] |= what;
    fs->any_group_dirty = true;
}

static void mark_run(struct file_system *fs, uint64_t start, uint64_t length, int used)
{
    for (uint64_t at = start; at < start + length;) {
        dgrp_t group = ext2fs_group_of_blk2(fs->ext, at);
        uint64_t end = ext2fs_group_last_block2(fs->ext, group) + 1;
        end = end < start + length ? end : start + length;
        if (used > 0)
            ext2fs_clear_block_uninit(fs->ext, group);
        ext2fs_block_alloc_stats_range(fs->ext, at, (blk_t)(end - at), used);
        group_dirty(fs, group, GROUP_BLOCKS);
        at = end;
    }
}

/* The longest of the first runs of free blocks in [from, end), `wanted` at most. */
static uint64_t longest_run(struct file_system *fs, uint64_t from, uint64_t end, uint64_t wanted,
                            uint64_t *start)
{
    uint64_t best = 0;
    for (unsigned i = 0; i < TRIES && from < end && best < wanted; i++) {
        blk64_t first, behind;
        if (ext2fs_find_first_zero_block_bitmap2(fs->ext->block_map, from, end - 1, &first))
            break;
        uint64_t last = end - first < wanted ? end - 1 : first + wanted - 1;
        if (ext2fs_find_first_set_block_bitmap2(fs->ext->block_map, first, last, &behind))
            behind = last + 1;
        if (behind - first > best) {
            best = behind - first;
            *start = first;
        }
        from = behind;
    }
    return best;
}

uint64_t space_kept(const struct file_system *fs)
{
    uint64_t part = ext2fs_blocks_count(fs->ext->super) / KEPT_PART;
    return part < KEPT_LEAST ? KEPT_LEAST : part > KEPT_MOST ? KEPT_MOST : part;
}

int64_t space_take(struct file_system *fs, enum space_purpose purpose, uint64_t goal,
                   uint64_t wanted, uint64_t *start, uint64_t *length)
{
    uint64_t blocks = ext2fs_blocks_count(fs->ext->super);
    uint64_t free = ext2fs_free_blocks_count(fs->ext->super);
    uint64_t kept = purpose == SPACE_FOR_FILE ? fs->reserved + space_kept(fs) : 0;
    if (free <= kept)
        return -ENOSPC;
    wanted = wanted < free - kept ? wanted : free - kept;
    goal = goal < blocks ? goal : 0;
    uint64_t found = longest_run(fs, goal, blocks, wanted, start);
    if (!found)
        found = longest_run(fs, 0, goal, wanted, start);
    if (!found)
        return -ENOSPC;
    mark_run(fs, *start, found, 1);
    *length = found;
    return 0;
}

void space_give_back(struct file_system *fs, uint64_t start, uint64_t length)
{
    for (uint64_t i = 0; i < length; i++)
        cache_forget(&fs->cache, start + i);
    mark_run(fs, start, length, -1);
}

uint64_t space_goal(struct file_system *fs, uint32_t number)
{
    return ext2fs_group_first_block2(fs->ext, ext2fs_group_of_ino(fs->ext, number));
}

static void say(struct file_system *fs, const char *what, uint64_t which)
{
    char line[96];
    snprintf(line, sizeof line, "damaged: %s %llu; e2fsck mends it", what,
             (unsigned long long)which);
    if (fs->log)
        fs->log(line);
}

/* One more place at the end of a list that grows. */
static void *grow(void *list, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return list;
    void *larger = realloc(list, (2 * *room + 16) * size);
    if (larger)
        *room = 2 * *room + 16;
    return larger;
}

void space_free(struct file_system *fs, uint64_t start, uint64_t length)
{
    blk64_t hole;
    if (!length)
        return;
    for (uint64_t i = 0; i < length; i++)
        cache_forget(&fs->cache, start + i);
    if (!ext2fs_find_first_zero_block_bitmap2(fs->ext->block_map, start, start + length - 1,
                                              &hole)) {
        say(fs, "a file has the free block", hole);
        return;
    }
    struct run *last = fs->frees_count ? &fs->frees[fs->frees_count - 1] : NULL;
    fs->frees_blocks += length;
    if (last && last->start + last->length == start) {
        last->length += length;
        return;
    }
    struct run *larger = grow(fs->frees, fs->frees_count, &fs->frees_room, sizeof *larger);
    if (!larger) {
        say(fs, "no memory to free blocks from", start);
        fs->frees_blocks -= length;
        return;
    }
    fs->frees = larger;
    fs->frees[fs->frees_count++] = (struct run){start, length};
}

int64_t space_take_inode(struct file_system *fs, uint32_t directory, uint32_t mode,
                         uint32_t *number)
{
    ext2_ino_t found;
    errcode_t error = ext2fs_new_inode(fs->ext, directory, (int)mode, NULL, &found);
    if (error)
        return -ENOSPC;
    ext2fs_inode_alloc_stats2(fs->ext, found, 1, LINUX_S_ISDIR(mode));
    group_dirty(fs, ext2fs_group_of_ino(fs->ext, found), GROUP_INODES);
    *number = found;
    return 0;
}

void space_give_inode_back(struct file_system *fs, uint32_t number, bool directory)
{
    ext2fs_inode_alloc_stats2(fs->ext, number, -1, directory);
    group_dirty(fs, ext2fs_group_of_ino(fs->ext, number), GROUP_INODES);
}

void space_free_inode(struct file_system *fs, uint32_t number, bool directory)
{
    uint32_t *larger =
        grow(fs->inode_frees, fs->inode_frees_count, &fs->inode_frees_room, sizeof *larger);
    if (!larger) {
        say(fs, "no memory to free inode", number);
        return;
    }
    fs->inode_frees = larger;
    fs->inode_frees[fs->inode_frees_count++] = number | (directory ? INODE_DIRECTORY : 0);
}

void space_apply_frees(struct file_system *fs)
{
    for (size_t i = 0; i < fs->frees_count; i++) {
        struct run *run = &fs->frees[i];
        blk64_t hole; /* a damaged image may free one twice in a commit */
        if (ext2fs_find_first_zero_block_bitmap2(fs->ext->block_map, run->start,
                                                 run->start + run->length - 1, &hole))
            mark_run(fs, run->start, run->length, -1);
        else
            say(fs, "two files have the block", hole);
    }
    for (size_t i = 0; i < fs->inode_frees_count; i++)
        space_give_inode_back(fs, fs->inode_frees[i] & ~INODE_DIRECTORY,
                              fs->inode_frees[i] & INODE_DIRECTORY);
    fs->frees_count = fs->inode_frees_count = 0;
    fs->frees_blocks = 0;
}

/* ---- To the medium ---- */

static int64_t write_block(struct file_system *fs, uint64_t where, void *block)
{
    cache_forget(&fs->cache, where); /* read when it was mounted */
    return fs->device->write(fs->device, where, 1, &block);
}

/* As the format wants it: what is beyond the group's end is marked. */
static int64_t store_blocks(struct file_system *fs, dgrp_t group, uint8_t *block)
{
    uint64_t blocks = ext2fs_blocks_count(fs->ext->super);
    uint64_t first = ext2fs_group_first_block2(fs->ext, group);
    memset(block, 0xff, BLOCK_BYTES);
    errcode_t error =
        ext2fs_get_block_bitmap_range2(fs->ext->block_map, first, 8 * BLOCK_BYTES, block);
    for (uint64_t at = blocks - first; at < 8 * BLOCK_BYTES; at++)
        block[at / 8] |= (uint8_t)(1u << at % 8);
    if (!error)
        error = ext2fs_block_bitmap_csum_set(fs->ext, group, (char *)block, BLOCK_BYTES);
    return error ? error_of(error)
                 : write_block(fs, ext2fs_block_bitmap_loc(fs->ext, group), block);
}

static int64_t store_inodes(struct file_system *fs, dgrp_t group, uint8_t *block)
{
    uint32_t inodes = fs->ext->super->s_inodes_per_group;
    memset(block, 0xff, BLOCK_BYTES);
    errcode_t error =
        ext2fs_get_inode_bitmap_range2(fs->ext->inode_map, group * inodes + 1, inodes, block);
    if (!error)
        error = ext2fs_inode_bitmap_csum_set(fs->ext, group, (char *)block, (int)inodes / 8);
    return error ? error_of(error)
                 : write_block(fs, ext2fs_inode_bitmap_loc(fs->ext, group), block);
}

static int64_t store_group(struct file_system *fs, dgrp_t group, uint8_t *block)
{
    int64_t error = 0;
    if (fs->groups_dirty[group] & GROUP_BLOCKS)
        error = store_blocks(fs, group, block);
    if (fs->groups_dirty[group] & GROUP_INODES && !error)
        error = store_inodes(fs, group, block);
    ext2fs_group_desc_csum_set(fs->ext, group);
    return error;
}

/* The block of descriptors that begins with group `first`. */
static int64_t store_descriptors(struct file_system *fs, dgrp_t first)
{
    unsigned long which = first / EXT2_DESC_PER_BLOCK(fs->ext->super);
    uint64_t where =
        ext2fs_descriptor_block_loc2(fs->ext, fs->ext->super->s_first_data_block, which);
    return write_block(fs, where, (uint8_t *)fs->ext->group_desc + which * BLOCK_BYTES);
}

int64_t space_store(struct file_system *fs)
{
    dgrp_t step = EXT2_DESC_PER_BLOCK(fs->ext->super), groups = fs->ext->group_desc_count;
    if (!fs->any_group_dirty)
        return 0;
    uint8_t *block = malloc(BLOCK_BYTES);
    int64_t error = block ? 0 : -ENOMEM;
    for (dgrp_t first = 0; first < groups && !error; first += step) {
        bool any = false;
        for (dgrp_t group = first; group < groups && group < first + step && !error; group++)
            if (fs->groups_dirty[group]) {
                error = store_group(fs, group, block);
                any = true;
            }
        if (any && !error)
            error = store_descriptors(fs, first);
    }
    free(block);
    int64_t late = fs->device->flush(fs->device);
    if (error || late)
        return error ? error : late;
    memset(fs->groups_dirty, 0, groups);
    fs->any_group_dirty = false;
    return 0;
}
