/*
 * ipc.c: what a message carries: six words, words of the message page, a handle, the badge.
 */
#include "ipc.h"

int64_t ask(uint64_t endpoint)
{
    struct message message = {0};
    int64_t error = call(endpoint, 0, &message);

    return error ? error : (int64_t)message.w[0];
}

/* ---- Registers ---- */

/* Answers each call with its words, each one greater by its position + 1. */
static int64_t add_server(uint64_t endpoint)
{
    struct message message = {0};

    recv(endpoint, 0, &message);
    for (;;) {
        for (unsigned i = 0; i < 6; i++)
            message.w[i] += i + 1;
        if (reply_recv(endpoint, message_tag(&message), &message))
            return 0;
    }
}

static void words(handle endpoint)
{
    struct message message = {.w = {10, 20, 30, 1ul << 63, ~0ul, 0}};

    CHECK_IS(call(endpoint, 0, &message), 0);
    CHECK_IS(message.w[0], 11);
    CHECK_IS(message.w[1], 22);
    CHECK_IS(message.w[2], 33);
    CHECK_IS(message.w[3], (1ul << 63) + 4);
    CHECK_IS(message.w[4], 4);
    CHECK_IS(message.w[5], 6);
    CHECK_IS(message_tag(&message), 0);
}

/* The registers that no call mentions come back unchanged. */
static void preserved_registers(handle endpoint)
{
    uint64_t wrong;

    __asm__ volatile("mov x9, #9\n mov x12, #12\n mov x15, #15\n mov x18, #18\n mov x20, #20\n"
                     "mov x27, #27\n mov x30, #30\n mov x0, %1\n mov x8, %2\n svc #1\n"
                     "sub x9, x9, #9\n sub x12, x12, #12\n sub x15, x15, #15\n sub x18, x18, #18\n"
                     "sub x20, x20, #20\n sub x27, x27, #27\n sub x30, x30, #30\n"
                     "orr x9, x9, x12\n orr x9, x9, x15\n orr x9, x9, x18\n orr x9, x9, x20\n"
                     "orr x9, x9, x27\n orr %0, x9, x30"
                     : "=r"(wrong)
                     : "r"((uint64_t)endpoint), "r"((uint64_t)SYSCALL_call)
                     : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x12", "x15",
                       "x18", "x20", "x27", "x30", "memory", "cc");
    CHECK_IS(wrong, 0);
}

/* ---- The message page ---- */

static uint64_t pattern(uint64_t at)
{
    return at * 0x9e3779b97f4a7c15 + 1;
}

/* Keeps what came in its page and sends the same number of words back, each inverted. */
static int64_t invert_server(uint64_t worker)
{
    struct worker *self = (struct worker *)worker;
    struct message message = {0};
    handle endpoint = BOARD[0];
    volatile uint64_t *page;

    recv(endpoint, 0, &message);
    page = (volatile uint64_t *)self->message;
    for (;;) {
        unsigned count = message_tag(&message) & TAG_WORDS_MASK;
        for (unsigned i = 0; i < count; i++)
            page[i] = ~page[i];
        message.w[0] = count;
        if (reply_recv(endpoint, count, &message))
            return 0;
    }
}

static void page_words(void)
{
    static const unsigned counts[] = {1, 2, 7, 8, 9, 16, 63, 64, 65, 128, 511, 512};
    handle endpoint = create_endpoint(LEVEL_ANON);
    struct worker server;

    CHECK((BOARD[0] = endpoint));
    worker_start(&server, invert_server, (uint64_t)&server, PRIORITY_ABOVE);
    for (unsigned n = 0; n < sizeof counts / sizeof *counts; n++) {
        struct message message = {0};
        unsigned wrong = 0;
        for (unsigned i = 0; i < 512; i++)
            MESSAGE_WORDS[i] = pattern(i + n);
        CHECK_IS(call(endpoint, counts[n], &message), 0);
        CHECK_IS(message.w[0], counts[n]);
        CHECK_IS(message_tag(&message), counts[n]);
        for (unsigned i = 0; i < counts[n]; i++)
            wrong += MESSAGE_WORDS[i] != ~pattern(i + n);
        CHECK_IS(wrong, 0);
    }
    worker_kill(&server);
    handle_close(endpoint);
}

/* ---- Handles ---- */

/* Gets a notification by handle, signals it, gives back another handle with fewer rights. */
static int64_t signal_server(uint64_t endpoint)
{
    struct message message = {0};
    handle got;

    recv(endpoint, 0, &message);
    got = message.w[5];
    BOARD[1] = message_tag(&message);
    BOARD[2] = notify(got, 0x40);
    message.w[5] = handle_dup(got, RIGHT_WRITE | RIGHT_DUP, 0, 0);
    reply(TAG_HANDLE, message.request, &message);
    return 0;
}

static void handles(void)
{
    handle endpoint = create_endpoint(LEVEL_ANON), note = create_notification(5, 0), back;
    struct child server = child_new(HANDLE_POOL, LEVEL_ANON, 0, PRIORITY_ABOVE);
    struct message message = {.w[5] = note};

    child_start(&server, signal_server, child_give(&server, endpoint));
    CHECK_IS(call(endpoint, TAG_HANDLE, &message), 0);
    CHECK_IS(BOARD[1], TAG_HANDLE);
    CHECK_IS(BOARD[2], 0);
    CHECK_IS(message_tag(&message), TAG_HANDLE);
    back = message.w[5];
    CHECK(back != note && back > 5);
    CHECK_IS(notify(back, 2), 0);
    CHECK_IS(recv(back, 1, &message), -EACCES); /* fewer rights came back */
    CHECK_IS(take(note, &message), KIND_NOTIFY);
    CHECK_IS(message.w[0], 0x42);
    CHECK_IS(child_finish(&server), 0);
    CHECK_IS(handle_close(back), 0);
    CHECK_IS(handle_close(note), 0);
    CHECK_IS(handle_close(endpoint), 0);
}

/* ---- Badges, and sends ---- */

static void badges(void)
{
    handle endpoint = create_endpoint(LEVEL_ANON), one = handle_dup(endpoint, RIGHTS_ALL, 0x111, 0);
    handle again = handle_dup(one, RIGHTS_ALL, 0, 0); /* keeps its badge */
    struct message message = {0};
    struct worker callers[3];
    handle through[] = {endpoint, one, again};
    uint64_t wanted[] = {0, 0x111, 0x111};

    for (unsigned i = 0; i < 3; i++)
        worker_start(&callers[i], ask, through[i], PRIORITY_ABOVE);
    for (unsigned i = 0; i < 3; i++) {
        CHECK_IS(take(endpoint, &message), KIND_CALL);
        CHECK_IS(message.badge, wanted[i]);
        message.w[0] = 70 + i;
        CHECK_IS(reply(0, message.request, &message), 0);
        CHECK_IS(worker_finish(&callers[i]), 70 + i);
    }
    handle_close(again);
    handle_close(one);
    handle_close(endpoint);
}

static int64_t send_three(uint64_t endpoint)
{
    for (uint64_t i = 1; i <= 3; i++) {
        struct message message = {.w = {i, i * i}};
        int64_t error = send(endpoint, 0, &message);
        if (error)
            return error;
    }
    return 3;
}

/* A send waits until it was received, not for an answer; it cannot be answered. */
static void sends(void)
{
    handle endpoint = create_endpoint(LEVEL_ANON);
    struct message message = {0};
    struct worker sender;

    worker_start(&sender, send_three, endpoint, PRIORITY_ABOVE);
    for (uint64_t i = 1; i <= 3; i++) {
        CHECK(!sender.done);
        CHECK_IS(recv(endpoint, 0, &message), 0);
        CHECK_IS(message.head, KIND_SEND);
        CHECK_IS(message.request, 0);
        CHECK_IS(message.w[0], i);
        CHECK_IS(message.w[1], i * i);
        CHECK_IS(reply(0, message.request, &message), -ESTALE);
        sleep_for(1); /* the sender, of the priority that was lent, sends the next one */
    }
    CHECK_IS(worker_finish(&sender), 3);
    handle_close(endpoint);
}

void message_contents(void)
{
    handle endpoint = create_endpoint(LEVEL_ANON);
    struct worker server;

    worker_start(&server, add_server, endpoint, PRIORITY_ABOVE);
    words(endpoint);
    preserved_registers(endpoint);
    worker_kill(&server);
    handle_close(endpoint);
    page_words();
    handles();
    badges();
    sends();
}

int main(const struct startup *startup)
{
    (void)startup;
    test_begin();
    message_contents();
    message_order();
    message_ends();
    message_forwarding();
    notifications();
    finish();
}
