/*
 * pool.c: charging up a tree of pools. One lock for all pools: a charge may touch
 * every pool up to the root, and takes about a dozen instructions in each. Single
 * frames, which every page of a program is, mostly find themselves charged ahead.
 */
#include "mm/pool.h"
#include "mm/frame_cache.h"
#include "mm/list.h"

/* More than 64 address bits hold: sums of amounts below this cannot overflow. */
#define FRAMES_ABSURD ((uint64_t)1 << 52)
#define AHEAD         64 /* frames charged at once */

struct pool root_pool;
struct lock pool_lock;

uint64_t slab_frames, kernel_frames;
static uint64_t object_frames; /* what pools were charged for these objects, all together */
static uint64_t waste;         /* what the root pool was charged for slab frames beyond that */

/* ---- Under pool_lock ---- */

static void check_release(uint64_t frames, uint64_t charged)
{
    if (frames > charged)
        kernel_bug("pool: more released than charged");
}

/* Takes `frames` off `pool` and what that means off those above, up to but not including `end`. */
static void uncharge(struct pool *pool, uint64_t frames, const struct pool *end)
{
    for (; pool != end && frames; pool = pool->parent) {
        uint64_t used = pool->used, after = used - frames;
        check_release(frames, used);
        pool->used = after;
        if (used <= pool->guaranteed)
            return;
        if (after < pool->guaranteed)
            frames = used - pool->guaranteed;
    }
}

/* False: a limit was met, nothing changed. 0 frames fit even above a limit. */
static bool charge_once(struct pool *pool, uint64_t frames)
{
    uint64_t part = frames;
    for (struct pool *at = pool; at && part; at = at->parent) {
        uint64_t used = at->used, after = used + part;
        if (after > at->limit) {
            uncharge(pool, frames, at);
            return false;
        }
        at->used = after;
        if (after <= at->guaranteed)
            break;
        if (used < at->guaranteed)
            part = after - at->guaranteed;
    }
    return true;
}

static void release(struct pool *pool, uint64_t frames)
{
    check_release(frames, pool->own);
    pool->own -= frames;
    uncharge(pool, frames, NULL);
}

static void settle(struct pool_ahead *ahead)
{
    if (ahead->pool)
        release(ahead->pool, ahead->frames);
    *ahead = (struct pool_ahead){NULL, 0};
}

static void settle_all(void)
{
    for (struct cpu *cpu = cpus; cpu < &cpus[CPUS_MAX]; cpu++)
        settle(&cpu->ahead);
}

/* As charge_once, but nothing that was only charged ahead stands in the way. */
static bool charge(struct pool *pool, uint64_t frames)
{
    if (frames < FRAMES_ABSURD) {
        if (charge_once(pool, frames))
            return true;
        settle_all();
        if (charge_once(pool, frames))
            return true;
    }
    pool->refused++;
    return false;
}

/* ---- The tree ---- */

void pool_init_root(uint64_t total, uint64_t kernel)
{
    root_pool = (struct pool){.limit = total, .used = kernel, .own = kernel};
    slab_frames = object_frames = waste = 0;
    kernel_frames = kernel;
}

int pool_init(struct pool *pool, struct pool *parent, uint64_t guaranteed, uint64_t limit)
{
    if (guaranteed > limit)
        return -EINVAL;
    lock_take(&pool_lock);
    bool charged = charge(parent, guaranteed);
    if (charged) {
        pool->parent = parent;
        pool->guaranteed = guaranteed;
        pool->limit = limit;
        parent->children++;
        list_enter(&root_pool.next, pool, next, link);
    }
    lock_release(&pool_lock);
    return charged ? 0 : -ENOMEM;
}

int pool_fini(struct pool *pool)
{
    lock_take(&pool_lock);
    settle_all(); /* no CPU may go on naming it */
    bool busy = pool == &root_pool || pool->used || pool->children;
    pool->orphan = busy && !pool->children;
    if (!busy) {
        list_leave(pool, next, link);
        pool->parent->children--;
        uncharge(pool->parent, pool->guaranteed, NULL);
    }
    lock_release(&pool_lock);
    return busy ? -EBUSY : 0;
}

int pool_set_limit(struct pool *pool, uint64_t limit)
{
    if (limit < pool->guaranteed)
        return -EINVAL;
    pool->limit = limit;
    return 0;
}

void pool_settle(void)
{
    lock_take(&pool_lock);
    settle_all();
    lock_release(&pool_lock);
}

/* ---- Charging ---- */

int pool_charge(struct pool *pool, uint64_t frames)
{
    lock_take(&pool_lock);
    bool charged = charge(pool, frames);
    pool->own += charged ? frames : 0;
    lock_release(&pool_lock);
    return charged ? 0 : -ENOMEM;
}

void pool_release(struct pool *pool, uint64_t frames)
{
    struct pool_ahead *ahead = &this_cpu()->ahead;
    lock_take(&pool_lock);
    if (ahead->pool == pool)
        ahead->frames += frames;
    else
        release(pool, frames);
    bool ended = pool->orphan && !pool->used;
    lock_release(&pool_lock);
    if (ended)
        pool_ended(pool);
}

static uint64_t frames_of_bytes(uint64_t bytes)
{
    return (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

/*
 * Changes the root's waste for `slabs` more frames of slabs and `objects` more charged for objects
 * (either may be negative). Only more slabs can be refused: what is released never fails, so the
 * root may then stand above its limit for a while, which only stops growth.
 */
static bool waste_change(uint64_t slabs, uint64_t objects)
{
    uint64_t all = slab_frames + slabs, held = object_frames + objects;
    uint64_t now = all > held ? all - held : 0;
    if ((int64_t)slabs <= 0)
        root_pool.used += now - waste;
    else if (!charge(&root_pool, now - waste))
        return false;
    slab_frames = all;
    object_frames = held;
    waste = now;
    return true;
}

int pool_charge_bytes(struct pool *pool, uint64_t bytes)
{
    lock_take(&pool_lock);
    uint64_t frames = frames_of_bytes(pool->bytes + bytes) - frames_of_bytes(pool->bytes);
    bool charged = bytes < FRAMES_ABSURD && charge(pool, frames);
    pool->bytes += charged ? bytes : 0;
    if (charged && frames)
        waste_change(0, frames);
    lock_release(&pool_lock);
    return charged ? 0 : -ENOMEM;
}

void pool_release_bytes(struct pool *pool, uint64_t bytes)
{
    lock_take(&pool_lock);
    check_release(bytes, pool->bytes);
    uint64_t frames = frames_of_bytes(pool->bytes) - frames_of_bytes(pool->bytes - bytes);
    pool->bytes -= bytes;
    uncharge(pool, frames, NULL);
    if (frames)
        waste_change(0, -frames);
    lock_release(&pool_lock);
}

int pool_charge_slab(uint64_t frames)
{
    lock_take(&pool_lock);
    bool charged = waste_change(frames, 0);
    root_pool.own += charged ? frames : 0;
    lock_release(&pool_lock);
    return charged ? 0 : -ENOMEM;
}

void pool_release_slab(uint64_t frames)
{
    lock_take(&pool_lock);
    waste_change(-frames, 0);
    root_pool.own -= frames;
    lock_release(&pool_lock);
}

/* ---- One frame: the way every page of a program goes ---- */

frame_number pool_alloc(struct pool *pool, enum frame_state state, int use, struct object *object,
                        uint64_t index)
{
    struct pool_ahead *ahead = &this_cpu()->ahead;
    lock_take(&pool_lock);
    settle(ahead);
    uint64_t frames = charge_once(pool, AHEAD) ? AHEAD : charge(pool, 1);
    if (frames) {
        pool->own += frames;
        *ahead = (struct pool_ahead){pool, frames - 1};
    }
    lock_release(&pool_lock);
    struct frame *frame = frames ? frame_take((enum frame_use)use) : NULL;
    if (frame)
        return pool_mark(frame, pool, state, object, index);
    if (frames)
        pool_release(pool, 1);
    return 0;
}

/* First the frame, then the charge, so that `used` never falls behind. */
void pool_free_frame(frame_number number)
{
    const struct bank *bank = bank_of(number);
    if (!bank)
        frame_free_bug(NULL);
    struct frame *frame = &bank->frames[number - bank->first];
    frame_give(bank->zone, frame, number);
    pool_release(frame->pool, 1);
}
