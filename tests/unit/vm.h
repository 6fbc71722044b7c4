/*
 * vm.h: for host tests of kernel/vm and of translation tables: memory, a pool
 * that pays for it, and what the stand-ins of stubs/vm.c tell and are told.
 * Sources: tests/unit/stubs/vm.c, tests/unit/arena.c and all of kernel/mm.
 */
#pragma once
#include "arch/memory.h"
#include "entry/abi.h"
#include "mm/buddy.h"
#include "mm/slab.h"
#include "task/pool_object.h"
#include "task/thread.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>

extern unsigned stub_interrupts; /* an interrupt waits at every n-th look, by chance; 0: never */
extern unsigned stub_destroyed;  /* kernel objects that lost their last reference */
extern unsigned stub_retried;    /* waiters that were told to look again … */
extern void (*stub_retry)(struct thread *thread); /* … and what they do then; NULL: get ready */

#define KERNEL_FRAMES 64

static struct pool_object *payer; /* everything in a test is charged to this */
static uint64_t memory_before, memory_pad;

/* The payer's pool, with nothing charged ahead: what its counts say was taken. */
static inline const struct pool *paid(void)
{
    pool_settle();
    return payer->pool;
}

/* Memory for the whole program; true the first time: what is allocated for good comes now. */
static inline bool memory_init(void)
{
    if (bank_count)
        return false;
    frame_add_bank(ARENA_FIRST, ARENA_FRAMES, calloc(ARENA_FRAMES, sizeof(struct frame)));
    buddy_init(UINT64_MAX);
    buddy_free_range(ARENA_FIRST + KERNEL_FRAMES, ARENA_FRAMES - KERNEL_FRAMES);
    pool_init_root(ARENA_FRAMES, KERNEL_FRAMES);
    return true;
}

/* A new pool; its limit in frames. A test that failed leaves its own behind. */
static inline void memory_begin(uint64_t limit)
{
    memory_init();
    slab_trim();
    memory_before = buddy_free_frames();
    payer = calloc(1, sizeof *payer);
    payer->pool = &payer->own;
    payer->object.refs = 1;
    CHECK_EQUAL(pool_init(payer->pool, &root_pool, 0, limit), 0);
}

/* All that was taken since memory_begin is back, and nobody's count is wrong. */
static inline void memory_end(void)
{
    uint64_t pools;

    slab_trim();
    CHECK_EQUAL(payer->pool->bytes, 0);
    CHECK_EQUAL(paid()->used, 0);
    CHECK_EQUAL(payer->object.refs, 1);
    CHECK_EQUAL(buddy_free_frames(), memory_before);
    CHECK_EQUAL(pool_audit(&pools), 0);
    CHECK_EQUAL(pool_fini(payer->pool), 0);
    free(payer);
}

/* From here on so many bytes of kernel objects (not a frame) can be charged, until memory_relent.
 */
static inline void memory_exhaust(uint64_t left)
{
    memory_pad = -(payer->pool->bytes + left) % PAGE_SIZE;
    CHECK_EQUAL(pool_charge_bytes(payer->pool, memory_pad), 0);
    CHECK_EQUAL(pool_set_limit(payer->pool, paid()->used), 0);
}

static inline void memory_relent(void)
{
    CHECK_EQUAL(pool_set_limit(payer->pool, UINT64_MAX), 0);
    pool_release_bytes(payer->pool, memory_pad);
}

/* ---- Calls, as a program makes them ---- */

/* Handle 1 … of a caller. */
static inline void handle_give(struct handle_table *table, uint32_t handle,
                               struct kernel_object *object, unsigned kind, unsigned rights)
{
    static struct handle_entry entries[HANDLE_CHUNK];

    table->first = entries;
    table->size = HANDLE_CHUNK;
    object->kind = (uint16_t)kind;
    entries[handle] = (struct handle_entry){
        object, (uint64_t)object->generation << 32 | META(kind, rights), 0, 0};
}

/* Makes a call from x0 to x7 until it is done, as its svc is executed again after interrupts. */
static inline int64_t call_until_done(struct thread *(*call)(struct thread *),
                                      struct thread *thread, const uint64_t x[8])
{
    memcpy(thread->registers.x, x, 8 * sizeof *x);
    do {
        thread->registers.pc = 8;
        CHECK(call(thread) == thread);
        CHECK(thread->registers.pc == 8 || thread->registers.pc == 4);
    } while (thread->registers.pc != 8);
    return (int64_t)thread->registers.x[0];
}
