/*
 * data.h: what the pager of files asks: where pages lie, how long a file is, and that it is safe.
 */
#pragma once
#include "file_system.h"

struct mapped {
    uint64_t start;  /* block of the device, 0: a hole */
    uint64_t blocks; /* for how many this holds */
    bool fresh;      /* given out now: what the device has there means nothing */
};

/*
 * Where blocks of a file lie, from `first` on, `wanted` or fewer. `allocate`: holes are given
 * blocks; they read as zeros on the card until data_commit, for which they are known to be written.
 * -EISDIR, -EINVAL: not a regular file; -EFBIG, -ENOSPC, -EROFS.
 */
int64_t data_map(struct file_system *fs, struct node *node, uint64_t first, uint64_t wanted,
                 bool allocate, struct mapped *mapped);
/* -EFBIG: beyond FILE_BYTES_MOST. */
int64_t data_set_size(struct file_system *fs, struct node *node, uint64_t bytes);
/* What data_map gave a file (NULL: all files), up to its size, is its contents from now on; and all
 * changes are on the medium. `data_only`: nothing is written if that would change nothing there. */
int64_t data_commit(struct file_system *fs, struct node *node, bool data_only);
