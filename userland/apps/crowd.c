/*
 * crowd: how many processes there can be. A child starts others, which sleep, until it is refused
 * one or dies itself for want of memory; whoever is there is ended, and all is done once more: the
 * second crowd must be about as large as the first, or something was lost. As process 1 it buries
 * them all. Being refused is ENOMEM or EAGAIN, as fork(2) says.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 2

static _Noreturn void sleep_forever(void)
{
    for (;;)
        sleep(1000);
}

/* In the first child: a process group that grows as long as it may. */
static _Noreturn void gather(void)
{
    setpgid(0, 0);
    for (;;) {
        pid_t child = fork();
        if (child == 0)
            sleep_forever();
        if (child < 0)
            _exit(errno == ENOMEM || errno == EAGAIN ? 0 : 1);
    }
}

/* Processes that there were at once. -1: fork failed in another way. */
static long crowd(void)
{
    int status;
    long count = 1;
    pid_t first = fork();
    if (first == 0)
        gather();
    if (first < 0 || waitpid(first, &status, 0) != first)
        return -1;
    if (WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status) != SIGKILL)
        return -1;
    kill(-first, SIGKILL);
    while (wait(NULL) > 0)
        count++;
    return count;
}

int main(void)
{
    long seen[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        if ((seen[round] = crowd()) < 0)
            return 2;
        printf("%ld processes\n", seen[round]);
    }
    return labs(seen[1] - seen[0]) * 50 <= seen[0] ? 0 : 1;
}
