/*
 * calls_message.c: the calls that move messages, with arguments that can be
 * refused at once.
 */
#include "calls.h"

static struct message empty;

int64_t call_once(uint64_t endpoint)
{
    struct message message = {0};

    return call(endpoint, 0, &message);
}

int64_t send_once(uint64_t endpoint)
{
    struct message message = {0};

    return send(endpoint, 0, &message);
}

int64_t recv_once(uint64_t from)
{
    struct message message = {0};

    return recv(from, 0, &message);
}

/* ---- What is wrong with the handle ---- */

static int64_t try_call_words(uint64_t endpoint)
{
    struct message message = {0};

    return call(endpoint, 8, &message);
}

static int64_t try_reply_recv(uint64_t endpoint)
{
    struct message message = {0};

    return reply_recv(endpoint, 0, &message);
}

static int64_t try_forward(uint64_t endpoint)
{
    return forward(endpoint, 0, &empty);
}

static int64_t try_notify(uint64_t notification)
{
    return notify(notification, 1);
}

static void wrong_handles(void)
{
    handle weak = make(NOTIFICATION), all = weak;

    TRY_HANDLES(call, ENDPOINT, RIGHT_WRITE, call_once);
    TRY_HANDLES(call, ENDPOINT, RIGHT_WRITE, try_call_words);
    TRY_HANDLES(send, ENDPOINT, RIGHT_WRITE, send_once);
    TRY_HANDLES(reply_recv, ENDPOINT, RIGHT_RECV, try_reply_recv);
    TRY_HANDLES(forward, ENDPOINT, RIGHT_WRITE, try_forward);
    TRY_HANDLES(notify, NOTIFICATION, RIGHT_WRITE, try_notify);
    /* recv takes two kinds, so the other one is no error: each kind on its own. */
    for (enum kind kind = 0; kind < KINDS; kind++)
        if (kind != ENDPOINT && kind != NOTIFICATION) {
            handle wrong = make(kind);
            FAILS(recv, EBADF, recv_once(wrong));
            if (kind == THREAD)
                WORKS(thread_ctl(wrong, THREAD_KILL, 0, 0, 0));
            WORKS(handle_close(wrong));
        }
    weak = WORKS(handle_dup(all, RIGHTS_ALL & ~RIGHT_RECV, 0, 0));
    FAILS(recv, EACCES, recv_once(weak));
    WORKS(handle_close(weak));
    WORKS(handle_close(all));
    all = make(ENDPOINT);
    weak = WORKS(handle_dup(all, RIGHTS_ALL & ~RIGHT_RECV, 0, 0));
    FAILS(recv, EACCES, recv_once(weak));
    WORKS(handle_revoke(all));
    FAILS(recv, ESTALE, recv_once(weak));
    WORKS(handle_close(weak));
    weak = make_stale(NOTIFICATION);
    FAILS(recv, ESTALE, recv_once(weak));
    WORKS(handle_close(weak));
    FAILS(recv, EBADF, recv_once(0));
    FAILS(recv, EBADF, recv_once(~0u));
}

/* ---- Other arguments ---- */

static const uint64_t long_tags[] = {MESSAGE_WORDS_MAX + 1,
                                     TAG_WORDS_MASK,
                                     TAG_RETRY_READ,
                                     TAG_RETRY_WRITE,
                                     0x2000,
                                     0x80000000,
                                     0xffffffff};

static void wrong_tags(handle endpoint)
{
    struct message message = {0};

    for (unsigned i = 0; i < sizeof long_tags / sizeof *long_tags; i++) {
        FAILS(call, EMSGSIZE, call(endpoint, long_tags[i], &message));
        FAILS(send, EMSGSIZE, send(endpoint, long_tags[i], &message));
    }
    FAILS(forward, EMSGSIZE, forward(endpoint, 1, &message));
    FAILS(forward, EMSGSIZE, forward(endpoint, TAG_HANDLE, &message));
    message.w[5] = 0;
    FAILS(call, EBADF, call(endpoint, TAG_HANDLE, &message));
    FAILS(send, EBADF, send(endpoint, TAG_HANDLE, &message));
    message.w[5] = 1000000;
    FAILS(call, EBADF, call(endpoint, TAG_HANDLE, &message));
    message.w[5] = WORKS(handle_dup(endpoint, RIGHTS_ALL & ~RIGHT_DUP, 0, 0));
    FAILS(call, EACCES, call(endpoint, TAG_HANDLE, &message));
    FAILS(send, EACCES, send(endpoint, TAG_HANDLE, &message));
    WORKS(handle_close(message.w[5]));
}

/* Levels: from root (7) to an endpoint of level 7 would be upward. */
static void upward(void)
{
    handle high = WORKS(create_endpoint(LEVEL_ROOT));

    FAILS(call, EPERM, call_once(high));
    FAILS(send, EPERM, send_once(high));
    FAILS(forward, EPERM, try_forward(high));
    WORKS(handle_close(high));
}

static void wrong_requests(handle endpoint)
{
    static const uint64_t requests[] = {0,    1,         2,        1ul << 23,      1ul << 23 | 1,
                                        ~0ul, 1ul << 63, 0xffffff, 0x1000000ffffff};

    for (unsigned i = 0; i < sizeof requests / sizeof *requests; i++) {
        struct message message = {.request = requests[i]};
        FAILS(reply, ESTALE, reply(0, requests[i], &message));
        FAILS(reply_recv, ESTALE, reply_recv(endpoint, 0, &message));
        FAILS(reply_recv, ESTALE, reply_recv(endpoint, TAG_WORDS_MASK, &message));
        FAILS(forward, ESTALE, forward(endpoint, 0, &message));
    }
    FAILS(reply, EBADF, NATIVE_CALL(SYSCALL_reply, IN(0, endpoint) IN(1, 0)).x[0]);
}

static int64_t without_page(uint64_t endpoint)
{
    struct message message = {0};

    return call(endpoint, 1, &message);
}

static int64_t send_without_page(uint64_t endpoint)
{
    return send(endpoint, 1, &empty);
}

static int64_t receive(uint64_t endpoint)
{
    struct message message = {0};

    return recv(endpoint, 0, &message);
}

/* Words need a message page on both sides; who cannot take them waits on, unharmed. */
static void missing_pages(handle endpoint)
{
    struct message message = {0};
    struct worker worker;

    worker_start_bare(&worker, without_page, endpoint, PRIORITY_ABOVE);
    FAILS(call, EMSGSIZE, worker_finish(&worker));
    worker_start_bare(&worker, send_without_page, endpoint, PRIORITY_ABOVE);
    FAILS(send, EMSGSIZE, worker_finish(&worker));
    worker_start_bare(&worker, receive, endpoint, PRIORITY_ABOVE);
    FAILS(call, EMSGSIZE, call(endpoint, 1, &message));
    FAILS(send, EMSGSIZE, send(endpoint, 1, &message));
    CHECK(!worker.done);
    WORKS(send(endpoint, 0, &message));
    CHECK_IS(worker_finish(&worker), 0);
}

/* ---- Answers: the test is the server of a worker's call ---- */

static int64_t calls_me(uint64_t endpoint)
{
    struct message message = {0};

    return call(endpoint, 0, &message);
}

static void wrong_answers(handle endpoint)
{
    struct message message = {0};
    struct worker worker;
    handle weak = WORKS(handle_dup(endpoint, RIGHT_READ, 0, 0));

    worker_start_bare(&worker, calls_me, endpoint, PRIORITY_ABOVE);
    CHECK_IS(take(endpoint, &message), KIND_CALL);
    for (unsigned i = 0; i < 2; i++) {
        FAILS(reply, EMSGSIZE, reply(long_tags[i], message.request, &message));
        FAILS(reply_recv, EMSGSIZE, reply_recv(endpoint, long_tags[i], &message));
    }
    FAILS(reply, EMSGSIZE, reply(1, message.request, &message)); /* the caller has no page */
    FAILS(reply_recv, EMSGSIZE, reply_recv(endpoint, 1, &message));
    FAILS(reply, EINVAL, reply(TAG_RETRY_READ, message.request, &message)); /* for programs alone */
    FAILS(reply_recv, EINVAL, reply_recv(endpoint, TAG_RETRY_WRITE, &message));
    message.w[5] = 0;
    FAILS(reply, EBADF, reply(TAG_HANDLE, message.request, &message));
    FAILS(reply_recv, EBADF, reply_recv(endpoint, TAG_HANDLE, &message));
    message.w[5] = weak;
    FAILS(reply, EACCES, reply(TAG_HANDLE, message.request, &message));
    FAILS(reply_recv, EACCES, reply_recv(endpoint, TAG_HANDLE, &message));
    CHECK(!worker.done);
    WORKS(reply(0, message.request, &message));
    CHECK_IS(worker_finish(&worker), 0);
    FAILS(reply, ESTALE, reply(0, message.request, &message));
    WORKS(handle_close(weak));
}

/* A page fault is answered by page_supply alone. */
static void answered_fault(void)
{
    handle pager = make(ENDPOINT), elsewhere = make(ENDPOINT);
    struct paged paged = paged_new(pager, 1);
    struct message message = {0};
    struct worker worker;

    worker_start(&worker, touch, paged.address, PRIORITY_ABOVE);
    CHECK_IS(take(pager, &message), KIND_FAULT | FAULT_WRITE);
    FAILS(reply, EINVAL, reply(0, message.request, &message));
    FAILS(reply_recv, EINVAL, reply_recv(pager, 0, &message));
    FAILS(forward, ESTALE, forward(elsewhere, 0, &message));
    WORKS(page_supply_only(message.request, SUPPLY_ZERO | SUPPLY_WRITABLE, message.w[1], 1, 0, 0));
    CHECK_IS(worker_finish(&worker), 0);
    paged_free(&paged, 1);
    WORKS(handle_close(elsewhere));
    WORKS(handle_close(pager));
}

void message_calls(void)
{
    handle endpoint = make(ENDPOINT), note = make(NOTIFICATION);
    struct message message = {0};

    wrong_handles();
    wrong_tags(endpoint);
    upward();
    wrong_requests(endpoint);
    missing_pages(endpoint);
    wrong_answers(endpoint);
    answered_fault();
    FAILS(recv, EAGAIN, recv(endpoint, 1, &message));
    FAILS(recv, EAGAIN, recv(note, 1, &message));
    FAILS(recv, EINVAL, recv(endpoint, 2, &message));
    FAILS(recv, EINVAL, recv(endpoint, ~0ul, &message));
    FAILS(notify, EINVAL, notify(note, 0));
    WORKS(handle_close(endpoint));
    WORKS(handle_close(note));
}
