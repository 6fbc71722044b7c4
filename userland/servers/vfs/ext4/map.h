/*
 * map.h: where the blocks of an inode lie. In memory a sorted list of runs; on the card a tree of
 * extents (tree.c), or the lists of blocks of ext2, which are read and never written.
 */
#pragma once
#include "file_system.h"

/* Blocks of a file: 2^32 - 1 in the format, and what FILE_BYTES_MOST allows is less. */
#define MAP_BLOCKS_MOST ((uint64_t)UINT32_MAX)

/* Loads the map of a node if it is not there. -EUCLEAN, -EIO, -ENOMEM. */
int64_t map_load(struct file_system *fs, struct node *node);
/* Frees the memory; what was not stored is lost. */
void map_forget(struct node *node);
/* The place in the list of the run that holds `block`, or of the first one behind it. */
size_t map_place(const struct map *map, uint64_t block);
/* The block of the device, or 0: a hole, or unwritten. */
uint64_t map_block(const struct map *map, uint64_t block);
/* Adds a run where there is none, joined with its neighbours if they fit. -ENOMEM: as before. */
int64_t map_insert(struct file_system *fs, struct node *node, const struct extent *added);
/* Takes away all blocks from `first` on; they are free after the next commit. */
void map_cut(struct file_system *fs, struct node *node, uint64_t first);
bool map_has_unwritten(const struct map *map);
/* Unwritten runs before block `end` are the file's contents from now on. -ENOMEM: as before. */
int64_t map_written(struct file_system *fs, struct node *node, uint64_t end);
/* Unwritten runs are holes again. */
void map_drop_unwritten(struct file_system *fs, struct node *node);

/* ---- tree_load.c, tree_store.c ---- */

#define TREE_ROOT_ENTRIES 4 /* in the inode */
#define TREE_WRITTEN_MOST                                                                          \
    32768 /* blocks in one run of the format; of an unwritten one one less                         \
           */
#define TREE_ENTRIES                                                                               \
    ((BLOCK_BYTES - sizeof(struct ext3_extent_header)) / sizeof(struct ext3_extent))

/* Reads the tree of an inode into an empty map. */
int64_t tree_load(struct file_system *fs, uint32_t number, const inode *inode, struct map *map);
/* Blocks that a tree for this map needs beside the inode, at most. */
uint64_t tree_blocks(const struct map *map);
/*
 * Writes the map into the inode, in fresh blocks where there are more runs than it has room for:
 * blocks of the tree on the card are not touched, so that it stays whole until the inode changes.
 * Takes the blocks from what node->reserved kept.
 */
int64_t tree_store(struct file_system *fs, struct node *node, inode *inode);
