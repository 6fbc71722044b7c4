/*
 * sync.c: what is dirty goes to the device: when somebody asks for it, when it is old, when it is
 * too much. First the data, then a flush, then the size, then what the file system keeps.
 */
#include "parts.h"

/* Of all frames: from here on it is written in the background, and from there on writers wait. */
#define DIRTY_BEGIN(limit) ((limit) / 8)
#define DIRTY_MOST(limit)  ((limit) / 5 * 2)

/*
 * A commit makes known what blocks were given out, and to the file system they have contents from
 * then on. So they are written before. Those that were given out meanwhile need another round, the
 * last: in it nobody gets more.
 */
static unsigned last_rounds;
static struct job_queue block_waiters;

bool sync_keeps_blocks(struct job *job)
{
    if (last_rounds)
        job_wait(job, &block_waiters);
    return last_rounds;
}

enum step { WRITE, SETTLE, FLUSH, COMMIT };

unsigned sync_oldest(unsigned most)
{
    unsigned begun = 0;
    for (struct chunk *chunk = chunk_oldest_dirty(), *newer; chunk && begun < most; chunk = newer) {
        newer = chunk->dirty_newer;
        begun += transfer_write(chunk, ~chunk->failed);
    }
    return begun;
}

bool sync_pressure(void)
{
    uint64_t unwritten = cache.dirty + cache.writing;
    if (unwritten < DIRTY_BEGIN(cache.limit))
        return false;
    sync_oldest(WRITES_MOST);
    return unwritten > DIRTY_MOST(cache.limit) && transfer_any();
}

/* Begins to write what was dirty in time, of these pages. False: the job waits. */
static bool write_chunk(struct job *job, struct chunk *chunk, uint64_t mask)
{
    if (!(chunk->dirty & mask) || chunk->dirtied > job->until)
        return true;
    transfer_write(chunk, mask);
    uint64_t left = chunk->dirty & mask;
    if (!left || chunk->dirtied > job->until)
        return true;
    job_wait(job, left & ~chunk->writing ? &room_waiters : &chunk->waiters);
    return false;
}

static uint64_t range_mask(const struct chunk *chunk, uint64_t first, uint64_t end)
{
    uint64_t low = first > chunk->first ? first - chunk->first : 0;
    uint64_t high = end - chunk->first < PAGES_A_CHUNK ? end - chunk->first : PAGES_A_CHUNK;
    return mask_of(0, (unsigned)high) & ~mask_of(0, (unsigned)low);
}

static bool write_inode(struct job *job)
{
    struct chunk *chunk = chunk_next(job->inode, job->first);
    for (; chunk && chunk->first < job->end;
         chunk = chunk_next(job->inode, chunk->first + PAGES_A_CHUNK))
        if (!write_chunk(job, chunk, range_mask(chunk, job->first, job->end)))
            return false;
    return true;
}

static bool write_all(struct job *job)
{
    for (struct chunk *chunk = chunk_oldest_dirty(), *newer; chunk; chunk = newer) {
        newer = chunk->dirty_newer;
        if (chunk->dirtied > job->until)
            break;
        if (!write_chunk(job, chunk, ALL_PAGES))
            return false;
    }
    return true;
}

static int commit_inode(struct job *job)
{
    struct inode *inode = job->inode;
    int error = size_store(inode, job->size);
    if (error || !(job->metadata || inode->metadata))
        return error;
    inode->metadata = false;
    error = backend_commit(inode->number, !job->metadata);
    inode->metadata |= error != 0;
    return error;
}

static int commit_all(void)
{
    int error = 0;
    for (struct inode *inode = inode_first(), *next; inode; inode = next) {
        next = inode->all;
        int one = size_store(inode, size_written(inode));
        error = error ? error : one;
        inode->metadata = false;
        inode_settle(inode);
    }
    int all = backend_commit(0, false);
    return error ? error : all;
}

/* That are not on the medium. */
static bool has_new_blocks(const struct job *job)
{
    if (!transfer_flushed(transfer_writes_new()))
        return true;
    for (struct chunk *chunk = chunk_oldest_dirty(); chunk; chunk = chunk->dirty_newer)
        if (chunk->fresh && (!job->inode || chunk->inode == job->inode))
            return true;
    return transfer_writing_new(job->inode);
}

static void last_round(struct job *job)
{
    job->last = true;
    last_rounds++;
    job->until = backend_now();
    job->step = WRITE;
}

static bool background;

static void finish(struct job *job, int error)
{
    struct inode *inode = job->inode;
    if (job->last && !--last_rounds)
        job_wake(&block_waiters);
    if (inode && !error && inode->error)
        error = inode->error;
    if (inode && inode->errors != job->errors && !error)
        error = -EIO; /* told to somebody else, but it was in this one's time */
    if (inode && job->client)
        inode->error = 0;
    if (!inode && !job->client)
        background = false;
    if (!inode && !error && cache.failed != job->errors)
        error = -EIO;
    job_answer(job, error, inode ? inode->errors : cache.failed);
}

/* Until it waits, false, or may go on to the next step. */
static bool step(struct job *job)
{
    struct chunk *chunk;
    switch ((enum step)job->step) {
    case WRITE:
        if (!(job->inode ? write_inode(job) : write_all(job)))
            return false;
        job->number = transfer_number();
        return true;
    case SETTLE:
        chunk = transfer_writing(job->inode, job->first, job->number);
        if (chunk)
            job_wait(job, &chunk->waiters);
        job->writes = transfer_writes();
        return !chunk;
    case FLUSH:
        if (transfer_flushed(job->writes) || job->error)
            return true;
        job_wait(job, transfer_flush(&job->number));
        return false;
    case COMMIT:
        break;
    }
    return true;
}

void sync_run(struct job *job)
{
    if (job->inode && job->inode->forgotten) {
        finish(job, -ESTALE);
        return;
    }
    while (job->step < COMMIT) {
        if (!step(job))
            return;
        if (++job->step == COMMIT && !job->last && has_new_blocks(job))
            last_round(job);
    }
    int error = job->error;
    if (!error && job->inode && job->errors != job->inode->errors && has_new_blocks(job))
        error = -EIO; /* they could not be written: the file is not to have them */
    if (!error)
        error = job->inode ? commit_inode(job) : commit_all();
    finish(job, error);
}

/* Were blocks given out, or did a file grow, since the last commit? */
static bool metadata_waits(void)
{
    for (struct inode *inode = inode_first(); inode; inode = inode->all)
        if (inode->metadata || inode->size > inode->stored_size)
            return true;
    return false;
}

void cache_tick(void)
{
    uint64_t now = backend_now();
    const struct chunk *oldest = chunk_oldest_dirty();
    job_wake(&room_waiters);
    job_run_all();
    uint64_t until = now > AGE_MOST_NS ? now - AGE_MOST_NS : 0;
    /* Before the card learns of new blocks, what belongs there should be there. */
    if (metadata_waits())
        until = now;
    else if (!oldest || oldest->dirtied > until)
        return;
    if (background)
        return;
    struct job *job = job_new(JOB_SYNC, NULL);
    if (!job)
        return; /* next time */
    background = true;
    job->until = until;
    job->errors = cache.failed;
    job->end = job->at = ALL_PAGES;
    job_ready(job);
    job_run_all();
}
