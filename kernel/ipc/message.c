/*
 * message.c: what moves when a message is delivered: registers always, words of
 * the message page and one handle when the tag says so.
 */
#include "debug/trace.h"
#include "ipc/fast.h"

int64_t message_check(struct thread *from, uint32_t tag)
{
    if ((tag & TAG_WORDS_MASK) > MESSAGE_WORDS_MAX)
        return -EMSGSIZE;
    if (tag & TAG_WORDS_MASK && !from->message_page)
        return -EMSGSIZE;
    if (tag & TAG_HANDLE) {
        struct handle_entry *entry = handle_entry(&from->space->handles, from->registers.x[7]);
        if (!entry || !entry->object || entry->meta >> 32 != entry->object->generation)
            return -EBADF;
        if (!(entry->meta >> 8 & RIGHT_DUP))
            return -EACCES;
    }
    return 0;
}

int64_t message_transfer(struct thread *from, struct thread *to, uint32_t tag, uint64_t *word5)
{
    unsigned words = tag & TAG_WORDS_MASK;

    if (words) {
        if (!to->message_page)
            return -EMSGSIZE;
        words_copy(to->message_page, from->message_page, words);
    }
    if (tag & TAG_HANDLE) {
        struct handle_entry *entry = handle_entry(&from->space->handles, from->registers.x[7]);
        if (!entry || !entry->object)
            return -EBADF; /* closed while the message waited */
        int64_t handle = handle_insert(&to->space->handles, entry->object, entry->meta >> 8 & 0xff,
                                       entry->badge);
        if (handle < 0)
            return handle;
        *word5 = handle;
    }
    return 0;
}

void message_deliver(struct thread *receiver, struct thread *sender)
{
    struct request *request = &sender->request;
    uint64_t *x = receiver->registers.x, *s = sender->registers.x;

    request->server = receiver->space;
    x[1] = request->id;
    if (__builtin_expect(request->forwarded, 0)) {
        request->forwarded = false;
        x[0] = request->kind;
        x[8] = request->badge;
        words_pass(&x[2], request->words);
        goto lend_priority;
    }
    switch (request->kind) {
    case KIND_SEND:
        x[1] = 0;
        /* fall through */
    case KIND_CALL:
        x[0] = request->kind | (uint64_t)request->tag << TAG_SHIFT;
        x[8] = request->badge;
        words_pass(&x[2], &s[2]);
        break;
    case KIND_FAULT:
        x[0] = KIND_FAULT | request->flags;
        x[8] = request->badge;
        words_pass(&x[2], request->words);
        break;
    case KIND_SYSCALL:
        x[0] = KIND_SYSCALL | request->flags | s[8] << 32;
        x[8] = sender->badge;
        words_pass(&x[2], &s[0]);
        break;
    default: /* EXCEPTION, START, INTERRUPT */
        x[0] = request->kind | request->flags;
        x[8] = sender->badge;
        words_pass(&x[2], request->words);
    }
lend_priority:
    if (receiver->base_priority < sender->priority)
        receiver->priority = sender->priority; /* works for its caller now */
    else
        receiver->priority = receiver->base_priority;
    trace(TRACE_RECEIVE, request->id, request->kind);
}
