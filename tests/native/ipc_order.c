/*
 * ipc_order.c: who is served first, and at which priority.
 */
#include "ipc.h"

/* Callers wait in order of priority, and of arrival among equals. */
static void callers_by_priority(void)
{
    static const unsigned priorities[] = {15, 25, 20, 25, 15, 31};
    static const unsigned order[] = {5, 1, 3, 2, 0, 4};
    handle endpoint = create_endpoint(LEVEL_ANON), through[6];
    struct message message = {0};
    struct worker callers[6];

    for (unsigned i = 0; i < 6; i++) {
        through[i] = handle_dup(endpoint, RIGHTS_ALL, i + 1, 0);
        worker_start(&callers[i], ask, through[i], priorities[i]);
    }
    for (unsigned i = 0; i < 6; i++) {
        CHECK_IS(take(endpoint, &message), KIND_CALL);
        CHECK_IS(message.badge, order[i] + 1);
        CHECK_IS(reply(0, message.request, &message), 0);
    }
    CHECK_IS(take(endpoint, &message), -EAGAIN);
    for (unsigned i = 0; i < 6; i++) {
        CHECK_IS(worker_finish(&callers[i]), 0);
        handle_close(through[i]);
    }
    handle_close(endpoint);
}

/* ---- A server works at the priority of its caller if that is the higher one ---- */

static volatile uint64_t lines[8];
static volatile unsigned line_count;

static void note_line(uint64_t what)
{
    if (line_count < 8)
        lines[line_count++] = what;
}

/* Wakes somebody of middle priority in the middle of its work. */
static int64_t low_server(uint64_t endpoint)
{
    struct message message = {0};

    for (recv(endpoint, 0, &message);;) {
        notify(BOARD[0], 1);
        note_line(message.w[0]);
        if (reply_recv(endpoint, 0, &message))
            return 0;
    }
}

static int64_t middle(uint64_t notification)
{
    struct message message = {0};

    for (;;) {
        if (recv(notification, 0, &message))
            return 0;
        note_line(2);
    }
}

static int64_t call_with_one(uint64_t endpoint)
{
    struct message message = {.w = {1}};

    return call(endpoint, 0, &message);
}

static void lent_priority(void)
{
    handle endpoint = create_endpoint(LEVEL_ANON), note = create_notification(0, 0);
    struct worker server, between, client;

    BOARD[0] = note;
    line_count = 0;
    worker_start(&server, low_server, endpoint, PRIORITY_BELOW);
    worker_start(&between, middle, note, 15);
    sleep_for(1); /* the server waits now */
    worker_start(&client, call_with_one, endpoint, 25);
    CHECK_IS(worker_finish(&client), 0);
    CHECK_IS(line_count, 2);
    CHECK_IS(lines[0], 1); /* the server at its client's 25 came before the one at 15 */
    CHECK_IS(lines[1], 2);
    /* Called from here (10), the server is at 10 and 15 comes first. */
    line_count = 0;
    CHECK_IS(call_with_one(endpoint), 0);
    CHECK_IS(lines[0], 2);
    CHECK_IS(lines[1], 1);
    worker_kill(&server);
    worker_kill(&between);
    handle_close(endpoint);
    handle_close(note);
}

/* ---- reply_recv gives the client its CPU back; after reply it is behind its equals: sched_yield
 * ---- */

static int64_t echo_for_ever(uint64_t endpoint)
{
    struct message message = {0};

    recv(endpoint, 0, &message);
    while (!reply_recv(endpoint, 0, &message))
        ;
    return 0;
}

static int64_t call_and_note(uint64_t endpoint)
{
    return call_with_one(endpoint) ? 0 : (note_line(1), 0);
}

static int64_t just_note(uint64_t notification)
{
    note_line(2);
    return notify(notification, 1);
}

static void behind_equals(bool yields)
{
    handle endpoint = create_endpoint(LEVEL_ANON), note = create_notification(0, 0);
    struct worker client, equal, server;
    struct message message = {0};

    line_count = 0;
    if (!yields)
        worker_start(&server, echo_for_ever, endpoint, PRIORITY_ABOVE);
    worker_start(&client, call_and_note, endpoint, PRIORITY_BELOW);
    if (yields) {
        sleep_for(1);
        CHECK_IS(take(endpoint, &message), KIND_CALL);
    }
    worker_start(&equal, just_note, note, PRIORITY_BELOW);
    if (yields)
        CHECK_IS(reply(0, message.request, &message), 0);
    CHECK_IS(worker_finish(&client), 0);
    CHECK_IS(worker_finish(&equal), 0);
    CHECK_IS(line_count, 2);
    CHECK_IS(lines[0], yields ? 2 : 1);
    if (!yields)
        worker_kill(&server);
    handle_close(endpoint);
    handle_close(note);
}

/* ---- Equal priorities share the CPU in slices, also when messages switch directly ---- */

static volatile uint64_t spins[2];

static int64_t spin(uint64_t which)
{
    while (++spins[which])
        ;
    return 0;
}

static int64_t spin_after_notify(uint64_t notification)
{
    struct message message = {0};

    recv(notification, 0, &message);
    return spin(1);
}

/* Wakes the second spinner; then its client, the first, runs on at once. */
static int64_t waking_server(uint64_t endpoint)
{
    struct message message = {0};

    recv(endpoint, 0, &message);
    notify(BOARD[0], 1);
    reply_recv(endpoint, 0, &message);
    return 0;
}

static int64_t call_and_spin(uint64_t endpoint)
{
    struct message message = {0};

    call(endpoint, 0, &message);
    return spin(0);
}

/* Both must have run when the test wakes for the first time. */
static void both_progress(void)
{
    spins[0] = spins[1] = 0;
    sleep_for(500);
    CHECK(spins[0] != 0);
    CHECK(spins[1] != 0);
}

static void slices(void)
{
    struct worker spinners[2], server;
    handle endpoint = create_endpoint(LEVEL_ANON), note = create_notification(0, 0);

    for (unsigned i = 0; i < 2; i++)
        worker_start(&spinners[i], spin, i, PRIORITY_BELOW);
    both_progress();
    worker_kill(&spinners[0]);
    worker_kill(&spinners[1]);

    BOARD[0] = note;
    worker_start(&server, waking_server, endpoint, PRIORITY_ABOVE);
    worker_start(&spinners[1], spin_after_notify, note, PRIORITY_BELOW);
    sleep_for(1);
    worker_start(&spinners[0], call_and_spin, endpoint, PRIORITY_BELOW);
    both_progress();
    worker_kill(&spinners[0]);
    worker_kill(&spinners[1]);
    worker_kill(&server);

    /* Lowered to the priority of somebody who waits for the CPU: from then on they share it. */
    spins[0] = spins[1] = 0;
    worker_start(&spinners[0], spin, 0, PRIORITY_BELOW);
    worker_start(&spinners[1], spin, 1, PRIORITY_BELOW + 1);
    sleep_for(50);
    CHECK_IS(spins[0], 0);
    CHECK_IS(thread_ctl(spinners[1].thread, THREAD_PRIORITY, PRIORITY_BELOW, 0, 0), 0);
    both_progress();
    worker_kill(&spinners[0]);
    worker_kill(&spinners[1]);
    handle_close(endpoint);
    handle_close(note);
}

void message_order(void)
{
    callers_by_priority();
    lent_priority();
    behind_equals(false);
    behind_equals(true);
    slices();
}
