/*
 * jobs: what becomes of processes by signals: death in every wait, stopping and going on, what a
 * parent hears, compared with what Linux does. Status 0 when there is no difference. Runs on Linux
 * unchanged.
 */
#define _GNU_SOURCE
#include "children.h"
#include <linux/futex.h>
#include <pthread.h>
#include <sys/time.h>

/* ---- Death in every wait ---- */

static void in_sigsuspend(void)
{
    uint64_t none = 0;
    ready();
    CALL(SYS_rt_sigsuspend, &none, 8);
}

static void in_sleep(void)
{
    ready();
    pass(1000 * SECOND);
}

static void in_sigtimedwait(void)
{
    ready();
    await(BIT(SIGUSR2), NULL);
}

static void in_futex(void)
{
    static uint32_t word;
    ready();
    CALL(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0);
}

static void in_spin(void)
{
    ready();
    for (;;)
        __asm__ volatile("" ::: "memory");
}

static void in_calls(void)
{
    ready();
    for (;;)
        CALL(SYS_getppid);
}

static void in_wait(void)
{
    pid_t below = fork();
    if (below == 0) {
        pass(2 * SECOND);
        _exit(0);
    }
    ready();
    waitpid(below, NULL, 0);
}

static void in_faults(void)
{
    ready();
    for (;;) {
        volatile char *page = (volatile char *)CALL(SYS_mmap, 0, 4096, 3, 0x22, -1, 0);
        page[0] = 1;
        CALL(SYS_munmap, page, 4096);
    }
}

static void *sleep_as_thread(void *unused)
{
    pass(1000 * SECOND);
    return unused;
}

static void in_threads(void)
{
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, sleep_as_thread, NULL);
    ready();
    pthread_join(threads[0], NULL);
}

static void in_stop(void)
{
    ready();
    raise(SIGSTOP);
}

static void in_handler(void)
{
    signal(SIGUSR2, (void (*)(int))in_spin);
    raise(SIGUSR2);
}

static void deaths(void)
{
    static void (*const waits[])(void) = {in_sigsuspend, in_sleep, in_sigtimedwait, in_futex,
                                          in_spin,       in_calls, in_wait,         in_faults,
                                          in_threads,    in_stop,  in_handler};
    const int signals[] = {SIGKILL, SIGTERM, SIGRTMAX};
    for (unsigned i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        for (unsigned k = 0; k < 3; k++) {
            pid_t pid = start(waits[i]);
            long begin = now();
            if (k == 1)
                pass(2 * MS); /* surely there */
            expect("kill", kill(pid, signals[k]), 0);
            if (waits[i] == in_stop && k)
                kill(pid, SIGCONT);
            int status = status_of(pid, 0);
            expect_true("killed", WIFSIGNALED(status) && !WCOREDUMP(status));
            expect("by that signal", WTERMSIG(status), signals[k]);
            expect_true("at once", now() - begin < SECOND);
        }
    }
}

/* ---- Stopping ---- */

static long cpu_time(pid_t pid)
{
    clockid_t clock;
    struct timespec time = {0, 0};
    clock_getcpuclockid(pid, &clock);
    clock_gettime(clock, &time);
    return time.tv_sec * SECOND + time.tv_nsec;
}

static void stopping(void)
{
    pid_t pid = start(in_spin);
    pass(20 * MS);
    expect_true("it runs", cpu_time(pid) > 0);
    for (int i = 0; i < 3; i++) {
        kill(pid, SIGSTOP);
        int status = status_of(pid, WUNTRACED);
        expect_true("stopped", WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
        long used = cpu_time(pid);
        pass(20 * MS);
        expect("stands still", cpu_time(pid), used);
        expect("told once", waitpid(pid, &status, WUNTRACED | WNOHANG), 0);
        kill(pid, SIGCONT);
        status = status_of(pid, WCONTINUED);
        expect_true("went on", WIFCONTINUED(status));
        pass(20 * MS);
        expect_true("runs again", cpu_time(pid) > used);
        expect("told once", waitpid(pid, &status, WUNTRACED | WCONTINUED | WNOHANG), 0);
    }
    setpgid(pid, pid); /* whose group could be continued by its parent */
    kill(pid, SIGTSTP);
    expect("terminal stop", WSTOPSIG(status_of(pid, WUNTRACED)), SIGTSTP);
    kill(pid, SIGTERM);
    pass(5 * MS);
    expect("SIGTERM waits", waitpid(pid, NULL, WNOHANG), 0);
    kill(pid, SIGCONT);
    expect("for SIGCONT", WTERMSIG(status_of(pid, 0)), SIGTERM);
    pid = start(in_spin);
    kill(pid, SIGSTOP);
    status_of(pid, WUNTRACED);
    kill(pid, SIGKILL);
    expect("SIGKILL does not", WTERMSIG(status_of(pid, 0)), SIGKILL);
}

static void in_stop_by_itself(void)
{
    ready();
    raise(SIGSTOP);
    _exit(17);
}

static void in_orphaned_group(void)
{
    setsid();
    raise(SIGTSTP); /* nobody could continue it: ignored */
    raise(SIGTTIN);
    ready();
    _exit(18);
}

static void in_short_sleep(void)
{
    long begin = now();
    struct timespec wait = {0, 100 * MS}, left = {7, 7};
    ready();
    long error = CALL(SYS_nanosleep, &wait, &left);
    _exit(error == 0 && now() - begin >= 100 * MS ? 19 : 20);
}

static volatile int continued;

static void note_continue(int signal)
{
    continued = signal;
}

static void in_handled_continue(void)
{
    signal(SIGCONT, note_continue);
    raise(SIGSTOP);
    ready();
    _exit(continued == SIGCONT ? 21 : 22);
}

static void stops_of_its_own(void)
{
    pid_t pid = start(in_stop_by_itself);
    expect("stopped itself", WSTOPSIG(status_of(pid, WUNTRACED)), SIGSTOP);
    kill(pid, SIGCONT);
    expect("and went on", WEXITSTATUS(status_of(pid, 0)), 17);
    pid = start(in_orphaned_group);
    expect("orphaned group", WEXITSTATUS(status_of(pid, WUNTRACED)), 18);
    pid = start(in_short_sleep);
    kill(pid, SIGSTOP);
    status_of(pid, WUNTRACED);
    pass(10 * MS);
    kill(pid, SIGCONT);
    expect("the sleep goes on", WEXITSTATUS(status_of(pid, 0)), 19);
    pid = fork();
    if (pid == 0) {
        in_handled_continue();
    }
    status_of(pid, WUNTRACED);
    kill(pid, SIGCONT);
    expect("handler of SIGCONT", await(BIT(SIGUSR1), NULL), SIGUSR1);
    expect("ran", WEXITSTATUS(status_of(pid, 0)), 21);
}

/* ---- What a parent hears ---- */

static void news(void)
{
    siginfo_t info;
    mask(SIG_BLOCK, BIT(SIGCHLD));
    pid_t pid = start(in_spin);
    kill(pid, SIGSTOP);
    expect("SIGCHLD", await(BIT(SIGCHLD), &info), SIGCHLD);
    expect("CLD_STOPPED", info.si_code, CLD_STOPPED);
    expect("by SIGSTOP", info.si_status, SIGSTOP);
    expect("whose", info.si_pid, pid);
    kill(pid, SIGCONT);
    expect("SIGCHLD", await(BIT(SIGCHLD), &info), SIGCHLD);
    expect("CLD_CONTINUED", info.si_code, CLD_CONTINUED);
    kill(pid, SIGTERM);
    expect("SIGCHLD", await(BIT(SIGCHLD), &info), SIGCHLD);
    expect("CLD_KILLED", info.si_code, CLD_KILLED);
    expect("by SIGTERM", info.si_status, SIGTERM);
    status_of(pid, 0);
    struct sigaction action = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDSTOP};
    sigaction(SIGCHLD, &action, NULL);
    pid = start(in_stop_by_itself);
    status_of(pid, WUNTRACED);
    kill(pid, SIGCONT);
    expect("SIGCHLD", await(BIT(SIGCHLD), &info), SIGCHLD);
    expect("SA_NOCLDSTOP", info.si_code, CLD_EXITED);
    expect("its status", info.si_status, 17);
    status_of(pid, 0);
    mask(SIG_UNBLOCK, BIT(SIGCHLD));
}

static volatile int alarms;

static void note_alarm(int signal)
{
    (void)signal;
    alarms++;
}

static void in_short_life(void)
{
    ready();
    pass(300 * MS);
    _exit(23);
}

/* A handler ends wait4, or with SA_RESTART does not. */
static void restarts(void)
{
    struct sigaction action = {.sa_handler = note_alarm};
    struct itimerval soon = {{0, 0}, {0, 5000}};
    int status;
    sigaction(SIGALRM, &action, NULL);
    pid_t pid = start(in_short_life);
    setitimer(ITIMER_REAL, &soon, NULL);
    expect("EINTR", CALL(SYS_wait4, pid, &status, 0, NULL), -EINTR);
    action.sa_flags = SA_RESTART;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    expect("SA_RESTART", CALL(SYS_wait4, pid, &status, 0, NULL), pid);
    expect("its status", WEXITSTATUS(status), 23);
    expect("both ran", alarms, 2);
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    leave_init();
    mask(SIG_BLOCK, BIT(SIGUSR1));
    deaths();
    stopping();
    stops_of_its_own();
    news();
    restarts();
    return checks_end("jobs");
}
