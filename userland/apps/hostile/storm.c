/*
 * storm.c: floods: of signals, of processes.
 */
#define _GNU_SOURCE
#include "hostile.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t heard;

static void hear(int signal)
{
    (void)signal;
    heard++;
}

int storm(unsigned count)
{
    int ready[2], status;
    char byte;
    if (pipe(ready))
        return 2;
    pid_t child = fork();
    if (child == 0) {
        struct sigaction action = {.sa_handler = hear};
        sigaction(SIGUSR1, &action, NULL);
        sigaction(SIGUSR2, &action, NULL);
        if (write(ready[1], "r", 1) != 1)
            _exit(2);
        for (;;)
            pause();
    }
    if (child < 0 || read(ready[0], &byte, 1) != 1)
        return 2;
    for (unsigned i = 0; i < count; i++)
        if (kill(child, i % 2 ? SIGUSR1 : SIGUSR2))
            return 1;
    int alive = kill(child, 0) == 0 && waitpid(child, &status, WNOHANG) == 0;
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    printf("hostile: %u signals, and the process %s\n", count, alive ? "lives" : "is gone");
    return !alive;
}

int bomb(void)
{
    setpgid(0, 0);
    signal(SIGTERM, SIG_IGN);
    unsigned failed = 0;
    pid_t first = getpid();
    while (failed < 100) {
        pid_t pid = fork();
        if (pid < 0) {
            failed++;
            usleep(1000);
        }
    }
    if (getpid() != first)
        for (;;)
            pause();
    printf("hostile: no more processes can be had\n");
    fflush(stdout);
    kill(0, SIGKILL);
    return 1;
}
