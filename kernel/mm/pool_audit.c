/*
 * pool_audit.c: do the pools' counts agree with the frames? Part of the ledger.
 */
#include "arch/lock.h"
#include "entry/abi.h"
#include "mm/buddy.h"
#include "mm/pool.h"

uint64_t pool_charged_frames(void)
{
    uint64_t frames = 0;
    for (const struct pool *pool = &root_pool; pool; pool = pool->next)
        frames += pool->own;
    return frames;
}

/* Adds one block to the pool its head names. Returns 1 when it names none. */
static uint64_t audit_block(const struct frame *head, uint64_t size)
{
    switch (head->state) {
    case FRAME_FREE:
    case FRAME_CACHED:
        return 0;
    case FRAME_KERNEL: /* the root pays for these, the field is not used or is the slab cache */
    case FRAME_SLAB:
        root_pool.audit_own += size;
        return 0;
    default:
        if (head->state >= FRAME_STATES || !head->pool)
            return 1;
        head->pool->audit_own += size;
        return 0;
    }
}

static uint64_t audit_frames(uint64_t *total, uint64_t *slabs)
{
    uint64_t errors = 0;
    for (unsigned i = 0; i < bank_count; i++) {
        const struct bank *bank = &banks[i];
        uint64_t size;
        for (frame_number at = 0; at < bank->count; at += size) {
            const struct frame *head = &bank->frames[at];
            size = frame_block_size(head);
            errors += audit_block(head, size);
            if (head->state == FRAME_SLAB)
                *slabs += size;
        }
        *total += bank->count;
    }
    return errors;
}

/* What `used` must be by pool.h's equation; the root's waste from the real slabs and charges. */
static uint64_t expected_used(const struct pool *pool, uint64_t slabs, uint64_t objects)
{
    uint64_t used = pool->own + ((pool->bytes + PAGE_SIZE - 1) >> PAGE_SHIFT) + pool->audit_below;
    if (pool == &root_pool)
        used += (slabs > objects ? slabs - objects : 0) - slabs;
    return used;
}

uint64_t pool_audit(uint64_t *pools)
{
    uint64_t errors, total = 0, slabs = 0, objects = 0;
    *pools = 0;
    for (struct pool *pool = &root_pool; pool; pool = pool->next)
        pool->audit_own = pool->audit_below = 0;
    for (struct pool *pool = &root_pool; pool; pool = pool->next) {
        objects += (pool->bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
        if (pool->parent)
            pool->parent->audit_below +=
                pool->used > pool->guaranteed ? pool->used : pool->guaranteed;
    }
    errors = audit_frames(&total, &slabs);
    for (const struct pool *pool = &root_pool; pool; pool = pool->next) {
        errors += pool->own != pool->audit_own;
        errors += pool->used != expected_used(pool, slabs, objects);
        ++*pools;
    }
    return errors + (pool_charged_frames() + buddy_free_frames() != total);
}
