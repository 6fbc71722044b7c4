/*
 * threads: threads and what ends them, compared with what Linux does. Status 0 when there is no
 * difference. Runs on Linux unchanged.
 */
#define _GNU_SOURCE
#include "check.h"
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#define PAGE  4096
#define CROWD 100
#define TURNS 500

static void sleep_ms(long milliseconds)
{
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* ---- Locks and conditions ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static long shared, turn;
static __thread long own = 5;

static void *add(void *argument)
{
    own++;
    for (int i = 0; i < TURNS; i++) {
        pthread_mutex_lock(&lock);
        shared++;
        pthread_mutex_unlock(&lock);
        if (i % 100 == 0)
            sched_yield();
    }
    return (void *)((long)argument + own);
}

static void many(void)
{
    pthread_t threads[CROWD];
    void *result;
    long wrong = 0;
    for (long i = 0; i < CROWD; i++)
        wrong += pthread_create(&threads[i], NULL, add, (void *)i) != 0;
    for (long i = 0; i < CROWD; i++)
        wrong += pthread_join(threads[i], &result) != 0 || (long)result != i + 6;
    expect("100 threads", wrong, 0);
    expect("each counted", shared, CROWD * TURNS);
    expect("own to the first", own, 5);
}

static void *play(void *argument)
{
    for (int i = 0; i < TURNS; i++) {
        pthread_mutex_lock(&lock);
        while (turn % 2 != (long)argument)
            pthread_cond_wait(&turned, &lock);
        turn++;
        pthread_cond_broadcast(&turned);
        pthread_mutex_unlock(&lock);
    }
    return argument;
}

static void in_turn(void)
{
    pthread_t even, odd;
    struct timespec soon;
    pthread_create(&even, NULL, play, (void *)0);
    pthread_create(&odd, NULL, play, (void *)1);
    pthread_join(even, NULL);
    pthread_join(odd, NULL);
    expect("in turn", turn, 2 * TURNS);
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_nsec += 20000000;
    soon.tv_sec += soon.tv_nsec / 1000000000;
    soon.tv_nsec %= 1000000000;
    pthread_mutex_lock(&lock);
    expect("a condition that never comes", pthread_cond_timedwait(&turned, &lock, &soon),
           ETIMEDOUT);
    pthread_mutex_unlock(&lock);
}

static sem_t started;

static void *detached(void *argument)
{
    sem_post(&started);
    return argument;
}

static void without_join(void)
{
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    sem_init(&started, 0, 0);
    for (int i = 0; i < 20; i++) {
        expect("create detached", pthread_create(&thread, &attributes, detached, NULL), 0);
        while (sem_wait(&started))
            ;
    }
}

/* ---- Locks whose owner ends ---- */

static pthread_mutex_t *robust_lock(int shared_between_processes)
{
    pthread_mutexattr_t attributes;
    pthread_mutex_t *robust =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_setpshared(&attributes, shared_between_processes ? PTHREAD_PROCESS_SHARED
                                                                       : PTHREAD_PROCESS_PRIVATE);
    pthread_mutex_init(robust, &attributes);
    return robust;
}

static void *take_and_end(void *robust)
{
    pthread_mutex_lock(robust);
    return NULL;
}

static void owner_died(const char *what, pthread_mutex_t *robust)
{
    expect(what, pthread_mutex_lock(robust), EOWNERDEAD);
    expect("make it good", pthread_mutex_consistent(robust), 0);
    expect("leave it", pthread_mutex_unlock(robust), 0);
    expect("take it again", pthread_mutex_lock(robust), 0);
    pthread_mutex_unlock(robust);
}

static void robust(void)
{
    pthread_mutex_t *one = robust_lock(0), *all = robust_lock(1);
    pthread_t thread;
    pthread_create(&thread, NULL, take_and_end, one);
    pthread_join(thread, NULL);
    owner_died("a thread ended with the lock", one);
    pid_t child = fork();
    if (!child) {
        pthread_mutex_lock(all);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    owner_died("a process ended with the lock", all);
    volatile int *taken = (volatile int *)(all + 1);
    if (!(child = fork())) {
        pthread_mutex_lock(all);
        *taken = 1;
        sleep_ms(20);
        kill(getpid(), SIGKILL);
    }
    while (!*taken)
        sleep_ms(1);
    owner_died("a process was killed with the lock that this one waits for", all);
    waitpid(child, NULL, 0);
}

/* ---- Ends, each in a process of its own ---- */

static void *sleep_long(void *argument)
{
    sleep(1000);
    return argument;
}

static void *exit_later(void *status)
{
    sleep_ms(20);
    exit((int)(long)status);
}

static void *end_quietly(void *argument)
{
    sleep_ms(20);
    syscall(SYS_exit, 78); /* a C library would end the process with the last thread's return */
    return argument;
}

static void *wait_forever(void *argument)
{
    static uint32_t word;
    syscall(SYS_futex, &word, 0 /* FUTEX_WAIT */, 0, NULL, NULL, 0);
    return argument;
}

static void *fault(void *argument)
{
    static volatile uintptr_t nowhere = 16;
    *(volatile int *)nowhere = 1;
    return argument;
}

static void start(void *(*body)(void *), long argument)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, body, (void *)argument))
        _exit(99);
}

static void exits_with_others(void)
{
    start(sleep_long, 0);
    start(wait_forever, 0);
    start(sleep_long, 0);
    _exit(11);
}

static void other_exits(void)
{
    start(exit_later, 12);
    sleep(1000);
}

/* The process goes on without its first thread. */
static void leader_ends_first(void)
{
    start(exit_later, 13);
    syscall(SYS_exit, 77);
}

/* The status is that of the thread that ends last (since Linux 5.19; the leader's before). */
static void all_end(void)
{
    start(end_quietly, 0);
    syscall(SYS_exit, 14);
}

static void dies_of_a_fault(void)
{
    start(sleep_long, 0);
    start(fault, 0);
    sleep(1000);
}

static void killed_by_another(void)
{
    start(wait_forever, 0);
    kill(getpid(), SIGKILL);
    sleep(1000);
}

static char *program;

static void *execute(void *argument)
{
    char *words[] = {program, "--identity", argument, NULL};
    sleep_ms(10);
    execv(program, words);
    _exit(98);
}

/* exec from a thread that does not lead: it has the process's number afterwards. */
static void executes(void)
{
    char number[16];
    pthread_t thread;
    snprintf(number, sizeof number, "%d", getpid());
    start(sleep_long, 0);
    pthread_create(&thread, NULL, execute, number);
    pthread_join(thread, NULL);
    _exit(97);
}

/* The same when the first thread has ended before. */
static void executes_alone(void)
{
    static char number[16];
    snprintf(number, sizeof number, "%d", getpid());
    start(execute, (long)number);
    syscall(SYS_exit, 1);
}

static void ends(void)
{
    static const struct {
        const char *what;
        void (*body)(void);
        int status;
    } cases[] = {
        {"exit_group with others waiting", exits_with_others, 11 << 8},
        {"exit_group by another", other_exits, 12 << 8},
        {"the leader ends first", leader_ends_first, 13 << 8},
        {"all threads end", all_end, 78 << 8},
        {"a fault of one", dies_of_a_fault, SIGSEGV},
        {"SIGKILL", killed_by_another, SIGKILL},
        {"exec by another", executes, 15 << 8},
        {"exec by the last", executes_alone, 15 << 8},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int status = -1;
        fflush(stdout);
        pid_t child = fork();
        if (!child) {
            cases[i].body();
            _exit(96);
        }
        waitpid(child, &status, 0);
        expect(cases[i].what, status & 0xff7f, cases[i].status); /* without the core's bit */
    }
}

/* ---- Numbers ---- */

static void *tell_number(void *argument)
{
    (void)argument;
    return (void *)syscall(SYS_gettid);
}

static void numbers(void)
{
    pthread_t thread;
    void *tid;
    pthread_create(&thread, NULL, tell_number, NULL);
    pthread_join(thread, &tid);
    expect_true("a tid of its own", (long)tid > 0 && (long)tid != getpid());
    expect("the leader's", syscall(SYS_gettid), getpid());
    for (int i = 0; i < 1000 && !CALL(SYS_tgkill, getpid(), (long)tid, 0); i++)
        sleep_ms(1); /* joined is not yet gone */
    expect("nobody's now", CALL(SYS_tgkill, getpid(), (long)tid, 0), -ESRCH);
    expect("threads need shared handlers", CALL(SYS_clone, CLONE_THREAD, NULL, NULL, 0, NULL),
           -EINVAL);
    expect("shared handlers need shared memory",
           CALL(SYS_clone, CLONE_SIGHAND | SIGCHLD, NULL, NULL, 0, NULL), -EINVAL);
    expect("namespaces and directories",
           CALL(SYS_clone, CLONE_NEWNS | CLONE_FS | SIGCHLD, NULL, NULL, 0, NULL), -EINVAL);
}

int main(int argc, char **argv)
{
    if (argc > 2 && !strcmp(argv[1], "--identity"))
        return getpid() == atoi(argv[2]) && syscall(SYS_gettid) == getpid() ? 15 : 95;
    setvbuf(stdout, NULL, _IOLBF, 0);
    program = argv[0];
    many();
    in_turn();
    without_join();
    robust();
    ends();
    numbers();
    return checks_end("threads");
}
