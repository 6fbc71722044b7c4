/*
 * absent.c: what members of libext2fs.a that are linked refer to, but nothing that vfs calls gets
 * to: journals, multiple-mount protection, data in inodes, Unicode, duplicate search. Defined here,
 * their own members (which would call Linux) stay out of the program. Those that could be reached
 * by an image with a feature that was not refused answer with an error.
 */
#include "ext4/file_system.h"

errcode_t ext2fs_mmp_start(ext2_filsys fs)
{
    (void)fs;
    return EXT2_ET_UNSUPP_FEATURE;
}

errcode_t ext2fs_mmp_stop(ext2_filsys fs)
{
    (void)fs;
    return 0;
}

errcode_t ext2fs_mmp_clear(ext2_filsys fs)
{
    (void)fs;
    return EXT2_ET_UNSUPP_FEATURE;
}

errcode_t ext2fs_zero_blocks2(ext2_filsys fs, blk64_t block, int count, blk64_t *failed,
                              int *failed_count)
{
    (void)fs, (void)block, (void)count, (void)failed, (void)failed_count;
    return EXT2_ET_UNIMPLEMENTED;
}

int ext2fs_inline_data_dir_iterate(ext2_filsys fs, ext2_ino_t number, void *data);
int ext2fs_inline_data_dir_iterate(ext2_filsys fs, ext2_ino_t number, void *data)
{
    (void)fs, (void)number, (void)data;
    return BLOCK_ABORT;
}

errcode_t ext2fs_read_bb_inode(ext2_filsys fs, ext2_badblocks_list *list)
{
    (void)fs, (void)list;
    return EXT2_ET_UNIMPLEMENTED;
}

int ext2fs_is_fast_symlink(struct ext2_inode *inode)
{
    (void)inode;
    return 0;
}

const struct ext2fs_nls_table *ext2fs_load_nls_table(int encoding);
const struct ext2fs_nls_table *ext2fs_load_nls_table(int encoding)
{
    (void)encoding;
    return NULL;
}

struct ext2fs_hashmap *ext2fs_hashmap_create(uint32_t (*hash)(const void *, size_t),
                                             void (*release)(void *), size_t size)
{
    (void)hash, (void)release, (void)size;
    return NULL;
}

void ext2fs_hashmap_free(struct ext2fs_hashmap *map)
{
    (void)map;
}

uint32_t ext2fs_djb2_hash(const void *data, size_t bytes)
{
    (void)data, (void)bytes;
    return 0;
}
