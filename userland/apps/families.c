/*
 * families: how processes begin, end, are waited for and belong to groups, compared with what Linux
 * does. Status 0 when there is no difference. Runs on Linux unchanged (as user 0).
 *
 * Everything happens in a child, because the first process of a system is treated otherwise.
 */
#define _GNU_SOURCE
#include "check.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#define GENERATIONS 200
#define SIBLINGS    500
#define FORKS       1000

/* ---- Helpers ---- */

/* A child that ends with `status` at once. */
static pid_t child_that_exits(int status)
{
    pid_t child = fork();
    if (!child)
        _exit(status);
    return child;
}

/* A child that waits to be killed. */
static pid_t child_that_waits(void)
{
    pid_t child = fork();
    if (!child)
        for (;;)
            pause();
    return child;
}

static long wait_for(pid_t child, int options)
{
    int status = -1;
    long got = CALL(SYS_wait4, child, &status, options, NULL);
    return got == child ? status : got;
}

static void sleep_ms(long milliseconds)
{
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    while (nanosleep(&time, &time) && errno == EINTR)
        ;
}

/* ---- Statuses ---- */

static void statuses(void)
{
    expect("exit 0", wait_for(child_that_exits(0), 0), 0);
    expect("exit 7", wait_for(child_that_exits(7), 0), 7 << 8);
    expect("exit -1", wait_for(child_that_exits(-1), 0), 255 << 8);
    expect("exit 256", wait_for(child_that_exits(256), 0), 0);
    pid_t child = child_that_waits();
    expect("kill", kill(child, SIGTERM), 0);
    expect("killed", wait_for(child, 0), SIGTERM);
    child = child_that_waits();
    kill(child, SIGKILL);
    expect("killed hard", wait_for(child, 0), SIGKILL);
    if (!(child = fork())) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGABRT, SIG_DFL);
        kill(getpid(), SIGABRT);
        _exit(1);
    }
    expect("aborted", wait_for(child, 0) & 0x7f, SIGABRT);
}

static void wait_errors(void)
{
    int status;
    expect("no children", CALL(SYS_wait4, -1, &status, 0, NULL), -ECHILD);
    expect("no such child", CALL(SYS_wait4, getpid(), &status, 0, NULL), -ECHILD);
    expect("no such group", CALL(SYS_wait4, -99999, &status, WNOHANG, NULL), -ECHILD);
    expect("bad option", CALL(SYS_wait4, -1, &status, 0x10, NULL), -EINVAL);
    expect("WEXITED is no option here", CALL(SYS_wait4, -1, &status, WEXITED, NULL), -EINVAL);
    expect("the smallest pid", CALL(SYS_wait4, INT32_MIN, &status, 0, NULL), -ESRCH);
    pid_t child = child_that_waits();
    expect("WNOHANG", CALL(SYS_wait4, child, &status, WNOHANG, NULL), 0);
    expect("other group", CALL(SYS_wait4, -child, &status, WNOHANG, NULL), -ECHILD);
    expect("own group", CALL(SYS_wait4, 0, &status, WNOHANG, NULL), 0);
    expect("own group by number", CALL(SYS_wait4, -getpgrp(), &status, WNOHANG, NULL), 0);
    expect("not a clone child", CALL(SYS_wait4, child, &status, WNOHANG | __WCLONE, NULL), -ECHILD);
    expect("all kinds", CALL(SYS_wait4, child, &status, WNOHANG | __WALL, NULL), 0);
    kill(child, SIGKILL);
    expect("nowhere to write", CALL(SYS_wait4, child, 16, 0, NULL), -EFAULT);
    expect("… and it is gone", CALL(SYS_wait4, child, &status, 0, NULL), -ECHILD);
    child = child_that_exits(3);
    expect("a null status", CALL(SYS_wait4, child, NULL, 0, NULL), child);
}

static void usage_of_children(void)
{
    struct rusage usage, own;
    memset(&usage, 0xff, sizeof usage);
    pid_t child = fork();
    if (!child) {
        volatile char *area = malloc(64 * 4096);
        for (int i = 0; i < 64; i++)
            area[i * 4096] = 1;
        _exit(0);
    }
    expect("wait4 with usage", wait4(child, NULL, 0, &usage), child);
    expect_true("the child's faults", usage.ru_minflt >= 60 && usage.ru_minflt < 10000);
    expect("getrusage", getrusage(RUSAGE_CHILDREN, &own), 0);
    expect_true("the children's faults", own.ru_minflt >= usage.ru_minflt);
    expect("getrusage of nobody", CALL(SYS_getrusage, 5, &own), -EINVAL);
}

/* ---- waitid ---- */

static void wait_ids(void)
{
    siginfo_t info;
    expect("no events", CALL(SYS_waitid, P_ALL, 0, &info, WNOHANG, NULL), -EINVAL);
    expect("no children", CALL(SYS_waitid, P_ALL, 0, &info, WEXITED, NULL), -ECHILD);
    expect("bad kind", CALL(SYS_waitid, 9, 0, &info, WEXITED, NULL), -EINVAL);
    expect("bad pid", CALL(SYS_waitid, P_PID, 0, &info, WEXITED, NULL), -EINVAL);
    expect("bad group", CALL(SYS_waitid, P_PGID, -1, &info, WEXITED, NULL), -EINVAL);
    expect("bad descriptor", CALL(SYS_waitid, P_PIDFD, 99, &info, WEXITED, NULL), -EBADF);
    pid_t child = child_that_waits();
    memset(&info, 0xff, sizeof info);
    expect("nothing yet", CALL(SYS_waitid, P_PID, child, &info, WEXITED | WNOHANG, NULL), 0);
    expect("… is told so", info.si_signo, 0);
    expect("… with no pid", info.si_pid, 0);
    kill(child, SIGKILL);
    for (int i = 0; i < 2; i++) {
        int keep = i ? 0 : WNOWAIT;
        memset(&info, 0, sizeof info);
        expect("waitid", CALL(SYS_waitid, P_PID, child, &info, WEXITED | keep, NULL), 0);
        expect("signal", info.si_signo, SIGCHLD);
        expect("code", info.si_code, CLD_KILLED);
        expect("status", info.si_status, SIGKILL);
        expect("pid", info.si_pid, child);
        expect("user", info.si_uid, getuid());
    }
    expect("gone", CALL(SYS_waitid, P_PID, child, &info, WEXITED, NULL), -ECHILD);
    child = child_that_exits(300);
    expect("by group", CALL(SYS_waitid, P_PGID, 0, &info, WEXITED, NULL), 0);
    expect("exited", info.si_code, CLD_EXITED);
    expect("its status", info.si_status, 300 & 255);
}

static void stops(void)
{
    siginfo_t info;
    int status;
    pid_t child = child_that_waits();
    kill(child, SIGSTOP);
    expect("stopped", wait_for(child, WUNTRACED), SIGSTOP << 8 | 0x7f);
    expect("told once", CALL(SYS_wait4, child, &status, WUNTRACED | WNOHANG, NULL), 0);
    kill(child, SIGCONT);
    expect("continued", wait_for(child, WCONTINUED), 0xffff);
    kill(child, SIGSTOP);
    expect("waitid", CALL(SYS_waitid, P_PID, child, &info, WSTOPPED | WNOWAIT, NULL), 0);
    expect("code", info.si_code, CLD_STOPPED);
    expect("status", info.si_status, SIGSTOP);
    kill(child, SIGCONT);
    expect("waitid", CALL(SYS_waitid, P_PID, child, &info, WCONTINUED, NULL), 0);
    expect("code", info.si_code, CLD_CONTINUED);
    kill(child, SIGSTOP);
    kill(child, SIGKILL);
    expect("killed while stopped", wait_for(child, 0), SIGKILL);
}

/* ---- Zombies nobody wants ---- */

static void unwanted(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, plain = {.sa_handler = SIG_DFL};
    int status;
    sigaction(SIGCHLD, &ignore, NULL);
    pid_t child = child_that_exits(1);
    expect("ignored", CALL(SYS_wait4, child, &status, 0, NULL), -ECHILD);
    plain.sa_flags = SA_NOCLDWAIT;
    sigaction(SIGCHLD, &plain, NULL);
    child = child_that_exits(1);
    expect("SA_NOCLDWAIT", CALL(SYS_wait4, -1, &status, 0, NULL), -ECHILD);
    plain.sa_flags = 0;
    sigaction(SIGCHLD, &plain, NULL);
    expect("a zombie again", wait_for(child_that_exits(2), 0), 2 << 8);
}

/* ---- Orphans ---- */

/* What a grandchild's getppid says once its parent has ended. */
static pid_t parent_of_orphan(void)
{
    int channel[2];
    pid_t seen = -1;
    if (pipe(channel))
        return -1;
    pid_t child = fork();
    if (!child) {
        pid_t middle = getpid();
        if (fork())
            _exit(0);
        for (int i = 0; i < 1000 && getppid() == middle; i++)
            sleep_ms(1);
        seen = getppid();
        _exit(write(channel[1], &seen, sizeof seen) != sizeof seen);
    }
    close(channel[1]);
    wait_for(child, 0);
    if (read(channel[0], &seen, sizeof seen) != sizeof seen)
        seen = -1;
    close(channel[0]);
    return seen;
}

static void orphans(void)
{
    int subreaper = -1;
    expect("an orphan's parent", parent_of_orphan(), 1);
    expect("become a subreaper", prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
    expect("a subreaper", subreaper, 1);
    expect("an orphan's parent", parent_of_orphan(), getpid());
    expect("the orphan", wait_for(-1, 0) > 0, 1);
    prctl(PR_SET_CHILD_SUBREAPER, 0);
}

static void death_signal(void)
{
    int channel[2];
    char byte;
    if (pipe(channel))
        return;
    pid_t child = fork();
    if (!child) {
        if (!fork()) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (write(channel[1], "x", 1) != 1)
                _exit(1);
            for (;;)
                pause();
        }
        _exit(read(channel[0], &byte, 1) != 1);
    }
    expect("the middle one", wait_for(child, 0), 0);
    close(channel[1]);
    expect("nobody holds the pipe any more", read(channel[0], &byte, 1), 0);
    close(channel[0]);
}

/* ---- Groups and sessions ---- */

static void groups(void)
{
    pid_t child = child_that_waits(), executed;
    int channel[2];
    char byte;
    expect("own group", CALL(SYS_getpgid, 0), getpgrp());
    expect("the child's", CALL(SYS_getpgid, child), getpgrp());
    expect("nobody's", CALL(SYS_getpgid, 99999), -ESRCH);
    expect("a negative group", CALL(SYS_setpgid, child, -1), -EINVAL);
    expect("not a child", CALL(SYS_setpgid, getppid(), 0), -ESRCH);
    expect("no such process", CALL(SYS_setpgid, 99999, 0), -ESRCH);
    expect("no such group", CALL(SYS_setpgid, child, 99999), -EPERM);
    expect("a group of its own", CALL(SYS_setpgid, child, 0), 0);
    expect("… is its", CALL(SYS_getpgid, child), child);
    expect("the same again", CALL(SYS_setpgid, child, child), 0);
    expect("wait by group", CALL(SYS_wait4, -child, NULL, WNOHANG, NULL), 0);
    expect("back", CALL(SYS_setpgid, child, getpgrp()), 0);
    expect("a group that nobody is in", CALL(SYS_setpgid, child, child + 1), -EPERM);
    kill(child, SIGKILL);
    wait_for(child, 0);
    if (pipe2(channel, O_CLOEXEC))
        return;
    if (!(executed = fork())) {
        execl("/proc/self/exe", "families", "--wait", NULL);
        _exit(1);
    }
    close(channel[1]);
    expect("executed", read(channel[0], &byte, 1), 0);
    close(channel[0]);
    expect("after exec", CALL(SYS_setpgid, executed, 0), -EACCES);
    kill(executed, SIGKILL);
    wait_for(executed, 0);
}

static void sessions(void)
{
    pid_t child = fork();
    if (!child) {
        pid_t own = getpid();
        expect("a session", CALL(SYS_setsid), own);
        expect("its group", getpgrp(), own);
        expect("its session", CALL(SYS_getsid, 0), own);
        expect("not twice", CALL(SYS_setsid), -EPERM);
        expect("a leader stays", CALL(SYS_setpgid, 0, 0), -EPERM);
        pid_t inner = child_that_waits();
        expect("the child's session", CALL(SYS_getsid, inner), own);
        kill(inner, SIGKILL);
        wait_for(inner, 0);
        _exit(checks_failed != 0);
    }
    expect("in another session", wait_for(child, 0), 0);
    if (!(child = fork())) {
        setpgid(0, 0);
        expect("a group leader cannot", CALL(SYS_setsid), -EPERM);
        _exit(checks_failed != 0);
    }
    expect("a group leader", wait_for(child, 0), 0);
    expect("nobody's session", CALL(SYS_getsid, 99999), -ESRCH);
}

/* ---- Many ---- */

static void chain(void)
{
    int depth = 0;
    pid_t top = fork();
    if (!top) {
        for (; depth < GENERATIONS; depth++) {
            pid_t child = fork();
            if (child)
                _exit(child < 0 ? 255 : wait_for(child, 0) >> 8);
        }
        _exit(42);
    }
    expect("200 generations", wait_for(top, 0), 42 << 8);
}

static void crowd(void)
{
    int status, wrong = 0;
    for (int i = 0; i < SIBLINGS; i++)
        wrong += child_that_exits(i & 127) < 0;
    for (int i = 0; i < SIBLINGS; i++)
        wrong += wait(&status) < 0 || !WIFEXITED(status);
    expect("500 children", wrong, 0);
    expect("and no more", CALL(SYS_wait4, -1, &status, 0, NULL), -ECHILD);
    for (int i = 0; i < FORKS; i++)
        wrong += wait_for(child_that_exits(i & 127), 0) != (i & 127) << 8;
    expect("1,000 in a row", wrong, 0);
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "--wait"))
        for (;;)
            pause();
    signal(SIGCHLD, SIG_DFL);
    pid_t all = fork();
    if (all) {
        int status = 1;
        pid_t ended;
        while ((ended = wait(&status)) != all && ended > 0)
            ; /* orphans, when this is the first process */
        return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    void (*const parts[])(void) = {statuses, wait_errors, usage_of_children, wait_ids, stops,
                                   unwanted, orphans,     death_signal,      groups,   sessions,
                                   chain,    crowd};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        parts[i]();
    return checks_end("families");
}
