/*
 * pool_audit.c: do the pools' counts agree with the frames? Part of the ledger.
 */
#include "mm/buddy.h"
#include "mm/pool.h"

struct sums {
    uint64_t total, slabs, objects, errors;
};

uint64_t pool_charged_frames(void)
{
    uint64_t frames = 0;
    pool_settle();
    for (const struct pool *pool = &root_pool; pool; pool = pool->next)
        frames += pool->own;
    return frames;
}

/* Adds one block to the pool its head names. */
static void audit_block(const struct frame *head, uint64_t frames, void *context)
{
    struct sums *sums = context;
    struct pool *pool = head->pool;
    sums->total += frames;
    sums->slabs += head->state == FRAME_SLAB ? frames : 0;
    if (head->state == FRAME_FREE || head->state == FRAME_CACHED)
        return;
    if (head->state == FRAME_KERNEL || head->state == FRAME_SLAB)
        pool = &root_pool; /* pays for these, the field is not used or is the slab cache */
    if (head->state < FRAME_STATES && pool)
        pool->audit_own += frames;
    else
        sums->errors++;
}

uint64_t pool_audit(uint64_t *pools)
{
    uint64_t charged = pool_charged_frames();
    struct sums sums = {0};
    *pools = 0;
    for (struct pool *pool = &root_pool; pool; pool = pool->next, ++*pools) {
        pool->audit_own = 0;
        pool->audit_used = (pool->bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
        sums.objects += pool->audit_used;
    }
    for (struct pool *pool = root_pool.next; pool; pool = pool->next)
        pool->parent->audit_used += pool->used > pool->guaranteed ? pool->used : pool->guaranteed;
    frame_walk(audit_block, &sums);
    root_pool.audit_used -= sums.slabs < sums.objects ? sums.slabs : sums.objects; /* + waste */
    for (const struct pool *pool = &root_pool; pool; pool = pool->next) {
        sums.errors += pool->own != pool->audit_own;
        sums.errors += pool->used != pool->own + pool->audit_used; /* pool.h's equation */
    }
    return sums.errors + (charged + buddy_free_frames() != sums.total);
}
