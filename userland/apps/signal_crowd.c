/*
 * signal_crowd: many signals, to groups and to threads, compared with what Linux does. Status 0 when there
 * is no difference. Runs on Linux unchanged.
 */
#define _GNU_SOURCE
#include "children.h"
#include <pthread.h>
#include <sched.h>

static void in_spin(void)
{
    ready();
    for (;;)
        __asm__ volatile("" ::: "memory");
}

static volatile int others;

static void count_other(int signal)
{
    (void)signal;
    others++;
}

static volatile int taken, last_value, out_of_order;

static void take(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)context;
    taken++;
    out_of_order += info->si_value.sival_int != last_value + 1;
    last_value = info->si_value.sival_int;
}

static void storm(void)
{
    struct sigaction action = {.sa_sigaction = take, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigaction(SIGRTMIN, &action, NULL);
    signal(SIGUSR2, count_other);
    pid_t pid = fork();
    if (pid == 0) {
        union sigval value;
        for (int i = 1; i <= 1000; i++) {
            value.sival_int = i;
            while (sigqueue(getppid(), SIGRTMIN, value) && errno == EAGAIN)
                sched_yield();
            kill(getppid(), SIGUSR2);
        }
        _exit(24);
    }
    expect("the sender's end", WEXITSTATUS(status_of(pid, 0)), 24);
    expect("all arrived", taken, 1000);
    expect("in order", out_of_order, 0);
    expect_true("others too", others > 0 && others <= 1000);
}

static void groups(void)
{
    pid_t leader = start(in_spin), second = start(in_spin);
    expect("setpgid", setpgid(leader, leader), 0);
    expect("setpgid", setpgid(second, leader), 0);
    expect("kill group", kill(-leader, SIGHUP), 0);
    expect("both", WTERMSIG(status_of(leader, 0)), SIGHUP);
    expect("die", WTERMSIG(status_of(second, 0)), SIGHUP);
    expect("no group", kill(-leader, SIGHUP) ? errno : 0, ESRCH);
}

/* ---- Threads ---- */

static volatile pid_t handled_by;
static volatile uint32_t go;

static void note_thread(int signal)
{
    (void)signal;
    handled_by = gettid();
}

static void *open_thread(void *tid)
{
    mask(SIG_UNBLOCK, BIT(SIGUSR2));
    *(volatile pid_t *)tid = gettid();
    while (!go)
        sched_yield();
    return NULL;
}

static void *waiting_thread(void *set)
{
    return (void *)await(*(uint64_t *)set, NULL);
}

static void threads(void)
{
    pthread_t thread;
    volatile pid_t tid = 0;
    uint64_t set = BIT(SIGRTMIN + 1);
    void *result;
    signal(SIGUSR2, note_thread);
    mask(SIG_BLOCK, BIT(SIGUSR2) | set);
    pthread_create(&thread, NULL, open_thread, (void *)&tid);
    while (!tid)
        sched_yield();
    kill(getpid(), SIGUSR2);
    while (!handled_by)
        sched_yield();
    expect("who does not block it", handled_by, tid);
    handled_by = 0;
    CALL(SYS_tgkill, getpid(), tid, SIGUSR2);
    while (!handled_by)
        sched_yield();
    expect("tgkill", handled_by, tid);
    go = 1;
    pthread_join(thread, NULL);
    pthread_create(&thread, NULL, waiting_thread, &set);
    pass(5 * MS);
    kill(getpid(), SIGRTMIN + 1);
    pthread_join(thread, &result);
    expect("sigwait in a thread", (long)result, SIGRTMIN + 1);
    mask(SIG_UNBLOCK, BIT(SIGUSR2) | set);
}

static volatile int *volatile nowhere = (volatile int *)8;

static void *crash(void *unused)
{
    *nowhere = 1;
    return unused;
}

static void in_crash(void)
{
    pthread_t thread;
    ready();
    pthread_create(&thread, NULL, crash, NULL);
    pass(1000 * SECOND);
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    leave_init();
    mask(SIG_BLOCK, BIT(SIGUSR1));
    storm();
    groups();
    threads();
    expect("a thread's fault ends all", WTERMSIG(status_of(start(in_crash), 0)), SIGSEGV);
    return checks_end("signal_crowd");
}
