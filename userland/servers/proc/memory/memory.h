/*
 * memory.h: the memory of a program: a space and its anonymous object. Several processes may share
 * one (vfork, CLONE_VM). The kernel's region table is the truth about what is mapped, advice
 * included; proc keeps only what chooses addresses and indices, and what regions show.
 */
#pragma once
#include "lib/native.h"
#include "memory/indices.h"
#include "memory/views.h"
#include "process/facts.h"
#include <stdbool.h>
#include <stdint.h>

#define USER_END (1UL << 48) /* no program has memory at or above it */

struct entry;
struct node;
struct thread;

/* Where a program's memory may go; see layout.c. */
struct layout {
    uint64_t brk_start, brk_end; /* end: as the program said, not rounded */
    uint64_t bottom, top;        /* mmap chooses addresses in [bottom, top) */
    uint64_t next;               /* everything chosen so far lies at or above */
    uint64_t holes;              /* bytes free in [next, top): these or fewer */
    uint64_t hole, hole_end;     /* one of them; empty when equal */
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
    handle hidden; /* `object` without any right, or 0: see ADVICE_BEYOND */
    bool beyond;   /* some region has, or had, ADVICE_BEYOND */
    struct memory_pool *pool;
    char *path; /* of the program, for messages and /proc/self/exe */
    struct layout layout;
    struct indices indices;
    struct views views;
    uint64_t pages, pages_most; /* mapped; the most there ever were */
    uint32_t lock_future;       /* advice for new mappings: mlockall(MCL_FUTURE); not inherited */
    bool locked;                /* something was locked once */
    bool partial;               /* something was marked MADV_DONTFORK once */
    bool growing;               /* a mapping other than the stack grows down */
    uint32_t owner;             /* pid of the process that what it costs counts for; 0: nobody's */
    struct entry *program;      /* the file, with a reference */
    struct program_facts facts;
};

/* Advice kept with a region (MAP_ADVICE). */
#define ADVICE_LOCKED     0x00010000u /* mlock */
#define ADVICE_ONFAULT    0x00020000u /* … MLOCK_ONFAULT */
#define ADVICE_GROWS_DOWN 0x00040000u
#define ADVICE_ACCOUNT    0x00080000u /* was writable once, as VM_ACCOUNT; shared: from the start */
#define ADVICE_NORESERVE  0x00100000u
#define ADVICE_DONTDUMP   0x00200000u
#define ADVICE_RANDOM     0x00400000u
#define ADVICE_SEQUENTIAL 0x00800000u
#define ADVICE_HUGE       0x01000000u
#define ADVICE_NOHUGE     0x02000000u
#define ADVICE_MERGEABLE  0x04000000u
#define ADVICE_NOREAD     0x08000000u /* the program did not ask for MAP_READ; it comes with others */
#define ADVICE_BEYOND     0x10000000u /* after the end of a file: an access is SIGBUS */
#define ADVICE_JOINED     0x20000000u /* one mapping with what lies right below */
#define ADVICE_SHARED     0x40000000u /* MAP_SHARED: never discarded with the mapping */
#define ADVICE_READONLY   0x80000000u /* can never be made writable */

/* ---- space.c ---- */

/* A quota below "programs", as large as that one. NULL: *error. */
struct memory_pool *memory_pool_new(int64_t *error);
/* A quota of whole pages below another one, no larger than that (-EINVAL). NULL: *error. */
struct memory_pool *memory_pool_below(struct memory_pool *above, uint64_t bytes, int64_t *error);
/* Gives a reference back; NULL is allowed. */
void memory_pool_drop(struct memory_pool *pool);

/* An empty space and its object, charged to the pool (which gets a reference). NULL: *error. */
struct memory *memory_new(struct memory_pool *pool, int64_t *error);

/* Gives a reference back; the last kills the space and frees all. NULL is allowed. */
void memory_drop(struct memory *memory);

/* ---- fork.c ---- */

/* A copy, charged to `pool`: the same mappings, private pages copied when either side writes. NULL:
 * *error, and `from` is as it was. */
struct memory *memory_fork(struct memory *from, struct memory_pool *pool, int64_t *error);

/* ---- layout.c ---- */

/* Empties the layout: brk begins at `brk`, page aligned; mmap works below `top`. */
void layout_init(struct layout *layout, uint64_t brk, uint64_t top);
/* Where the next `bytes`, page aligned, belong; for exec, whose layout has no holes yet. */
uint64_t layout_take(struct layout *layout, uint64_t bytes);

/* ---- regions.c ---- */

/* Maps [address, address + bytes), both page aligned and free, private: `file` NULL or the regular
 * file whose page `file_page` is at `address`. `map`: MAP_* with advice. 0 or a negated errno; on
 * failure nothing is mapped. */
int64_t memory_map(struct memory *memory, uint64_t address, uint64_t bytes, uint64_t map,
                   struct entry *file, uint64_t file_page);

/* What a child must know beside the regions that region_clone made. 0 or -ENOMEM. */
int64_t memory_inherit(struct memory *child, const struct memory *parent);

/* ---- cut.c ---- */

/* A regular file has no pages from `first` on any more: private copies of them go, in all programs. */
void memory_cut(const struct node *node, uint64_t first);

/* ---- grow.c ---- */

/* The access of a thread to `address` failed with EXCEPTION_*: 0 when it will succeed now, because
 * a mapping that grows down has grown; else which EXCEPTION_* it really is. */
uint64_t memory_exception(struct thread *thread, uint64_t kind, uint64_t address);

/* The same for proc's own access on behalf of the thread. True: try again. */
bool memory_grow(struct thread *thread, uint64_t address);
