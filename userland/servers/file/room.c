/*
 * room.c: memory for pages is bounded. What is clean goes first, longest unused first; dirty pages
 * are written before.
 */
#include "parts.h"

#define EVICT_LEAST 32 /* pages at once: the search is paid for once */

struct job_queue room_waiters;

void room_drop(struct chunk *chunk, uint64_t mask)
{
    mask &= chunk->present & ~(chunk->dirty | chunk->writing);
    for (uint64_t left = mask; left;) {
        unsigned bit = (unsigned)__builtin_ctzl(left), run = bit;
        while (run < PAGES_A_CHUNK && left >> run & 1)
            left &= ~(1ul << run++);
        backend_discard(chunk->inode->object, chunk->first + bit, run - bit);
    }
    chunk_lost(chunk, mask);
    chunk_settle(chunk);
}

/* Until so many frames are free. Did anything go at all? */
static bool evict_oldest(uint64_t pages)
{
    uint64_t before = cache.held;
    bool some = false;
    for (struct chunk *chunk = chunk_oldest(), *newer; chunk && before - cache.held < pages;
         chunk = newer) {
        struct inode *inode = chunk->inode;
        newer = chunk->newer;
        some |= (chunk->present & ~(chunk->dirty | chunk->writing)) != 0;
        room_drop(chunk, ALL_PAGES);
        inode_settle(inode);
    }
    return some;
}

static uint64_t room(void)
{
    uint64_t taken = cache.held + cache.reading;
    return taken < cache.limit ? cache.limit - taken : 0;
}

uint64_t room_make(uint64_t pages)
{
    uint64_t have = room();
    if (have >= pages)
        return have;
    uint64_t wanted = pages - have;
    evict_oldest(wanted > EVICT_LEAST ? wanted : EVICT_LEAST);
    return room();
}

/* The device does not take them, and nothing else is left to let go: the oldest chunk of them. */
static bool give_up(void)
{
    for (struct chunk *chunk = chunk_oldest_dirty(); chunk; chunk = chunk->dirty_newer) {
        uint64_t mask = chunk->failed & chunk->dirty & ~chunk->writing, written;
        if (!mask)
            continue;
        uint64_t pages = pages_of(chunk->inode->size) - chunk->first;
        if (pages > PAGES_A_CHUNK)
            pages = PAGES_A_CHUNK;
        if (backend_clean(chunk->inode->object, chunk->first, pages, &written))
            return false;
        cache.lost += count_of(mask);
        chunk->failed &= ~mask;
        chunk_clean(chunk, mask);
        chunk->failed |= written & chunk->dirty; /* the kernel will not say so again */
        room_drop(chunk, mask);
        return true;
    }
    return false;
}

bool room_wait(struct job *job)
{
    if (transfer_any() || sync_oldest(1))
        job_wait(job, &room_waiters);
    else if (give_up())
        job_ready(job);
    else
        return false;
    return true;
}

bool room_after_refusal(void)
{
    return evict_oldest(EVICT_LEAST);
}
