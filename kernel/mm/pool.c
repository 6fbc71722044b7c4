/*
 * pool.c: charging up a tree of pools. One lock for all pools: a charge may touch
 * every pool up to the root, and takes about a dozen instructions in each.
 */
#include "mm/pool.h"
#include "arch/lock.h"
#include "entry/abi.h"
#include "mm/frame_cache.h"

/* More than 64 address bits hold: sums of amounts below this cannot overflow. */
#define FRAMES_ABSURD ((uint64_t)1 << 52)

struct pool root_pool;

static struct lock pool_lock;
static uint64_t slab_frames;   /* in the root pool, holding objects */
static uint64_t object_frames; /* what pools were charged for these objects, all together */
static uint64_t waste;         /* what the root pool was charged for slab frames beyond that */

static uint64_t frames_of_bytes(uint64_t bytes)
{
    return (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

/* ---- Under pool_lock ---- */

static _Noreturn __attribute__((noinline, cold)) void released_too_much(void)
{
    kernel_bug("pool: more released than charged");
}

/* Takes `frames` off `pool` and what that means off those above, up to but not including `end`. */
static inline void release_locked(struct pool *pool, uint64_t frames, const struct pool *end)
{
    for (; pool != end; pool = pool->parent) {
        uint64_t used = pool->used, after = used - frames;
        if (__builtin_expect(frames > used, 0))
            released_too_much();
        pool->used = after;
        if (used <= pool->guaranteed)
            return;
        if (after < pool->guaranteed)
            frames = used - pool->guaranteed;
    }
}

/* Returns NULL, or the pool whose limit was met: refused() must follow then. */
static inline struct pool *charge_try(struct pool *pool, uint64_t frames)
{
    do {
        uint64_t used = pool->used, after = used + frames;
        if (__builtin_expect(after > pool->limit, 0))
            return pool;
        pool->used = after;
        if (after <= pool->guaranteed)
            return NULL;
        if (used < pool->guaranteed)
            frames = after - pool->guaranteed;
        pool = pool->parent;
    } while (pool);
    return NULL;
}

/* Undoes what charge_try charged below `at`. */
static __attribute__((noinline, cold)) void refused(struct pool *pool, uint64_t frames,
                                                    const struct pool *at)
{
    release_locked(pool, frames, at);
    pool->refused++;
}

/* False: a limit was met, nothing changed. */
static bool charge_locked(struct pool *pool, uint64_t frames)
{
    struct pool *at = frames ? charge_try(pool, frames) : NULL; /* 0 fits even above a limit */
    if (at)
        refused(pool, frames, at);
    return !at;
}

/* Charges the root with slab frames beyond the objects' own charges. Releases never fail, so nor
 * does this: the root may then stand above its limit for a while, which only stops growth. */
static void waste_update(void)
{
    uint64_t now = slab_frames > object_frames ? slab_frames - object_frames : 0;
    root_pool.used += now - waste;
    waste = now;
}

/* ---- The tree ---- */

void pool_init_root(uint64_t total, uint64_t kernel)
{
    root_pool = (struct pool){.limit = total, .used = kernel, .own = kernel};
    slab_frames = object_frames = waste = 0;
}

int pool_init(struct pool *pool, struct pool *parent, uint64_t guaranteed, uint64_t limit)
{
    if (guaranteed > limit)
        return -EINVAL;
    lock_take(&pool_lock);
    if (guaranteed >= FRAMES_ABSURD || !charge_locked(parent, guaranteed)) {
        lock_release(&pool_lock);
        return -ENOMEM;
    }
    pool->parent = parent;
    pool->guaranteed = guaranteed;
    pool->limit = limit;
    parent->children++;
    pool->previous = &root_pool;
    pool->next = root_pool.next;
    if (pool->next)
        pool->next->previous = pool;
    root_pool.next = pool;
    lock_release(&pool_lock);
    return 0;
}

int pool_fini(struct pool *pool)
{
    lock_take(&pool_lock);
    bool busy = pool == &root_pool || pool->used || pool->children;
    if (!busy) {
        pool->previous->next = pool->next;
        if (pool->next)
            pool->next->previous = pool->previous;
        pool->parent->children--;
        release_locked(pool->parent, pool->guaranteed, NULL);
    }
    lock_release(&pool_lock);
    return busy ? -EBUSY : 0;
}

int pool_set_limit(struct pool *pool, uint64_t limit)
{
    lock_take(&pool_lock);
    bool valid = limit >= pool->guaranteed;
    if (valid)
        pool->limit = limit;
    lock_release(&pool_lock);
    return valid ? 0 : -EINVAL;
}

/* ---- Charging ---- */

int pool_charge(struct pool *pool, uint64_t frames)
{
    if (frames >= FRAMES_ABSURD)
        return -ENOMEM;
    lock_take(&pool_lock);
    bool charged = charge_locked(pool, frames);
    if (charged)
        pool->own += frames;
    lock_release(&pool_lock);
    return charged ? 0 : -ENOMEM;
}

void pool_release(struct pool *pool, uint64_t frames)
{
    lock_take(&pool_lock);
    if (__builtin_expect(frames > pool->own, 0))
        released_too_much();
    pool->own -= frames;
    release_locked(pool, frames, NULL);
    lock_release(&pool_lock);
}

int pool_charge_bytes(struct pool *pool, uint64_t bytes)
{
    if (bytes >= FRAMES_ABSURD)
        return -ENOMEM;
    lock_take(&pool_lock);
    uint64_t frames = frames_of_bytes(pool->bytes + bytes) - frames_of_bytes(pool->bytes);
    bool charged = !frames || charge_locked(pool, frames);
    if (charged) {
        pool->bytes += bytes;
        if (frames) {
            object_frames += frames;
            waste_update();
        }
    }
    lock_release(&pool_lock);
    return charged ? 0 : -ENOMEM;
}

void pool_release_bytes(struct pool *pool, uint64_t bytes)
{
    lock_take(&pool_lock);
    if (bytes > pool->bytes)
        released_too_much();
    uint64_t frames = frames_of_bytes(pool->bytes) - frames_of_bytes(pool->bytes - bytes);
    pool->bytes -= bytes;
    if (frames) {
        release_locked(pool, frames, NULL);
        object_frames -= frames;
        waste_update();
    }
    lock_release(&pool_lock);
}

int pool_charge_slab(uint64_t frames)
{
    lock_take(&pool_lock);
    slab_frames += frames;
    uint64_t now = slab_frames > object_frames ? slab_frames - object_frames : 0;
    bool fits = now <= waste || root_pool.used + (now - waste) <= root_pool.limit;
    if (fits) {
        root_pool.own += frames;
        waste_update();
    } else {
        slab_frames -= frames;
        root_pool.refused++;
    }
    lock_release(&pool_lock);
    return fits ? 0 : -ENOMEM;
}

void pool_release_slab(uint64_t frames)
{
    lock_take(&pool_lock);
    slab_frames -= frames;
    root_pool.own -= frames;
    waste_update();
    lock_release(&pool_lock);
}

/* ---- One frame: the way every page of a program goes ---- */

static inline frame_number page_mark(struct cached_frame cached, struct pool *pool,
                                     enum frame_state state)
{
    frame_mark(cached.frame, pool, state);
    return cached.number;
}

/* This CPU's cache was empty. The frame is charged already. */
static __attribute__((noinline)) frame_number alloc_slow(struct pool *pool, enum frame_state state,
                                                         enum frame_use use)
{
    struct cached_frame cached = frame_take_slow(use);
    if (cached.frame)
        return page_mark(cached, pool, state);
    pool_release(pool, 1);
    return 0;
}

static __attribute__((noinline, cold)) frame_number alloc_refused(struct pool *pool,
                                                                  const struct pool *at)
{
    refused(pool, 1, at);
    lock_release(&pool_lock);
    return 0;
}

frame_number pool_alloc_frame(struct pool *pool, enum frame_state state, int use)
{
    lock_take(&pool_lock);
    struct pool *at = charge_try(pool, 1);
    if (__builtin_expect(at != NULL, 0))
        return alloc_refused(pool, at);
    pool->own++;
    lock_release(&pool_lock);
    struct cached_frame cached = frame_take_fast((enum frame_use)use);
    if (__builtin_expect(cached.frame != NULL, 1))
        return page_mark(cached, pool, state);
    return alloc_slow(pool, state, (enum frame_use)use);
}

/* In both ways of freeing: first the frame, then the charge, so that `used` never falls behind. */
static __attribute__((noinline)) void free_slow(frame_number number)
{
    struct frame *frame = frame_of(number);
    if (!frame)
        frame_free_bug(frame);
    frame_check_allocated(frame, 0);
    struct pool *pool = frame->pool;
    if (!frame_give_fast(frame, number))
        frame_give_slow(frame, number);
    pool_release(pool, 1);
}

void pool_free_frame(frame_number number)
{
    const struct bank *bank = bank_guess();
    if (bank_has(bank, number)) {
        struct frame *frame = &bank->frames[number - bank->first];
        struct pool *pool = frame->pool;
        frame_check_allocated(frame, 0);
        if (frame_give_fast(frame, number)) {
            pool_release(pool, 1);
            return;
        }
    }
    free_slow(number);
}
