/*
 * fast.h: the common cases of call, reply_recv, notify and svc #0, and the complete
 * functions they fall back to. A kernel without fast.c would do the same, slower.
 */
#pragma once
#include "ipc/endpoint.h"

struct thread *call_slow(struct thread *thread);
struct thread *reply_recv_slow(struct thread *thread);
struct thread *syscall_slow(struct thread *thread);
struct thread *notify_slow(struct thread *thread);
struct thread *personality_syscall(struct thread *thread);

/* The receiver that came last, taken off the list; NULL: nobody waits. */
static inline struct thread *receiver_take(struct endpoint *endpoint)
{
    struct thread *receiver, *next;

    lock_take(&endpoint->lock);
    receiver = endpoint->receivers.first;
    if (receiver) {
        next = receiver->next;
        endpoint->receivers.first = next;
        if (__builtin_expect(next != NULL, 0))
            next->previous = NULL;
    }
    lock_release(&endpoint->lock);
    return receiver;
}

/* `thread` waits on the endpoint; the CPU is somebody else's now. */
static inline void receiver_wait(struct endpoint *endpoint, struct thread *thread)
{
    thread->state = THREAD_STATE_RECEIVING;
    thread->waiting_on = &endpoint->receivers;
    lock_take(&endpoint->lock);
    struct thread *first = endpoint->receivers.first;
    thread->next = first;
    thread->previous = NULL;
    if (__builtin_expect(first != NULL, 0))
        first->previous = thread;
    endpoint->receivers.first = thread;
    lock_release(&endpoint->lock);
}

/* A receiver works for its caller at the higher of both priorities. */
static inline void priority_lend(struct thread *receiver, const struct thread *caller)
{
    uint8_t own = receiver->base_priority, lent = caller->priority;

    receiver->priority = own < lent ? lent : own;
}

/* The further words of a message, from page to page; rounded up to eight, never past the end. */
static inline void words_copy(char *to, const char *from, unsigned words)
{
    const char *end = from + words * 8;

    while (from < end)
        __asm__ volatile("ldp x9, x10, [%1]\n ldp x11, x12, [%1, #16]\n ldp x13, x14, [%1, #32]\n"
                         "ldp x15, x16, [%1, #48]\n add %1, %1, #64\n"
                         "stp x9, x10, [%0]\n stp x11, x12, [%0, #16]\n stp x13, x14, [%0, #32]\n"
                         "stp x15, x16, [%0, #48]\n add %0, %0, #64"
                         : "+r"(to), "+r"(from)::"x9", "x10", "x11", "x12", "x13", "x14", "x15",
                           "x16", "memory");
}

static inline void words_pass(uint64_t *to, const uint64_t *from)
{
    uint64_t a = from[0], b = from[1], c = from[2], d = from[3], e = from[4], f = from[5];

    to[0] = a, to[1] = b, to[2] = c, to[3] = d, to[4] = e, to[5] = f;
}
