/*
 * ipc_notify.c: notifications, alone and bound to an endpoint.
 */
#include "ipc.h"

static int64_t wait_bits(uint64_t from)
{
    struct message message = {0};
    int64_t error = recv(from, 0, &message);

    return error ? error : (int64_t)(message.w[0] | message.badge << 32);
}

/* Bits gather until somebody receives them; a waiter gets them at once. */
static void alone(void)
{
    handle note = create_notification(3, 0);
    struct message message = {0};
    struct worker waiter;

    CHECK_IS(notify(note, 1), 0);
    CHECK_IS(notify(note, 1ul << 63), 0);
    CHECK_IS(notify(note, 1), 0);
    CHECK_IS(take(note, &message), KIND_NOTIFY);
    CHECK_IS(message.w[0], 1ul << 63 | 1);
    CHECK_IS(message.badge, 3);
    CHECK_IS(take(note, &message), -EAGAIN);
    worker_start(&waiter, wait_bits, note, PRIORITY_ABOVE);
    CHECK(!waiter.done);
    CHECK_IS(notify(note, 8), 0);
    CHECK_IS(worker_finish(&waiter), 8 | 3ul << 32);
    CHECK_IS(take(note, &message), -EAGAIN);
    handle_close(note);
}

/* One signal wakes one waiter, in order of arrival. */
static void several_waiters(void)
{
    handle note = create_notification(0, 0);
    struct worker waiters[3];

    for (unsigned i = 0; i < 3; i++)
        worker_start(&waiters[i], wait_bits, note, PRIORITY_ABOVE);
    for (unsigned i = 0; i < 3; i++) {
        CHECK_IS(notify(note, i + 1), 0);
        CHECK(waiters[i].done);
        CHECK(i == 2 || !waiters[i + 1].done);
        CHECK_IS(worker_finish(&waiters[i]), i + 1);
    }
    handle_close(note);
}

/* Bound: a server receives calls and signals by one recv, signals first, in order of arrival. */
static void bound(void)
{
    handle endpoint = create_endpoint(LEVEL_ANON);
    handle first = create_notification(1, endpoint), second = create_notification(2, endpoint);
    struct message message = {0};
    struct worker caller, waiter;

    worker_start(&caller, ask, endpoint, PRIORITY_ABOVE);
    CHECK_IS(notify(second, 0x20), 0);
    CHECK_IS(notify(first, 0x10), 0);
    CHECK_IS(notify(second, 0x40), 0);
    CHECK_IS(take(endpoint, &message), KIND_NOTIFY);
    CHECK_IS(message.badge, 2);
    CHECK_IS(message.w[0], 0x60);
    CHECK_IS(message.request, 0);
    CHECK_IS(take(endpoint, &message), KIND_NOTIFY);
    CHECK_IS(message.badge, 1);
    CHECK_IS(take(endpoint, &message), KIND_CALL);
    CHECK_IS(reply(0, message.request, &message), 0);
    CHECK_IS(worker_finish(&caller), 0);
    CHECK_IS(take(endpoint, &message), -EAGAIN);
    /* A server that waits gets the signal at once; who waits for it alone comes first. */
    worker_start(&waiter, wait_bits, endpoint, PRIORITY_ABOVE);
    CHECK_IS(notify(first, 1), 0);
    CHECK_IS(worker_finish(&waiter), 1 | 1ul << 32);
    /* Received directly, nothing is left for the endpoint. */
    CHECK_IS(notify(first, 1), 0);
    CHECK_IS(take(first, &message), KIND_NOTIFY);
    CHECK_IS(take(endpoint, &message), -EAGAIN);
    /* One that goes while it is signalled is not received. */
    CHECK_IS(notify(first, 1), 0);
    CHECK_IS(notify(second, 1), 0);
    CHECK_IS(handle_close(first), 0);
    CHECK_IS(take(endpoint, &message), KIND_NOTIFY);
    CHECK_IS(message.badge, 2);
    CHECK_IS(take(endpoint, &message), -EAGAIN);
    handle_close(endpoint); /* the notification still holds it */
    CHECK_IS(notify(second, 1), 0);
    CHECK_IS(take(second, &message), KIND_NOTIFY);
    handle_close(second);
}

static int64_t server_loop(uint64_t endpoint)
{
    struct message message = {0};

    recv(endpoint, 0, &message);
    for (;;) {
        if ((message.head & 0xff) == KIND_NOTIFY) {
            BOARD[0] += message.w[0];
            if (recv(endpoint, 0, &message))
                return 0;
        } else if (reply_recv(endpoint, 0, &message)) {
            return 0;
        }
    }
}

/* Signals and calls interleaved to a server in a loop: none is lost. */
static void server_with_both(void)
{
    handle endpoint = create_endpoint(LEVEL_ANON), note = create_notification(9, endpoint);
    struct worker server;

    BOARD[0] = 0;
    worker_start(&server, server_loop, endpoint, PRIORITY_ABOVE);
    for (unsigned i = 0; i < 100; i++) {
        CHECK_IS(notify(note, 1), 0);
        CHECK_IS(ask(endpoint), 0);
    }
    CHECK_IS(BOARD[0], 100);
    worker_kill(&server);
    /* The same with a server that runs only now and then. */
    worker_start(&server, server_loop, endpoint, PRIORITY_BELOW);
    for (unsigned i = 0; i < 10; i++) {
        CHECK_IS(notify(note, 1ul << i), 0);
        if (i & 1)
            CHECK_IS(ask(endpoint), 0);
    }
    CHECK_IS(BOARD[0], 100 + 0x3ff);
    worker_kill(&server);
    handle_close(note);
    handle_close(endpoint);
}

/* Somebody watches a space: the signal comes when all of it is gone. */
static void watch(void)
{
    handle note = create_notification(0, 0), pool = create_pool(HANDLE_POOL, 0, 1000);
    struct child child = child_new(pool, LEVEL_PROGRAM, 0, PRIORITY_BELOW);
    struct message message = {0};
    struct pool_facts facts = {0};

    CHECK_IS(space_ctl(child.space, SPACE_WATCH, note, 4), 0);
    CHECK_IS(take(note, &message), -EAGAIN);
    child_kill(&child);
    CHECK_IS(take(note, &message), KIND_NOTIFY);
    CHECK_IS(message.w[0], 4);
    CHECK_IS(pool_query(pool, &facts), 0);
    CHECK_IS(facts.used, 0);
    handle_close(note);
    handle_close(pool);
}

void notifications(void)
{
    alone();
    several_waiters();
    bound();
    server_with_both();
    watch();
}
