/*
 * children.h: for programs that send signals to their children: starting one and hearing that it is
 * ready, by SIGUSR1, which must be blocked.
 */
#pragma once
#include "check.h"
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#define SECOND      1000000000L
#define MS          1000000L
#define BIT(signal) (1UL << ((signal)-1))

static inline long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * SECOND + time.tv_nsec;
}

static inline void pass(long nanoseconds)
{
    struct timespec wait = {nanoseconds / SECOND, nanoseconds % SECOND};
    while (nanosleep(&wait, &wait) && errno == EINTR)
        continue;
}

static inline void mask(int how, uint64_t set)
{
    CALL(SYS_rt_sigprocmask, how, &set, NULL, 8);
}

/* Waits for a signal that is blocked: its number, or a negated errno. */
static inline long await(uint64_t set, siginfo_t *info)
{
    struct timespec limit = {20, 0};
    return CALL(SYS_rt_sigtimedwait, &set, info, &limit, 8);
}

/* The child tells that it is as far as it wants to be. */
static inline void ready(void)
{
    kill(getppid(), SIGUSR1);
}

static inline pid_t start(void (*child)(void))
{
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGCHLD, SIG_DFL);
        mask(SIG_SETMASK, 0);
        child(); /* calls ready() once */
        _exit(0);
    }
    expect("the child is ready", await(BIT(SIGUSR1), NULL), SIGUSR1);
    return pid;
}

static inline int status_of(pid_t pid, int options)
{
    int status = -1;
    pid_t got;
    while ((got = waitpid(pid, &status, options)) < 0 && errno == EINTR)
        continue;
    expect("waitpid", got, pid);
    return status;
}

/* The program goes on in a child of its own: PID 1 is not like others, nobody could continue its
 * children. */
static inline void leave_init(void)
{
    int status;
    pid_t pid = fork();
    if (pid == 0)
        return;
    waitpid(pid, &status, 0);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 99);
}
