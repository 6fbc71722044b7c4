/*
 * turmoil --seed N --rounds N: workers that fork, execute, make threads, wait for each other and
 * end, each killed at some random moment. Status 0 when in the end nobody is left. Runs on Linux
 * unchanged.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORKERS 8
#define PAGES   64

static uint64_t state;
static char *program;

static unsigned chance(unsigned below)
{
    state = state * 6364136223846793005UL + 1442695040888963407UL;
    return (unsigned)(state >> 33) % below;
}

static void doze(long microseconds)
{
    struct timespec time = {0, microseconds * 1000};
    nanosleep(&time, NULL);
}

/* ---- What workers do ---- */

static void *touch(void *argument)
{
    char *area = malloc(PAGES * 4096);
    for (int i = 0; area && i < PAGES; i++)
        area[i * 4096] = (char)i;
    free(area);
    return argument;
}

static void *wait_for_nothing(void *argument)
{
    static uint32_t word;
    struct timespec time = {0, 2000000};
    syscall(SYS_futex, &word, 0 /* FUTEX_WAIT */, 0, &time, NULL, 0);
    return argument;
}

static void *replace(void *argument)
{
    char number[20], *words[] = {program, "--leaf", number, NULL};
    snprintf(number, sizeof number, "%u", chance(100));
    execv(program, words);
    return argument;
}

static void threads(void)
{
    static void *(*const bodies[])(void *) = {touch, wait_for_nothing};
    pthread_t made[4];
    unsigned count = 0;
    while (count < 4 && !pthread_create(&made[count], NULL, bodies[chance(2)], NULL))
        count++;
    if (chance(4) == 0)
        _exit(1); /* while they run */
    while (count)
        pthread_join(made[--count], NULL);
}

static void child(void (*body)(void))
{
    pid_t made = fork();
    if (!made) {
        state ^= (uint64_t)getpid() << 7;
        body();
        _exit(0);
    }
    if (made < 0)
        doze(1000);
    else if (chance(3))
        waitpid(made, NULL, chance(2) ? WNOHANG : 0);
}

static void fill(void)
{
    touch(NULL);
}

static void execute(void)
{
    replace(NULL);
}

static void execute_from_thread(void)
{
    pthread_t thread;
    if (!pthread_create(&thread, NULL, replace, NULL))
        pthread_join(thread, NULL);
}

static void vforked(void)
{
    char *words[] = {program, "--leaf", "3", NULL};
    pid_t made = vfork();
    if (!made) {
        execv(program, words);
        _exit(1);
    }
    if (made > 0 && chance(2))
        waitpid(made, NULL, 0);
}

static void generations(void)
{
    for (int i = 0; i < 5; i++)
        if (fork())
            break;
    doze(chance(2000));
}

static void stop_and_go(void)
{
    pid_t made = fork();
    if (!made)
        for (;;)
            pause();
    kill(made, SIGSTOP);
    waitpid(made, NULL, WUNTRACED);
    kill(made, chance(2) ? SIGCONT : SIGKILL);
    kill(made, SIGKILL);
    waitpid(made, NULL, 0);
}

static void session(void)
{
    setsid();
    child(fill);
}

static void reap(void)
{
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
}

static void work(void)
{
    static void (*const bodies[])(void) = {fill,    threads,     execute,     execute_from_thread,
                                           vforked, generations, stop_and_go, session};
    for (;;) {
        child(bodies[chance(sizeof bodies / sizeof *bodies)]);
        reap();
    }
}

/* ---- The one who kills ---- */

static pid_t begin_worker(void)
{
    pid_t worker = fork();
    if (!worker) {
        state += (uint64_t)getpid() << 20;
        work();
    }
    return worker;
}

/* All that descended from the workers comes here, and ends. */
static int end_all(void)
{
    struct timespec begin, now;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (;;) {
        int status;
        pid_t ended = waitpid(-1, &status, WNOHANG);
        if (ended < 0)
            return errno == ECHILD ? 0 : 1;
        if (ended)
            continue;
        kill(-1, SIGKILL); /* not this process itself, nor the first */
        doze(1000);
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (now.tv_sec - begin.tv_sec > 20)
            return 2;
    }
}

static int turmoil(unsigned rounds)
{
    pid_t workers[WORKERS] = {0};
    unsigned killed = 0;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    for (unsigned i = 0; i < WORKERS; i++)
        workers[i] = begin_worker();
    for (unsigned i = 0; i < rounds; i++) {
        unsigned which = chance(WORKERS);
        doze(chance(4000));
        if (workers[which] > 0) {
            kill(workers[which], SIGKILL);
            waitpid(workers[which], NULL, 0);
            killed++;
        }
        reap();
        workers[which] = begin_worker();
        if (workers[which] < 0)
            doze(10000);
    }
    int left = end_all();
    printf("turmoil: %u workers killed, %s\n", killed,
           left ? "somebody is left" : "nobody is left");
    return left;
}

int main(int argc, char **argv)
{
    unsigned rounds = 100;
    uint64_t seed = 1;
    program = argv[0];
    for (int i = 1; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--leaf"))
            return doze(10 * atol(argv[i + 1])), 0;
        if (!strcmp(argv[i], "--seed"))
            seed = strtoull(argv[i + 1], NULL, 0);
        if (!strcmp(argv[i], "--rounds"))
            rounds = (unsigned)atoi(argv[i + 1]);
    }
    state = seed;
    chance(2);
    pid_t all = fork();
    if (!all)
        return turmoil(rounds);
    int status = 1;
    pid_t ended;
    while ((ended = wait(&status)) != all && ended > 0)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
