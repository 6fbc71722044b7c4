// sources: kernel/mm/pool.c kernel/mm/pool_audit.c kernel/mm/buddy.c kernel/mm/frame.c
#include "entry/abi.h"
#include "mm/buddy.h"
#include "mm/pool.h"
#include "unit.h"
#include <stdlib.h>

#define FIRST 0x40000
#define TOTAL 300

static unsigned ended;
static const struct pool *last_ended;

void pool_ended(struct pool *pool)
{
    ended++;
    last_ended = pool;
    CHECK_EQUAL(pool->used, 0);
}

/* Frames that others still use outlive the owner of the pool that pays for them. */
TEST(a_pool_its_owner_left_ends_with_its_last_frame)
{
    static struct pool left, kept;
    frame_add_bank(FIRST, TOTAL, calloc(TOTAL, sizeof(struct frame)));
    buddy_init(UINT64_MAX);
    buddy_free_range(FIRST, TOTAL);
    pool_init_root(TOTAL, 0);
    CHECK_EQUAL(pool_init(&left, &root_pool, 8, 128), 0);
    CHECK_EQUAL(pool_init(&kept, &root_pool, 0, 128), 0);
    CHECK_EQUAL(pool_charge(&left, 20), 0);
    pool_release(&left, 5);
    CHECK_EQUAL(pool_fini(&left), -EBUSY);
    CHECK_EQUAL(pool_charge(&kept, 1), 0);
    pool_release(&kept, 1);
    pool_release(&left, 14);
    CHECK_EQUAL(ended, 0);
    pool_release(&left, 1);
    CHECK_EQUAL(ended, 1);
    CHECK(last_ended == &left);
    CHECK_EQUAL(pool_fini(&left), 0);
    CHECK_EQUAL(root_pool.used, 0);
    CHECK_EQUAL(pool_fini(&kept), 0);
    CHECK_EQUAL(ended, 1);
}
