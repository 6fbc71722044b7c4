/*
 * timer.c: the thread that waits for the earliest timer. proc itself must not sleep: the helper
 * does, on a stack of its own; it shares one word with the loop, the time to wait for.
 */
#include "timer.h"
#include "lib/layout.h"
#include "lib/memory.h"
#include "lib/wired.h"
#include "proc.h"
#include "timer_heap.h"

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

static char *stack;

int64_t timers_init(void)
{
    stack = wired_alloc(HELPER_STACK_BYTES);
    int64_t notification = create_notification(0, HANDLE_NONE);
    int64_t thread = thread_create(HANDLE_SPACE, 0, HELPER_PRIORITY, 0);
    if (!stack || notification < 0 || thread < 0)
        return -ENOMEM;
    begin = (handle)notification;
    helper = (handle)thread;
    return thread_ctl(helper, THREAD_START, (uintptr_t)helper_main,
                      (uintptr_t)stack + HELPER_STACK_BYTES, 0);
}

/* The helper sleeps too long. When it cannot be woken it is between reading `armed` and sleeping,
 * so it begins anew; in case it was about to tell of a timer, the loop is told instead. */
static void wake_helper(void)
{
    struct thread_registers registers = {.pc = (uintptr_t)helper_main,
                                         .sp = (uintptr_t)stack + HELPER_STACK_BYTES};
    char page[sizeof registers]; /* somebody's message */
    if (thread_ctl(helper, THREAD_CANCEL, 0, 0, 0) == 0)
        return;
    memcpy(page, MESSAGE_BYTES, sizeof page);
    memcpy(MESSAGE_BYTES, &registers, sizeof registers);
    thread_ctl(helper, THREAD_STOP, 0, 0, 0);
    thread_ctl(helper, THREAD_WRITE, 0, 0, 0);
    thread_ctl(helper, THREAD_RESUME, 0, 0, 0);
    memcpy(MESSAGE_BYTES, page, sizeof page);
    notify(configuration.notification, NOTIFY_TIMER);
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
        wake_helper();
}

void timer_set(struct timer *timer, uint64_t deadline)
{
    if (timer->set)
        timer_heap_remove(&earliest, timer);
    timer->deadline = deadline;
    timer_heap_add(&earliest, timer);
    arm();
}

void timer_cancel(struct timer *timer)
{
    if (timer->set)
        timer_heap_remove(&earliest, timer);
}

void timers_run(void)
{
    uint64_t now = time_now();
    while (earliest && earliest->deadline <= now) {
        struct timer *timer = earliest;
        timer_heap_remove(&earliest, timer);
        timer->expired(timer);
    }
    arm();
}
