/*
 * space.h: which blocks and inodes are taken. What is taken is marked in libext2fs's bitmaps at
 * once; what is freed stays marked until a commit has brought to the card that nothing uses it any
 * more: so it cannot be given out before.
 */
#pragma once
#include "file_system.h"

enum space_purpose {
    SPACE_FOR_FILE, /* leaves what trees of extents will need */
    SPACE_FOR_TREE
};

/* A run of free blocks near `goal` (0: anywhere), `wanted` or fewer. -ENOSPC. */
int64_t space_take(struct file_system *fs, enum space_purpose purpose, uint64_t goal,
                   uint64_t wanted, uint64_t *start, uint64_t *length);
/* Blocks that files never get: to shorten a file on a full device, its tree needs fresh ones. */
uint64_t space_kept(const struct file_system *fs);
/* Free after the next commit; nothing of them stays in the cache. Blocks that are none of the
 * device, or free already, are left out (the image is damaged: it is logged). */
void space_free(struct file_system *fs, uint64_t start, uint64_t length);
/* Free at once: they were taken since the last commit and nothing points to them. */
void space_give_back(struct file_system *fs, uint64_t start, uint64_t length);
/* Where blocks of this inode are looked for when it has none. */
uint64_t space_goal(struct file_system *fs, uint32_t number);

/* A free inode near its directory. -ENOSPC. */
int64_t space_take_inode(struct file_system *fs, uint32_t directory, uint32_t mode,
                         uint32_t *number);
void space_give_inode_back(struct file_system *fs, uint32_t number, bool directory);
/* Free after the next commit. */
void space_free_inode(struct file_system *fs, uint32_t number, bool directory);

/* For the commit: bitmaps and descriptors that changed, to the medium. */
int64_t space_store(struct file_system *fs);
/* … and what was freed is free. */
void space_apply_frees(struct file_system *fs);
