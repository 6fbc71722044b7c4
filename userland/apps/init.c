/*
 * init: the first program of an interactive system. It starts a login shell on the
 * console in a session of its own, waits for it and for orphans, and ends with the
 * shell's status: then the system ends. `poweroff`, `halt` and `reboot` (BusyBox
 * sends SIGUSR2, SIGUSR1 and SIGTERM to process 1) end it with status 0.
 *
 * init [PROGRAM ARGUMENTS…] starts PROGRAM in the shell's place.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CONSOLE          "/dev/console"
#define SHELL            "/bin/sh"
#define SEARCH_PATH      "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define PATIENCE_MS      500 /* between asking everybody to end and making them */
#define STATUS_NOT_RUN   126
#define STATUS_NOT_FOUND 127

static volatile sig_atomic_t asked_to_end;

static void on_request(int number)
{
    asked_to_end = number;
}

static void on_child(int number)
{
    (void)number; /* it need only interrupt sigsuspend */
}

/* The signals that wake init; they stay blocked outside sigsuspend. */
static void listen_to_signals(sigset_t *before)
{
    static const int requests[] = {SIGUSR1, SIGUSR2, SIGTERM};
    struct sigaction action = {.sa_handler = on_request};
    sigset_t wanted;
    sigemptyset(&wanted);
    for (unsigned i = 0; i < sizeof requests / sizeof *requests; i++) {
        sigaddset(&wanted, requests[i]);
        sigaction(requests[i], &action, NULL);
    }
    sigaddset(&wanted, SIGCHLD);
    action.sa_handler = on_child;
    sigaction(SIGCHLD, &action, NULL);
    sigprocmask(SIG_BLOCK, &wanted, before);
}

/* In the child: a session with the console as its terminal, the usual environment, the program. */
static _Noreturn void become(char *const arguments[], const sigset_t *signals)
{
    setsid();
    int console = open(CONSOLE, O_RDWR);
    for (int descriptor = 0; console >= 0 && descriptor < 3; descriptor++)
        dup2(console, descriptor);
    if (console > 2)
        close(console);
    ioctl(STDIN_FILENO, TIOCSCTTY, 1);
    setenv("PATH", SEARCH_PATH, 0);
    setenv("HOME", "/root", 0);
    setenv("USER", "root", 0);
    setenv("SHELL", SHELL, 0);
    setenv("TERM", "linux", 0);
    if (chdir(getenv("HOME")) < 0)
        (void)!chdir("/");
    sigprocmask(SIG_SETMASK, signals, NULL);
    if (*arguments)
        execvp(arguments[0], arguments);
    else
        execl(SHELL, "-sh", (char *)NULL);
    int error = errno;
    fprintf(stderr, "init: cannot run %s: %s\n", *arguments ? arguments[0] : SHELL,
            strerror(error));
    _exit(error == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_RUN);
}

/* Buries who has ended. True when `shell` was among them: *status is what it ended with. */
static bool bury(pid_t shell, int *status)
{
    bool found = false;
    int how;
    for (pid_t pid; (pid = waitpid(-1, &how, WNOHANG)) > 0;)
        if (pid == shell) {
            found = true;
            *status = WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
        }
    return found;
}

/* Everybody else ends: those who do not when asked are made to. */
static void end_all(void)
{
    int status;
    struct timespec moment = {.tv_nsec = 10 * 1000000};
    kill(-1, SIGTERM);
    kill(-1, SIGHUP); /* shells take no notice of SIGTERM */
    kill(-1, SIGCONT);
    for (int waited = 0; waited < PATIENCE_MS && kill(-1, 0) == 0; waited += 10) {
        bury(0, &status);
        nanosleep(&moment, NULL);
    }
    kill(-1, SIGKILL);
    while (waitpid(-1, &status, 0) > 0)
        ;
}

int main(int count, char *arguments[])
{
    sigset_t signals;
    int status = 0;
    (void)count;
    listen_to_signals(&signals);
    pid_t shell = fork();
    if (shell < 0) {
        fprintf(stderr, "init: cannot start a shell: %s\n", strerror(errno));
        return STATUS_NOT_RUN;
    }
    if (shell == 0)
        become(arguments + 1, &signals);
    while (!bury(shell, &status) && !asked_to_end)
        sigsuspend(&signals);
    if (getpid() == 1) /* started by hand it has nobody to end */
        end_all();
    return status;
}
