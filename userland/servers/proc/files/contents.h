/*
 * contents.h: the bytes of regular files.
 *
 * A file of the bundle is read in place. What is written goes to memory of its own: up to
 * SMALL_MOST bytes lie in wired memory; a larger file, or one that is mapped to be shared, is a
 * memory object, charged to the programs' pool and shown in proc's space, whose pages come as they
 * are written. A page that was never written is still the bundle's, or a hole of zeros.
 *
 * proc never touches those pages itself: it lets the kernel copy (space_copy), which answers an
 * error where an access would be a fault.
 */
#pragma once
#include "node.h"
#include "page_set.h"

#define SMALL_MOST    2016UL      /* the largest size that wired memory does not round to pages */
#define FILE_SIZE_MAX (1UL << 42) /* 4 TiB; larger is EFBIG */

/* What was written of a file. */
struct file_pages {
    uint8_t *small; /* contents, while there is no object: small_room bytes, zeros after the end */
    uint64_t small_room;
    handle object;
    uintptr_t window; /* 2^order pages of the object from its first on, in proc's space */
    uint32_t order;
    uint64_t limit; /* pages of the object, when `limited`: it was mapped, and ends where the file
                       does */
    bool limited;
    bool shared;             /* was mapped to be shared: may have pages that are not in `present` */
    uint64_t cookie;         /* of the object, to its pager */
    struct page_set present; /* in the object */
};

/* Remembers where the bundle lies, before any file of it is used. */
void contents_init(const void *bundle);

/* Where byte `offset` (below the size) is to be read from, and how many follow it there: *bytes
 * comes as the most that is wanted. Only for space_copy. */
const uint8_t *contents_written(struct node *node, uint64_t offset, uint64_t *bytes);
static inline const uint8_t *contents_at(struct node *node, uint64_t offset, uint64_t *bytes)
{
    if (node->pages || offset >= node->base_size)
        return contents_written(node, offset, bytes);
    if (*bytes > node->base_size - offset)
        *bytes = node->base_size - offset;
    return node->base + offset;
}

/* The same for writing: what is missing is made first, from the bundle or zeros. The size stays.
 * NULL: -ENOSPC, or -EFBIG, in *error. */
uint8_t *contents_prepare(struct node *node, uint64_t offset, uint64_t *bytes, int64_t *error);

/* A copy from [offset, offset + bytes) to a program failed with EFAULT. That, when the program is
 * at fault; ANSWER_NONE: pages are being brought; else what the file failed with, `error` for those
 * in memory. */
int64_t contents_failed(struct thread *thread, struct node *node, uint64_t offset, uint64_t bytes,
                        int64_t error);

/* True when [at, at + bytes) can be copied from or to, or could be made so; false: memory ended.
 * For a copy that failed, to tell whose fault it was. */
bool contents_reachable(struct node *node, uint64_t offset, uint64_t bytes);

/* Gives up what was made beyond the end, for a write that then failed. */
void contents_trim(struct node *node);

/* Changes the size; what comes is zeros. 0, -ENOSPC, -EFBIG. */
int64_t contents_resize(struct node *node, uint64_t size);

/* Makes [offset, offset + bytes) zeros, and where those are whole pages, holes. 0 or -ENOSPC. */
int64_t contents_punch(struct node *node, uint64_t offset, uint64_t bytes);

/* Writes from proc's own memory: bytes written, or an error. */
int64_t contents_write(struct node *node, uint64_t offset, const void *from, uint64_t bytes);

/* The first byte at or after `offset` that is data, or a hole; `size` when there is none. */
uint64_t contents_next(struct node *node, uint64_t offset, bool data);

/* 512-byte blocks it takes. */
uint64_t contents_blocks(const struct node *node);

/* Frees all contents. */
void contents_free(struct node *node);
