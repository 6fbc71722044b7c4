/*
 * exhaust_each.c: one scenario, again and again; each time the next allocation of
 * the kernel fails, until it goes through. Whatever failed, the ledger balances
 * and all that was made can be taken down.
 */
#include "exhaust.h"

#define AREA 0x100000000000ul

static int64_t failure; /* the first error that was not "out of memory" */

/* Notes errors; true when the step worked. */
static bool step(int64_t result)
{
    if (result < 0 && result != -ENOMEM && !failure)
        failure = result;
    return result >= 0;
}

/* In the child: memory that its pager brings, a message with a handle, an answer. */
static int64_t live(uint64_t endpoint)
{
    struct message message = {.w[5] = 2};
    int64_t error;

    for (unsigned i = 0; i < 3; i++)
        *(volatile uint8_t *)(AREA + i * 600 * PAGE_SIZE) = 1;
    error = call(endpoint, TAG_HANDLE | 4, &message);
    return error == -ENOMEM ? 1 : error;
}

/* What the child asks for, until it ends or cannot go on. */
static void serve(handle pager, handle endpoint, handle personality,
                  const volatile struct worker *worker)
{
    for (unsigned rounds = 0; rounds < 100 && !worker->done; rounds++) {
        struct message message = {0};
        if (take(pager, &message) > 0) {
            int64_t error = page_supply_only(message.request, SUPPLY_ZERO | SUPPLY_WRITABLE,
                                             message.w[1], 1, 0, 0);
            if (error)
                step(page_supply_only(message.request, SUPPLY_FAIL | (uint64_t)ENOMEM << 32, 0, 0,
                                      0, 0));
            step(error);
        } else if (take(endpoint, &message) == KIND_CALL) {
            if (step(reply(TAG_HANDLE, message.request, &message)))
                handle_close(message.w[5]);
            else
                step(reply(0, message.request, &message));
        } else if (take(personality, &message) == KIND_EXCEPTION) {
            CHECK_IS(message.w[0], EXCEPTION_NO_MEMORY);
            return;
        } else {
            sleep_until(now() + 20000);
        }
    }
}

/* Everything a small program needs; as far as it comes. True when all of it worked. */
static bool scenario(void)
{
    struct worker *worker = (struct worker *)((uintptr_t)BOARD + 512);
    bool complete = false;
    int64_t made[12] = {0};
    unsigned count = 0;
    int64_t pool, pager, endpoint, personality, space, object, stack, thread, note;

#define MAKE(variable, expression)                                                                 \
    if (!step(variable = (expression)))                                                            \
        goto end;                                                                                  \
    made[count++] = variable
    MAKE(pool, create_pool(HANDLE_POOL, 20, 1000));
    MAKE(pager, create_endpoint(LEVEL_ANON));
    MAKE(endpoint, create_endpoint(LEVEL_ANON));
    MAKE(personality, create_endpoint(LEVEL_PROC));
    MAKE(note, create_notification(1, endpoint));
    MAKE(space, space_create(pool, LEVEL_PROGRAM, personality, PRIORITY_BELOW));
    MAKE(object, create_object(pager, 7, 2000, pool));
    MAKE(stack, create_wired(3, pool));
    if (!step(handle_dup(endpoint, RIGHTS_ALL, 0, space)) ||
        !step(handle_dup(note, RIGHTS_ALL, 0, space)) ||
        !step(region_map(space, AREA, 2000, MAP_READ | MAP_WRITE, object, 0, 0, 0)) ||
        !step(region_map(space, 0x80000000, 3, MAP_READ | MAP_WRITE | MAP_POPULATE, stack, 0, 0,
                         0)) ||
        !step(region_protect(space, AREA + PAGE_SIZE, 1, 0)) ||
        !step(region_unmap(space, AREA + 8 * PAGE_SIZE, 4, 0)) || !step(child_show(space)))
        goto end;
    MAKE(thread, thread_create(space, 0x80002000, PRIORITY_BELOW, 0));
    *worker = (struct worker){.run = live, .argument = 1};
    if (step(worker_begin(thread, 0x80002000, worker)))
        serve(pager, endpoint, personality, worker);
    complete = worker->done && worker->result == 0;
end:
    while (count)
        step(handle_close(made[--count]));
    return complete;
}

void every_allocation(void)
{
    uint64_t frames = 0, n;

    for (n = 0; n < 2000; n++) {
        struct ledger ledger = {0};
        failure = 0;
        debug(HANDLE_SYSTEM, DEBUG_FAIL_AT, n, 0);
        bool complete = scenario();
        uint64_t left = debug(HANDLE_SYSTEM, DEBUG_FAIL_AT, 0, 0);
        if (!CHECK(ledger_balances(&ledger)) || !CHECK_IS(failure, 0))
            say("when allocation %llu failed\n", (unsigned long long)n);
        if (n < 2)
            frames = ledger.total - ledger.free; /* the first rounds make what stays */
        else
            CHECK_IS(ledger.total - ledger.free, frames);
        CHECK(!(n && left) || complete);
        if (n && left)
            break; /* it went through without coming to the n-th */
    }
    say("allocations in the scenario: %llu\n", (unsigned long long)n - 1);
    CHECK(n > 40 && n < 2000);
}
