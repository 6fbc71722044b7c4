/*
 * main.c: the pager of files: faults, calls, requests of rings, completions and ticks, each handed
 * to the cache, which does all that can be done now and returns. It waits for vfs and nobody else.
 *
 * Argument: the name of the handle to the block driver; "card" when there is none.
 */
#include "cache.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/protocol.h"
#include "lib/startup.h"
#include "lib/step.h"
#include "server.h"

/* Of the pool, for what is not pages of files: chunks, jobs, inodes, for each page that is held
 * about a fiftieth of it; and the ring. */
#define OWN_SHARE   16
#define OWN_PAGES   (DATA_PAGES + 64)
#define PAGES_LEAST 256

handle self, page_pool;
struct ring_server rings;

void backend_answer(void *client, uint32_t tag, int error, uint64_t w0)
{
    struct ring_completion completion = {.tag = tag, .error = error, .w = {w0}};
    step("answer");
    ring_server_complete(&rings, client, &completion);
}

/* w1=inode w2=generation w3=size. The handle that goes with the answer is *lent, closed after. */
static int64_t on_open(struct message *message, handle *lent)
{
    struct inode *inode;
    int64_t error = device_open();
    if (!error)
        error = cache_open(message->w[1], message->w[2], message->w[3], &inode);
    if (error)
        return error;
    int64_t object =
        handle_dup((handle)inode->object, RIGHT_READ | RIGHT_WRITE | RIGHT_EXEC | RIGHT_DUP, 0, 0);
    if (object < 0) {
        cache_close(inode);
        return object;
    }
    *lent = (handle)object;
    message->w[1] = cache_cookie(inode);
    message->w[2] = inode->size;
    message->w[5] = *lent;
    return 0;
}

static int64_t on_close(const struct message *message)
{
    struct inode *inode = cache_find(message->w[1]);
    if (!inode)
        return -ENOENT;
    cache_close(inode);
    return 0;
}

static int64_t on_facts(struct message *message)
{
    message->w[1] = cache.held;
    message->w[2] = cache.dirty;
    message->w[3] = cache.writing;
    message->w[4] = cache.read;
    message->w[5] = cache.written;
    return 0;
}

static void on_call(struct message *message)
{
    handle lent = HANDLE_NONE;
    int64_t tag = 0, result = -ENOSYS;
    if (!ring_server_call(&rings, message, &tag)) {
        message_refuse_handle(message);
        if (message->w[0] == FILE_OPEN)
            result = on_open(message, &lent);
        else if (message->w[0] == FILE_CLOSE)
            result = on_close(message);
        else if (message->w[0] == FILE_FACTS)
            result = on_facts(message);
        message->w[0] = (uint64_t)result;
        tag = lent ? TAG_HANDLE : 0;
    }
    reply((uint64_t)tag, message->request, message); /* a client that is gone needs none */
    if (lent)
        handle_close(lent);
}

static void take_requests(void)
{
    struct ring_request request;
    struct ring_link *link;
    while ((link = ring_server_take(&rings, &request))) {
        int64_t error = device_open();
        step("request");
        if (error)
            backend_answer(link, request.tag, (int)error, 0);
        else
            cache_request(link, request.tag, request.operation, request.w);
    }
}

static void on_notify(const struct message *message)
{
    if (message->badge == DEVICE_BADGE)
        device_notified(message->w[0]);
    else if (ring_server_notify(&rings, message))
        take_requests();
}

static void on_fault(const struct message *message)
{
    step("fault");
    int64_t error = device_open(); /* after a restart a fault may be the first to come */
    if (error)
        backend_fail(message->request, (int)error);
    else
        cache_fault(message->w[0], message->w[1], message->request, message->head & FAULT_WRITE);
}

static void on_message(struct message *message)
{
    switch (message_kind(message)) {
    case KIND_FAULT:
        on_fault(message);
        break;
    case KIND_CALL:
        on_call(message);
        break;
    case KIND_SEND:
        message_refuse_handle(message);
        break;
    case KIND_NOTIFY:
        on_notify(message);
        break;
    }
}

/* Pages get a pool of their own within the server's, so that they leave it enough for itself. */
static int64_t begin(void)
{
    static const struct ring_server_operations operations;
    struct pool_facts facts;
    int64_t error = pool_query(HANDLE_POOL, &facts);
    uint64_t own = error ? 0 : facts.used + OWN_PAGES + facts.limit / OWN_SHARE;
    if (error)
        return error;
    if (facts.limit < own + PAGES_LEAST) {
        log_print(LOG_ERROR, "%s: the pool's limit must be %lu KiB at least\n", startup_name(),
                  (own + PAGES_LEAST) * OWN_SHARE / (OWN_SHARE - 1) * (PAGE_SIZE / 1024));
        return -ENOMEM;
    }
    int64_t pool = create_pool(HANDLE_POOL, 0, facts.limit - own);
    if (pool < 0)
        return pool;
    page_pool = (handle)pool;
    cache_init(facts.limit - own);
    error = cache_adopt();
    if (error)
        log_print(LOG_ERROR, "%s: not all files are known again: %s\n", startup_name(),
                  error_name(error));
    error = ring_server_begin(&rings, self, &operations);
    return error ? error : device_begin();
}

int main(const struct startup *startup)
{
    struct message message;
    (void)startup;
    self = startup_handle_needed("self");
    steps_begin();
    int64_t error = begin();
    if (error) {
        log_print(LOG_ERROR, "%s: cannot begin: %s\n", startup_name(), error_name(error));
        return 1;
    }
    for (;;) {
        server_receive(self, &message);
        on_message(&message);
        ring_client_kick(&device);
        ring_server_tell(&rings);
    }
}
