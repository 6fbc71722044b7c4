/*
 * ext4_model.h: random work on a mounted file system, with a model beside it that knows what must
 * be there. What the pager of files does is done here, too: blocks that are mapped are written
 * straight to the device, with a stamp in every word.
 */
#pragma once
#include "ext4.h"

#define MODEL_BLOCKS 48 /* of a file, at most; some lie far apart */
#define MODEL_FILES  256
#define MODEL_NAMES  400

struct model_file {
    struct node *node; /* in memory while it is held or mounted */
    uint32_t number, generation;
    uint32_t mode;
    uint32_t links; /* names */
    uint32_t holds;
    uint64_t size;
    uint32_t stamps[MODEL_BLOCKS]; /* by model_block(); 0: zeros */
    bool used;
    bool touched; /* its contents, since the last commit */
};

struct model_name {
    uint32_t directory; /* index in files */
    char text[EXT2_NAME_LEN + 1];
    uint32_t file;
    bool used;
};

/* A name that was worked on since the last commit. */
struct model_touch {
    uint32_t directory; /* inode number */
    char text[EXT2_NAME_LEN + 1];
    bool replaced; /* by renames alone: it leads to something at every moment */
};

struct model {
    struct file_system *fs;
    struct image *image;
    struct model_file files[MODEL_FILES]; /* 0: the root */
    struct model_name names[MODEL_NAMES];
    struct model_touch *touched;
    size_t touched_count, touched_room;
    uint32_t stamp;
    uint32_t *owners; /* by stamp: the generation of the file it was written to */
    uint32_t full;    /* how often there was no room */
    bool long_names;
};

/* Begins with an empty root; the file system is mounted. */
void model_begin(struct model *model, struct file_system *fs, struct image *image);
/* Does one thing at random, to both; what comes back must be the same. */
void model_step(struct model *model);
/* Everything that can be seen must be as the model has it. */
void model_verify(struct model *model);
/* Commits all, with the data. Nothing is touched afterwards. */
void model_commit(struct model *model);
/* Unmounts and mounts again; names lead to the same inodes. Held inodes are released before. */
void model_remount(struct model *model);
void model_end(struct model *model);
/* The block of the file that stamp i stands for. */
uint64_t model_block(unsigned i);
/* Does the block on the device, or a hole (0), hold this stamp everywhere? */
bool model_stamp_is(const struct image *image, uint64_t block, uint32_t stamp);
