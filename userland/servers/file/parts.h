/*
 * parts.h: what the files of the cache know of one another. Masks have bit i for page first + i of
 * a chunk.
 */
#pragma once
#include "cache.h"
#include "lib/errors.h"
#include "lib/protocol.h"
#include "lib/vfs.h"

/* How far a step of a job came. */
enum progress { DONE, WAITS, FAILED };

static inline uint64_t mask_of(unsigned first, unsigned count)
{
    return (count >= 64 ? ~0ul : (1ul << count) - 1) << first;
}

static inline unsigned count_of(uint64_t mask)
{
    mask -= mask >> 1 & 0x5555555555555555; /* without FP registers there is no instruction */
    mask = (mask & 0x3333333333333333) + (mask >> 2 & 0x3333333333333333);
    mask = (mask + (mask >> 4)) & 0x0f0f0f0f0f0f0f0f;
    return (unsigned)(mask * 0x0101010101010101 >> 56);
}

/* Pages that so many bytes take. */
static inline uint64_t pages_of(uint64_t bytes)
{
    return (bytes + PAGE_SIZE - 1) / PAGE_SIZE;
}

/* ---- chunk.c ---- */

/* So that it does not go while one looks at it. */
void chunk_hold(struct chunk *chunk);
void chunk_release(struct chunk *chunk);

static inline unsigned bit_of(const struct chunk *chunk, uint64_t page)
{
    return (unsigned)(page - chunk->first);
}

static inline struct chunk *chunk_find(const struct inode *inode, uint64_t page)
{
    return radix_get(&inode->chunks, page / PAGES_A_CHUNK);
}
/* Finds or makes. NULL: no memory. */
struct chunk *chunk_make(struct inode *inode, uint64_t page);
/* The first chunk with pages at or after this one, or NULL. */
struct chunk *chunk_next(const struct inode *inode, uint64_t page);
/* Frees the chunk if nothing is known of it that would be missed. */
void chunk_settle(struct chunk *chunk);
/* Its pages were used just now. */
void chunk_touch(struct chunk *chunk);
/* A frame was supplied for a page that had none, or the page of zeros. */
void chunk_supplied(struct chunk *chunk, unsigned bit, bool zero);
/* Pages are there no more: present, zero, dirty, failed go. */
void chunk_lost(struct chunk *chunk, uint64_t mask);
/* Pages may be written to from now on. */
void chunk_dirty(struct chunk *chunk, uint64_t mask);
void chunk_clean(struct chunk *chunk, uint64_t mask);
/* A write of these pages failed: they are dirty, and of now. */
void chunk_write_failed(struct chunk *chunk, uint64_t mask);
struct chunk *chunk_oldest(void);
struct chunk *chunk_oldest_dirty(void);

/* ---- place.c ---- */

/* Sector of a mapped page. */
uint64_t place_sector(const struct chunk *chunk, unsigned bit);
/* Finds out where a page lies, if not known: sets `mapped` or `hole`. With `allocate` it is mapped
 * afterwards, and perhaps up to `pages` from there on. 0 or a negated errno. */
int place_find(struct chunk *chunk, uint64_t page, uint64_t pages, bool allocate);
/* How many pages from `bit` on lie one behind the other, within `mask`. */
unsigned place_run(const struct chunk *chunk, unsigned bit, uint64_t mask);

/* ---- job.c ---- */

struct job *job_new(enum job_kind kind, struct inode *inode);
void job_ready(struct job *job);
/* Answers, and frees. */
void job_answer(struct job *job, int error, uint64_t w0);
void job_wait(struct job *job, struct job_queue *queue);
/* All of a queue become ready. */
void job_wake(struct job_queue *queue);
/* Runs what is ready until nothing is. */
void job_run_all(void);

/* ---- room.c ---- */

/* Those who wait for frames, a transfer, data pages. */
extern struct job_queue room_waiters;
/* Room for `pages` more frames? Makes it from clean pages, begins to write dirty ones. Returns for
 * how many there is. */
uint64_t room_make(uint64_t pages);
/* There was no room: the job is run again when there may be. Begins to write what is dirty; where
 * nothing is left but pages that the device does not take, they are given up. False: there will be
 * none. */
bool room_wait(struct job *job);
/* Discards what is clean of these pages. */
void room_drop(struct chunk *chunk, uint64_t mask);
/* The kernel said -ENOMEM: fewer frames than the limit can be had. Lets some go; false: none. */
bool room_after_refusal(void);

/* ---- transfer.c ---- */

struct transfer {
    struct chunk *chunk; /* NULL: a flush */
    struct inode *inode; /* of a write, else NULL */
    uint32_t operation;  /* BLOCK_*; 0: not in use */
    uint32_t data_page;
    uint64_t sector;
    unsigned bit, count; /* pages of the chunk */
    uint64_t wanted;     /* of them, as a mask of the chunk; others were cut off meanwhile */
    uint64_t number;     /* in the order of their beginnings */
};
extern struct transfer transfers[TRANSFERS];
extern struct job_queue flush_waiters;

/* Reads absent pages that lie behind one another from `bit` on, at most `most`: how many, 0: no
 * room now. */
unsigned transfer_read(struct chunk *chunk, unsigned bit, uint64_t most);
/* Writes dirty pages of a chunk: how many transfers were begun; 0: no room, or all that is dirty is
 * under way already. */
unsigned transfer_write(struct chunk *chunk, uint64_t mask);
/* Begins a flush if none is under way, and says in which queue to wait. *number: of the flush,
 * whose error jobs with this number get; 0: it is another, which may have begun too early. */
struct job_queue *transfer_flush(uint64_t *number);
/* Writes that ended well so far, up to the last to a new block; is what the first so many wrote on
 * the medium? */
uint64_t transfer_writes(void);
uint64_t transfer_writes_new(void);
bool transfer_flushed(uint64_t up_to);
/* Is a write up to this number under way (`inode` NULL: of any)? Its chunk, or NULL. */
struct chunk *transfer_writing(const struct inode *inode, uint64_t from_page, uint64_t number);
/* … to a new block? */
bool transfer_writing_new(const struct inode *inode);
/* Takes pages out of the reads under way. */
void transfer_forget(struct chunk *chunk, uint64_t mask);
bool transfer_any(void);
/* The number the next one gets. */
uint64_t transfer_number(void);

/* ---- ahead.c ---- */

/* How many pages to read from `at` on, of which `wanted` were asked for; *from may be moved down to
 * read what is around a fault. */
uint64_t ahead_window(struct inode *inode, uint64_t at, uint64_t wanted, bool fault,
                      uint64_t *from);
/* Reads pages at..at + pages - 1 as far as there is room; those that are there are skipped. Returns
 * 0, or the error of finding the first one's place. */
int ahead_read(struct inode *inode, uint64_t at, uint64_t pages);

/* ---- fill.c ---- */

/* Makes job->at present, `write`: dirty. A fault is answered by it. FAILED: job->error says why. */
enum progress fill_page(struct job *job, bool write, bool whole);
void fill_run(struct job *job);
void fault_run(struct job *job);

/* ---- size.c ---- */

/* Before the size grows: what lies behind the old end in its page becomes zeros, dirty if there is
 * a block. Sets size and pages. */
enum progress size_grow(struct job *job, uint64_t bytes);
void resize_run(struct job *job);
void forget_run(struct job *job);
/* Tells the file system the size as far as what was written reaches. */
int size_store(struct inode *inode, uint64_t bytes);
/* Bytes up to which everything is on the device. */
uint64_t size_written(const struct inode *inode);

/* ---- sync.c ---- */

void sync_run(struct job *job);
/* Begins to write what has been dirty longest, `transfers` at most; how many were begun. */
unsigned sync_oldest(unsigned most);
/* No blocks are given out now: true, the job waits. */
bool sync_keeps_blocks(struct job *job);
/* More is dirty than should be: writes in the background. True: so much that writers must wait. */
bool sync_pressure(void);

/* ---- inode.c ---- */

/* Frees a forgotten or closed inode with nothing left of it. */
void inode_settle(struct inode *inode);
struct inode *inode_first(void); /* then ->all */
/* A new one for an object that exists. NULL: no memory. */
struct inode *inode_new(uint64_t number, uint64_t generation, uint64_t object);

/* ---- adopt.c ---- */

/* Of an adopted inode: finds out what is resident. 0 or a negated errno: try again later. */
int inode_look(struct inode *inode);
