/* talk.c of lbench: processes and threads that wait for each other. */
#define _GNU_SOURCE
#include "lbench.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK_PAGES 32

static void *nothing(void *argument)
{
    return argument;
}

/* On a stack that stays, so that making and removing its mapping is not counted (some
   libraries keep stacks of their own accord, some do not). */
static int64_t create_join(unsigned rounds)
{
    char *stack = map(STACK_PAGES);
    pthread_attr_t attributes;
    uint64_t begin, taken;

    if (!stack)
        return -errno;
    pthread_attr_init(&attributes);
    pthread_attr_setstack(&attributes, stack, STACK_PAGES * PAGE);
    begin = now();

    for (unsigned i = 0; i < rounds; i++) {
        pthread_t thread;
        int error = pthread_create(&thread, &attributes, nothing, NULL);

        if (error)
            return -error;
        pthread_join(thread, NULL);
    }
    taken = now() - begin;
    unmap(stack, STACK_PAGES);
    return (int64_t)taken;
}

/* Returns each byte that comes; ends at the end of input. */
static void echo(int in, int out)
{
    char byte;

    while (read(in, &byte, 1) == 1)
        if (write(out, &byte, 1) != 1)
            _exit(1);
    _exit(0);
}

static int64_t pipe_round_trip(unsigned rounds)
{
    int there[2], back[2], lost = 0;
    uint64_t begin, taken;
    char byte = 1;
    pid_t child;

    if (pipe(there) || pipe(back))
        return -errno;
    child = fork();
    if (child < 0)
        return -errno;
    if (!child) {
        close(there[1]);
        echo(there[0], back[1]);
    }
    close(there[0]);
    close(back[1]);
    begin = now();
    for (unsigned i = 0; i < rounds; i++)
        if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
            lost = 1;
    taken = now() - begin;
    close(there[1]);
    close(back[0]);
    waitpid(child, NULL, 0);
    return lost ? -EIO : (int64_t)taken;
}

static _Atomic uint32_t ball; /* even: the first thread's; odd: the second's; ~0: the end */

static void give(uint32_t value)
{
    ball = value;
    syscall(SYS_futex, &ball, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* Waits until the word is no longer `value`. */
static void wait_while(uint32_t value)
{
    while (ball == value)
        syscall(SYS_futex, &ball, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void *second_player(void *argument)
{
    for (uint32_t turn = 0;; turn += 2) {
        wait_while(turn);
        if (ball == UINT32_MAX)
            return argument;
        give(turn + 2);
    }
}

static int64_t futex_round_trip(unsigned rounds)
{
    uint64_t begin, taken;
    pthread_t thread;
    int error;

    ball = 0;
    error = pthread_create(&thread, NULL, second_player, NULL);
    if (error)
        return -error;
    begin = now();
    for (uint32_t i = 0; i < rounds; i++) {
        give(2 * i + 1);
        wait_while(2 * i + 1);
    }
    taken = now() - begin;
    give(UINT32_MAX);
    pthread_join(thread, NULL);
    return (int64_t)taken;
}

/* What two processes see of each other: who ran last, and how often that changed. */
struct turns {
    _Atomic int last, changes, stop;
};

#define ATTEMPTS 1000 /* yields for one switch, before it is taken for never */

static void yield_as(struct turns *turns, int self)
{
    sched_yield();
    if (turns->last != self) {
        turns->last = self;
        turns->changes++;
    }
}

/* Two processes that do nothing but give way; a round is one switch between them. */
static int64_t yield(unsigned rounds)
{
    struct turns *turns =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint64_t begin = 0, attempts = 0, taken;
    pid_t child;

    if (turns == MAP_FAILED || sched_yield())
        return -errno;
    child = fork();
    if (child < 0)
        return -errno;
    if (!child) {
        while (!turns->stop)
            yield_as(turns, 1);
        _exit(0);
    }
    while (turns->changes < 4 && attempts++ < ATTEMPTS * rounds) /* until both run */
        yield_as(turns, 2);
    turns->changes = 0;
    begin = now();
    while (turns->changes < (int)rounds && attempts++ < ATTEMPTS * rounds)
        yield_as(turns, 2);
    taken = (now() - begin) * rounds / (turns->changes ? (uint64_t)turns->changes : 1);
    if (turns->changes < (int)rounds)
        taken = (uint64_t)-ETIME;
    turns->stop = 1;
    waitpid(child, NULL, 0);
    unmap(turns, 1);
    return (int64_t)taken;
}

const struct row talk_rows[] = {
    {"linux_thread_create_join", create_join, 50},
    {"linux_pipe_round_trip", pipe_round_trip, 100},
    {"linux_futex_round_trip", futex_round_trip, 100},
    {"linux_yield_switch", yield, 400},
    {NULL, NULL, 0},
};
