/*
 * wait.c: threads that wait for something, and how their calls come again. Waking is a reply that
 * sends the call back (TAG_RETRY_READ without an address): the kernel then delivers it once more,
 * after what proc is doing now.
 */
#include "wait.h"
#include "lib/memory.h"
#include "lib/wired.h"
#include "proc.h"
#include "process/linux_process.h"

static void append(struct wait_queue *queue, struct waiter *waiter)
{
    waiter->queue = queue;
    waiter->next = NULL;
    waiter->previous = queue->last;
    if (queue->last)
        queue->last->next = waiter;
    else
        queue->first = waiter;
    queue->last = waiter;
}

static void take_off(struct waiter *waiter)
{
    struct wait_queue *queue = waiter->queue;
    if (!queue)
        return;
    if (waiter->previous)
        waiter->previous->next = waiter->next;
    else
        queue->first = waiter->next;
    if (waiter->next)
        waiter->next->previous = waiter->previous;
    else
        queue->last = waiter->previous;
    waiter->queue = NULL;
}

int64_t wait_also(struct thread *thread, struct wait_queue *queue, uint64_t key)
{
    struct waiter *waiter = &thread->wait.first;
    if (waiter->queue) {
        waiter = wired_alloc(sizeof *waiter);
        if (!waiter)
            return -ENOMEM;
        waiter->more = thread->wait.first.more;
        thread->wait.first.more = waiter;
    }
    waiter->thread = thread;
    waiter->key = key;
    append(queue, waiter);
    return 0;
}

void wait_move(struct waiter *waiter, struct wait_queue *queue, uint64_t key)
{
    take_off(waiter);
    waiter->key = key;
    append(queue, waiter);
}

/* Off all queues and the timer. */
static void leave(struct thread *thread)
{
    struct wait_state *wait = &thread->wait;
    take_off(&wait->first);
    for (struct waiter *waiter = wait->first.more; waiter;) {
        struct waiter *rest = waiter->more;
        take_off(waiter);
        wired_free(waiter);
        waiter = rest;
    }
    wait->first.more = NULL;
    if (wait->timer.set)
        timer_cancel(&wait->timer);
    wait->blocked = false;
}

void wait_let_go(struct thread *thread)
{
    if (thread->wait.let_go)
        thread->wait.let_go(thread);
    thread->wait.kept = NULL;
    thread->wait.let_go = NULL;
}

void wait_cancel(struct thread *thread)
{
    leave(thread);
    wait_let_go(thread);
    if (thread->remote.used)
        remote_call_over(thread);
}

/* ---- Watching ---- */

void wait_watch(struct watcher *watcher, struct wait_queue *queue)
{
    watcher->next = queue->watchers;
    watcher->link = &queue->watchers;
    if (watcher->next)
        watcher->next->link = &watcher->next;
    queue->watchers = watcher;
}

void wait_unwatch(struct watcher *watcher)
{
    if (!watcher->link)
        return;
    *watcher->link = watcher->next;
    if (watcher->next)
        watcher->next->link = watcher->link;
    watcher->link = NULL;
}

/* ---- Waking ---- */

void wait_bring(struct thread *thread, uint64_t address, uint64_t tag)
{
    struct message message = {.w = {address}};
    leave(thread);
    thread->unusual |= UNUSUAL_AGAIN;
    thread->retries = 0;
    reply(tag, thread->request, &message);
}

/* Sends the call back, to be carried out again. */
static void look_again(struct thread *thread)
{
    wait_bring(thread, 0, TAG_RETRY_READ);
}

void wait_wake_thread(struct thread *thread)
{
    if (!thread->wait.blocked)
        return;
    thread->wait.woken = true;
    look_again(thread);
}

uint32_t wait_wake_some(struct wait_queue *queue, uint32_t most)
{
    uint32_t count = 0;
    for (struct watcher *watcher = queue->watchers; watcher; watcher = watcher->next)
        watcher->woken(watcher);
    while (count < most && queue->first) {
        wait_wake_thread(queue->first->thread);
        count++;
    }
    return count;
}

uint32_t wait_wake(struct wait_queue *queue)
{
    return wait_wake_some(queue, UINT32_MAX);
}

static void expired(struct timer *timer)
{
    struct thread *thread =
        (struct thread *)((char *)timer - __builtin_offsetof(struct thread, wait.timer));
    thread->wait.timed_out = true;
    look_again(thread);
}

/* ---- Waiting ---- */

static int64_t interrupted(const struct thread *thread)
{
    return thread->progress ? (int64_t)thread->progress : ANSWER_INTERRUPTED;
}

/* When a wait for a deadline ends: prctl(PR_SET_TIMERSLACK) later. Programs that wait for a few
 * microseconds at a time rely on others to run meanwhile. */
static uint64_t latest(const struct process *process, uint64_t deadline)
{
    uint32_t told = process->family.timer_slack, slack = told ? told : TIMER_SLACK_DEFAULT;
    return deadline > UINT64_MAX - slack ? deadline : deadline + slack;
}

int64_t wait_begin(struct thread *thread)
{
    struct wait_state *wait = &thread->wait;
    if (signal_ready(thread) && !thread->remote.operation) {
        leave(thread);
        return interrupted(thread);
    }
    wait->blocked = true;
    wait->woken = wait->timed_out = false;
    if (wait->deadline) {
        wait->timer.expired = expired;
        timer_set(&wait->timer, latest(thread->process, wait->deadline));
    }
    return ANSWER_NONE;
}

int64_t wait_for(struct thread *thread, struct wait_queue *queue)
{
    int64_t error = wait_also(thread, queue, 0);
    return error ? error : wait_begin(thread);
}

void wait_finish(struct thread *thread, int64_t result)
{
    if (!thread->wait.blocked)
        return;
    leave(thread);
    loop_answer(thread, result);
}

void wait_interrupt(struct thread *thread)
{
    if (thread->remote.operation)
        return; /* the card answers soon; the signal is acted on then */
    if (thread->wait.blocked && thread->wait.tell) {
        thread->wait.interrupted = true;
        look_again(thread);
        return;
    }
    wait_finish(thread, interrupted(thread));
}
