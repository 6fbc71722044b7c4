/*
 * message.c: what moves when a message is delivered: registers always, words of
 * the message page and one handle when the tag says so.
 */
#include "arch/memory.h"
#include "debug/trace.h"
#include "ipc/endpoint.h"

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

static void words_copy(uint64_t *to, const uint64_t *from, unsigned count)
{
    /* Pages are page aligned: pairs of words, one possibly surplus, never past the end. */
    for (unsigned i = 0; i < count; i += 2) {
        uint64_t a = from[i], b = from[i + 1];
        to[i] = a;
        to[i + 1] = b;
    }
}

int64_t message_transfer(struct thread *from, struct thread *to, uint32_t tag, uint64_t *word5)
{
    unsigned words = tag & TAG_WORDS_MASK;

    if (words) {
        if (!to->message_page)
            return -EMSGSIZE;
        words_copy((uint64_t *)to->message_page, (const uint64_t *)from->message_page, words);
    }
    if (tag & TAG_HANDLE) {
        struct handle_entry *entry = handle_entry(&from->space->handles, from->registers.x[7]);
        if (!entry || !entry->object)
            return -EBADF; /* closed while the message waited */
        int64_t handle = handle_insert(&to->space->handles, entry->object,
                                       entry->meta >> 8 & 0xff, entry->badge);
        if (handle < 0)
            return handle;
        *word5 = handle;
    }
    return 0;
}

static inline void words_move(uint64_t *to, const uint64_t *from)
{
    uint64_t a = from[0], b = from[1], c = from[2], d = from[3], e = from[4], f = from[5];

    to[0] = a, to[1] = b, to[2] = c, to[3] = d, to[4] = e, to[5] = f;
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
        words_move(&x[2], request->words);
        goto lend_priority;
    }
    switch (request->kind) {
    case KIND_SEND:
        x[1] = 0;
        /* fall through */
    case KIND_CALL:
        x[0] = request->kind | (uint64_t)request->tag << TAG_SHIFT;
        x[8] = request->badge;
        words_move(&x[2], &s[2]);
        break;
    case KIND_FAULT:
        x[0] = KIND_FAULT | request->flags;
        x[8] = request->badge;
        words_move(&x[2], request->words);
        break;
    case KIND_SYSCALL:
        x[0] = KIND_SYSCALL | s[8] << 32;
        x[8] = sender->badge;
        words_move(&x[2], &s[0]);
        break;
    default: /* EXCEPTION, START */
        x[0] = request->kind;
        x[8] = sender->badge;
        words_move(&x[2], request->words);
    }
lend_priority:
    if (receiver->base_priority < sender->priority)
        receiver->priority = sender->priority; /* works for its caller now */
    else
        receiver->priority = receiver->base_priority;
    trace(TRACE_RECEIVE, request->id, request->kind);
}
