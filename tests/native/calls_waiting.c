/*
 * calls_waiting.c: calls that wait, and every way such a wait can end badly: it
 * is cancelled, the endpoint is revoked, the endpoint goes, the server dies.
 */
#include "calls.h"

static int64_t wait_reply_recv(uint64_t endpoint)
{
    struct message message = {0};
    int64_t error = recv(endpoint, 0, &message);

    return error < 0 ? -EIO : reply_recv(endpoint, 0, &message);
}

static int64_t wait_page_supply(uint64_t endpoint)
{
    struct message message = {0};
    int64_t error = recv(endpoint, 0, &message);

    return error < 0 ? -EIO
                     : page_supply(endpoint, SUPPLY_ZERO | SUPPLY_WRITABLE, message.w[1], 1, 0, 0,
                                   &message);
}

/* What brings the worker from its first wait to the one that is tested. */
static void prime_call(handle endpoint)
{
    struct message message = {0};

    WORKS(call(endpoint, 0, &message));
}

static void prime_fault(handle endpoint)
{
    struct paged paged = paged_new(endpoint, 1);

    touch(paged.address);
    paged_free(&paged, 1);
}

static const struct {
    unsigned call;
    const char *name;
    enum kind kind;
    int64_t (*wait)(uint64_t);
    void (*prime)(handle);
} waits[] = {
    {SYSCALL_call, "call", ENDPOINT, call_once, NULL},
    {SYSCALL_send, "send", ENDPOINT, send_once, NULL},
    {SYSCALL_recv, "recv", ENDPOINT, recv_once, NULL},
    {SYSCALL_recv, "recv of a notification", NOTIFICATION, recv_once, NULL},
    {SYSCALL_reply_recv, "reply_recv", ENDPOINT, wait_reply_recv, prime_call},
    {SYSCALL_page_supply, "page_supply", ENDPOINT, wait_page_supply, prime_fault},
};

static void cancel(handle thread, handle endpoint)
{
    (void)endpoint;
    WORKS(thread_ctl(thread, THREAD_CANCEL, 0, 0, 0));
}

static void revoke(handle thread, handle endpoint)
{
    (void)thread;
    WORKS(handle_revoke(endpoint));
}

static void close_last(handle thread, handle endpoint)
{
    (void)thread;
    WORKS(handle_close(endpoint));
}

static const struct {
    int error;
    void (*end)(handle thread, handle endpoint);
    bool closed; /* the endpoint's handle is gone then */
} ends[] = {{EINTR, cancel, false}, {ESTALE, revoke, true}, {EOWNERDEAD, close_last, true}};

static void wait_and_end(unsigned wait, unsigned end)
{
    handle on = make(waits[wait].kind);
    struct worker worker;

    worker_start(&worker, waits[wait].wait, on, PRIORITY_ABOVE);
    if (waits[wait].prime)
        waits[wait].prime(on);
    CHECK(!worker.done);
    ends[end].end(worker.thread, on);
    fails(waits[wait].call, ends[end].error, worker_finish(&worker), waits[wait].name,
          __FILE_NAME__, __LINE__);
    if (!ends[end].closed)
        WORKS(handle_close(on));
}

/* A server in another space takes a request and dies before it answers. */
static int64_t take_and_die(uint64_t endpoint)
{
    struct message message = {0};

    recv(endpoint, 0, &message);
    return sleep_until(~0ul);
}

static void server_dies(void)
{
    handle endpoint = make(ENDPOINT);
    struct child server = child_new(HANDLE_POOL, LEVEL_ANON, 0, PRIORITY_ABOVE);
    struct worker worker;

    child_start(&server, take_and_die, child_give(&server, endpoint));
    worker_start(&worker, call_once, endpoint, PRIORITY_ABOVE);
    CHECK(!worker.done);
    child_kill(&server);
    FAILS(call, EOWNERDEAD, worker_finish(&worker));
    WORKS(handle_close(endpoint));
}

void waiting_calls(void)
{
    for (unsigned wait = 0; wait < sizeof waits / sizeof *waits; wait++)
        for (unsigned end = 0; end < sizeof ends / sizeof *ends; end++)
            wait_and_end(wait, end);
    server_dies();
}
