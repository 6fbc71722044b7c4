/* threads.c of differ: threads whose outcome does not depend on who runs when. */
#define _GNU_SOURCE
#include "processes.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MOST 6

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned counter, turn, players, rounds_each;
static uint64_t order;

static unsigned start_all(pthread_t *threads, unsigned count, void *(*body)(void *))
{
    unsigned started = 0;

    while (started < count) {
        int error = pthread_create(&threads[started], NULL, body, (void *)(uintptr_t)started);

        if (error) {
            say(" create = %s", error_name(error));
            break;
        }
        started++;
    }
    return started;
}

static void join_all(pthread_t *threads, unsigned count)
{
    void *result;

    for (unsigned i = 0; i < count; i++) {
        int error = pthread_join(threads[i], &result);

        say(" %s%lu", error ? error_name(error) : "", (unsigned long)(uintptr_t)result);
    }
}

static void *count_up(void *argument)
{
    for (unsigned i = 0; i < rounds_each; i++) {
        pthread_mutex_lock(&lock);
        counter++;
        if (i % 8 == 0)
            sched_yield();
        pthread_mutex_unlock(&lock);
    }
    return (void *)((uintptr_t)argument * 3);
}

static void step_count(void)
{
    pthread_t threads[THREADS_MOST];
    unsigned count = 1 + pick(THREADS_MOST);

    counter = 0;
    rounds_each = 1 + pick(100);
    say(" %u of %u", count, rounds_each);
    join_all(threads, start_all(threads, count, count_up));
    say(" counted %u", counter);
}

/* Each waits for its turn. */
static void *take_turn(void *argument)
{
    unsigned self = (unsigned)(uintptr_t)argument;

    for (unsigned i = 0; i < rounds_each; i++) {
        pthread_mutex_lock(&lock);
        while (turn % players != self)
            pthread_cond_wait(&changed, &lock);
        order = order * 7 + self;
        turn++;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&lock);
    }
    return argument;
}

static void step_turns(void)
{
    pthread_t threads[THREADS_MOST];
    unsigned started;

    players = 2 + pick(THREADS_MOST - 1);
    rounds_each = 1 + pick(20);
    turn = 0;
    order = 0;
    say(" %u of %u", players, rounds_each);
    started = start_all(threads, players, take_turn);
    if (started == players)
        join_all(threads, started);
    say(" turns %u order %016lx", turn, (unsigned long)order);
    if (started && started < players)
        _exit(99); /* the others wait for ever */
}

/* Threads write to pages of their own, all at once: faults of several at a time. */
static struct range fields[THREADS_MOST];

static void *write_field(void *argument)
{
    struct range field = fields[(uintptr_t)argument];
    struct fault fault;

    for (unsigned round = 0; round < 3; round++)
        for (unsigned i = field.first; i < field.first + field.count; i++) {
            if (may_touch(i, PROT_WRITE) && !(pages[i].kind & KIND_TWICE))
                try_write(ARENA + i * PAGE + 1000, i * 1000 + round, &fault);
            sched_yield();
        }
    return argument;
}

static void step_fields(void)
{
    pthread_t threads[THREADS_MOST];
    unsigned count = 2 + pick(THREADS_MOST - 1);

    for (unsigned i = 0; i < count; i++)
        fields[i] = (struct range){i * ARENA_PAGES / count, ARENA_PAGES / count};
    say(" %u", count);
    join_all(threads, start_all(threads, count, write_field));
    say_sum((struct range){0, ARENA_PAGES});
}

/* All threads write the same pages: several wait for one page. */
static void *write_same(void *argument)
{
    struct fault fault;

    for (unsigned i = fields[0].first; i < fields[0].first + fields[0].count; i++) {
        if (may_touch(i, PROT_WRITE))
            try_write(ARENA + i * PAGE + 2040, i, &fault);
        if (i % 3 == 0)
            sched_yield();
    }
    return argument;
}

static void step_same(void)
{
    pthread_t threads[THREADS_MOST];

    fields[0] = pick_mapped(32);
    say_range(fields[0]);
    join_all(threads, start_all(threads, 2 + pick(THREADS_MOST - 1), write_same));
    say_sum(fields[0]);
}

static long futex(void *word, int operation, unsigned value, const struct timespec *time)
{
    return syscall(SYS_futex, word, operation, value, time, NULL, 0);
}

static void step_futex(void)
{
    struct timespec short_time = {0, 1000000}, wrong_time = {0, 2000000000};
    _Alignas(8) uint32_t word = pick(1000);

    say_result(futex(&word, FUTEX_WAIT, word + 1, NULL));
    say_result(futex(&word, FUTEX_WAIT_PRIVATE, word, &short_time));
    say_result(futex(&word, FUTEX_WAIT, word, &wrong_time));
    say_result(futex(&word, FUTEX_WAKE, 5, NULL));
    say_result(futex(&word, FUTEX_WAKE_PRIVATE, 0, NULL));
    say_result(futex((char *)&word + 1, FUTEX_WAIT, word, NULL));
    say_result(futex((void *)0x180000000, FUTEX_WAIT, word, NULL));
    say_result(futex((void *)0x180000000, FUTEX_WAKE, 1, NULL));
    say_result(futex(&word, 99, word, NULL));
    say_result(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, word + 1, NULL, NULL, 0));
    say_result(syscall(SYS_futex, &word, FUTEX_CMP_REQUEUE, 1, 1, &word, word + 1));
}

static void *end_holding(void *argument)
{
    pthread_mutex_lock(argument);
    return NULL;
}

static void step_robust(void)
{
    pthread_mutexattr_t attributes;
    pthread_mutex_t mutex;
    pthread_t thread;
    int error;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&mutex, &attributes);
    error = pthread_create(&thread, NULL, end_holding, &mutex);
    if (error) {
        say(" create = %s", error_name(error));
        return;
    }
    pthread_join(thread, NULL);
    error = pthread_mutex_lock(&mutex);
    say(" %s", error ? error_name(error) : "taken");
    if (error == EOWNERDEAD) {
        error = pthread_mutex_consistent(&mutex);
        say(" consistent %d", error);
        pthread_mutex_unlock(&mutex);
        error = pthread_mutex_lock(&mutex);
        say(" again %d", error);
    }
}

/* ---- signals to threads ---- */

static volatile pid_t handled_by;
static volatile int release;

static void note_thread(int number)
{
    (void)number;
    handled_by = (pid_t)syscall(SYS_gettid);
    release = 1;
}

static void *wait_for_signal(void *argument)
{
    *(volatile pid_t *)argument = (pid_t)syscall(SYS_gettid);
    while (!release)
        sched_yield();
    return NULL;
}

static void step_thread_signal(void)
{
    volatile pid_t identity = 0;
    pthread_t thread;
    sigset_t set;
    int error, to_process = chance(50);

    handled_by = 0;
    release = 0;
    signal(SIGUSR1, note_thread);
    error = pthread_create(&thread, NULL, wait_for_signal, (void *)&identity);
    if (error) {
        say(" create = %s", error_name(error));
        return;
    }
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    while (!identity)
        sched_yield();
    pthread_sigmask(SIG_BLOCK, &set, NULL); /* so that only the other can take it */
    say_result(to_process ? kill(getpid(), SIGUSR1) : pthread_kill(thread, SIGUSR1));
    pthread_join(thread, NULL);
    say(" by the other %d", handled_by == identity);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    signal(SIGUSR1, SIG_DFL);
}

static void *block(void *argument)
{
    for (;;)
        pause();
    return argument;
}

/* A process of several threads forks, and ends as a whole. */
static void step_exit_group(void)
{
    pthread_t threads[THREADS_MOST];
    unsigned count = 1 + pick(THREADS_MOST), inner = chance(50);
    pid_t child = fork_as('t');

    if (child < 0)
        return;
    if (!child) {
        if (start_all(threads, count, block) != count)
            end_line();
        if (inner) { /* only the forking thread is in the child's child */
            pid_t grandchild = fork_as('u');

            if (!grandchild)
                _exit(sum_of(ARENA, 1) & 15);
            wait_and_say(grandchild);
            end_line();
        }
        _exit((int)count);
    }
    say("  %u threads", count);
    wait_and_say(child);
}

/* ---- a lock that processes share ---- */

struct shared {
    pthread_mutex_t mutex;
    unsigned counter;
};

static void step_shared_lock(void)
{
    struct shared *shared =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    unsigned each = 1 + pick(100);
    pthread_mutexattr_t attributes;
    pid_t child;

    if (shared == MAP_FAILED) {
        say_result(-1);
        return;
    }
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&shared->mutex, &attributes);
    child = fork_as('l');
    for (unsigned i = 0; child >= 0 && i < each; i++) {
        unsigned seen;

        pthread_mutex_lock(&shared->mutex);
        seen = shared->counter;
        sched_yield();
        shared->counter = seen + 1;
        pthread_mutex_unlock(&shared->mutex);
    }
    if (!child)
        _exit(0);
    if (child > 0) {
        say("  child");
        wait_and_say(child);
        say(" %u each: %u", each, shared->counter);
    }
    munmap(shared, PAGE);
}

const struct step thread_steps[] = {
    {"threads-count", step_count, 4, THREAD},
    {"threads-turns", step_turns, 3, THREAD},
    {"threads-fields", step_fields, 4, THREAD},
    {"threads-same", step_same, 3, THREAD},
    {"futex", step_futex, 2, THREAD},
    {"robust", step_robust, 2, THREAD},
    {"thread-signal", step_thread_signal, 2, THREAD},
    {"exit-group", step_exit_group, 3, THREAD},
    {"shared-lock", step_shared_lock, 2, THREAD},
    {NULL, NULL, 0, THREAD},
};
