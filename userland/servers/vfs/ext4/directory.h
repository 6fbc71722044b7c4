/*
 * directory.h: names in the blocks of a directory. Entries never move, so that a position (the byte
 * where the next entry begins) stays good whatever comes and goes. A directory of several blocks
 * has an index of its names in memory (directory_index.c); the card's own (htree) is not used, and
 * given up when a name is added.
 */
#pragma once
#include "map.h"

struct name {
    const char *text;
    size_t length; /* 1 … 255 */
};

/* An entry of a directory, or a gap for one. Good until a block of the directory changes. */
struct place {
    uint32_t block;        /* of the directory */
    uint32_t offset;       /* of the entry in the block */
    uint32_t before;       /* of the entry before it, or this one: there is none */
    uint32_t inode;        /* 0: a gap */
    uint8_t type;          /* EXT2_FT_* */
    struct cached *cached; /* the block */
};

/* Blocks that the directory has. -EUCLEAN: its size contradicts its map. Loads the map. */
int64_t directory_blocks(struct file_system *fs, struct node *directory, uint32_t *blocks);
/* A block of it, found sound. */
int64_t directory_block(struct file_system *fs, struct node *directory, uint32_t which,
                        struct cached **cached);
/* -ENOENT: there is no such name. */
int64_t directory_find(struct file_system *fs, struct node *directory, const struct name *name,
                       struct place *place);
/* A gap for a name, in a new block if need be. -ENOSPC. */
int64_t directory_room(struct file_system *fs, struct node *directory, const struct name *name,
                       struct place *place);
/* A gap in one block. False: there is none of so many bytes. */
bool directory_gap_in(struct file_system *fs, struct cached *cached, uint32_t wanted,
                      struct place *place);
/* 1: nothing but "." and "..", 0: more. */
int64_t directory_is_empty(struct file_system *fs, struct node *directory);
/* Entries from a position on, as struct vfs_name, to `room` bytes. Returns how many bytes; 0: the
 * end. -EINVAL: no room for one. */
int64_t directory_read(struct file_system *fs, struct node *directory, uint64_t position,
                       uint8_t *to, size_t room);

/* Changes to a place. They cannot fail after directory_touch of its block answered 0. */
int64_t directory_touch(struct file_system *fs, const struct place *place, bool late);
void directory_put(struct file_system *fs, struct node *directory, const struct place *gap,
                   const struct name *name, uint32_t inode, uint8_t type);
void directory_set(struct file_system *fs, struct node *directory, const struct place *place,
                   uint32_t inode, uint8_t type);
void directory_remove(struct file_system *fs, struct node *directory, const struct place *place);
/* The first block of a new directory; its map has it. */
void directory_make(struct file_system *fs, struct cached *cached, uint32_t self, uint32_t parent);

/* ---- directory_index.c ---- */

#define PLACE_OFFSET_BITS 10 /* entries begin at multiples of 4 */

/* The index, made if the directory is large and there is memory; else NULL: look through it all. */
struct directory *directory_index(struct file_system *fs, struct node *directory, uint32_t blocks,
                                  int64_t *error);
void directory_forget(struct node *directory);
uint32_t directory_hash(const struct name *name);
/* Places with this hash, one after the other: begin with *at = hash. False: no more. */
bool directory_index_next(const struct directory *index, uint32_t hash, size_t *at, uint32_t *block,
                          uint32_t *offset);
void directory_index_add(struct node *directory, const struct name *name, uint32_t block,
                         uint32_t offset);
void directory_index_remove(struct node *directory, const struct name *name, uint32_t block,
                            uint32_t offset);
/* Blocks whose largest gap may be of so many bytes, from *block on. False: none. */
bool directory_index_gap(const struct directory *index, uint32_t bytes, uint32_t *block);
void directory_index_set_gap(struct node *directory, uint32_t block, uint32_t bytes);
