/*
 * directory_entry.h: one entry as the card has it ("Linear Directories" of the ext4 disk layout).
 */
#pragma once
#include "file_system.h"

#define ENTRY_HEADER 8

struct entry {
    uint32_t inode; /* 0: none, only room */
    uint16_t bytes; /* to the next entry */
    uint8_t length; /* of the name */
    uint8_t type;
    char name[];
};

static inline struct entry *entry_at(uint8_t *block, uint32_t offset)
{
    return (struct entry *)(block + offset);
}

/* Bytes that an entry with a name of this length needs. */
static inline uint32_t entry_bytes(size_t length)
{
    return (uint32_t)(ENTRY_HEADER + length + 3) & ~3u;
}

/* Bytes behind its name that another one could have. */
static inline uint32_t entry_gap(const struct entry *entry)
{
    return entry->bytes - (entry->inode ? entry_bytes(entry->length) : 0);
}

/* Bytes at the end of each block that hold its checksum, as an entry without inode. */
static inline uint32_t entry_tail_bytes(struct file_system *fs)
{
    return ext2fs_has_feature_metadata_csum(fs->ext->super) ? sizeof(struct ext2_dir_entry_tail)
                                                            : 0;
}

/* Where the entries of a block end: before the tail if it has one. Blocks of an htree's index do
 * not. */
static inline bool entry_has_tail(uint8_t *block)
{
    const struct entry *tail = entry_at(block, BLOCK_BYTES - sizeof(struct ext2_dir_entry_tail));
    return !tail->inode && tail->bytes == sizeof(struct ext2_dir_entry_tail) && !tail->length &&
           tail->type == EXT2_DIR_NAME_LEN_CSUM >> 8;
}

static inline uint32_t entry_limit(struct file_system *fs, uint8_t *block)
{
    return BLOCK_BYTES - (entry_has_tail(block) ? entry_tail_bytes(fs) : 0);
}

static inline bool entry_is_dots(const struct entry *entry)
{
    return entry->name[0] == '.' &&
           (entry->length == 1 || (entry->length == 2 && entry->name[1] == '.'));
}
