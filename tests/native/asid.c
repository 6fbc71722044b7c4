/*
 * asid.c: more spaces than there are address space identifiers. Two spaces live
 * through it, show different pages at one address, and must never see another's.
 */
#include "support.h"

#define AREA 0x700000000000ul

/* Adds its page's word to what it returns; another space's page would show. */
static int64_t look_often(uint64_t endpoint)
{
    struct message message = {0};

    recv(endpoint, 0, &message);
    for (;;) {
        message.w[0] = *(volatile uint64_t *)AREA;
        if (reply_recv(endpoint, 0, &message))
            return 0;
    }
}

/* Runs once and is done; it needs no stack. */
static void flash(uint64_t number)
{
    BOARD[0] = number + *(volatile uint64_t *)AREA;
    for (;;)
        sleep_until(~0ul);
}

/* A wired page whose first word is `contents`. */
static handle page_with(uint64_t contents)
{
    handle wired = create_wired(1, 0);
    uintptr_t at = address_new(1);

    CHECK_IS(region_map(HANDLE_SPACE, at, 1, MAP_READ | MAP_WRITE, wired, 0, 0, 0), 0);
    *(volatile uint64_t *)at = contents;
    pages_free((void *)at, 1);
    return wired;
}

/* A space that runs once; true when it saw its own page. */
static bool run_once(handle page, uint64_t number, uint64_t contents)
{
    handle space = space_create(HANDLE_POOL, LEVEL_PROGRAM, 0, PRIORITY_ABOVE), thread;
    bool right;

    right = !child_show(space) && !region_map(space, AREA, 1, MAP_READ, page, 0, 0, 0);
    thread = thread_create(space, 0, PRIORITY_ABOVE, 0);
    right &= !thread_ctl(thread, THREAD_START, (uintptr_t)flash, 0, number);
    right &= BOARD[0] == number + contents;
    handle_close(thread);
    return !handle_close(space) && right;
}

static uint64_t ask(handle endpoint)
{
    struct message message = {0};

    CHECK_IS(call(endpoint, 0, &message), 0);
    return message.w[0];
}

int main(const struct startup *startup)
{
    handle endpoints[2], pages[3];
    struct child lasting[2];
    uint64_t rounds, wrong = 0;

    (void)startup;
    test_begin();
    rounds = argument("rounds", 66000); /* 65,536 identifiers, and some more */
    for (unsigned i = 0; i < 3; i++)
        pages[i] = page_with(100 + i);
    for (unsigned i = 0; i < 2; i++) {
        endpoints[i] = create_endpoint(LEVEL_ANON);
        lasting[i] = child_new(HANDLE_POOL, LEVEL_ANON, 0, PRIORITY_ABOVE);
        CHECK_IS(region_map(lasting[i].space, AREA, 1, MAP_READ, pages[i], 0, 0, 0), 0);
        child_start(&lasting[i], look_often, child_give(&lasting[i], endpoints[i]));
    }
    for (uint64_t round = 0; round < rounds; round++) {
        wrong += !run_once(pages[2], round, 102);
        if (round % 64 == 0 || round > 65500)
            wrong += ask(endpoints[round & 1]) != 100 + (round & 1);
    }
    CHECK_IS(wrong, 0);
    for (unsigned i = 0; i < 2; i++) {
        CHECK_IS(ask(endpoints[i]), 100 + i);
        child_kill(&lasting[i]);
        handle_close(endpoints[i]);
    }
    finish();
}
