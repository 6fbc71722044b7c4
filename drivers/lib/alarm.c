/*
 * alarm.c: the thread behind the alarm. It looks at the deadline every tick while one is set, and
 * not at all while none is: so moving the deadline, which a driver does with each request, is one
 * store.
 */
#include "drivers/lib/alarm.h"
#include "lib/native.h"
#include "lib/wired.h"

#define NANOSECONDS 1000000000ul
#define STACK_BYTES PAGE_SIZE
#define PRIORITY    15
#define NEVER       UINT64_MAX

static uint64_t armed = NEVER;
static handle begin, told;
static bool asleep = true; /* the thread waits for `begin` */

uint64_t time_now(void)
{
    uint64_t count, frequency;
    __asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(count)::"memory");
    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
    return count / frequency * NANOSECONDS + count % frequency * NANOSECONDS / frequency;
}

void time_spin(uint64_t nanoseconds)
{
    uint64_t end = time_now() + nanoseconds;
    while (time_now() < end)
        ;
}

static void wait_a_tick(uint64_t deadline)
{
    uint64_t now = time_now(), next = now + ALARM_TICK_NS;
    if (now < deadline)
        sleep_until(next < deadline ? next : deadline);
    else if (__atomic_compare_exchange_n(&armed, &deadline, NEVER, false, __ATOMIC_ACQ_REL,
                                         __ATOMIC_RELAXED))
        notify(told, 1);
}

/* `asleep` is said before `armed` is looked at; who arms does it the other way round: so one of
 * them sees the other. */
static _Noreturn void wait_for_ever(void)
{
    for (;;) {
        struct message message;
        uint64_t deadline = __atomic_load_n(&armed, __ATOMIC_SEQ_CST);
        if (deadline != NEVER) {
            wait_a_tick(deadline);
            continue;
        }
        __atomic_store_n(&asleep, true, __ATOMIC_SEQ_CST);
        if (__atomic_load_n(&armed, __ATOMIC_SEQ_CST) == NEVER)
            recv(begin, 0, &message);
        __atomic_store_n(&asleep, false, __ATOMIC_SEQ_CST);
    }
}

int64_t alarm_init(uint32_t endpoint, uint64_t badge)
{
    char *stack = wired_alloc(STACK_BYTES);
    int64_t wake = create_notification(0, HANDLE_NONE), tell = create_notification(badge, endpoint);
    int64_t thread = thread_create(HANDLE_SPACE, 0, PRIORITY, 0);
    if (!stack || wake < 0 || tell < 0 || thread < 0)
        return -ENOMEM;
    begin = (handle)wake;
    told = (handle)tell;
    return thread_ctl((handle)thread, THREAD_START, (uintptr_t)wait_for_ever,
                      (uintptr_t)stack + STACK_BYTES, 0);
}

void alarm_set(uint64_t deadline)
{
    __atomic_store_n(&armed, deadline ? deadline : NEVER, __ATOMIC_SEQ_CST);
    if (deadline && __atomic_load_n(&asleep, __ATOMIC_SEQ_CST))
        notify(begin, 1);
}
