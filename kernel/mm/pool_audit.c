/*
 * pool_audit.c: do the pools' counts agree with the frames? Part of the ledger.
 */
#include "entry/abi.h"
#include "mm/buddy.h"
#include "mm/pool.h"

struct sums {
    uint64_t total, slabs, objects, errors;
};

static uint64_t all_own(void)
{
    uint64_t frames = 0;
    for (const struct pool *pool = &root_pool; pool; pool = pool->next)
        frames += pool->own;
    return frames;
}

uint64_t pool_charged_frames(void)
{
    pool_settle();
    return all_own();
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

/* What `used` must be by pool.h's equation; the root's waste from the real slabs and charges. */
static uint64_t expected_used(const struct pool *pool, const struct sums *sums)
{
    uint64_t used = pool->own + ((pool->bytes + PAGE_SIZE - 1) >> PAGE_SHIFT) + pool->audit_below;
    if (pool == &root_pool)
        used += (sums->slabs > sums->objects ? sums->slabs - sums->objects : 0) - sums->slabs;
    return used;
}

uint64_t pool_audit(uint64_t *pools)
{
    struct sums sums = {0};
    pool_settle();
    *pools = 0;
    for (struct pool *pool = &root_pool; pool; pool = pool->next)
        pool->audit_own = pool->audit_below = 0;
    for (struct pool *pool = &root_pool; pool; pool = pool->next, ++*pools) {
        sums.objects += (pool->bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
        if (pool->parent)
            pool->parent->audit_below +=
                pool->used > pool->guaranteed ? pool->used : pool->guaranteed;
    }
    frame_walk(audit_block, &sums);
    for (const struct pool *pool = &root_pool; pool; pool = pool->next) {
        sums.errors += pool->own != pool->audit_own;
        sums.errors += pool->used != expected_used(pool, &sums);
    }
    return sums.errors + (all_own() + buddy_free_frames() != sums.total);
}
