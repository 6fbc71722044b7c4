/*
 * threads.c: what thread_ctl, sleeping and the scheduler promise.
 */
#include "threads.h"

/* ---- Sleep ---- */

static volatile uint64_t woken[4];
static volatile unsigned woken_count;

static int64_t sleep_and_note(uint64_t milliseconds)
{
    sleep_until(BOARD[0] + milliseconds * 1000000);
    woken[woken_count++] = milliseconds;
    return (int64_t)(now() - BOARD[0]);
}

/* Sleepers wake in the order of their times, never early. */
static void sleep_order(void)
{
    static const uint64_t times[4] = {30, 10, 40, 20};
    struct worker sleepers[4];

    BOARD[0] = now();
    for (unsigned i = 0; i < 4; i++)
        worker_start(&sleepers[i], sleep_and_note, times[i], PRIORITY_ABOVE);
    sleep_for(60);
    CHECK_IS(woken_count, 4);
    for (unsigned i = 0; i < 4; i++) {
        int64_t slept = worker_finish(&sleepers[i]);
        CHECK_IS(woken[i], 10 * (i + 1));
        CHECK(slept >= (int64_t)(times[i] * 1000000));
    }
}

/* ---- Stop and resume ---- */

static volatile uint64_t count;

static int64_t count_up(uint64_t unused)
{
    (void)unused;
    while (++count)
        ;
    return 0;
}

/* A stopped thread stands still; resumed it goes on. Stopping twice is one stop. */
static void stop_and_resume(void)
{
    struct worker counter;
    uint64_t seen;

    count = 0;
    worker_start(&counter, count_up, 0, PRIORITY_BELOW);
    sleep_for(5);
    CHECK(count != 0);
    CHECK_IS(thread_ctl(counter.thread, THREAD_STOP, 0, 0, 0), 0);
    CHECK_IS(thread_ctl(counter.thread, THREAD_STOP, 0, 0, 0), 0);
    seen = count;
    sleep_for(5);
    CHECK_IS(count, seen);
    CHECK_IS(thread_ctl(counter.thread, THREAD_RESUME, 0, 0, 0), 0);
    sleep_for(5);
    CHECK(count != seen);
    CHECK_IS(thread_ctl(counter.thread, THREAD_RESUME, 0, 0, 0), 0); /* of one that runs: nothing */
    worker_kill(&counter);
}

static int64_t sleep_short(uint64_t until)
{
    return sleep_until(until);
}

static int64_t ask_zero(uint64_t endpoint)
{
    struct message message = {0};

    return call(endpoint, 0, &message);
}

/* Stopped while it waits: the wait is kept, and when it ends the thread is held. */
static void stopped_waiters(void)
{
    handle endpoint = create_endpoint(LEVEL_ANON);
    struct message message = {0};
    struct worker sleeper, caller;

    worker_start(&sleeper, sleep_short, now() + 2000000, PRIORITY_ABOVE);
    worker_start(&caller, ask_zero, endpoint, PRIORITY_ABOVE);
    thread_ctl(sleeper.thread, THREAD_STOP, 0, 0, 0);
    thread_ctl(caller.thread, THREAD_STOP, 0, 0, 0);
    CHECK_IS(take(endpoint, &message), KIND_CALL); /* its message is there all the same */
    CHECK_IS(reply(0, message.request, &message), 0);
    sleep_for(5);
    CHECK(!sleeper.done);
    CHECK(!caller.done);
    thread_ctl(sleeper.thread, THREAD_RESUME, 0, 0, 0);
    thread_ctl(caller.thread, THREAD_RESUME, 0, 0, 0);
    CHECK_IS(worker_finish(&sleeper), 0);
    CHECK_IS(worker_finish(&caller), 0);
    handle_close(endpoint);
}

static int64_t stop_myself(uint64_t own)
{
    BOARD[1] = 1;
    thread_ctl(*(volatile handle *)own, THREAD_STOP, 0, 0, 0);
    BOARD[1] = 2;
    return 3;
}

static void stops_itself(void)
{
    struct worker worker;

    worker_start(&worker, stop_myself, (uint64_t)&worker.thread, PRIORITY_BELOW);
    sleep_for(2);
    CHECK_IS(BOARD[1], 1);
    CHECK_IS(thread_ctl(worker.thread, THREAD_RESUME, 0, 0, 0), 0);
    CHECK_IS(worker_finish(&worker), 3);
}

/* A receiver that is stopped still gets the message, and answers once it runs again. */
static int64_t echo(uint64_t endpoint)
{
    struct message message = {0};

    recv(endpoint, 0, &message);
    return reply(0, message.request, &message);
}

static void stopped_server(void)
{
    handle endpoint = create_endpoint(LEVEL_ANON);
    struct worker server, caller;

    worker_start(&server, echo, endpoint, PRIORITY_ABOVE);
    thread_ctl(server.thread, THREAD_STOP, 0, 0, 0);
    worker_start(&caller, ask_zero, endpoint, PRIORITY_ABOVE);
    sleep_for(2);
    CHECK(!caller.done);
    CHECK(!server.done);
    thread_ctl(server.thread, THREAD_RESUME, 0, 0, 0);
    CHECK_IS(worker_finish(&caller), 0);
    CHECK_IS(worker_finish(&server), 0);
    handle_close(endpoint);
}

/* ---- Killing ---- */

static int64_t kill_myself(uint64_t own)
{
    thread_ctl(*(volatile handle *)own, THREAD_KILL, 0, 0, 0);
    return 0;
}

static void kills(void)
{
    struct worker worker;
    uint64_t seen;

    worker_start(&worker, kill_myself, (uint64_t)&worker.thread, PRIORITY_BELOW);
    sleep_for(2);
    CHECK(!worker.done);
    CHECK_IS(thread_ctl(worker.thread, THREAD_RESUME, 0, 0, 0), -EOWNERDEAD);
    worker_kill(&worker);

    worker_start(&worker, count_up, 0, PRIORITY_BELOW);
    sleep_for(2);
    worker_kill(&worker);
    seen = count;
    sleep_for(2);
    CHECK_IS(count, seen);
}

/* A thread that waits for the end of something large is not called off half way. */
static int64_t close_space(uint64_t space)
{
    return space_ctl(space, SPACE_KILL, 0, 0);
}

static void cancel_of_a_kill(void)
{
    struct worker killer;
    handle space = space_create(HANDLE_POOL, LEVEL_PROGRAM, 0, 1), wired = create_wired(4096, 0);
    int64_t error = 0;

    CHECK_IS(region_map(space, 0x10000000, 4096, MAP_READ, wired, 0, 0, 0), 0);
    handle_close(wired);
    worker_start(&killer, close_space, space, PRIORITY_BELOW);
    for (unsigned i = 0; i < 400 && !killer.done; i++) {
        sleep_until(now() + 5000);
        error = thread_ctl(killer.thread, THREAD_CANCEL, 0, 0, 0);
        CHECK(error == -EBUSY || killer.done);
        if (!error)
            break;
    }
    CHECK_IS(worker_finish(&killer), 0);
    handle_close(space);
}

/* ---- Priorities ---- */

static int64_t count_some(uint64_t most)
{
    for (count = 0; count < most;)
        count++;
    return 0;
}

/* Raised above the test, a ready thread runs at once. */
static void change_priority(void)
{
    struct worker worker;

    count = 0;
    worker_start(&worker, count_some, 1000, PRIORITY_BELOW);
    CHECK_IS(count, 0);
    CHECK_IS(thread_ctl(worker.thread, THREAD_PRIORITY, PRIORITY_ABOVE, 0, 0), 0);
    CHECK_IS(count, 1000);
    CHECK_IS(worker_finish(&worker), 0);
}

int main(const struct startup *startup)
{
    (void)startup;
    test_begin();
    sleep_order();
    stop_and_resume();
    stopped_waiters();
    stops_itself();
    stopped_server();
    kills();
    cancel_of_a_kill();
    change_priority();
    registers();
    times();
    stepping();
    finish();
}
