/*
 * wait.h: system calls that wait. A handler that cannot go on puts its thread on the queues of what
 * it waits for and answers ANSWER_NONE; the request stays open. Whoever changes something wakes the
 * queue: then the very same call comes again from the kernel (as one that was sent back for absent
 * pages does), finds thread->progress, ->stage and ->wait as it left them, and looks anew. So a
 * waiting call keeps no state but that, and a handler is written as a loop turned inside out:
 *
 *   if (pipe->bytes == 0)
 *       return wait_for(thread, &pipe->readers);
 *
 * A signal ends the wait (wait_interrupted answers for the call: EINTR or once more).
 */
#pragma once
#include "timer.h"
#include <stdbool.h>
#include <stdint.h>

struct thread;
struct waiter;

/* Threads that wait for the same thing, in the order they came. All zero: empty. */
struct wait_queue {
    struct waiter *first, *last;
    struct watcher *watchers;
};

/* Somebody who stays on a queue and is told of each wake-up (epoll). `woken` may not take watchers
 * off. */
struct watcher {
    struct watcher *next, **link; /* on the queue; link NULL: on none */
    struct watcher *more;         /* for the owner */
    void (*woken)(struct watcher *watcher);
};

/* One thread on one queue. */
struct waiter {
    struct waiter *next, *previous;
    struct wait_queue *queue; /* NULL: on none */
    struct thread *thread;
    struct waiter *more; /* of the same thread: poll waits on many */
    uint64_t key;        /* for whoever looks through the queue (futex address, poll events) */
};

/* What a call that a signal ends answers; see signal(7), "Interruption of system calls". */
enum wait_restart {
    RESTART_BY_ACTION,  /* once more if the handler has SA_RESTART, or there is none; else EINTR */
    RESTART_NO_HANDLER, /* once more only when no handler ran (pause, sigsuspend, poll) */
    RESTART_NEVER,      /* EINTR always */
};

struct wait_state {
    struct waiter first;
    struct timer timer;
    uint64_t deadline; /* ns since boot; 0: none. Kept while the call comes again */
    uint8_t restart;   /* enum wait_restart */
    bool blocked;      /* its request is open and nobody works on it */
    bool woken;        /* the call came again because a queue was woken */
    bool timed_out;    /* … because the deadline passed */
    void *kept;        /* what a waiting call needs again … */
    void (*let_go)(struct thread *thread); /* … and how it is freed when the call or thread ends */
    bool tell;        /* a signal ends the wait by letting the call come again, with: */
    bool interrupted; /* … then it ends itself (nanosleep tells how much is left) */
};

/* Puts a thread on one more queue, for a handler that then answers wait_begin(). 0 or -ENOMEM (the
 * first queue never fails). */
int64_t wait_also(struct thread *thread, struct wait_queue *queue, uint64_t key);

/* Begins to wait on the queues named so far, until thread->wait.deadline if that is not 0. What the
 * handler answers: ANSWER_NONE, or ANSWER_INTERRUPTED when a signal is there already. */
int64_t wait_begin(struct thread *thread);

/* Both for one queue. */
int64_t wait_for(struct thread *thread, struct wait_queue *queue);

/* Calls every thread of a queue, or the first `most`, to look again. Returns how many. */
uint32_t wait_wake(struct wait_queue *queue);
uint32_t wait_wake_some(struct wait_queue *queue, uint32_t most);

/* Calls one thread that is blocked to look again. */
void wait_wake_thread(struct thread *thread);

/* The same after the thread, which is blocked, has faulted on a page of its own that somebody else
 * wants. `tag`: TAG_RETRY_*. */
void wait_bring(struct thread *thread, uint64_t address, uint64_t tag);

/* Answers a blocked thread's call with this result now; it is not carried out again. */
void wait_finish(struct thread *thread, int64_t result);

/* A signal came: ends the wait of a blocked thread, if it waits, but not for another server
 * (thread->remote). A call that has moved bytes already (thread->progress) answers how many. */
void wait_interrupt(struct thread *thread);

/* Takes a thread off all queues, for one that ends, and frees what its call kept. Nothing is
 * answered. */
void wait_cancel(struct thread *thread);

/* Moves a waiter to the end of another queue (futex requeue). */
void wait_move(struct waiter *waiter, struct wait_queue *queue, uint64_t key);

/* Enters a watcher in a queue, or takes it off (nothing when it is on none). */
void wait_watch(struct watcher *watcher, struct wait_queue *queue);
void wait_unwatch(struct watcher *watcher);

/* Frees what a call kept, when it is over. */
void wait_let_go(struct thread *thread);
