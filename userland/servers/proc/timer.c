/*
 * timer.c: a pairing heap (Fredman, Sedgewick, Sleator, Tarjan 1986) and the thread that waits for
 * its smallest deadline. proc itself must not sleep: the helper does, on a stack of its own; it
 * shares one word with the loop, the time to wait for.
 */
#include "timer.h"
#include "lib/log.h"
#include "lib/wired.h"
#include "proc.h"

#define NANOSECONDS        1000000000UL
#define HELPER_STACK_BYTES PAGE_SIZE
#define HELPER_PRIORITY    15 /* above programs, so that a wake-up is not late */
#define NEVER              UINT64_MAX

static struct timer *earliest;
static uint64_t armed = NEVER; /* what the helper waits for */
static handle helper, begin;

uint64_t time_now(void)
{
    uint64_t count, frequency;
    __asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(count)::"memory");
    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
    return count / frequency * NANOSECONDS + count % frequency * NANOSECONDS / frequency;
}

/* ---- The heap ---- */

/* Two heaps become one; either may be NULL. */
static struct timer *meld(struct timer *a, struct timer *b)
{
    if (!a || !b)
        return a ? a : b;
    if (b->deadline < a->deadline) {
        struct timer *smaller = b;
        b = a;
        a = smaller;
    }
    b->next = a->child;
    b->previous = a;
    if (a->child)
        a->child->previous = b;
    a->child = b;
    a->next = a->previous = NULL;
    return a;
}

/* Siblings become one heap: pairs from the left, then all from the right. */
static struct timer *meld_siblings(struct timer *first)
{
    struct timer *pairs = NULL, *heap = NULL;
    while (first) {
        struct timer *second = first->next, *rest = second ? second->next : NULL;
        first->next = first->previous = NULL;
        if (second)
            second->next = second->previous = NULL;
        struct timer *pair = meld(first, second);
        pair->next = pairs;
        pairs = pair;
        first = rest;
    }
    while (pairs) {
        struct timer *rest = pairs->next;
        pairs->next = NULL;
        heap = meld(heap, pairs);
        pairs = rest;
    }
    return heap;
}

static void take_out(struct timer *timer)
{
    struct timer *below = meld_siblings(timer->child);
    if (timer == earliest) {
        earliest = below;
    } else {
        if (timer->previous->child == timer)
            timer->previous->child = timer->next;
        else
            timer->previous->next = timer->next;
        if (timer->next)
            timer->next->previous = timer->previous;
        earliest = meld(earliest, below);
    }
    timer->child = timer->next = timer->previous = NULL;
    timer->set = false;
}

/* ---- The helper ---- */

static _Noreturn void helper_main(void)
{
    for (;;) {
        uint64_t deadline = __atomic_load_n(&armed, __ATOMIC_ACQUIRE);
        struct message message;
        if (deadline == NEVER)
            recv(begin, 0, &message);
        else if (sleep_until(deadline) == 0 &&
                 __atomic_compare_exchange_n(&armed, &deadline, NEVER, false, __ATOMIC_ACQ_REL,
                                             __ATOMIC_RELAXED))
            notify(configuration.notification, NOTIFY_TIMER);
    }
}

int64_t timers_init(void)
{
    char *stack = wired_alloc(HELPER_STACK_BYTES);
    int64_t notification = create_notification(0, HANDLE_NONE);
    int64_t thread = thread_create(HANDLE_SPACE, 0, HELPER_PRIORITY, 0);
    if (!stack || notification < 0 || thread < 0)
        return -ENOMEM;
    begin = (handle)notification;
    helper = (handle)thread;
    return thread_ctl(helper, THREAD_START, (uintptr_t)helper_main,
                      (uintptr_t)stack + HELPER_STACK_BYTES, 0);
}

/* Lets the helper wait for the earliest timer; a later one than it waits for already can stay: it
 * is looked at when that time comes. */
static void arm(void)
{
    uint64_t deadline = earliest ? earliest->deadline : NEVER;
    uint64_t before = __atomic_load_n(&armed, __ATOMIC_ACQUIRE);
    if (deadline >= before)
        return;
    __atomic_store_n(&armed, deadline, __ATOMIC_RELEASE);
    notify(begin, 1); /* if it waits for a first timer, */
    if (before != NEVER)
        thread_ctl(helper, THREAD_CANCEL, 0, 0, 0); /* or sleeps too long */
}

void timer_set(struct timer *timer, uint64_t deadline)
{
    if (timer->set)
        take_out(timer);
    timer->deadline = deadline;
    timer->set = true;
    earliest = meld(earliest, timer);
    arm();
}

void timer_cancel(struct timer *timer)
{
    if (timer->set)
        take_out(timer);
}

void timers_run(void)
{
    uint64_t now = time_now();
    while (earliest && earliest->deadline <= now) {
        struct timer *timer = earliest;
        take_out(timer);
        timer->expired(timer);
    }
    arm();
}
