/*
 * pool_bulk.c: several frames for one look at the pool.
 */
#include "entry/abi.h"
#include "mm/frame_cache.h"
#include "mm/pool.h"

unsigned pool_alloc_frames(struct pool *pool, enum frame_state state, int use,
                           frame_number numbers[], unsigned count)
{
    if (pool_charge(pool, count))
        return 0;
    for (unsigned i = 0; i < count; i++) {
        struct cached_frame cached = frame_take_fast((enum frame_use)use);
        if (!cached.frame)
            cached = frame_take_slow((enum frame_use)use);
        if (!cached.frame) {
            pool_release(pool, count - i);
            return i;
        }
        frame_mark(cached.frame, pool, state);
        numbers[i] = cached.number;
    }
    return count;
}

void pool_free_frames(struct pool *pool, struct frame *const frames[], const frame_number numbers[],
                      unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        frame_check_allocated(frames[i], 0);
        if (!frame_give_fast(frames[i], numbers[i]))
            frame_give_slow(frames[i], numbers[i]);
    }
    pool_release(pool, count);
}
