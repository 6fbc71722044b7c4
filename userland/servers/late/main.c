/*
 * main.c: what both roles have in common: requests are put aside, and answered after a while, in
 * any order. `argument vfs SEED FAILS ENDS`, or `file` …: one in FAILS requests answers EIO and
 * does nothing (0: none does); after ENDS of them the server ends (0: never).
 */
#include "late.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/startup.h"
#include "lib/wired.h"

#define WAITING_MOST 128
#define DELAY_MOST   300000 /* ns that nothing is answered */

struct waiting {
    struct ring_link *link; /* NULL: a fault */
    struct ring_request request;
    struct message fault;
    uint32_t entry;
};

static struct waiting waiting[WAITING_MOST];
static uint32_t count;
static uint64_t numbers[3]; /* SEED, FAILS, ENDS */
static const struct late_role *role;
static struct ring_server rings;

uint32_t late_random(uint32_t below) /* splitmix64 */
{
    uint64_t z = numbers[0] += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return (uint32_t)((z ^ z >> 31) % below);
}

static void take_all(void)
{
    while (count < WAITING_MOST) {
        struct waiting *next = &waiting[count];
        next->link = ring_server_take(&rings, &next->request);
        if (!next->link)
            return;
        next->entry = (next->link->ring.submitted - 1) & (next->link->ring.entries - 1);
        count++;
    }
}

static void answer(struct waiting *one)
{
    struct ring_completion completion = {.tag = one->request.tag};
    struct ring *ring = &one->link->ring;
    uint8_t *data =
        one->entry < ring->data_pages ? ring->data + (uint64_t)one->entry * PAGE_SIZE : NULL;
    if (numbers[2] && !--numbers[2])
        native_exit(1);
    if (numbers[1] && role->may_fail(one->request.operation) && !late_random((uint32_t)numbers[1]))
        completion.error = -EIO;
    else
        role->request(&one->request, &completion, data);
    ring_server_complete(&rings, one->link, &completion);
}

/* Some of those that wait, in any order. */
static void answer_some(void)
{
    for (uint32_t left = 1 + late_random(count); left; left--) {
        uint32_t which = late_random(count);
        struct waiting one = waiting[which];
        waiting[which] = waiting[--count];
        if (one.link)
            answer(&one);
        else
            role->fault(&one.fault);
    }
    ring_server_tell(&rings);
}

static uint64_t counter(void)
{
    uint64_t ticks, frequency;
    __asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(ticks));
    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
    return ticks / frequency * 1000000000 + ticks % frequency * 1000000000 / frequency;
}

/* What came. The tag to answer with, or ANSWER_LATER. */
static int64_t received(struct message *message)
{
    int64_t tag = 0;
    switch (message_kind(message)) {
    case KIND_CALL:
        if (ring_server_call(&rings, message, &tag))
            return tag;
        return role->call(message);
    case KIND_NOTIFY:
        ring_server_notify(&rings, message);
        return ANSWER_LATER;
    case KIND_FAULT:
        if (role->fault && count < WAITING_MOST)
            waiting[count++] = (struct waiting){.fault = *message};
        else if (role->fault)
            role->fault(message);
        return ANSWER_LATER;
    default:
        return ANSWER_LATER;
    }
}

static void read_numbers(const char *at)
{
    for (unsigned i = 0; i < 3; i++) {
        while (*at && (*at < '0' || *at > '9'))
            at++;
        for (; *at >= '0' && *at <= '9'; at++)
            numbers[i] = numbers[i] * 10 + (uint64_t)(*at - '0');
    }
}

int main(const struct startup *startup)
{
    static const struct ring_server_operations operations;
    handle self = startup_handle_needed("self");
    const char *argument = startup_argument();
    (void)startup;
    role = strncmp(argument, "vfs", 3) == 0 ? &names_role : &bytes_role;
    read_numbers(argument);
    if (role->begin)
        role->begin();
    if (ring_server_begin(&rings, self, &operations))
        return 1;
    for (int64_t tag = ANSWER_LATER;;) {
        struct message message;
        static struct message last;
        if (tag >= 0)
            reply((uint64_t)tag, last.request, &last);
        tag = ANSWER_LATER;
        take_all();
        int64_t error = recv(self, count != 0, &message);
        if (error == -EAGAIN) {
            sleep_until(counter() + late_random(DELAY_MOST));
            answer_some();
            continue;
        }
        if (error) {
            log_print(LOG_ERROR, "late: %s\n", error_name(error));
            continue;
        }
        last = message;
        tag = received(&last);
    }
}
