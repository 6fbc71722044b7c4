/*
 * memory.h: the memory of a program: a space and its anonymous object. Several processes may share
 * one for a while (vfork). The kernel's region table is the truth about what is mapped; proc keeps
 * only what chooses addresses.
 */
#pragma once
#include "lib/native.h"
#include "process/facts.h"
#include <stdbool.h>
#include <stdint.h>

struct entry;
struct node;

/* Where a program's memory may go; see layout.c. */
struct layout {
    uint64_t brk_start, brk_end; /* end: as the program said, not rounded */
    uint64_t bottom, top;        /* mmap chooses addresses in [bottom, top) */
    uint64_t next;               /* everything chosen so far lies at or above */
    uint64_t hole, hole_end;     /* freed most recently, above `next`; empty when equal */
    uint64_t vdso;               /* where its ELF header lies; 0: none */
};

/* A quota that processes share: a child is charged to its parent's. */
struct memory_pool {
    uint32_t references; /* memories, processes */
    handle handle;
};

struct memory {
    uint32_t references; /* processes */
    uint64_t cookie;     /* of `object`, to its pager; never used twice */
    handle space, object;
    struct memory_pool *pool;
    char *path; /* of the program, for messages and /proc/self/exe */
    struct layout layout;
    uint32_t owner;        /* pid of the process that what it costs counts for; 0: nobody's */
    struct entry *program; /* the file, with a reference */
    struct program_facts facts;
};

/* ---- space.c ---- */

/* A quota below "programs", as large as that one. NULL: *error. */
struct memory_pool *memory_pool_new(int64_t *error);
/* A quota of whole pages below another one, no larger than that (-EINVAL). NULL: *error. */
struct memory_pool *memory_pool_below(struct memory_pool *above, uint64_t bytes, int64_t *error);
/* Gives a reference back; NULL is allowed. */
void memory_pool_drop(struct memory_pool *pool);

/* An empty space and its object, charged to the pool (which gets a reference). NULL: *error. */
struct memory *memory_new(struct memory_pool *pool, int64_t *error);

/* A copy for a child, charged to `pool`, which shares all pages until one side writes. NULL: *error, and `from` is as
 * it was. */
struct memory *memory_fork(struct memory *from, struct memory_pool *pool, int64_t *error);

/* Gives a reference back; the last kills the space and frees all. NULL is allowed. */
void memory_drop(struct memory *memory);

/* ---- layout.c ---- */

/* Empties the layout: brk begins at `brk`, page aligned; mmap works below `top`. */
void layout_init(struct layout *layout, uint64_t brk, uint64_t top);

/* Maps [address, address + bytes), both page aligned, over the anonymous object; `file` NULL or the
 * regular file whose page `file_page` is at `address`. What lies beyond the end of the file is
 * reserved without access. 0 or a negated errno; on failure nothing is mapped. */
int64_t memory_map(struct memory *memory, uint64_t address, uint64_t bytes, uint64_t rights,
                   const struct node *file, uint64_t file_page);
