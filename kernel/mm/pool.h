/*
 * pool.h: who pays for memory. Pools form a tree; every frame and every kernel
 * object is charged to one.
 *
 * A pool has a guarantee (frames its parent set aside for it, so taking them
 * never fails) and a limit. Charging n frames adds to `used`; what exceeds the
 * guarantee is charged to the parent in turn. A parent thus always counts
 * max(guaranteed, used) for each child. Kernel objects are charged by bytes and
 * count as whole frames rounded up; the slab frames they really live in are
 * charged to the root pool, so for the root: used == total - free, exactly.
 */
#pragma once
#include "mm/frame.h"

struct pool {
    struct pool *parent;
    struct pool *next; /* all pools, for audits */
    uint64_t guaranteed, limit, used; /* frames; used includes object bytes rounded up, and children */
    uint64_t own;                     /* frames whose descriptor names this pool */
    uint64_t bytes;                   /* of kernel objects */
    uint64_t refused;                 /* charges that failed */
    uint64_t children;
};
extern struct pool root_pool;

/* The root pool owns all memory: `total` frames of which `kernel` are used already. */
void pool_init_root(uint64_t total, uint64_t kernel);

/* Makes `pool` (zeroed by the caller) a child. ENOMEM: the parent cannot give the guarantee;
 * EINVAL: guaranteed > limit. Nothing changes on failure. */
int pool_init(struct pool *pool, struct pool *parent, uint64_t guaranteed, uint64_t limit);

/* Gives a pool's guarantee back. EBUSY while anything is charged to it or it has children. */
int pool_fini(struct pool *pool);

/* New limit. EINVAL: below the guarantee. A limit below `used` only stops growth. */
int pool_set_limit(struct pool *pool, uint64_t limit);

/* Charges or releases frames. ENOMEM when this pool or one above is at its limit; nothing changes then. */
int pool_charge(struct pool *pool, uint64_t frames);
void pool_release(struct pool *pool, uint64_t frames);

/* The same for bytes of kernel objects. */
int pool_charge_bytes(struct pool *pool, uint64_t bytes);
void pool_release_bytes(struct pool *pool, uint64_t bytes);

/* Charge and allocate one frame in one step, descriptor filled: state, pool; refs 1. 0: no memory. */
frame_number pool_alloc_frame(struct pool *pool, enum frame_state state, int use /* enum frame_use */);
/* The opposite. The descriptor says whom to release. */
void pool_free_frame(frame_number number);

/* Checks every pool's own count against the descriptors. Returns contradictions; *pools = how many pools. */
uint64_t pool_audit(uint64_t *pools);
