/*
 * ipc_end.c: messages whose sender, receiver or endpoint goes away in between.
 */
#include "ipc.h"

/* A caller that was killed while it waited is not received; one that was received is not answered.
 */
static void dead_callers(void)
{
    handle endpoint = create_endpoint(LEVEL_ANON);
    struct message message = {0};
    struct worker caller, other;

    worker_start(&caller, ask, endpoint, PRIORITY_ABOVE);
    worker_start(&other, ask, endpoint, PRIORITY_ABOVE);
    worker_kill(&caller);
    CHECK_IS(take(endpoint, &message), KIND_CALL);
    worker_kill(&other);
    CHECK_IS(reply(0, message.request, &message), -ESTALE);
    CHECK_IS(take(endpoint, &message), -EAGAIN);
    handle_close(endpoint);
}

/* A request id of a thread that is gone does not answer the next thread of that number. */
static void request_ids_are_never_reused(void)
{
    handle endpoint = create_endpoint(LEVEL_ANON);
    struct message first = {0}, second = {0};
    struct worker caller;

    worker_start(&caller, ask, endpoint, PRIORITY_ABOVE);
    CHECK_IS(take(endpoint, &first), KIND_CALL);
    worker_kill(&caller);
    worker_start(&caller, ask, endpoint, PRIORITY_ABOVE);
    CHECK_IS(take(endpoint, &second), KIND_CALL);
    CHECK(first.request != second.request);
    CHECK_IS(reply(0, first.request, &first), -ESTALE);
    second.w[0] = 9;
    CHECK_IS(reply(0, second.request, &second), 0);
    CHECK_IS(worker_finish(&caller), 9);
    handle_close(endpoint);
}

/* Who may answer is the space that received, nobody else. */
static int64_t answer_for_others(uint64_t request)
{
    struct message message = {0};

    return reply(0, request, &message);
}

static void strangers_cannot_answer(void)
{
    handle endpoint = create_endpoint(LEVEL_ANON);
    struct child stranger = child_new(HANDLE_POOL, LEVEL_ANON, 0, PRIORITY_ABOVE);
    struct message message = {0};
    struct worker caller;

    worker_start(&caller, ask, endpoint, PRIORITY_ABOVE);
    CHECK_IS(take(endpoint, &message), KIND_CALL);
    child_start(&stranger, answer_for_others, message.request);
    CHECK_IS(child_finish(&stranger), -ESTALE);
    CHECK_IS(reply(0, message.request, &message), 0);
    CHECK_IS(worker_finish(&caller), 0);
    handle_close(endpoint);
}

/* A request that was received can be cancelled; its answer comes too late. */
static void cancelled_after_receipt(void)
{
    handle endpoint = create_endpoint(LEVEL_ANON);
    struct message message = {0};
    struct worker caller;

    worker_start(&caller, ask, endpoint, PRIORITY_ABOVE);
    CHECK_IS(take(endpoint, &message), KIND_CALL);
    CHECK_IS(thread_ctl(caller.thread, THREAD_CANCEL, 0, 0, 0), 0);
    CHECK_IS(worker_finish(&caller), -EINTR);
    CHECK_IS(reply(0, message.request, &message), -ESTALE);
    handle_close(endpoint);
}

/* Revoking an endpoint leaves those who were received already to their server. */
static void revoked_after_receipt(void)
{
    handle endpoint = create_endpoint(LEVEL_ANON);
    struct message message = {0};
    struct worker caller, queued;

    worker_start(&caller, ask, endpoint, PRIORITY_ABOVE);
    CHECK_IS(take(endpoint, &message), KIND_CALL);
    worker_start(&queued, ask, endpoint, PRIORITY_ABOVE);
    CHECK_IS(handle_revoke(endpoint), 0);
    CHECK_IS(worker_finish(&queued), -ESTALE);
    CHECK(!caller.done);
    message.w[0] = 4;
    CHECK_IS(reply(0, message.request, &message), 0);
    CHECK_IS(worker_finish(&caller), 4);
}

/* ---- Servers that die ---- */

static int64_t take_two_and_wait(uint64_t endpoint)
{
    struct message message = {0};

    recv(endpoint, 0, &message);
    recv(endpoint, 0, &message);
    return sleep_until(~0ul);
}

/* All it has received fail; who is queued waits for the next server. */
static void dead_server(void)
{
    handle endpoint = create_endpoint(LEVEL_ANON);
    struct child server = child_new(HANDLE_POOL, LEVEL_ANON, 0, PRIORITY_ABOVE);
    struct message message = {0};
    struct worker callers[3];

    child_start(&server, take_two_and_wait, child_give(&server, endpoint));
    for (unsigned i = 0; i < 3; i++)
        worker_start(&callers[i], ask, endpoint, PRIORITY_ABOVE);
    child_kill(&server);
    CHECK_IS(worker_finish(&callers[0]), -EOWNERDEAD);
    CHECK_IS(worker_finish(&callers[1]), -EOWNERDEAD);
    CHECK(!callers[2].done);
    CHECK_IS(take(endpoint, &message), KIND_CALL);
    CHECK_IS(reply(0, message.request, &message), 0);
    CHECK_IS(worker_finish(&callers[2]), 0);
    handle_close(endpoint);
}

/* ---- A handle in a message that waits ---- */

static int64_t call_with_handle(uint64_t both)
{
    struct message message = {.w[5] = both >> 32};

    return call((handle)both, TAG_HANDLE, &message);
}

/* What the sender had when it sent may be gone, revoked or weaker when the message is taken. */
static void handle_changes_in_between(void)
{
    handle endpoint = create_endpoint(LEVEL_ANON), note, weak, copy;
    struct message message = {0};
    struct worker worker;

    note = create_notification(0, 0);
    worker_start(&worker, call_with_handle, endpoint | (uint64_t)note << 32, PRIORITY_ABOVE);
    handle_close(note);
    CHECK_IS(take(endpoint, &message), -EAGAIN);
    CHECK_IS(worker_finish(&worker), -EBADF);

    note = create_notification(0, 0);
    copy = handle_dup(note, RIGHTS_ALL, 0, 0);
    worker_start(&worker, call_with_handle, endpoint | (uint64_t)copy << 32, PRIORITY_ABOVE);
    handle_revoke(note);
    CHECK_IS(take(endpoint, &message), -EAGAIN); /* revoked is revoked: no fresh handle of it */
    CHECK_IS(worker_finish(&worker), -EBADF);
    handle_close(copy);

    note = create_notification(0, 0);
    copy = handle_dup(note, RIGHTS_ALL, 0, 0);
    worker_start(&worker, call_with_handle, endpoint | (uint64_t)copy << 32, PRIORITY_ABOVE);
    handle_close(copy);
    weak = handle_dup(note, RIGHT_READ, 0, 0);
    CHECK_IS(weak, copy); /* the same number now means one that may not be passed on */
    CHECK_IS(take(endpoint, &message), -EAGAIN);
    CHECK_IS(worker_finish(&worker), -EACCES);
    handle_close(weak);
    handle_close(note);
    handle_close(endpoint);
}

void message_ends(void)
{
    dead_callers();
    request_ids_are_never_reused();
    strangers_cannot_answer();
    cancelled_after_receipt();
    revoked_after_receipt();
    dead_server();
    handle_changes_in_between();
}
