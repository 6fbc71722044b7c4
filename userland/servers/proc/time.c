/*
 * time.c: clocks and sleeping. There is no clock of the day on the board, so CLOCK_REALTIME counts
 * from boot as CLOCK_MONOTONIC does; there is no CPU time per process either, so the CPU clocks
 * tell the time since the process began, an upper bound.
 *
 * proc itself must not sleep. For every program thread that sleeps at the same moment there is a
 * helper thread of proc, made when first needed and used again: it waits on a notification of its
 * own, sleeps to the deadline, and notifies the loop. It touches nothing but its own struct.
 */
#include "lib/wired.h"
#include "proc.h"

#define NANOSECONDS         1000000000UL
#define TIMER_ABSTIME       1
#define SLEEPER_STACK_BYTES PAGE_SIZE
#define SLEEPER_PRIORITY    15 /* above programs, so that a wake-up is not late */

struct sleeper {
    struct sleeper *next;
    struct thread *thread; /* of the program; NULL: it ended, or nobody sleeps here */
    uint64_t request;
    handle begin, helper; /* begin: notified when a deadline is set */
    uint64_t deadline;    /* ns since boot; written before the helper is told */
    bool busy, done;      /* done: set by the helper, cleared by the loop */
};
static struct sleeper *sleepers;

uint64_t time_now(void)
{
    uint64_t count, frequency;
    __asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(count)::"memory");
    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
    return count / frequency * NANOSECONDS + count % frequency * NANOSECONDS / frequency;
}

/* ---- The helper threads ---- */

static _Noreturn void sleeper_main(struct sleeper *sleeper)
{
    for (;;) {
        struct message message;
        if (recv(sleeper->begin, 0, &message) < 0)
            continue;
        sleep_until(sleeper->deadline);
        __atomic_store_n(&sleeper->done, true, __ATOMIC_RELEASE);
        notify(configuration.notification, NOTIFY_SLEEPER);
    }
}

static struct sleeper *sleeper_create(void)
{
    struct sleeper *sleeper = wired_alloc(sizeof *sleeper);
    char *stack = wired_alloc(SLEEPER_STACK_BYTES);
    int64_t begin = create_notification(0, HANDLE_NONE);
    int64_t helper = thread_create(HANDLE_SPACE, 0, SLEEPER_PRIORITY, 0);
    if (sleeper && stack && begin >= 0 && helper >= 0) {
        sleeper->begin = (handle)begin;
        sleeper->helper = (handle)helper;
        if (thread_ctl(sleeper->helper, THREAD_START, (uintptr_t)sleeper_main,
                       (uintptr_t)stack + SLEEPER_STACK_BYTES, (uintptr_t)sleeper) >= 0) {
            sleeper->next = sleepers;
            sleepers = sleeper;
            return sleeper;
        }
    }
    if (helper >= 0)
        handle_close((handle)helper);
    if (begin >= 0)
        handle_close((handle)begin);
    wired_free(stack);
    wired_free(sleeper);
    return NULL;
}

/* Answers `thread`'s call with 0 when the time has come. */
static int64_t sleep_thread(struct thread *thread, uint64_t deadline)
{
    if (deadline <= time_now())
        return 0;
    struct sleeper *sleeper = sleepers;
    while (sleeper && sleeper->busy)
        sleeper = sleeper->next;
    if (!sleeper)
        sleeper = sleeper_create();
    if (!sleeper)
        return -ENOMEM;
    sleeper->deadline = deadline;
    sleeper->request = thread->request;
    sleeper->thread = thread;
    sleeper->busy = true;
    notify(sleeper->begin, 1);
    return ANSWER_NONE;
}

void time_wake(void)
{
    for (struct sleeper *sleeper = sleepers; sleeper; sleeper = sleeper->next) {
        if (!sleeper->busy || !__atomic_exchange_n(&sleeper->done, false, __ATOMIC_ACQUIRE))
            continue;
        sleeper->busy = false;
        struct message message = {.w = {0}};
        if (sleeper->thread)
            reply(0, sleeper->request, &message);
    }
}

void time_cancel(struct thread *thread)
{
    for (struct sleeper *sleeper = sleepers; sleeper; sleeper = sleeper->next)
        if (sleeper->thread == thread)
            sleeper->thread = NULL;
}

/* ---- The calls ---- */

static bool clock_known(uint64_t clock)
{
    return clock <= 7; /* REALTIME .. BOOTTIME */
}

int64_t linux_clock_gettime(struct thread *thread, uint64_t clock, uint64_t address)
{
    if (!clock_known(clock))
        return -EINVAL;
    uint64_t now = time_now();
    if (clock == 2 || clock == 3) /* PROCESS_, THREAD_CPUTIME_ID */
        now -= thread->process->start_time;
    struct linux_timespec time = {(int64_t)(now / NANOSECONDS), (int64_t)(now % NANOSECONDS)};
    return client_write(thread, address, &time, sizeof time);
}

int64_t linux_clock_getres(struct thread *thread, uint64_t clock, uint64_t address)
{
    uint64_t frequency;
    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
    if (!clock_known(clock))
        return -EINVAL;
    struct linux_timespec step = {0, (int64_t)((NANOSECONDS + frequency - 1) / frequency)};
    return address ? client_write(thread, address, &step, sizeof step) : 0;
}

int64_t linux_gettimeofday(struct thread *thread, uint64_t address, uint64_t zone)
{
    static const int32_t no_zone[2];
    uint64_t now = time_now();
    int64_t time[2] = {(int64_t)(now / NANOSECONDS), (int64_t)(now % NANOSECONDS / 1000)};
    int64_t error = address ? client_write(thread, address, time, sizeof time) : 0;
    if (!error && zone)
        error = client_write(thread, zone, no_zone, sizeof no_zone);
    return error;
}

int64_t linux_clock_nanosleep(struct thread *thread, uint64_t clock, uint64_t flags,
                              uint64_t request, uint64_t remaining)
{
    (void)remaining; /* written only when a signal interrupts, and signals end the program */
    struct linux_timespec time;
    if (!clock_known(clock) || clock == 3)
        return -EINVAL;
    int64_t error = client_read(thread, request, &time, sizeof time);
    if (error)
        return error;
    if (time.seconds < 0 || time.nanoseconds < 0 || time.nanoseconds >= (int64_t)NANOSECONDS)
        return -EINVAL;
    uint64_t deadline = UINT64_MAX, base = flags & TIMER_ABSTIME ? 0 : time_now();
    if ((uint64_t)time.seconds < (UINT64_MAX - base) / NANOSECONDS - 1)
        deadline = base + (uint64_t)time.seconds * NANOSECONDS + (uint64_t)time.nanoseconds;
    return sleep_thread(thread, deadline);
}

int64_t linux_nanosleep(struct thread *thread, uint64_t request, uint64_t remaining)
{
    return linux_clock_nanosleep(thread, 1, 0, request, remaining);
}
