/*
 * ipc_forward.c: a server passes a request on, and never waits for the other one.
 */
#include "ipc.h"

static int64_t ask_with_words(uint64_t endpoint)
{
    struct message message = {.w = {1, 2, 3}};
    int64_t error = call(endpoint, 16, &message);

    return error ? error : (int64_t)message.w[0];
}

static int64_t ask_with_handle(uint64_t endpoint)
{
    struct message message = {.w = {1, 2, 3, 4, 5, HANDLE_POOL}};
    int64_t error = call(endpoint, TAG_HANDLE, &message);

    return error ? error : (int64_t)message.w[0];
}

/* The second server sees the words that the first one gave, and its badge; it answers the client.
 */
static void pass_on(int64_t (*client)(uint64_t))
{
    handle front = create_endpoint(LEVEL_ANON), back = create_endpoint(LEVEL_FILE);
    handle badged = handle_dup(back, RIGHTS_ALL, 0x77, 0);
    struct message message = {0}, second = {0};
    struct worker worker;

    worker_start(&worker, client, front, PRIORITY_ABOVE);
    CHECK_IS(take(front, &message), KIND_CALL);
    if (message_tag(&message) & TAG_HANDLE)
        handle_close(message.w[5]);
    message.w[0] = 100;
    message.w[5] = 500;
    CHECK_IS(forward(badged, 0, &message), 0);
    CHECK_IS(reply(0, message.request, &message),
             -ESTALE); /* no longer the first one's to answer */
    CHECK(!worker.done);
    CHECK_IS(take(back, &second), KIND_CALL);
    CHECK_IS(second.badge, 0x77);
    CHECK_IS(second.w[0], 100);
    CHECK_IS(second.w[5], 500);
    CHECK_IS(message_tag(&second),
             0); /* no words of the page, no handle: they were the first one's */
    second.w[0] = 42;
    CHECK_IS(reply(0, second.request, &second), 0);
    CHECK_IS(worker_finish(&worker), 42);
    handle_close(badged);
    handle_close(front);
    handle_close(back);
}

static int64_t wait_and_answer(uint64_t endpoint)
{
    struct message message = {0};

    recv(endpoint, 0, &message);
    BOARD[0] = message_tag(&message);
    message.w[0]++;
    return reply(0, message.request, &message);
}

/* The same to a server that waits already, in its own space. */
static void pass_on_to_waiting(int64_t (*client)(uint64_t))
{
    handle front = create_endpoint(LEVEL_ANON), back = create_endpoint(LEVEL_FILE);
    struct child server = child_new(HANDLE_POOL, LEVEL_FILE, 0, PRIORITY_ABOVE);
    struct message message = {0};
    struct worker worker;

    child_start(&server, wait_and_answer, child_give(&server, back));
    worker_start(&worker, client, front, PRIORITY_ABOVE);
    CHECK_IS(take(front, &message), KIND_CALL);
    if (message_tag(&message) & TAG_HANDLE)
        handle_close(message.w[5]);
    message.w[0] = 100;
    CHECK_IS(forward(back, 0, &message), 0);
    CHECK_IS(worker_finish(&worker), 101);
    CHECK_IS(BOARD[0], 0);
    CHECK_IS(child_finish(&server), 0);
    handle_close(front);
    handle_close(back);
}

/* The client of a forwarded request can be killed or cancelled, the second server can go. */
static void ends(void)
{
    handle front = create_endpoint(LEVEL_ANON), back = create_endpoint(LEVEL_FILE);
    struct message message = {0};
    struct worker worker;

    worker_start(&worker, ask, front, PRIORITY_ABOVE);
    CHECK_IS(take(front, &message), KIND_CALL);
    CHECK_IS(forward(back, 0, &message), 0);
    worker_kill(&worker);
    CHECK_IS(take(back, &message), -EAGAIN);

    worker_start(&worker, ask, front, PRIORITY_ABOVE);
    CHECK_IS(take(front, &message), KIND_CALL);
    CHECK_IS(forward(back, 0, &message), 0);
    CHECK_IS(thread_ctl(worker.thread, THREAD_CANCEL, 0, 0, 0), 0);
    CHECK_IS(worker_finish(&worker), -EINTR);
    CHECK_IS(take(back, &message), -EAGAIN);

    worker_start(&worker, ask, front, PRIORITY_ABOVE);
    CHECK_IS(take(front, &message), KIND_CALL);
    CHECK_IS(forward(back, 0, &message), 0);
    CHECK_IS(handle_revoke(back), 0);
    CHECK_IS(worker_finish(&worker), -ESTALE);
    handle_close(front);
}

void message_forwarding(void)
{
    int64_t (*clients[])(uint64_t) = {ask, ask_with_words, ask_with_handle};

    for (unsigned i = 0; i < 3; i++) {
        pass_on(clients[i]);
        pass_on_to_waiting(clients[i]);
    }
    ends();
}
