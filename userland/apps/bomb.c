/*
 * bomb SIZE: processes that fork without end, in a memory quota of SIZE ("64M", /proc/self/pool),
 * while this one, outside, goes on forking and waiting for what it forks; then it kills them all.
 * Status 0 when it never failed and nobody is left. Not for Linux, which has no such file.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECONDS 3

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void explode(void)
{
    for (;;)
        fork();
}

/* In a group and a quota of its own. */
static pid_t begin(const char *size)
{
    pid_t bomb = fork();
    if (bomb)
        return bomb;
    setpgid(0, 0);
    int file = open("/proc/self/pool", O_WRONLY);
    if (file < 0 || write(file, size, strlen(size)) < 0)
        _exit(1);
    close(file);
    explode();
    return 0;
}

/* One child from begin to end; the seconds it took, or -1. */
static double fork_and_wait(void)
{
    double begin = now();
    int status;
    pid_t child = fork();
    if (!child)
        _exit(42);
    if (child < 0 || waitpid(child, &status, 0) != child || status != 42 << 8)
        return -1;
    return now() - begin;
}

int main(int argc, char **argv)
{
    struct sysinfo before, during;
    unsigned done = 0, failed = 0;
    double slowest = 0, end = now() + SECONDS;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    sysinfo(&before);
    pid_t bomb = begin(argc > 1 ? argv[1] : "64M");
    while (now() < end) {
        double taken = fork_and_wait();
        done++;
        failed += taken < 0;
        slowest = taken > slowest ? taken : slowest;
    }
    sysinfo(&during);
    if (kill(-bomb, SIGKILL))
        failed++;
    while (waitpid(-1, NULL, 0) > 0)
        ;
    printf("bomb: %d processes inside, %u forked outside, %u failed, the slowest took %.0f ms\n",
           during.procs - before.procs, done, failed, slowest * 1000);
    return failed || errno != ECHILD || kill(-bomb, 0) != -1;
}
