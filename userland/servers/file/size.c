/*
 * size.c: the size of a file changes, or the file goes. What a program sees behind the end of a
 * file, in its last page, is zeros; what the device has there is nobody's business, until the file
 * grows.
 */
#include "parts.h"

enum progress size_grow(struct job *job, uint64_t bytes)
{
    struct inode *inode = job->inode;
    uint64_t old = inode->size, end = job->end;
    struct chunk *chunk;
    while (old % PAGE_SIZE) {
        chunk = chunk_make(inode, old / PAGE_SIZE);
        if (!chunk) {
            job->error = -ENOMEM;
            return FAILED;
        }
        job->at = old / PAGE_SIZE;
        job->end = job->at + 1;
        chunk_hold(chunk);
        job->error = place_find(chunk, job->at, 1, false);
        bool block = chunk->mapped >> bit_of(chunk, job->at) & 1;
        chunk_release(chunk);
        enum progress progress = job->error ? FAILED : block ? fill_page(job, true, false) : DONE;
        job->end = end;
        if (progress != DONE)
            return progress;
        if (!block || !backend_zero(inode->object, job->at, old % PAGE_SIZE))
            break;
        chunk_lost(chunk_find(inode, job->at), 1ul << job->at % PAGES_A_CHUNK);
    }
    if (pages_of(bytes) != pages_of(old))
        job->error = backend_resize(inode->object, pages_of(bytes));
    if (job->error)
        return FAILED;
    inode->size = bytes;
    return DONE;
}

/* Pages from here on are gone, and their blocks are not theirs any more. */
static void cut(struct inode *inode, uint64_t from)
{
    inode->last = (struct extent){0};
    for (struct chunk *chunk = chunk_next(inode, from), *next; chunk; chunk = next) {
        uint64_t mask = from > chunk->first ? ~mask_of(0, bit_of(chunk, from)) : ALL_PAGES;
        next = chunk_next(inode, chunk->first + PAGES_A_CHUNK);
        transfer_forget(chunk, mask);
        chunk->mapped &= ~mask;
        chunk->hole &= ~mask;
        chunk->fresh &= ~mask;
        chunk_lost(chunk, mask);
        job_wake(&chunk->waiters);
        chunk_settle(chunk);
    }
    job_wake(&room_waiters);
}

/* A block that is freed may be given to another file: what is on the way there must have arrived.
 * True: it waits. */
static bool wait_for_writes(struct job *job, uint64_t from)
{
    struct chunk *chunk = transfer_writing(job->inode, from, transfer_number());
    if (chunk) {
        job->at = ALL_PAGES;
        job_wait(job, &chunk->waiters);
    }
    return chunk;
}

static void shrink(struct job *job)
{
    struct inode *inode = job->inode;
    uint64_t pages = pages_of(job->size), tail = job->size % PAGE_SIZE;
    cut(inode, pages);
    backend_resize(inode->object, pages);
    inode->size = job->size;
    struct chunk *chunk = tail ? chunk_find(inode, pages - 1) : NULL;
    uint64_t mask = 1ul << (pages - 1) % PAGES_A_CHUNK;
    if (chunk && chunk->present & ~chunk->zero & mask &&
        backend_zero(inode->object, pages - 1, tail)) {
        chunk_lost(chunk, mask);
        chunk_settle(chunk);
    }
}

/* The file system frees what is beyond a size that becomes smaller: so it must know the larger one,
 * or blocks that were given out since would stay, with what they had. */
static int cut_stored(const struct job *job)
{
    struct inode *inode = job->inode;
    int error = 0;
    inode->metadata = true;
    if (inode->stored_size < job->was)
        error = backend_set_size(inode->number, job->was);
    if (!error)
        error = backend_set_size(inode->number, inode->size);
    if (!error)
        inode->stored_size = inode->size;
    return error;
}

static bool taken(struct job *job)
{
    struct inode *inode = job->inode;
    if (inode->changing && inode->changing != job) {
        job_wait(job, &inode->waiters);
        return true;
    }
    return false;
}

void resize_run(struct job *job)
{
    struct inode *inode = job->inode;
    if (!inode->forgotten && taken(job))
        return;
    if (inode->forgotten || job->error) {
        job_answer(job, job->error ? job->error : -ESTALE, 0);
        return;
    }
    inode->changing = job;
    if (!job->step && job->size > inode->size) {
        enum progress progress = size_grow(job, job->size);
        if (progress != WAITS)
            job_answer(job, progress == FAILED ? job->error : 0, 0);
        return;
    }
    if (!job->step) {
        job->was = inode->size;
        shrink(job);
        job->step = 1;
    }
    if (!wait_for_writes(job, pages_of(job->size)))
        job_answer(job, cut_stored(job), 0);
}

void forget_run(struct job *job)
{
    struct inode *inode = job->inode;
    if (taken(job))
        return;
    inode->changing = job;
    if (!job->step) {
        cut(inode, 0);
        backend_resize(inode->object, 0);
        job->step = 1;
    }
    if (!wait_for_writes(job, 0))
        job_answer(job, 0, 0);
}

uint64_t size_written(const struct inode *inode)
{
    uint64_t page = inode->stored_size / PAGE_SIZE;
    for (struct chunk *chunk = chunk_next(inode, page); chunk;
         chunk = chunk_next(inode, chunk->first + PAGES_A_CHUNK)) {
        uint64_t mask = page > chunk->first ? ~mask_of(0, bit_of(chunk, page)) : ALL_PAGES;
        uint64_t behind = (chunk->dirty | chunk->writing | chunk->fresh) & mask;
        if (!behind)
            continue;
        uint64_t bytes = (chunk->first + (unsigned)__builtin_ctzl(behind)) * PAGE_SIZE;
        return bytes < inode->size ? bytes : inode->size;
    }
    return inode->size;
}

int size_store(struct inode *inode, uint64_t bytes)
{
    if (bytes > inode->size)
        bytes = inode->size;
    if (bytes <= inode->stored_size || inode->unsized)
        return 0;
    int error = backend_set_size(inode->number, bytes);
    if (error)
        return error;
    inode->stored_size = bytes;
    inode->metadata = true;
    return 0;
}
