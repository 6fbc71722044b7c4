/*
 * pool.h: who pays for memory. Pools form a tree; every frame and every kernel
 * object is charged to one.
 *
 * A pool has a guarantee (frames its parent set aside for it, so taking them
 * never fails) and a limit. Charging n frames adds to `used`; what exceeds the
 * guarantee is charged to the parent in turn. A parent thus always counts
 * max(guaranteed, used) for each child. Kernel objects are charged by bytes and
 * count as whole frames rounded up. The slab frames they really live in belong to
 * the root pool: its `own` has them all, its `used` only what they exceed the
 * object bytes by (the waste), so that nothing is counted twice. Hence, always:
 *
 *   used = own + frames of bytes + sum of max(guaranteed, used) of the children
 *          (the root: - slab frames + waste)
 *   sum of own over all pools = total - free + frames charged ahead, exactly
 *   used of the root >= total - free: a charge that succeeded finds a frame
 *
 * The last holds for pages. With `linear=` below all memory, USE_KERNEL and USE_DMA
 * can meet an empty zone while others have frames: the answer is ENOMEM as well.
 *
 * Charged ahead: each CPU keeps a few for the pool it allocated for last, and what
 * that pool releases there. It gives them back when it turns to another pool, and
 * all CPUs' are given back before a charge is refused, and by pool_settle.
 */
#pragma once
#include "mm/frame.h"

struct pool {
    struct pool *parent;
    struct pool *next, **link;  /* all pools, the root first, for audits */
    uint64_t guaranteed, limit; /* frames */
    uint64_t used;              /* frames; with object bytes rounded up, and children */
    uint64_t own;               /* frames whose descriptor names this pool, or charged ahead */
    uint64_t bytes;             /* of kernel objects */
    uint64_t refused;           /* charges of this pool that failed */
    uint64_t children;
    bool orphan; /* nobody allocates from it any more: it ends with its last frame */
    uint64_t audit_own, audit_used; /* scratch of pool_audit */
};
extern struct pool root_pool;
extern uint64_t slab_frames,
    kernel_frames; /* of slabs; never given to the buddy, or the kernel's own for ever */

struct pool_ahead {    /* of one CPU (struct cpu has it); under the pools' lock, as the pools */
    struct pool *pool; /* NULL: none */
    uint64_t frames;
};

/* The root pool owns all memory: `total` frames in all banks, of which `kernel` were never given to
 * the buddy. Call once, when nothing is allocated yet. */
void pool_init_root(uint64_t total, uint64_t kernel);

/* Makes `pool` (zeroed by the caller) a child. ENOMEM: the parent cannot give the guarantee;
 * EINVAL: guaranteed > limit. Nothing changes on failure. */
int pool_init(struct pool *pool, struct pool *parent, uint64_t guaranteed, uint64_t limit);
/* Gives a pool's guarantee back. EBUSY while it has children or anything is charged to it; where it
 * is only frames that others still use, pool_ended is called when the last of them is freed. */
int pool_fini(struct pool *pool);
void pool_ended(struct pool *pool);
/* New limit. EINVAL: below the guarantee. A limit below `used` only stops growth. */
int pool_set_limit(struct pool *pool, uint64_t limit);
/* Nothing is charged ahead afterwards: `used` and `own` are what was really taken. */
void pool_settle(void);

/* Charges or releases frames. ENOMEM when this pool or one above is at its limit; nothing changes
 * then. Who charges so, not by pool_alloc, names the pool in the blocks' descriptors. */
int pool_charge(struct pool *pool, uint64_t frames);
void pool_release(struct pool *pool, uint64_t frames);
/* The same for bytes of kernel objects; and for slabs, frames of the root pool that hold them. */
int pool_charge_bytes(struct pool *pool, uint64_t bytes);
void pool_release_bytes(struct pool *pool, uint64_t bytes);
int pool_charge_slab(uint64_t frames);
void pool_release_slab(uint64_t frames);

/* Charge and allocate one frame (`use`: enum frame_use) in one step, descriptor filled: state,
 * pool, object, index; refs 1; all else 0. 0: no memory, nothing has changed. */
frame_number pool_alloc(struct pool *pool, enum frame_state state, int use, struct object *object,
                        uint64_t index);
static inline frame_number pool_alloc_frame(struct pool *pool, enum frame_state state, int use)
{
    return pool_alloc(pool, state, use, NULL, 0);
}
/* The opposite. The descriptor says whom to release. */
void pool_free_frame(frame_number number);

/* Frames charged, all pools together: total - free when the ledger balances. Settles. */
uint64_t pool_charged_frames(void);
/*
 * Checks every pool's counts against the descriptors and against its children, and the whole
 * against the buddy. Returns contradictions; *pools = how many pools. Settles; walks all frames;
 * only meaningful while no other CPU allocates.
 */
uint64_t pool_audit(uint64_t *pools);
