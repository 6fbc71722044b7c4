/*
 * server.h: the loop every server is. It receives a message, hands it to the
 * function for its kind, and answers and receives again in one kernel call.
 *
 * A handler gets the message, puts the words of its answer over it (w[0] the
 * result) and returns the tag of the answer: 0, or words in the message page, or
 * TAG_HANDLE, TAG_RETRY_*. ANSWER_LATER: nothing is answered now; who keeps
 * message->request answers it with reply() or forward().
 *
 * A kind without handler: calls, system calls and starts are answered with
 * -ENOSYS, exceptions too (the kernel then ends the program's thread), faults are
 * failed with EFAULT, sends and notifications are dropped.
 */
#pragma once
#include "lib/native.h"

#define ANSWER_LATER (-1)

typedef int64_t message_handler(struct message *message);

struct server_operations {
    message_handler *on_call;   /* protocol messages: w[0] = number */
    message_handler *on_send;   /* the answer is not sent */
    message_handler *on_notify; /* w[0] = bits; the answer is not sent */
    message_handler
        *on_syscall; /* w[0..5] = x0..x5, message_tag() = number; w[0] = x0 afterwards */
    message_handler *on_exception;
    message_handler *on_start;
};

/* Closes the handle that came with a message nobody expected one in. */
native_inline void message_refuse_handle(const struct message *message)
{
    if (message_tag(message) & TAG_HANDLE)
        handle_close((handle)message->w[5]);
}

/* Out of line: fails a fault that reached a server which is no pager (EFAULT), with a line in the
 * log. */
void server_refuse_fault(const struct message *message);

/* Handles one message other than a fault. The tag to answer with, or ANSWER_LATER. */
native_inline int64_t server_dispatch(const struct server_operations *operations,
                                      struct message *message)
{
    message_handler *handler = NULL;
    switch (message_kind(message)) {
    case KIND_SYSCALL:
        handler = operations->on_syscall;
        break;
    case KIND_CALL:
        handler = operations->on_call;
        break;
    case KIND_SEND:
        handler = operations->on_send;
        break;
    case KIND_NOTIFY:
        handler = operations->on_notify;
        break;
    case KIND_EXCEPTION:
        handler = operations->on_exception;
        break;
    case KIND_START:
        handler = operations->on_start;
        break;
    case KIND_FAULT:
        server_refuse_fault(message);
        return ANSWER_LATER;
    }
    if (handler)
        return handler(message);
    if (message_kind(message) <= KIND_SEND)
        message_refuse_handle(message);
    message->w[0] = (uint64_t)-ENOSYS;
    return 0;
}

/* Out of line: receives a message; ends the program when that is refused. */
void server_receive(handle endpoint, struct message *message);

/* Out of line: what to do when an answer was refused. Leaves the next message in *message. */
void server_recover(handle endpoint, int64_t error, struct message *message);

/*
 * Answers the message in hand (tag >= 0 and somebody waits) and receives the next. Never fails: an
 * answer that the kernel refuses (the client is gone: ESTALE; the server made a mistake: logged)
 * is dropped; a refused receive ends the program, because there is nothing left to serve.
 */
native_inline void server_next(handle endpoint, int64_t tag, struct message *message)
{
    int64_t error;
    if (__builtin_expect(tag >= 0 && message->request, 1))
        error = reply_recv(endpoint, (uint64_t)tag, message);
    else
        error = recv(endpoint, 0, message);
    if (__builtin_expect(error < 0, 0)) {
        struct message next; /* a copy: the address of *message must not escape */
        server_recover(endpoint, error, &next);
        *message = next;
    }
}

/*
 * Serves for ever. Give the operations as a static const table: the calls of handlers defined in
 * the same file are then direct, and small ones are inlined.
 */
native_inline _Noreturn void server_loop(handle endpoint,
                                         const struct server_operations *operations)
{
    struct message message = {.head = KIND_SEND};
    server_next(endpoint, ANSWER_LATER, &message);
    for (;;) {
        int64_t tag = server_dispatch(operations, &message);
        server_next(endpoint, tag, &message);
    }
}
