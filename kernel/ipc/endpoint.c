/*
 * endpoint.c: senders and receivers meet. A receiver that waits gets the message
 * at once and the CPU with it; otherwise the sender queues by priority.
 */
#include "ipc/endpoint.h"
#include "debug/console.h"
#include "mm/slab.h"
#include "vm/fault.h"

static struct slab_cache endpoint_cache, notification_cache;

void endpoints_init(void)
{
    slab_cache_init(&endpoint_cache, "endpoint", sizeof(struct endpoint));
    slab_cache_init(&notification_cache, "notification", sizeof(struct notification));
}

struct endpoint *endpoint_new(struct pool_object *pool, unsigned level)
{
    struct endpoint *endpoint = slab_alloc(&endpoint_cache, pool->pool);

    if (!endpoint)
        return NULL;
    endpoint->object.kind = KERNEL_OBJECT_ENDPOINT;
    endpoint->level = level;
    endpoint->pool = pool;
    object_ref(&pool->object);
    return endpoint;
}

void endpoint_free(struct endpoint *endpoint)
{
    struct pool_object *pool = endpoint->pool;

    endpoint_abandon(endpoint, -EOWNERDEAD);
    slab_free(&endpoint_cache, endpoint, pool->pool);
    object_unref(&pool->object);
}

struct notification *notification_new(struct pool_object *pool, struct endpoint *endpoint,
                                      uint64_t badge)
{
    struct notification *notification = slab_alloc(&notification_cache, pool->pool);

    if (!notification)
        return NULL;
    notification->object.kind = KERNEL_OBJECT_NOTIFICATION;
    notification->badge = badge;
    notification->endpoint = endpoint;
    if (endpoint)
        object_ref(&endpoint->object);
    notification->pool = pool;
    object_ref(&pool->object);
    return notification;
}

void notification_free(struct notification *notification)
{
    struct pool_object *pool = notification->pool;
    struct endpoint *endpoint = notification->endpoint;

    notification_abandon(notification, -EOWNERDEAD);
    if (notification->in_signalled) {
        struct notification **link = &endpoint->signalled;
        while (*link != notification)
            link = &(*link)->next_signalled;
        *link = notification->next_signalled;
    }
    slab_free(&notification_cache, notification, pool->pool);
    if (endpoint)
        object_unref(&endpoint->object);
    object_unref(&pool->object);
}

void list_append(struct thread_list *list, struct thread *thread)
{
    thread->next = NULL;
    thread->previous = list->last;
    if (list->last)
        list->last->next = thread;
    else
        list->first = thread;
    list->last = thread;
}

void list_push(struct thread_list *list, struct thread *thread)
{
    thread->previous = NULL;
    thread->next = list->first;
    if (list->first)
        list->first->previous = thread;
    else
        list->last = thread;
    list->first = thread;
}

void list_remove(struct thread_list *list, struct thread *thread)
{
    if (thread->previous)
        thread->previous->next = thread->next;
    else
        list->first = thread->next;
    if (thread->next)
        thread->next->previous = thread->previous;
    else
        list->last = thread->previous;
}

void thread_wake_with(struct thread *thread, int64_t result)
{
    thread->registers.x[0] = result;
    thread->request.id = 0;
    thread_ready(thread);
}

/* A queued or unanswered request ends badly. What that means depends on what it was. */
static void request_abandon(struct thread *thread, int64_t error)
{
    switch (thread->request.kind) {
    case KIND_CALL:
    case KIND_SEND:
        thread_wake_with(thread, error);
        return;
    case KIND_FAULT: /* the page is nobody's business any more: the next who needs it asks anew */
        fault_unwait(thread);
        fault_refuse(thread, EXCEPTION_PAGER, thread->request.va);
        return;
    default: /* its personality is gone: nobody can say how it should go on */
        thread->request.id = 0;
        thread->special |= SPECIAL_STOPPED;
        thread->state = THREAD_STATE_HELD;
    }
}

void endpoint_abandon(struct endpoint *endpoint, int error)
{
    struct tree_node *node;

    endpoint->revoked = true;
    while ((node = tree_first(&endpoint->callers))) {
        tree_remove(&endpoint->callers, node);
        request_abandon(tree_entry(node, struct thread, order), error);
    }
    while (endpoint->receivers.first) {
        struct thread *receiver = endpoint->receivers.first;
        list_remove(&endpoint->receivers, receiver);
        thread_wake_with(receiver, error);
    }
}

/* A pager that dies takes its author's question along: which page was it at? */
static void name_unserved(const struct space *pager, const struct thread *client)
{
    const struct request *request = &client->request;

    kprintf(LOG_ERROR,
            "pagoda: pager %s ended and left request %lx unanswered (page 0x%lx of object %lu, "
            "for %s at 0x%lx)\n",
            pager->name, request->id, client->fault_index, client->fault_object->id,
            client->space->name, request->va);
}

bool requests_abandon_step(struct space *server, uint32_t *from)
{
    for (unsigned i = 0; i < 64; i++, (*from)++) {
        if (*from >= thread_numbers())
            return true;
        struct thread *thread = thread_by_number(*from);
        if (thread && thread->state == THREAD_STATE_ANSWER && thread->request.id &&
            thread->request.server == server) {
            if (thread->request.kind == KIND_FAULT) {
                name_unserved(server, thread);
                fault_unwait(thread);
                fault_retry(thread);
            } else {
                request_abandon(thread, -EOWNERDEAD);
            }
        }
    }
    return false;
}

struct thread *request_send(struct thread *thread, struct endpoint *endpoint)
{
    struct cpu *cpu = this_cpu();
    struct request *request = &thread->request;
    struct thread *receiver;

    request->endpoint = endpoint;
    request->server = NULL;
    lock_take(&endpoint->lock);
    while ((receiver = endpoint->receivers.first)) {
        list_remove(&endpoint->receivers, receiver);
        if (request->tag & (TAG_WORDS_MASK | TAG_HANDLE) && request->kind <= KIND_SEND) {
            int64_t error =
                message_transfer(thread, receiver, request->tag, &thread->registers.x[7]);
            if (error) { /* the receiver cannot take it: not its fault, it waits on */
                list_push(&endpoint->receivers, receiver);
                lock_release(&endpoint->lock);
                request->id = 0;
                thread->registers.x[0] = error;
                return thread;
            }
        }
        lock_release(&endpoint->lock);
        message_deliver(receiver, thread);
        if (request->kind == KIND_SEND) {
            request->id = 0;
            thread->registers.x[0] = 0;
            thread_ready(receiver);
            return reschedule(thread);
        }
        thread->state = THREAD_STATE_ANSWER;
        if (thread == cpu->current)
            return switch_direct(cpu, receiver);
        thread_ready(receiver);
        return NULL;
    }
    thread->state = THREAD_STATE_QUEUED;
    thread->order.key = PRIORITIES - 1 - thread->priority;
    tree_insert(&endpoint->callers, &thread->order);
    lock_release(&endpoint->lock);
    return thread == cpu->current ? schedule() : NULL;
}

/* Hands the best queued request to `receiver`. False: none was left that could be delivered. */
static bool take_caller(struct thread *receiver, struct endpoint *endpoint)
{
    struct tree_node *node;

    while ((node = tree_first(&endpoint->callers))) {
        struct thread *sender = tree_entry(node, struct thread, order);
        struct request *request = &sender->request;
        tree_remove(&endpoint->callers, node);
        if (request->tag & (TAG_WORDS_MASK | TAG_HANDLE) && request->kind <= KIND_SEND) {
            int64_t error = message_check(sender, request->tag); /* its handles may have changed */
            if (!error)
                error = message_transfer(sender, receiver, request->tag, &sender->registers.x[7]);
            if (error) {
                thread_wake_with(sender, error);
                continue;
            }
        }
        message_deliver(receiver, sender);
        if (request->kind == KIND_SEND)
            thread_wake_with(sender, 0);
        else
            sender->state = THREAD_STATE_ANSWER;
        return true;
    }
    return false;
}

static void take_notification(struct thread *receiver, struct notification *notification)
{
    uint64_t *x = receiver->registers.x;

    x[0] = KIND_NOTIFY;
    x[1] = 0;
    x[2] = notification->bits;
    x[8] = notification->badge;
    notification->bits = 0;
    receiver->priority = receiver->base_priority;
}

struct thread *endpoint_receive(struct thread *thread, struct endpoint *endpoint, bool poll)
{
    struct notification *notification;

    lock_take(&endpoint->lock);
    endpoint->revoked = false;
    while ((notification = endpoint->signalled)) {
        endpoint->signalled = notification->next_signalled;
        notification->in_signalled = false;
        if (notification->bits) /* else somebody received it directly */
            break;
    }
    if (notification) {
        take_notification(thread, notification);
    } else if (!take_caller(thread, endpoint)) {
        if (!poll) {
            thread->state = THREAD_STATE_RECEIVING;
            thread->waiting_on = &endpoint->receivers;
            list_push(&endpoint->receivers, thread);
            lock_release(&endpoint->lock);
            return NULL;
        }
        thread->registers.x[0] = -EAGAIN;
        thread->priority = thread->base_priority; /* works for nobody */
    }
    lock_release(&endpoint->lock);
    return thread;
}

static void signal_receiver(struct thread_list *list, struct notification *notification)
{
    struct thread *receiver = list->first;

    list_remove(list, receiver);
    receiver->waiting_on = NULL;
    take_notification(receiver, notification);
    thread_ready(receiver);
}

void notification_signal(struct notification *notification, uint64_t bits)
{
    struct endpoint *endpoint = notification->endpoint;

    lock_take(&notification->lock);
    notification->bits |= bits;
    if (notification->receivers.first) {
        signal_receiver(&notification->receivers, notification);
    } else if (endpoint && endpoint->receivers.first) {
        signal_receiver(&endpoint->receivers, notification);
    } else if (endpoint && !notification->in_signalled) {
        struct notification **link = &endpoint->signalled;
        while (*link) /* first come, first served; a server has a handful */
            link = &(*link)->next_signalled;
        *link = notification;
        notification->next_signalled = NULL;
        notification->in_signalled = true;
    }
    lock_release(&notification->lock);
}

void notification_abandon(struct notification *notification, int error)
{
    while (notification->receivers.first) {
        struct thread *receiver = notification->receivers.first;
        list_remove(&notification->receivers, receiver);
        thread_wake_with(receiver, error);
    }
}

/* Receiving on a notification alone. As endpoint_receive. */
struct thread *notification_receive(struct thread *thread, struct notification *notification,
                                    bool poll)
{
    if (notification->bits) {
        take_notification(thread, notification);
    } else if (poll) {
        thread->registers.x[0] = -EAGAIN;
        thread->priority = thread->base_priority;
    } else {
        thread->state = THREAD_STATE_RECEIVING;
        thread->waiting_on = &notification->receivers;
        list_append(&notification->receivers, thread);
        return NULL;
    }
    return thread;
}
