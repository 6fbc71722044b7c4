/*
 * chunk.c: sixty-four pages of a file: what is known of each, and the lists by which the oldest are
 * found.
 */
#include "lib/wired.h"
#include "parts.h"

static struct chunk *oldest, *newest;             /* in use */
static struct chunk *oldest_dirty, *newest_dirty; /* by `dirtied` */

struct chunk *chunk_oldest(void)
{
    return oldest;
}

struct chunk *chunk_oldest_dirty(void)
{
    return oldest_dirty;
}

static void use_remove(struct chunk *chunk)
{
    if (!chunk->in_use_list)
        return;
    *(chunk->older ? &chunk->older->newer : &oldest) = chunk->newer;
    *(chunk->newer ? &chunk->newer->older : &newest) = chunk->older;
    chunk->in_use_list = false;
}

void chunk_touch(struct chunk *chunk)
{
    if (newest == chunk)
        return;
    use_remove(chunk);
    chunk->older = newest;
    chunk->newer = NULL;
    *(newest ? &newest->newer : &oldest) = chunk;
    newest = chunk;
    chunk->in_use_list = true;
}

static void dirty_remove(struct chunk *chunk)
{
    if (!chunk->in_dirty_list)
        return;
    *(chunk->dirty_older ? &chunk->dirty_older->dirty_newer : &oldest_dirty) = chunk->dirty_newer;
    *(chunk->dirty_newer ? &chunk->dirty_newer->dirty_older : &newest_dirty) = chunk->dirty_older;
    chunk->in_dirty_list = false;
}

static void dirty_add(struct chunk *chunk)
{
    chunk->dirtied = backend_now();
    chunk->dirty_older = newest_dirty;
    chunk->dirty_newer = NULL;
    *(newest_dirty ? &newest_dirty->dirty_newer : &oldest_dirty) = chunk;
    newest_dirty = chunk;
    chunk->in_dirty_list = true;
}

struct chunk *chunk_make(struct inode *inode, uint64_t page)
{
    struct chunk *chunk = chunk_find(inode, page);
    if (chunk)
        return chunk;
    chunk = wired_alloc(sizeof *chunk);
    if (!chunk)
        return NULL;
    chunk->inode = inode;
    chunk->first = page - page % PAGES_A_CHUNK;
    if (radix_put(&inode->chunks, page / PAGES_A_CHUNK, chunk)) {
        wired_free(chunk);
        return NULL;
    }
    inode->chunk_count++;
    return chunk;
}

struct chunk *chunk_next(const struct inode *inode, uint64_t page)
{
    return radix_next(&inode->chunks, page / PAGES_A_CHUNK);
}

void chunk_settle(struct chunk *chunk)
{
    if (chunk->present | chunk->reading | chunk->writing | chunk->fresh || chunk->holds ||
        chunk->waiters.first)
        return;
    use_remove(chunk);
    dirty_remove(chunk);
    radix_remove(&chunk->inode->chunks, chunk->first / PAGES_A_CHUNK);
    chunk->inode->chunk_count--;
    wired_free(chunk->blocks);
    wired_free(chunk);
}

void chunk_hold(struct chunk *chunk)
{
    chunk->holds++;
}

void chunk_release(struct chunk *chunk)
{
    chunk->holds--;
    chunk_settle(chunk);
}

void chunk_supplied(struct chunk *chunk, unsigned bit, bool zero)
{
    uint64_t mask = 1ul << bit;
    bool had = chunk->present & ~chunk->zero & mask;
    chunk->present |= mask;
    chunk->zero = zero ? chunk->zero | mask : chunk->zero & ~mask;
    cache.held += !zero;
    cache.held -= had;
    chunk_touch(chunk);
}

void chunk_clean(struct chunk *chunk, uint64_t mask)
{
    cache.dirty -= count_of(chunk->dirty & mask);
    chunk->dirty &= ~mask;
    if (!chunk->dirty)
        dirty_remove(chunk);
}

void chunk_lost(struct chunk *chunk, uint64_t mask)
{
    cache.held -= count_of(chunk->present & ~chunk->zero & mask);
    chunk->present &= ~mask;
    chunk->zero &= ~mask;
    chunk->failed &= ~mask;
    chunk_clean(chunk, mask & ~chunk->fresh);
}

void chunk_dirty(struct chunk *chunk, uint64_t mask)
{
    cache.dirty += count_of(mask & ~chunk->dirty);
    chunk->dirty |= mask;
    if (!chunk->in_dirty_list)
        dirty_add(chunk);
}

void chunk_write_failed(struct chunk *chunk, uint64_t mask)
{
    dirty_remove(chunk);
    chunk->failed |= mask;
    chunk_dirty(chunk, mask);
}
