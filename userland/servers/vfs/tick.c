/*
 * tick.c: a thread that sleeps, because the server itself must not.
 */
#include "tick.h"
#include "clock.h"
#include "lib/wired.h"

#define PERIOD      5000000000UL /* ns: as long as Linux lets changes of names wait */
#define STACK_BYTES PAGE_SIZE
#define PRIORITY    20

static handle notification;

static _Noreturn void tick_main(void)
{
    for (uint64_t next = clock_since_boot();;) {
        next += PERIOD;
        sleep_until(next);
        notify(notification, 1);
    }
}

int64_t tick_begin(handle self)
{
    char *stack = wired_alloc(STACK_BYTES);
    int64_t made = create_notification(TICK_BADGE, self);
    int64_t thread = thread_create(HANDLE_SPACE, 0, PRIORITY, 0);
    if (!stack || made < 0 || thread < 0)
        return -ENOMEM;
    notification = (handle)made;
    return thread_ctl((handle)thread, THREAD_START, (uintptr_t)tick_main,
                      (uintptr_t)stack + STACK_BYTES, 0);
}
