/*
 * exhaust_machine.c: all memory of the machine is eaten, while a pool with a
 * guarantee still has its own.
 */
#include "exhaust.h"

#define BLOCKS_MAX 100000

void whole_machine(void)
{
    handle safe = create_pool(HANDLE_POOL, 64, 64),
           *blocks = pages_new(BLOCKS_MAX * sizeof(handle) / PAGE_SIZE + 1);
    uint64_t size = 1024, count = 0, frames = frames_used();
    struct ledger ledger = {0};
    int64_t made, again;

    while (size) {
        made = create_wired(size, 0);
        if (made > 0 && count < BLOCKS_MAX)
            blocks[count++] = made;
        else if (made < 0)
            size /= 2;
    }
    CHECK_IS(made, -ENOMEM);
    CHECK_IS(create_wired(1, 0), -ENOMEM);
    CHECK(ledger_balances(&ledger));
    CHECK(ledger.free <= 64 + 32); /* what was promised, and no more than a few beyond */
    made = create_wired(60, safe);
    CHECK(made > 0);
    CHECK_IS(create_wired(10, safe), -ENOMEM);
    CHECK_IS(handle_close(made), 0);
    again = create_wired(60, safe);
    CHECK(again > 0);
    CHECK_IS(handle_close(again), 0);
    while (count)
        CHECK_IS(handle_close(blocks[--count]), 0);
    CHECK(frames_used() <= frames + 8); /* the handle table has grown */
    CHECK(ledger_balances(&ledger));
    pages_free(blocks, BLOCKS_MAX * sizeof(handle) / PAGE_SIZE + 1);
    handle_close(safe);
}
