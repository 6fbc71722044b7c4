/*
 * futexes: futex(2) with every operation, compared with what Linux does. Status 0 when there is no
 * difference. Runs on Linux unchanged.
 */
#define _GNU_SOURCE
#include "check.h"
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#define PAGE    4096
#define WAITERS 10

static uint32_t word, other;

static long futex(uint32_t *at, int operation, uint32_t value, const void *timeout,
                  uint32_t *second, uint32_t third)
{
    return CALL(SYS_futex, at, operation, value, timeout, second, third);
}

static int64_t now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static struct timespec at(int64_t nanoseconds)
{
    return (struct timespec){nanoseconds / 1000000000, nanoseconds % 1000000000};
}

/* ---- Errors ---- */

static void errors(void)
{
    const struct timespec none = {0, 0}, wrong = {0, 1000000000}, negative = {-1, 0};
    uint32_t *odd = (uint32_t *)((char *)&word + 1);
    word = 1;
    expect("another value", futex(&word, FUTEX_WAIT, 2, NULL, NULL, 0), -EAGAIN);
    expect("no time", futex(&word, FUTEX_WAIT, 1, &none, NULL, 0), -ETIMEDOUT);
    expect("another value, no time", futex(&word, FUTEX_WAIT, 2, &none, NULL, 0), -EAGAIN);
    expect("bad time", futex(&word, FUTEX_WAIT, 1, &wrong, NULL, 0), -EINVAL);
    expect("before all time", futex(&word, FUTEX_WAIT, 1, &negative, NULL, 0), -EINVAL);
    expect("no address of a time", futex(&word, FUTEX_WAIT, 1, (void *)16, NULL, 0), -EFAULT);
    expect("odd address", futex(odd, FUTEX_WAIT, 1, NULL, NULL, 0), -EINVAL);
    expect("odd address, wake", futex(odd, FUTEX_WAKE, 1, NULL, NULL, 0), -EINVAL);
    expect("no page", futex((uint32_t *)16, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0), -EFAULT);
    expect("no page, shared", futex((uint32_t *)16, FUTEX_WAIT, 1, NULL, NULL, 0), -EFAULT);
    expect("no page, wake shared", futex((uint32_t *)16, FUTEX_WAKE, 1, NULL, NULL, 0), -EFAULT);
    expect("no page, wake", futex((uint32_t *)16, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 0);
    expect("kernel address", futex((uint32_t *)-4096L, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0),
           -EFAULT);
    expect("no bits", futex(&word, FUTEX_WAIT_BITSET, 1, NULL, NULL, 0), -EINVAL);
    expect("no bits to wake", futex(&word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0), -EINVAL);
    expect("no such operation", futex(&word, 99, 1, NULL, NULL, 0), -ENOSYS);
    expect("wake with a clock", futex(&word, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, 0),
           -ENOSYS);
    expect("nobody to wake", futex(&word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0), 0);
    expect("negative wake", futex(&word, FUTEX_REQUEUE, -1, (void *)1L, &other, 0), -EINVAL);
    expect("negative requeue", futex(&word, FUTEX_REQUEUE, 1, (void *)-1L, &other, 0), -EINVAL);
    expect("requeue, another value", futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)1L, &other, 2),
           -EAGAIN);
}

/* ---- Time ---- */

static void times_out(const char *what, int operation, const struct timespec *time, int64_t least)
{
    int64_t begin = now(CLOCK_MONOTONIC);
    word = 1;
    expect(what, futex(&word, operation, 1, time, NULL, FUTEX_BITSET_MATCH_ANY), -ETIMEDOUT);
    int64_t taken = now(CLOCK_MONOTONIC) - begin;
    expect_true("… not too early", taken >= least);
    expect_true("… nor too late", taken < least + 1000000000);
}

static void time_outs(void)
{
    struct timespec time = at(30000000);
    times_out("relative", FUTEX_WAIT_PRIVATE, &time, 30000000);
    time = at(now(CLOCK_MONOTONIC) + 30000000);
    times_out("until", FUTEX_WAIT_BITSET, &time, 25000000);
    time = at(now(CLOCK_REALTIME) + 30000000);
    times_out("until a time of day", FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, &time, 25000000);
    time = at(1);
    times_out("long ago", FUTEX_WAIT_BITSET, &time, 0);
    times_out("long ago, time of day", FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, &time, 0);
}

/* ---- Waiting and waking ---- */

static volatile int ready;

struct job {
    uint32_t *at, mask;
    int operation;
    long result;
};

static void *wait_on(void *argument)
{
    struct job *job = argument;
    __atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
    job->result = futex(job->at, job->operation, 0, NULL, NULL, job->mask);
    __atomic_sub_fetch(&ready, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

/* Until `count` threads have begun to wait (which is after they were counted). */
static void settle(int count)
{
    for (int i = 0; i < 2000 && ready != count; i++)
        usleep(500);
    usleep(20000);
}

static void start(pthread_t *threads, struct job *jobs, unsigned count, int operation)
{
    word = other = 0;
    ready = 0;
    for (unsigned i = 0; i < count; i++) {
        jobs[i] = (struct job){&word, 1U << i, operation, -1};
        pthread_create(&threads[i], NULL, wait_on, &jobs[i]);
    }
    settle((int)count);
}

static void end(pthread_t *threads, struct job *jobs, unsigned count)
{
    long wrong = 0;
    for (unsigned i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
        wrong += jobs[i].result != 0;
    }
    expect("all were woken", wrong, 0);
}

static void wakes(void)
{
    pthread_t threads[WAITERS];
    struct job jobs[WAITERS];
    start(threads, jobs, WAITERS, FUTEX_WAIT_PRIVATE);
    expect("one", futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 1);
    expect("none asked, one woken", futex(&word, FUTEX_WAKE_PRIVATE, 0, NULL, NULL, 0), 1);
    expect("three", futex(&word, FUTEX_WAKE_PRIVATE, 3, NULL, NULL, 0), 3);
    expect("not the shared ones", futex(&word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0), 0);
    expect("the rest", futex(&word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0), WAITERS - 5);
    end(threads, jobs, WAITERS);
    start(threads, jobs, 4, FUTEX_WAIT_BITSET);
    expect("bit 2", futex(&word, FUTEX_WAKE_BITSET, INT_MAX, NULL, NULL, 4), 1);
    expect("bits 0 and 3", futex(&word, FUTEX_WAKE_BITSET, INT_MAX, NULL, NULL, 9), 2);
    expect("nobody has these", futex(&word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0xf0), 0);
    expect("any", futex(&word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0), 1);
    end(threads, jobs, 4);
}

static void requeues(void)
{
    pthread_t threads[WAITERS];
    struct job jobs[WAITERS];
    start(threads, jobs, WAITERS, FUTEX_WAIT);
    expect("two woken, three moved", futex(&word, FUTEX_CMP_REQUEUE, 2, (void *)3L, &other, 0), 5);
    expect("on the first", futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
    expect("on the second", futex(&other, FUTEX_WAKE, INT_MAX, NULL, NULL, 0), 3);
    expect("all moved", futex(&word, FUTEX_REQUEUE, 0, (void *)(long)INT_MAX, &other, 0), 4);
    expect("none left", futex(&word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0), 0);
    expect("to itself", futex(&other, FUTEX_REQUEUE, 1, (void *)(long)INT_MAX, &other, 0), 4);
    expect("the rest", futex(&other, FUTEX_WAKE, INT_MAX, NULL, NULL, 0), 3);
    end(threads, jobs, WAITERS);
}

/* ---- FUTEX_WAKE_OP ---- */

static void operation(const char *what, uint32_t before, unsigned how, int operand,
                      unsigned compare, int with, uint32_t after, int both)
{
    pthread_t thread;
    struct job job = {&other, ~0U, FUTEX_WAIT_BITSET, -1};
    ready = 0;
    word = other = 0;
    pthread_create(&thread, NULL, wait_on, &job);
    settle(1);
    other = before;
    expect(
        what,
        futex(&word, FUTEX_WAKE_OP, 1, (void *)1L, &other, FUTEX_OP(how, operand, compare, with)),
        both);
    expect("… the word", other, after);
    futex(&other, FUTEX_WAKE, 1, NULL, NULL, 0);
    pthread_join(thread, NULL);
}

static void operations(void)
{
    operation("set", 5, FUTEX_OP_SET, 9, FUTEX_OP_CMP_EQ, 5, 9, 1);
    operation("add", 5, FUTEX_OP_ADD, -2, FUTEX_OP_CMP_NE, 5, 3, 0);
    operation("or", 5, FUTEX_OP_OR, 8, FUTEX_OP_CMP_LT, 6, 13, 1);
    operation("and not", 5, FUTEX_OP_ANDN, 4, FUTEX_OP_CMP_LE, 5, 1, 1);
    operation("xor", 5, FUTEX_OP_XOR, 1, FUTEX_OP_CMP_GT, 5, 4, 0);
    operation("set a bit", 5, FUTEX_OP_OR | FUTEX_OP_OPARG_SHIFT, 4, FUTEX_OP_CMP_GE, 5, 21, 1);
    operation("signed", (uint32_t)-1, FUTEX_OP_ADD, 0, FUTEX_OP_CMP_LT, 0, (uint32_t)-1, 1);
    word = other = 0;
    expect("no such change", futex(&word, FUTEX_WAKE_OP, 1, NULL, &other, 5U << 28), -ENOSYS);
    expect("no page", futex(&word, FUTEX_WAKE_OP, 1, NULL, (uint32_t *)16, 0), -EFAULT);
}

/* ---- Between processes ---- */

static void shared_memory(void)
{
    uint32_t *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t child = fork();
    int status = -1;
    if (!child) {
        long result = 0;
        while (!shared[0])
            result = futex(&shared[0], FUTEX_WAIT, 0, NULL, NULL, 0);
        _exit(result == 0 ? 3 : 4);
    }
    usleep(30000);
    shared[0] = 1;
    expect("wake the other process", futex(&shared[0], FUTEX_WAKE, 1, NULL, NULL, 0), 1);
    waitpid(child, &status, 0);
    expect("it was woken", status, 3 << 8);
    /* What fork copies is not shared. */
    if (!(child = fork())) {
        struct timespec time = at(100000000);
        word = 0;
        _exit(futex(&word, FUTEX_WAIT, 0, &time, NULL, 0) == -ETIMEDOUT ? 5 : 6);
    }
    usleep(30000);
    expect("nobody in this process", futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
    waitpid(child, &status, 0);
    expect("it was not woken", status, 5 << 8);
    munmap(shared, PAGE);
}

/* ---- Signals ---- */

static void on_signal(int signal)
{
    (void)signal;
}

static void *interrupted(void *argument)
{
    struct job *job = argument;
    struct timespec time = at(5000000000);
    ready = 1;
    job->result = futex(job->at, job->operation, 0, &time, NULL, job->mask);
    return NULL;
}

static void signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    struct job job = {&word, ~0U, FUTEX_WAIT, 0};
    pthread_t thread;
    sigaction(SIGUSR1, &action, NULL);
    word = 0;
    ready = 0;
    pthread_create(&thread, NULL, interrupted, &job);
    settle(1);
    pthread_kill(thread, SIGUSR1);
    pthread_join(thread, NULL);
    expect("a wait with a time ends by a signal", job.result, -EINTR);
    start(&thread, &job, 1, FUTEX_WAIT);
    pthread_kill(thread, SIGUSR1);
    usleep(20000);
    expect("one without goes on", futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
    end(&thread, &job, 1);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    errors();
    time_outs();
    wakes();
    requeues();
    operations();
    shared_memory();
    signals();
    return checks_end("futexes");
}
