/*
 * mount.c: from a device to a mounted file system, and back.
 *
 * Mounted for writing it is marked unclean on the card before anything else is written, and clean
 * after everything else was: an unclean one is for e2fsck first.
 */
#include "commit.h"
#include "data.h"
#include "io.h"
#include "space.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUPERBLOCK_AT 1024 /* bytes from the start of the device, whatever the block size */
#define NODES_ENTRIES 1024

/* What can be used, and what can be written to. Others are refused, or read only. */
#define INCOMPAT_KNOWN                                                                             \
    (EXT2_FEATURE_INCOMPAT_FILETYPE | EXT3_FEATURE_INCOMPAT_EXTENTS |                              \
     EXT4_FEATURE_INCOMPAT_64BIT | EXT4_FEATURE_INCOMPAT_FLEX_BG | EXT2_FEATURE_INCOMPAT_META_BG | \
     EXT4_FEATURE_INCOMPAT_CSUM_SEED)
#define RO_COMPAT_KNOWN                                                                            \
    (EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER | EXT2_FEATURE_RO_COMPAT_LARGE_FILE |                     \
     EXT4_FEATURE_RO_COMPAT_HUGE_FILE | EXT4_FEATURE_RO_COMPAT_GDT_CSUM |                          \
     EXT4_FEATURE_RO_COMPAT_DIR_NLINK | EXT4_FEATURE_RO_COMPAT_EXTRA_ISIZE |                       \
     EXT4_FEATURE_RO_COMPAT_METADATA_CSUM)

int64_t error_of(errcode_t error)
{
    switch (error) {
    case EXT2_ET_NO_MEMORY:
        return -ENOMEM;
    case EXT2_ET_BLOCK_ALLOC_FAIL:
    case EXT2_ET_INODE_ALLOC_FAIL:
        return -ENOSPC;
    case EXT2_ET_RO_FILSYS:
        return -EROFS;
    }
    return error > 0 && error < 4096 ? -(int64_t)error : error ? -EUCLEAN : 0;
}

static int64_t refuse(struct file_system *fs, int64_t error, const char *why)
{
    char line[160];
    snprintf(line, sizeof line, "not mounted: %s", why);
    if (fs->log)
        fs->log(line);
    return error;
}

/* What must hold before libext2fs sees it: it would believe these numbers and reserve memory. */
static int64_t check_superblock(struct file_system *fs, const struct ext2_super_block *super)
{
    if (super->s_magic != EXT2_SUPER_MAGIC)
        return refuse(fs, -EUCLEAN, "no ext4 file system is there");
    if (super->s_log_block_size != 2 || super->s_log_cluster_size != 2)
        return refuse(fs, -EUCLEAN, "its blocks do not have 4096 bytes");
    uint64_t blocks = super->s_blocks_count;
    if (super->s_feature_incompat & EXT4_FEATURE_INCOMPAT_64BIT)
        blocks |= (uint64_t)super->s_blocks_count_hi << 32;
    if (blocks > fs->device->blocks || !blocks || super->s_first_data_block)
        return refuse(fs, -EUCLEAN, "it is larger than the device");
    if (super->s_blocks_per_group != 8 * BLOCK_BYTES ||
        super->s_clusters_per_group != super->s_blocks_per_group || !super->s_inodes_per_group ||
        super->s_inodes_per_group > 8 * BLOCK_BYTES || super->s_inodes_per_group % 8)
        return refuse(fs, -EUCLEAN, "its groups are of another size");
    if (super->s_rev_level != EXT2_DYNAMIC_REV || super->s_first_ino < EXT2_GOOD_OLD_FIRST_INO ||
        super->s_first_ino > super->s_inodes_count)
        return refuse(fs, -EUCLEAN, "its superblock contradicts itself");
    if (super->s_feature_incompat & EXT3_FEATURE_INCOMPAT_RECOVER)
        return refuse(fs, -EUCLEAN, "its journal was not replayed: e2fsck first");
    if (super->s_feature_incompat & ~(uint32_t)INCOMPAT_KNOWN)
        return refuse(fs, -EUCLEAN, "it has features that are not known here");
    return 0;
}

static int64_t check_writable(struct file_system *fs, const struct ext2_super_block *super,
                              bool again)
{
    if (fs->device->read_only)
        return refuse(fs, -EROFS, "the device is write-protected");
    if (super->s_feature_ro_compat & ~(uint32_t)RO_COMPAT_KNOWN ||
        !(super->s_feature_incompat & EXT3_FEATURE_INCOMPAT_EXTENTS))
        return refuse(fs, -EROFS, "it has features that allow reading only");
    if ((!(super->s_state & EXT2_VALID_FS) || super->s_state & EXT2_ERROR_FS) && !again)
        return refuse(fs, -EUCLEAN, "it was not unmounted: e2fsck first");
    return 0;
}

static int64_t check(struct file_system *fs, bool again)
{
    struct cached *cached;
    int64_t error = cache_get(&fs->cache, 0, &cached);
    if (error)
        return error == -EINVAL ? -EUCLEAN : error;
    const struct ext2_super_block *super = (const void *)(cached->data + SUPERBLOCK_AT);
    error = check_superblock(fs, super);
    if (!error && !fs->read_only)
        error = check_writable(fs, super, again);
    return error;
}

/* Reads descriptors and bitmaps, and looks whether the parts of the groups lie apart. */
static int64_t open_library(struct file_system *fs)
{
    int flags = EXT2_FLAG_64BITS | EXT2_FLAG_SKIP_MMP | (fs->read_only ? 0 : EXT2_FLAG_RW);
    errcode_t error = ext2fs_open2("", NULL, flags, 0, 0, io_for(fs), &fs->ext);
    if (error)
        return refuse(fs, error_of(error), "its superblock or descriptors are damaged");
    for (dgrp_t group = 0; group < fs->ext->group_desc_count; group++)
        if (!ext2fs_group_desc_csum_verify(fs->ext, group))
            return refuse(fs, -EUCLEAN, "the checksum of a group is wrong");
    error = ext2fs_check_desc(fs->ext);
    if (error)
        return refuse(fs, error_of(error), "its group descriptors contradict themselves");
    error = ext2fs_read_bitmaps(fs->ext);
    if (error)
        return refuse(fs, error_of(error), "its bitmaps are damaged");
    cache_trim(&fs->cache);
    return 0;
}

static int64_t check_root(struct file_system *fs)
{
    inode inode;
    int64_t error = inode_read(fs, EXT2_ROOT_INO, &inode);
    if (!error && (!LINUX_S_ISDIR(inode.i_mode) || !inode.i_links_count))
        error = -EUCLEAN;
    return error ? refuse(fs, error, "its root directory is damaged") : 0;
}

int64_t superblock_write(struct file_system *fs, bool clean)
{
    struct ext2_super_block *super = fs->ext->super;
    struct cached *cached;
    if (clean)
        super->s_state |= EXT2_VALID_FS;
    else
        super->s_state &= (uint16_t)~EXT2_VALID_FS;
    super->s_wtime = (uint32_t)fs->now().seconds;
    int64_t error = error_of(ext2fs_superblock_csum_set(fs->ext, super));
    if (!error)
        error = cache_get(&fs->cache, 0, &cached);
    if (error)
        return error;
    memcpy(cached->data + SUPERBLOCK_AT, super, sizeof *super);
    void *page = cached->data;
    error = fs->device->write(fs->device, 0, 1, &page);
    int64_t late = fs->device->flush(fs->device);
    return error ? error : late;
}

static int64_t begin(struct file_system *fs, bool again, size_t cache_blocks)
{
    int64_t error = cache_init(&fs->cache, fs->device, cache_blocks);
    if (!error)
        error = check(fs, again);
    if (!error)
        error = open_library(fs);
    if (!error)
        error = check_root(fs);
    if (error)
        return error;
    fs->nodes_entries = NODES_ENTRIES;
    fs->nodes = calloc(fs->nodes_entries, sizeof *fs->nodes);
    fs->groups_dirty = calloc(fs->ext->group_desc_count, 1);
    if (!fs->nodes || !fs->groups_dirty)
        return -ENOMEM;
    if (!fs->read_only) {
        fs->ext->super->s_mnt_count++;
        fs->ext->super->s_mtime = (uint32_t)fs->now().seconds;
        error = superblock_write(fs, false);
    }
    return error;
}

int64_t file_system_mount(struct file_system *fs, struct device *device, bool read_only, bool again,
                          size_t cache_blocks)
{
    struct vfs_time (*now)(void) = fs->now;
    void (*log)(const char *) = fs->log;
    *fs = (struct file_system){.device = device,
                               .read_only = read_only,
                               .again = again,
                               .writing = CACHE_INODE,
                               .commit = 1,
                               .now = now,
                               .log = log};
    fs->generation = (uint32_t)(now().seconds ^ now().nanoseconds);
    int64_t error = begin(fs, again, cache_blocks);
    if (error)
        file_system_forget(fs);
    return error;
}

void file_system_forget(struct file_system *fs)
{
    nodes_end(fs);
    free(fs->nodes);
    free(fs->groups_dirty);
    free(fs->frees);
    free(fs->inode_frees);
    if (fs->ext)
        ext2fs_free(fs->ext);
    cache_end(&fs->cache);
    *fs = (struct file_system){.now = fs->now, .log = fs->log};
}

int64_t file_system_unmount(struct file_system *fs)
{
    if (nodes_held(fs))
        return -EBUSY;
    int64_t error = data_commit(fs, NULL, false);
    if (!error && !fs->read_only)
        error = commit_everything(fs);
    if (!error && !fs->read_only)
        error = superblock_write(fs, true);
    if (!error)
        file_system_forget(fs);
    return error;
}

int64_t file_system_statistics(struct file_system *fs, struct vfs_statistics *to)
{
    struct ext2_super_block *super = fs->ext->super;
    uint64_t free = ext2fs_free_blocks_count(super) + fs->frees_blocks;
    uint64_t kept = ext2fs_r_blocks_count(super) + space_kept(fs);
    uint64_t id;
    memcpy(&id, super->s_uuid, sizeof id);
    *to = (struct vfs_statistics){.block_bytes = BLOCK_BYTES,
                                  .blocks = ext2fs_blocks_count(super),
                                  .free = free,
                                  .available = free > kept ? free - kept : 0,
                                  .inodes = super->s_inodes_count,
                                  .inodes_free = super->s_free_inodes_count + fs->inode_frees_count,
                                  .id = id,
                                  .name_most = EXT2_NAME_LEN,
                                  .read_only = fs->read_only};
    return 0;
}
