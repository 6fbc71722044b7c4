/*
 * signals_death.c: a thread is killed in every state a personality can bring it to. Nothing is
 * left: its requests are stale, and the ledger of the whole test balances.
 */
#include "signals.h"

static int64_t call_it(uint64_t a)
{
    return system_call(1, a, 0);
}

static int64_t touch_it(uint64_t address)
{
    *(volatile uint8_t *)address = 1;
    return 0;
}

static int64_t sleep_long(uint64_t until)
{
    return sleep_until(until);
}

enum state {
    NEW,
    NEW_FLAGGED,
    RUNNING,
    STOPPED,
    STOPPED_FLAGGED,
    INTERRUPT_QUEUED,
    INTERRUPT_RECEIVED,
    INTERRUPT_RETRY,
    CALL_QUEUED,
    CALL_RECEIVED,
    CALL_RETRY,
    CALL_RETRY_FLAGGED,
    PAGE,
    PAGE_FLAGGED,
    SLEEP_FLAGGED,
    COPIED,
    STATES
};

static bool one_of(enum state state, enum state first, enum state last)
{
    return state >= first && state <= last;
}

/* Brings the child's thread there; the request the personality holds then, or 0. */
static uint64_t bring(struct world *world, enum state state)
{
    handle thread = world->child.thread;
    struct message message = {0};

    if (one_of(state, RUNNING, INTERRUPT_RETRY))
        child_start(&world->child, count_for_ever, 0);
    if (one_of(state, CALL_QUEUED, CALL_RETRY_FLAGGED))
        child_start(&world->child, call_it, AREA);
    if (one_of(state, PAGE, PAGE_FLAGGED))
        child_start(&world->child, touch_it, AREA);
    if (state == SLEEP_FLAGGED)
        child_start(&world->child, sleep_long, ~0ul);
    sleep_for(1);
    if (one_of(state, STOPPED, STOPPED_FLAGGED))
        CHECK_IS(thread_ctl(thread, THREAD_STOP, 0, 0, 0), 0);
    if (one_of(state, INTERRUPT_QUEUED, INTERRUPT_RETRY))
        CHECK_IS(thread_interrupt(thread), 0);
    if (one_of(state, INTERRUPT_RECEIVED, INTERRUPT_RETRY) ||
        one_of(state, CALL_RECEIVED, CALL_RETRY_FLAGGED))
        CHECK_IS(recv(world->personality, 1, &message), 0);
    if (state == INTERRUPT_RETRY || one_of(state, CALL_RETRY, CALL_RETRY_FLAGGED))
        retry(&message, TAG_RETRY_WRITE, AREA, 0);
    if (state == NEW_FLAGGED || state == STOPPED_FLAGGED || state == CALL_RETRY_FLAGGED ||
        state == PAGE_FLAGGED || state == SLEEP_FLAGGED)
        CHECK_IS(thread_interrupt(thread), 0);
    if (state == COPIED)
        CHECK_IS(thread_copy(thread, thread, COPY_TLS, 0, 0, 1), 0);
    return message.request;
}

static void killed(enum state state, bool by_space)
{
    struct world world = world_new(2, PRIORITY_BELOW);
    struct message message = {0};
    uint64_t request = bring(&world, state);

    message.request = request;
    if (by_space)
        CHECK_IS(space_ctl(world.child.space, SPACE_KILL, 0, 0), 0);
    else
        CHECK_IS(thread_ctl(world.child.thread, THREAD_KILL, 0, 0, 0), 0);
    if (request)
        CHECK_IS(reply(0, request, &message), -ESTALE);
    CHECK_IS(thread_interrupt(world.child.thread), -EOWNERDEAD);
    CHECK_IS(take(world.personality, &message), -EAGAIN);
    CHECK_IS(take(world.pager, &message), -EAGAIN);
    world_free(&world);
}

/* The personality ends: who waited for it stands still for good, and can be ended as ever. */
static void personality_ends(void)
{
    struct world world = world_new(1, PRIORITY_BELOW);

    child_start(&world.child, count_for_ever, 0);
    sleep_for(1);
    CHECK_IS(thread_interrupt(world.child.thread), 0);
    CHECK_IS(handle_revoke(world.personality), 0);
    CHECK_IS(thread_interrupt(world.child.thread), 0);
    world_free(&world);
}

void deaths(void)
{
    for (enum state state = NEW; state < STATES; state++) {
        killed(state, false);
        killed(state, true);
    }
    personality_ends();
}
