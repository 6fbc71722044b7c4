/*
 * device.c: the way to the block driver, and the clock. A driver that died is waited for: what was
 * under way is submitted again to the one that comes after. After some time in vain it fails.
 */
#include "cache.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/protocol.h"
#include "lib/startup.h"
#include "lib/step.h"
#include "lib/wired.h"
#include "server.h"

#define BIT_COMPLETED 1
#define BIT_ENDED     2
#define BIT_TICK      4

#define HELPER_STACK    PAGE_SIZE
#define HELPER_PRIORITY 15
#define TICKS_IN_VAIN   4 /* without a driver, before what is under way fails */

struct ring_client device;
static handle notification;
static unsigned in_vain; /* ticks since the driver died; 0: it lives */

uint64_t backend_now(void)
{
    uint64_t count, frequency;
    __asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(count)::"memory");
    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
    return count / frequency * 1000000000 + count % frequency * 1000000000 / frequency;
}

uint8_t *backend_data(uint32_t data_page)
{
    return ring_client_page(&device, data_page);
}

/* TRANSFERS entries: there is room, unless the driver is gone; then it is submitted again. */
void backend_submit(uint32_t tag, uint32_t operation, uint64_t sector, uint64_t sectors,
                    uint32_t data_page)
{
    struct ring_request request = {
        .operation = operation, .tag = tag, .w = {sector, sectors, data_page}};
    if (ring_has_room(&device.ring))
        ring_client_submit(&device, &request);
    step(operation == BLOCK_READ ? "reading" : operation == BLOCK_WRITE ? "writing" : "flushing");
}

int64_t device_open(void)
{
    if (device.ring.shared)
        return 0;
    char word[STARTUP_NAME_BYTES];
    handle driver = startup_handle(argument_word(word, sizeof word) ? word : "card");
    struct message facts;
    int64_t error = driver ? -EOWNERDEAD : -ENXIO;
    while (error == -EOWNERDEAD) { /* one that dies is followed by another */
        facts = (struct message){.w = {BLOCK_FACTS}};
        error = call(driver, 0, &facts);
    }
    if (!error)
        error = (int64_t)facts.w[0];
    if (error < 0)
        return error;
    return ring_client_open(&device, driver, TRANSFERS, DATA_PAGES, notification, BIT_COMPLETED,
                            BIT_ENDED);
}

static void fail_all(int error)
{
    for (uint32_t tag = 0; tag < TRANSFERS; tag++)
        cache_completed(tag, error);
}

static void open_again(void)
{
    int64_t error = ring_client_reopen(&device);
    if (!error) {
        in_vain = 0;
        cache_device_again();
        return;
    }
    if (!in_vain++)
        log_print(LOG_ERROR, "%s: the block driver is gone: %s\n", startup_name(),
                  error_name(error));
    if (in_vain > TICKS_IN_VAIN)
        fail_all(-EIO);
}

void device_notified(uint64_t bits)
{
    struct ring_completion completion;
    while (device.ring.shared && ring_client_reap(&device, &completion)) {
        step("done");
        cache_completed(completion.tag, completion.error);
    }
    if (bits & BIT_ENDED || (bits & BIT_TICK && in_vain))
        open_again();
    if (bits & BIT_TICK)
        cache_tick();
}

static _Noreturn void helper_main(void)
{
    for (uint64_t next = backend_now();;) {
        next += TICK_PERIOD;
        sleep_until(next);
        notify(notification, BIT_TICK);
    }
}

int64_t device_begin(void)
{
    char *stack = wired_alloc(HELPER_STACK);
    int64_t made = create_notification(DEVICE_BADGE, self);
    int64_t helper = thread_create(HANDLE_SPACE, 0, HELPER_PRIORITY, 0);
    if (!stack || made < 0 || helper < 0)
        return -ENOMEM;
    notification = (handle)made;
    return thread_ctl((handle)helper, THREAD_START, (uintptr_t)helper_main,
                      (uintptr_t)stack + HELPER_STACK, 0);
}
