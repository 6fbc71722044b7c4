/*
 * endpoint.h: where messages meet. Callers wait in order of priority, receivers
 * in order of arrival; notifications bound to the endpoint are received first.
 */
#pragma once
#include "sched/scheduler.h"

struct endpoint {
    struct kernel_object object;
    struct lock lock;
    uint8_t level;
    bool revoked;                 /* and nobody has received since: pages are not asked for here */
    struct thread_list receivers; /* last in, first out: its caches are warm; `last` is not kept */
    struct tree callers;          /* key: 31 - priority */
    struct object *objects;       /* whose pager it is, newest first */
    struct notification *signalled; /* bound notifications with bits set */
    struct pool_object *pool;       /* pays for it */
    uint64_t receiver; /* id of the space last given the right to receive: for messages */
};

struct notification {
    struct kernel_object object;
    struct lock lock;
    uint64_t bits;
    uint64_t badge;
    struct endpoint *endpoint; /* receives it too; NULL: none */
    struct notification *next_signalled;
    bool in_signalled;
    struct thread_list receivers;
    struct pool_object *pool;
};

struct endpoint *endpoint_new(struct pool_object *pool, unsigned level);
struct notification *notification_new(struct pool_object *pool, struct endpoint *endpoint,
                                      uint64_t badge);
void endpoint_free(struct endpoint *endpoint);
void notification_free(struct notification *notification);

/* Everybody waiting in the endpoint gets `error`: it was revoked or its last receiver is gone. */
void endpoint_abandon(struct endpoint *endpoint, int error);
/* Requests that `server` received and did not answer: faults are sent again, to whoever receives at
 * their pager's endpoint next, with a new deadline; callers get EOWNERDEAD, since nobody knows how
 * much was done for them. One bounded step from thread number *from on; true when all were looked
 * at. */
bool requests_abandon_step(struct space *server, uint32_t *from);

/* The same for those who wait for a notification. */
void notification_abandon(struct notification *notification, int error);

/* Sets bits and wakes a receiver. */
void notification_signal(struct notification *notification, uint64_t bits);

/*
 * Sends `thread`'s request (kind, flags, words filled in) to an endpoint: delivers it to a waiting
 * receiver or queues it. Returns the thread to run.
 */
struct thread *request_send(struct thread *thread, struct endpoint *endpoint);

/* Receives on an endpoint: the thread to run. Fills thread's registers when something is there. */
struct thread *endpoint_receive(struct thread *thread, struct endpoint *endpoint, bool poll);

struct thread *notification_receive(struct thread *thread, struct notification *notification,
                                    bool poll);

/*
 * Answers a request that `server` received, from its registers: `client` goes on
 * (or faults pages in and asks again). 0: the caller makes the client run, unless
 * *resumed says it is under way already. -EMSGSIZE, -EINVAL, …: nothing changed.
 */
int64_t request_answer(struct thread *server, struct thread *client, uint32_t tag, bool *resumed);

/* Fills a receiver's registers from a caller's request. */
void message_deliver(struct thread *receiver, struct thread *sender);
/* Copies what a tag says beyond the registers. 0, -EMSGSIZE, -EBADF, -EMFILE, -ENOMEM. */
int64_t message_transfer(struct thread *from, struct thread *to, uint32_t tag, uint64_t *word5);
/* Checks a tag a sender gave before anything is done. */
int64_t message_check(struct thread *from, uint32_t tag);

/* Ends a wait with a result: x0 = result, then ready. */
void thread_wake_with(struct thread *thread, int64_t result);
/* List primitives over thread->next, previous. */
void list_append(struct thread_list *list, struct thread *thread);
void list_push(struct thread_list *list, struct thread *thread);
void list_remove(struct thread_list *list, struct thread *thread);
void endpoints_init(void);
