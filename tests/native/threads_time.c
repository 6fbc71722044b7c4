/*
 * threads_time.c: who had the CPU, and for how long; who waits for it.
 */
#include "threads.h"

#define MS 1000000

static volatile bool spins_end;

static int64_t spin(uint64_t unused)
{
    (void)unused;
    while (!spins_end)
        ;
    return 0;
}

static uint64_t space_time(void)
{
    struct space_statistics statistics = {0};

    CHECK_IS(space_statistics(HANDLE_SPACE, &statistics), 0);
    return statistics.time;
}

static struct counters counters(void)
{
    CHECK_IS(debug(HANDLE_SYSTEM, DEBUG_COUNTERS, 0, 0), 0);
    return *(const struct counters *)LAYOUT_MESSAGE_PAGE;
}

/* A thread pays for what it runs, one that waits for nothing; the space for both, for ever. */
static void thread_times(void)
{
    struct worker runs;
    uint64_t before = space_time(), own = thread_time(HANDLE_THREAD), began = now(), ran;
    int64_t waits = thread_create(HANDLE_SPACE, 0, 1, 0);

    worker_start(&runs, spin, 0, PRIORITY_BELOW);
    sleep_for(200);
    int64_t time = thread_time(runs.thread);
    ran = now() - began;
    CHECK(time >= 50 * MS && (uint64_t)time <= ran + TICK_NS);
    CHECK_IS(time % TICK_NS, 0);
    CHECK_IS(thread_time(waits), 0);
    CHECK(thread_time(HANDLE_THREAD) - own <= ran / 2); /* a machine that is held up pays, too */
    worker_kill(&runs);
    CHECK(space_time() - before >= (uint64_t)time);
    CHECK(space_time() - before <= now() - began + TICK_NS);
    CHECK_IS(thread_ctl(waits, THREAD_KILL, 0, 0, 0), 0);
    handle_close(waits);
}

/* Time in which nobody could run is counted, and charged to nobody. */
static void idle_time(void)
{
    struct counters before = counters();
    uint64_t began = now(), charged = space_time(), idle;

    sleep_for(100);
    idle = counters().idle_ns - before.idle_ns;
    CHECK(idle >= 90 * MS);
    CHECK(idle <= now() - began);
    CHECK(space_time() - charged <= (now() - began) / 2);
}

/* Threads that could run but for others. */
static void ready_threads(void)
{
    struct worker workers[5];

    CHECK_IS(counters().ready, 0);
    for (unsigned i = 0; i < 5; i++)
        worker_start(&workers[i], spin, 0, i < 3 ? PRIORITY_BELOW : 1);
    CHECK_IS(counters().ready, 5);
    for (unsigned i = 0; i < 5; i++)
        worker_kill(&workers[i]);
    CHECK_IS(counters().ready, 0);
}

static int64_t slow_echo(uint64_t endpoint)
{
    struct message message = {0};

    recv(endpoint, 0, &message);
    do
        for (unsigned i = 0; i < 20000; i++)
            __asm__ volatile("");
    while (!reply_recv(endpoint, 0, &message));
    return 0;
}

static int64_t call_always(uint64_t endpoint)
{
    struct message message = {0};

    while (!call(endpoint, 0, &message))
        ;
    return 0;
}

/* Equals get equal shares, also where one of them nearly always lets a server work for it. */
static void shares(void)
{
    handle endpoint = create_endpoint(LEVEL_ANON);
    struct worker server, calls, computes;

    worker_start(&server, slow_echo, endpoint, PRIORITY_ABOVE);
    worker_start(&calls, call_always, endpoint, PRIORITY_BELOW);
    worker_start(&computes, spin, 0, PRIORITY_BELOW);
    sleep_for(300);
    uint64_t worked = thread_time(server.thread) + thread_time(calls.thread);
    uint64_t computed = thread_time(computes.thread);
    CHECK(computed > worked / 2);
    CHECK(worked > computed / 2);
    worker_kill(&calls);
    worker_kill(&computes);
    worker_kill(&server);
    handle_close(endpoint);
}

void times(void)
{
    thread_times();
    idle_time();
    ready_threads();
    shares();
}
