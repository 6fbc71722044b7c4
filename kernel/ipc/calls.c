/*
 * calls.c: the seven calls that move messages, complete. fast.c answers the
 * common cases of three of them before it comes to these.
 */
#include "debug/trace.h"
#include "ipc/fast.h"
#include "task/lookup.h"
#include "vm/fault.h"

#define TAG_LONG (TAG_WORDS_MASK | TAG_HANDLE | TAG_RETRY_READ | TAG_RETRY_WRITE | TAG_REGISTERS)

/* The handle in x0, if it names an endpoint that may be called. NULL and *error: EBADF, EACCES,
 * ESTALE; EPERM: synchronous calls go strictly downward, among programs sideways too. */
static inline struct handle_entry *callee(struct thread *thread, int64_t *error)
{
    struct space *space = thread->space;
    struct handle_entry *entry = handle_lookup(&space->handles, (uint32_t)thread->registers.x[0],
                                               KERNEL_OBJECT_ENDPOINT, RIGHT_WRITE, error);
    unsigned level = entry ? ((struct endpoint *)entry->object)->level : 0;

    *error = entry ? -EPERM : *error;
    return level < space->level || (level == LEVEL_PROGRAM && space->level == LEVEL_PROGRAM) ? entry
                                                                                             : NULL;
}

static struct thread *send_request(struct thread *thread, unsigned kind)
{
    uint64_t *x = thread->registers.x;
    uint32_t tag = x[0] >> TAG_SHIFT;
    struct request *request = &thread->request;
    int64_t error;
    struct handle_entry *entry = callee(thread, &error);

    if (!entry)
        return answer(thread, error);
    struct endpoint *endpoint = (struct endpoint *)entry->object;
    if (tag) {
        error = tag & ~(TAG_WORDS_MASK | TAG_HANDLE) ? -EMSGSIZE : message_check(thread, tag);
        if (error)
            return answer(thread, error);
    }
    uint64_t id = request_new_id(thread);
    request->head = kind;
    request->tag = tag;
    request->badge = entry->badge;
    trace(TRACE_SEND, id, (uint64_t)endpoint);
    return request_send(thread, endpoint);
}
struct thread *call_slow(struct thread *thread)
{
    return send_request(thread, KIND_CALL);
}

struct thread *call_send(struct thread *thread)
{
    return send_request(thread, KIND_SEND);
}

/* Prefaults: a personality asks for pages of its client before it can go on. */
static int64_t answer_retry(struct thread *server, struct thread *client, uint32_t tag)
{
    uint64_t *x = server->registers.x;

    if (client->request.kind < KIND_SYSCALL)
        return -EINVAL;
    client->retry = client->request.kind;
    client->prefault_count = client->prefault_next = 0;
    client->prefault_access = tag & TAG_RETRY_WRITE ? MAP_WRITE : MAP_READ;
    for (unsigned i = 0; i < PREFAULTS && x[2 + i]; i++)
        client->prefault[client->prefault_count++] = x[2 + i];
    client->request.id = 0;
    client->request.server = NULL;
    fault_continue(client);
    return 0;
}

int64_t request_answer(struct thread *server, struct thread *client, uint32_t tag, bool *resumed)
{
    uint64_t *x = server->registers.x, *c = client->registers.x;

    *resumed = false;
    if (client->request.kind == KIND_FAULT)
        return -EINVAL; /* answered by page_supply alone */
    if (__builtin_expect(tag & TAG_LONG, 0)) {
        if (tag & (TAG_RETRY_READ | TAG_RETRY_WRITE)) {
            int64_t error = answer_retry(server, client, tag);
            *resumed = !error;
            return error;
        }
        int64_t error = -EINVAL;
        if (client->request.kind != KIND_CALL)
            error = tag == TAG_REGISTERS ? 0 : -EINVAL;
        else if (!(tag & TAG_REGISTERS))
            error = message_check(server, tag);
        if (!error && client->request.kind == KIND_CALL)
            error = message_transfer(server, client, tag, &x[7]);
        if (error)
            return error;
    }
    if (client->request.kind == KIND_SYSCALL) {
        if (!(tag & TAG_REGISTERS))
            c[0] = x[2];
    } else if (client->request.kind == KIND_CALL) {
        c[0] = (uint64_t)(tag & TAG_LONG) << TAG_SHIFT;
        c[2] = x[2], c[3] = x[3], c[4] = x[4], c[5] = x[5], c[6] = x[6], c[7] = x[7];
    }
    client->request.id = 0;
    client->request.server = NULL;
    return 0;
}

struct thread *reply_recv_slow(struct thread *thread)
{
    uint64_t *x = thread->registers.x;
    int64_t error;
    bool resumed;
    struct handle_entry *entry = handle_lookup(&thread->space->handles, (uint32_t)x[0],
                                               KERNEL_OBJECT_ENDPOINT, RIGHT_RECV, &error);

    if (!entry)
        return answer(thread, error);
    struct endpoint *endpoint = (struct endpoint *)entry->object;
    struct thread *client = thread_of_request(x[1], thread->space);
    if (__builtin_expect(!client, 0))
        return answer(thread, -ESTALE);
    trace(TRACE_REPLY, x[1], 0);
    error = request_answer(thread, client, x[0] >> TAG_SHIFT, &resumed);
    if (__builtin_expect(error, 0))
        return answer(thread, error);
    if (!resumed && !endpoint->signalled && !endpoint->callers.root) {
        receiver_wait(endpoint, thread);
        return switch_direct(this_cpu(), client); /* it goes on with its slice */
    }
    if (!resumed)
        thread_ready(client);
    struct thread *next = endpoint_receive(thread, endpoint, false);
    return next ? reschedule(next) : schedule();
}

struct thread *call_reply(struct thread *thread)
{
    uint64_t *x = thread->registers.x;
    struct thread *client = thread_of_request(x[1], thread->space);
    bool resumed;

    if ((uint32_t)x[0])
        return answer(thread, -EBADF); /* no endpoint here: that would be reply_recv */
    if (!client)
        return answer(thread, -ESTALE);
    int64_t error = request_answer(thread, client, x[0] >> TAG_SHIFT, &resumed);
    answer(thread, error);
    if (error)
        return thread;
    trace(TRACE_REPLY, x[1], 0);
    thread->priority = thread->base_priority; /* it works for nobody now */
    if (!resumed)
        thread_ready(client);
    return reschedule(thread);
}

struct thread *call_forward(struct thread *thread)
{
    uint64_t *x = thread->registers.x;
    int64_t error;
    struct handle_entry *entry = callee(thread, &error);

    if (!entry)
        return answer(thread, error);
    if (x[0] >> TAG_SHIFT)
        return answer(thread, -EMSGSIZE);
    struct thread *client = thread_of_request(x[1], thread->space);
    if (!client || client->request.kind == KIND_FAULT)
        return answer(thread, -ESTALE);
    /* To the next server it looks like a call with these words, sent by the forwarder's handle. */
    struct request *request = &client->request;
    for (unsigned i = 0; i < 6; i++)
        request->words[i] = x[2 + i];
    request->forwarded = true;
    request->tag = 0; /* what else it carried went to the forwarder */
    request->badge = entry->badge;
    answer(thread, 0);
    thread->priority = thread->base_priority; /* that is somebody else's work now */
    request_send(client, (struct endpoint *)entry->object);
    return reschedule(thread);
}

struct thread *call_recv(struct thread *thread)
{
    uint64_t *x = thread->registers.x;
    struct handle_table *table = &thread->space->handles;
    struct thread *next;
    int64_t error;

    if (x[1] > 1)
        return answer(thread, -EINVAL);
    struct handle_entry *entry =
        handle_lookup(table, x[0], KERNEL_OBJECT_ENDPOINT, RIGHT_RECV, &error);
    if (entry) {
        next = endpoint_receive(thread, (struct endpoint *)entry->object, x[1]);
    } else {
        if (error != -EBADF)
            return answer(thread, error);
        entry = handle_lookup(table, x[0], KERNEL_OBJECT_NOTIFICATION, RIGHT_RECV, &error);
        if (!entry)
            return answer(thread, error);
        next = notification_receive(thread, (struct notification *)entry->object, x[1]);
    }
    return next ? reschedule(next) : schedule();
}

struct thread *notify_slow(struct thread *thread)
{
    uint64_t *x = thread->registers.x;
    struct notification *notification = lookup_notification(thread, x[0], RIGHT_WRITE);

    if (!notification)
        return thread;
    if (!x[1])
        return answer(thread, -EINVAL);
    notification_signal(notification, x[1]);
    return reschedule(answer(thread, 0));
}
