/*
 * fast.c: straight lines for messages of registers between threads that wait for
 * each other on one CPU. Every check comes before the first store; whatever is
 * not common goes to the complete function, unchanged. No function is called on
 * the way, so that none needs a stack frame. While tracing, all goes the other way.
 */
#include "ipc/fast.h"
#include "task/lookup.h"

struct thread *call_call(struct thread *thread)
{
    struct cpu *cpu = this_cpu();
    struct space *space = thread->space;
    uint64_t *x = thread->registers.x;
    struct handle_entry *entry;
    struct endpoint *endpoint;
    struct thread *receiver;

    unsigned words = x[0] >> TAG_SHIFT;
    if ((uint32_t)x[0] >= HANDLE_CHUNK || words > MESSAGE_WORDS_MAX)
        return call_slow(thread);
    entry = handle_quick(&space->handles, (uint32_t)x[0], KERNEL_OBJECT_ENDPOINT, RIGHT_WRITE);
    if (!entry)
        return call_slow(thread);
    endpoint = (struct endpoint *)entry->object;
    if (endpoint->level >= space->level)
        return call_slow(thread);
    receiver = receiver_take(endpoint);
    if (!receiver)
        return call_slow(thread);
    if (words) {
        if (!thread->message_page || !receiver->message_page) {
            receiver_wait(endpoint, receiver);
            return call_slow(thread);
        }
        words_copy(receiver->message_page, thread->message_page, words);
    }
    uint64_t *r = receiver->registers.x, id = request_new_id(thread);
    thread->request.head = KIND_CALL | (uint64_t)words << TAG_SHIFT;
    thread->request.server = receiver->space;
    thread->state = THREAD_STATE_ANSWER;
    r[0] = KIND_CALL | (uint64_t)words << TAG_SHIFT;
    r[1] = id;
    words_pass(&r[2], &x[2]);
    r[8] = entry->badge;
    priority_lend(receiver, thread);
    return switch_direct(cpu, receiver);
}

struct thread *personality_syscall(struct thread *thread)
{
    struct cpu *cpu = this_cpu();
    struct endpoint *endpoint = thread->space->personality;
    uint64_t *x = thread->registers.x;
    struct thread *receiver;

    if (!endpoint || cpu->trace_on)
        return syscall_slow(thread);
    receiver = receiver_take(endpoint);
    if (!receiver)
        return syscall_slow(thread);
    uint64_t *r = receiver->registers.x, id = request_new_id(thread);
    thread->request.head = KIND_SYSCALL;
    thread->request.server = receiver->space;
    thread->state = THREAD_STATE_ANSWER;
    r[0] = KIND_SYSCALL | x[8] << 32;
    r[1] = id;
    words_pass(&r[2], &x[0]);
    r[8] = thread->badge;
    priority_lend(receiver, thread);
    return switch_direct(cpu, receiver);
}

struct thread *call_reply_recv(struct thread *thread)
{
    struct cpu *cpu = this_cpu();
    struct space *space = thread->space;
    uint64_t *x = thread->registers.x, *c;
    struct handle_entry *entry;
    struct endpoint *endpoint;
    struct thread *client;

    unsigned words = x[0] >> TAG_SHIFT;
    if ((uint32_t)x[0] >= HANDLE_CHUNK)
        return reply_recv_slow(thread);
    entry = handle_quick(&space->handles, (uint32_t)x[0], KERNEL_OBJECT_ENDPOINT, RIGHT_RECV);
    if (!entry)
        return reply_recv_slow(thread);
    client = thread_of_request(x[1], space);
    if (!client)
        return reply_recv_slow(thread);
    endpoint = (struct endpoint *)entry->object;
    if (endpoint->signalled || endpoint->callers.root)
        return reply_recv_slow(thread);
    c = client->registers.x;
    if (client->request.head == KIND_SYSCALL && !words) {
        c[0] = x[2];
    } else if ((client->request.head & 0xff) == KIND_CALL && words <= MESSAGE_WORDS_MAX) {
        if (words) {
            if (!thread->message_page || !client->message_page)
                return reply_recv_slow(thread);
            words_copy(client->message_page, thread->message_page, words);
        }
        c[0] = (uint64_t)words << TAG_SHIFT;
        words_pass(&c[2], &x[2]);
    } else if (words & ~TAG_REGISTERS || (client->request.head & 0xff) < KIND_SYSCALL + !words) {
        return reply_recv_slow(thread);
    } /* else an exception, a start, an interrupt: the registers are as they shall be */
    client->request.id = 0;
    receiver_wait(endpoint, thread);
    return switch_direct(cpu, client);
}

/* Nobody waits, or somebody who knows already: only bits are set. */
struct thread *call_notify(struct thread *thread)
{
    uint64_t *x = thread->registers.x;
    struct notification *notification;
    struct handle_entry *entry;

    if (x[0] >= HANDLE_CHUNK || !x[1])
        return notify_slow(thread);
    entry = handle_quick(&thread->space->handles, x[0], KERNEL_OBJECT_NOTIFICATION, RIGHT_WRITE);
    if (!entry)
        return notify_slow(thread);
    notification = (struct notification *)entry->object;
    lock_take(&notification->lock);
    if (notification->receivers.first || (notification->endpoint && !notification->in_signalled)) {
        lock_release(&notification->lock);
        return notify_slow(thread);
    }
    notification->bits |= x[1];
    lock_release(&notification->lock);
    return answer(thread, 0);
}
