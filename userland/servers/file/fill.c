/*
 * fill.c: pages become present, for a fault or because a client asked; and writable, once there is
 * a block behind them.
 */
#include "parts.h"

#define FILL_MOST 256 /* pages for one request: they must all be there at once */

/* Waits for room, or fails where there will be none. */
static enum progress no_room(struct job *job)
{
    if (room_wait(job))
        return WAITS;
    job->error = -ENOMEM;
    return FAILED;
}

static enum progress failed(struct job *job, int error)
{
    job->error = error;
    return FAILED;
}

static enum progress wait_for_chunk(struct job *job, struct chunk *chunk)
{
    job->asked = job->at + 1;
    job_wait(job, &chunk->waiters);
    return WAITS;
}

static uint64_t request_of(const struct job *job)
{
    return job->kind == JOB_FAULT ? job->request : 0;
}

/* A page of zeros: one of its own to write to, or that which all share. */
static enum progress fill_zero(struct job *job, struct chunk *chunk, bool write)
{
    struct inode *inode = chunk->inode;
    uint64_t how = SUPPLY_ZERO | (write ? SUPPLY_WRITABLE : 0);
    if (write && !room_make(1))
        return no_room(job);
    int error = backend_supply(inode->object, request_of(job), how, job->at, 0);
    if (error == -ENOMEM)
        return room_after_refusal() ? fill_zero(job, chunk, write) : no_room(job);
    if (error)
        return failed(job, error);
    chunk_supplied(chunk, bit_of(chunk, job->at), !write);
    if (write)
        chunk_dirty(chunk, 1ul << bit_of(chunk, job->at));
    return DONE;
}

/*
 * A page that is there, as far as is known here. Who faulted on it may know better (somebody else's
 * request for the page was withdrawn when it was supplied): then it is not, and DONE was not
 * reached: WAITS here says that the caller should look again.
 */
static enum progress upgrade(struct job *job, struct chunk *chunk)
{
    uint64_t mask = 1ul << bit_of(chunk, job->at);
    int error = backend_supply(chunk->inode->object, request_of(job),
                               SUPPLY_UPGRADE | SUPPLY_WRITABLE, job->at, 0);
    if (error == -ENOENT) {
        chunk_lost(chunk, mask);
        return WAITS;
    }
    if (error)
        return failed(job, error);
    chunk_touch(chunk);
    chunk_dirty(chunk, mask);
    return DONE;
}

static enum progress fill_read(struct job *job, struct chunk *chunk)
{
    struct inode *inode = chunk->inode;
    uint64_t from = job->at, pages = 1;
    if (!job->alone)
        pages = ahead_window(inode, job->at, job->end - job->at, job->kind == JOB_FAULT, &from);
    uint64_t before = job->at - from;
    int error = ahead_read(inode, job->at, pages - before);
    if (error)
        return failed(job, error);
    if (!(chunk->reading >> bit_of(chunk, job->at) & 1))
        return no_room(job);
    if (before) /* what lies before is a favour: its errors are for who wants it */
        ahead_read(inode, from, before);
    return wait_for_chunk(job, chunk);
}

/* It is being read already: whoever follows the read-ahead so closely gets the next window now. */
static enum progress fill_soon(struct job *job, struct chunk *chunk)
{
    struct read_ahead *ahead = &chunk->inode->ahead;
    uint64_t from, next = ahead->next;
    if (job->asked != job->at + 1 && ahead->window && !job->alone && job->at < next &&
        next - job->at <= ahead->window)
        ahead_read(chunk->inode, next, ahead_window(chunk->inode, next, 1, false, &from));
    return wait_for_chunk(job, chunk);
}

static bool is_there(const struct job *job, const struct chunk *chunk, bool write)
{
    uint64_t object = chunk->inode->object;
    return write ? !backend_supply(object, 0, SUPPLY_UPGRADE | SUPPLY_WRITABLE, job->at, 0)
                 : backend_present(object, job->at);
}

static enum progress fill_held(struct job *job, struct chunk *chunk, bool write, bool whole)
{
    unsigned bit = bit_of(chunk, job->at);
    uint64_t mask = 1ul << bit;
    for (;;) {
        uint64_t enough = write ? chunk->dirty & chunk->present : chunk->present;
        if (enough & mask && job->kind != JOB_FAULT) {
            chunk_touch(chunk);
            if (is_there(job, chunk, write))
                return DONE;
            chunk_lost(chunk,
                       mask); /* it was not taken, since somebody had asked, and was killed */
        }
        if (write && !(chunk->mapped & mask) && sync_keeps_blocks(job))
            return WAITS;
        int error = place_find(chunk, job->at, job->end > job->at ? job->end - job->at : 1, write);
        if (error)
            return failed(job, error);
        if (chunk->present & ~chunk->zero & mask) {
            enum progress progress = upgrade(job, chunk);
            if (progress == WAITS)
                continue;
            return progress;
        }
        if (chunk->reading & mask)
            return fill_soon(job, chunk);
        if ((chunk->hole | chunk->fresh | chunk->zero) & mask || (write && whole))
            return fill_zero(job, chunk, write);
        return fill_read(job, chunk);
    }
}

enum progress fill_page(struct job *job, bool write, bool whole)
{
    struct chunk *chunk = chunk_make(job->inode, job->at);
    if (!chunk && room_after_refusal())
        chunk = chunk_make(job->inode, job->at);
    if (!chunk)
        return failed(job, -ENOMEM);
    chunk_hold(chunk);
    enum progress progress = fill_held(job, chunk, write, whole);
    chunk_release(chunk);
    return progress;
}

/* Somebody changes the size: wait until it is done. */
static bool must_wait(struct job *job)
{
    struct inode *inode = job->inode;
    if (!inode->changing || inode->forgotten)
        return false;
    job_wait(job, &inode->waiters);
    return true;
}

void fault_run(struct job *job)
{
    struct inode *inode = job->inode;
    if (must_wait(job))
        return;
    if (inode->forgotten || job->at >= pages_of(inode->size))
        job->error = -ESTALE;
    enum progress progress = job->error ? FAILED : fill_page(job, job->write, false);
    if (progress == WAITS)
        return;
    /* ESTALE of the kernel's: nobody waits any more, and nobody is told. */
    job_answer(job, progress == FAILED ? job->error : 0, 0);
}

static void fill_end(struct job *job)
{
    uint64_t done = job->step ? job->at - job->first : 0;
    job_answer(job, done ? 0 : job->error, done);
}

static enum progress fill_pages(struct job *job)
{
    uint64_t size = pages_of(job->inode->size);
    if (job->end > size)
        job->end = size; /* nothing is allocated beyond */
    while (job->at < job->end) {
        if (job->write && sync_pressure()) {
            job_wait(job, &room_waiters);
            return WAITS;
        }
        enum progress progress = fill_page(job, job->write, job->whole);
        if (progress != DONE)
            return progress;
        job->at++;
    }
    return DONE;
}

void fill_run(struct job *job)
{
    struct inode *inode = job->inode;
    if (must_wait(job))
        return;
    if (inode->forgotten)
        job->error = -ESTALE;
    if (!job->error && !job->step) {
        enum progress progress = DONE;
        if (job->write && job->size > inode->size)
            progress = size_grow(job, job->size);
        if (progress == WAITS)
            return;
        uint64_t most = cache.limit / 4 < FILL_MOST ? cache.limit / 4 : FILL_MOST;
        job->at = job->first;
        if (job->end - job->first > most)
            job->end = job->first + most;
        job->step = 1;
    }
    if (job->error || fill_pages(job) != WAITS)
        fill_end(job);
}
