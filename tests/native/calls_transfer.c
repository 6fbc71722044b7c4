/*
 * calls_transfer.c: a handle in a message finds no room at the receiver: its
 * table is full (EMFILE) or its pool is empty (ENOMEM). The sender hears of it.
 */
#include "calls.h"

static int64_t call_with_handle(uint64_t endpoint)
{
    struct message message = {.w[5] = HANDLE_POOL};

    return call(endpoint, TAG_HANDLE, &message);
}

static int64_t send_handle(uint64_t endpoint)
{
    struct message message = {.w[5] = HANDLE_POOL};

    return send(endpoint, TAG_HANDLE, &message);
}

static int64_t receive(uint64_t endpoint)
{
    struct message message = {0};

    return recv(endpoint, 0, &message);
}

static int64_t call_plain(uint64_t endpoint)
{
    struct message message = {0};

    return call(endpoint, 0, &message);
}

/* Own table full: this program is both sides. Queued, and straight to a receiver that waits. */
static void full_table(void)
{
    handle endpoint = make(ENDPOINT);
    struct message message = {0};
    struct worker caller, sender, receiver, client;

    worker_start(&caller, call_with_handle, endpoint, PRIORITY_ABOVE);
    worker_start(&sender, send_handle, endpoint, PRIORITY_ABOVE);
    worker_start(&client, call_plain, endpoint, PRIORITY_ABOVE);
    worker_start(&receiver, receive, make(ENDPOINT), PRIORITY_ABOVE);
    table_fill();
    CHECK_IS(take(endpoint, &message), KIND_CALL); /* the first two could not be taken */
    message.w[5] = HANDLE_POOL;
    FAILS(reply, EMFILE, reply(TAG_HANDLE, message.request, &message));
    FAILS(reply_recv, EMFILE, reply_recv(endpoint, TAG_HANDLE, &message));
    FAILS(call, EMFILE, call_with_handle(receiver.argument));
    FAILS(send, EMFILE, send_handle(receiver.argument));
    FAILS(create, EMFILE, create_endpoint(LEVEL_ANON));
    FAILS(create, EMFILE, create_notification(0, 0));
    FAILS(create, EMFILE, create_object(endpoint, 0, 1, 0));
    FAILS(create, EMFILE, create_wired(1, 0));
    FAILS(create, EMFILE, create_pool(HANDLE_POOL, 1, 1));
    FAILS(create, EMFILE, create_irq(HANDLE_SYSTEM, 102));
    FAILS(create, EMFILE, create_device(HANDLE_SYSTEM, 0x1000, 1));
    FAILS(thread_create, EMFILE, thread_create(HANDLE_SPACE, 0, 1, 0));
    FAILS(space_create, EMFILE, space_create(HANDLE_POOL, LEVEL_PROGRAM, 0, 1));
    table_empty();
    WORKS(reply(0, message.request, &message));
    CHECK_IS(worker_finish(&client), 0);
    FAILS(call, EMFILE, worker_finish(&caller));
    FAILS(send, EMFILE, worker_finish(&sender));
    worker_kill(&receiver);
    WORKS(handle_close(receiver.argument));
    WORKS(handle_close(endpoint));
}

/* A child with a handle to `endpoint` whose table takes no more for want of memory. */
struct poor {
    handle pool, endpoint; /* the latter as the child knows it */
    struct child child;
};
static struct poor poor_child(handle endpoint)
{
    struct poor poor = {WORKS(create_pool(HANDLE_POOL, 0, 256)), 0, {0}};
    struct pool_facts facts = {0};
    int64_t given;

    poor.child = child_new(poor.pool, LEVEL_PROGRAM, 0, PRIORITY_ABOVE);
    poor.endpoint = child_give(&poor.child, endpoint);
    WORKS(pool_query(poor.pool, &facts));
    WORKS(pool_limit(poor.pool, facts.used));
    while ((given = handle_dup(HANDLE_POOL, RIGHT_READ, 0, poor.child.space)) > 0)
        ;
    CHECK_IS(given, -ENOMEM);
    return poor;
}

static void poor_receiver(void)
{
    handle endpoint = make(ENDPOINT);
    struct poor poor = poor_child(endpoint);

    child_start(&poor.child, receive, poor.endpoint);
    FAILS(call, ENOMEM, call_with_handle(endpoint));
    FAILS(send, ENOMEM, send_handle(endpoint));
    child_kill(&poor.child);
    WORKS(handle_close(poor.pool));
    WORKS(handle_close(endpoint));
}

static void poor_caller(void)
{
    handle endpoint = make(ENDPOINT);
    struct poor poor = poor_child(endpoint);
    struct message message = {0};

    child_start(&poor.child, call_plain, poor.endpoint);
    CHECK_IS(take(endpoint, &message), KIND_CALL);
    message.w[5] = HANDLE_POOL;
    FAILS(reply, ENOMEM, reply(TAG_HANDLE, message.request, &message));
    FAILS(reply_recv, ENOMEM, reply_recv(endpoint, TAG_HANDLE, &message));
    WORKS(reply(0, message.request, &message));
    CHECK_IS(child_finish(&poor.child), 0);
    WORKS(handle_close(poor.pool));
    WORKS(handle_close(endpoint));
}

void handle_transfer_calls(void)
{
    full_table();
    poor_receiver();
    poor_caller();
}
