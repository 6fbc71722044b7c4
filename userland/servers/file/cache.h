/*
 * cache.h: the page cache: what is known of each inode, and what happens on a fault, a request, the
 * end of a transfer, the passing of time. Nothing here waits and nothing here is a kernel call:
 * effects go through backend.h. Every function returns when all that can be done now is done.
 *
 * What somebody wants is a job. A job runs until it is answered, or until it finds something that
 * is not there yet; then it waits in the queue of just that (a chunk, an inode, room) and is run
 * again from where it stood when something happened there.
 */
#pragma once
#include "backend.h"
#include "radix.h"

#define PAGES_A_CHUNK 64
#define ALL_PAGES     (~0ul)
#define SECTORS       (PAGE_SIZE / 512) /* of a page */

/* Transfers under way at once, and the data pages they share. */
#define TRANSFERS       64
#define DATA_PAGES      512
#define WRITES_MOST     8                    /* of them: a read need not wait long */
#define WRITE_DATA_MOST (DATA_PAGES * 3 / 4) /* data pages for writing */

#define AGE_MOST_NS 30000000000ul /* a dirty page is written after so long */
#define TICK_PERIOD 5000000000ul  /* cache_tick() is wanted so often */

struct job_queue {
    struct job *first, *last;
};

/*
 * Sixty-four pages of a file. Each page is one of
 *   absent    no bit
 *   reading   a transfer brings it
 *   clean     present: its contents are on the device, or (zero) it is the page of zeros of a hole
 *   dirty     present | dirty: programs can write to it. Its block is known
 *   new       dirty | fresh: not there, but has a block, which will be written as zeros
 *   writing   present | writing: a copy is under way to the device; dirty again if written since
 */
struct chunk {
    struct inode *inode;
    uint64_t first; /* page */
    uint64_t present, zero, reading, dirty, writing;
    uint64_t failed; /* could not be written: is written again whatever the kernel says, alone */
    uint64_t mapped, hole;       /* its place is known: a block, none */
    uint64_t fresh;              /* mapped, but nothing was ever written there: reads as zeros */
    uint64_t base;               /* sector of a mapped page i is base + i * SECTORS, */
    uint32_t *blocks;            /* or, if not NULL, blocks[i] * SECTORS */
    uint64_t dirtied;            /* when the first of its dirty pages became so, ns */
    struct chunk *older, *newer; /* by use, all that have pages */
    struct chunk *dirty_older, *dirty_newer; /* by `dirtied`, all that have dirty pages */
    struct job_queue waiters;                /* for a transfer to end */
    unsigned holds;                          /* transfers under way, and who looks at it just now */
    bool in_use_list, in_dirty_list;
};

struct read_ahead {
    uint64_t next;   /* page behind the last window */
    uint32_t window; /* pages */
    uint8_t advice;  /* FILE_ADVICE_* */
};

struct inode {
    struct inode *next; /* in its bucket */
    struct inode *all, **all_link;
    uint64_t number, generation;
    uint64_t object;
    uint64_t size;        /* bytes */
    uint64_t stored_size; /* the file system's */
    struct radix chunks;
    uint64_t chunk_count;
    struct extent last; /* last answer about places; pages 0: none */
    struct read_ahead ahead;
    struct job_queue waiters; /* for `changing` to end */
    struct job *changing;     /* the size is being changed, or the inode forgotten */
    uint64_t jobs;
    uint64_t errors; /* pages that could not be written, so far */
    int error;       /* of the last, until somebody was told */
    bool open;       /* by a client */
    bool forgotten;  /* not found any more; goes with its last job */
    bool unsized;    /* adopted: nobody has said its size yet, only its pages are known */
    bool unseen;     /* … and what is resident was not looked for */
    bool metadata;   /* blocks or size changed since the last commit */
};

enum job_kind { JOB_FAULT, JOB_FILL, JOB_RESIZE, JOB_SYNC, JOB_FORGET };

struct job {
    struct job *next;
    enum job_kind kind;
    struct inode *inode; /* NULL: SYNC of all */
    uint64_t request;    /* FAULT */
    void *client;        /* others; NULL: nobody waits for an answer */
    uint32_t tag;
    uint64_t first, end; /* pages */
    uint64_t at;         /* the page it is about now */
    uint64_t asked;      /* the page behind the one whose reading it waited for already */
    uint64_t size;       /* bytes: FILL, RESIZE; SYNC: when it came */
    uint64_t was;        /* RESIZE: the size before */
    bool write, whole, metadata;
    bool last;  /* SYNC: meanwhile no blocks are given out */
    bool alone; /* reads no more than the page: a larger read failed */
    uint8_t step;
    uint64_t until;  /* SYNC: what was dirty then, ns */
    uint64_t number; /* SYNC: waits for writes up to this; then for this flush */
    uint64_t writes; /* SYNC: waits until so many are flushed */
    uint64_t errors; /* SYNC: of the inode, or of all, when it came */
    int error;
};

/* Counts, in pages. */
struct cache {
    uint64_t limit; /* frames that may be held */
    uint64_t held;  /* frames of present pages */
    uint64_t reading, dirty, writing;
    uint64_t read, written; /* since the start */
    uint64_t failed;        /* writes that failed */
    uint64_t lost;          /* dirty pages given up, since they could not be written and no room was
                               left */
};
extern struct cache cache;

/* ---- What happens ---- */

void cache_init(uint64_t limit_pages);

/* Takes over what a server before had made. What is in it is looked at when it is used, for vfs may
 * not have mounted yet. 0, -ENOMEM, -EMFILE: not all. */
int cache_adopt(void);

/* The inode of a number, or NULL. Forgotten ones are not found. */
struct inode *cache_find(uint64_t number);
/* Opens: finds or makes. `size` counts for a new one. 0, -ENOMEM, -EMFILE, -EINVAL (a number of
 * more than 32 bits, a size beyond FILE_BYTES_MOST). */
int cache_open(uint64_t number, uint64_t generation, uint64_t size, struct inode **inode);
/* No client needs it any more. */
void cache_close(struct inode *inode);
uint64_t cache_cookie(const struct inode *inode);

void cache_fault(uint64_t cookie, uint64_t page, uint64_t request, bool write);
/* Requests of file.def: w as there. Answered by backend_answer(), perhaps at once. */
void cache_request(void *client, uint32_t tag, uint32_t operation, const uint64_t w[7]);
/* A transfer ended. */
void cache_completed(uint32_t tag, int error);
/* The device's driver began anew: all transfers under way are submitted again. */
void cache_device_again(void);
/* Every TICK_PERIOD. */
void cache_tick(void);

/* Jobs, transfers and inodes that exist: for tests and reports. */
uint64_t cache_jobs(void);
uint64_t cache_inodes(void);
