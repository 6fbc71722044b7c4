/* process.c of differ: children that end, stop, go on and execute; pipes between them. */
#define _GNU_SOURCE
#include "processes.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A child that waits until it is killed. */
static pid_t make_waiter(char letter)
{
    pid_t child = fork_as(letter);

    if (!child)
        for (;;)
            pause();
    return child;
}

static void step_kill(void)
{
    static const int signals[] = {SIGKILL, SIGTERM, SIGHUP, SIGUSR1, SIGABRT, SIGALRM, SIGPIPE, 64};
    int number = signals[pick(8)], status = 0;
    pid_t child = make_waiter('k');

    if (child < 0)
        return;
    say("  running");
    say_result(waitpid(child, &status, WNOHANG));
    say(" kill %d", number);
    say_result(kill(child, number));
    wait_and_say(child);
    say(" gone");
    say_result(kill(child, 0));
    say_result(waitpid(child, &status, 0));
}

static void say_wait(pid_t child, int options)
{
    int status = 0;
    pid_t got = waitpid(child, &status, options);

    if (got == child)
        say_status(status);
    else
        say_result(got);
}

static void step_stop(void)
{
    pid_t child = make_waiter('s');

    if (child < 0)
        return;
    say("  ");
    kill(child, SIGSTOP);
    say_wait(child, WUNTRACED);
    say_wait(child, WUNTRACED | WNOHANG); /* told once */
    kill(child, SIGCONT);
    say_wait(child, WCONTINUED);
    say_wait(child, WCONTINUED | WNOHANG);
    if (chance(50)) { /* a stopped process can be killed, by SIGKILL at once */
        kill(child, SIGSTOP);
        say_wait(child, WUNTRACED);
        kill(child, SIGTERM);
        say_wait(child, WNOHANG);
    }
    kill(child, SIGKILL);
    wait_and_say(child);
}

static void step_waitid(void)
{
    siginfo_t info;
    int code = (int)pick(256), killed = chance(40);
    pid_t child = fork_as('i');

    if (child < 0)
        return;
    if (!child) {
        if (killed)
            raise(SIGKILL);
        _exit(code);
    }
    memset(&info, 0, sizeof(info));
    say("  left");
    say_result(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT));
    say(" signal %d code %d status %d own %d", info.si_signo, info.si_code, info.si_status,
        info.si_pid == child);
    memset(&info, 0, sizeof(info));
    say(" taken");
    say_result(waitid(P_ALL, 0, &info, WEXITED));
    say(" code %d status %d", info.si_code, info.si_status);
    say_result(waitid(P_ALL, 0, &info, WEXITED));
    say_result(waitid(P_ALL, 0, &info, 0));
}

static void step_wait_wrong(void)
{
    int status;

    say_result(waitpid(-1, &status, 0));
    say_result(waitpid(-1, &status, WNOHANG));
    say_result(waitpid(1 << 22, &status, 0));
    say_result(waitpid(-1, &status, 0x100));
    say_result(wait4(-1, (int *)8, 0, NULL));
    say_result(kill(1 << 22, 0));
    say_result(kill(getpid(), 65));
    say_result(kill(getpid(), 0));
    say_result(kill(getpid(), -1));
}

static void step_exec(void)
{
    int code = (int)pick(256), spawn = chance(50), missing = chance(20);
    const char *path = missing ? "/no/such/program" : own_path;
    char number[8], *const words[] = {(char *)own_path, "--status", number, NULL};
    pid_t child;

    snprintf(number, sizeof(number), "%d", code);
    if (spawn) {
        int error = posix_spawn(&child, path, NULL, NULL, words, words + 3);

        say(" spawn");
        if (error) {
            say(" = %s", error_name(error));
            return;
        }
    } else {
        child = fork_as('x');
        if (child < 0)
            return;
        if (!child) {
            execve(path, words, words + 3);
            say_result(-1);
            end_line();
            _exit(127);
        }
        say("  exec");
    }
    wait_and_say(child);
}

/* vfork: the child uses the parent's memory, and the parent waits until it has ended. */
static void step_vfork(void)
{
    volatile unsigned seen = 1;
    int code = (int)pick(256);
    pid_t child;

    end_line();
    child = vfork();
    if (!child) {
        seen = 2;
        _exit(code);
    }
    say("  seen %u", seen);
    if (child < 0)
        say_result(-1);
    else
        wait_and_say(child);
}

/* A child sends bytes; the parent reads them in pieces and adds them up. */
static void step_pipe(void)
{
    static unsigned char bytes[70000];
    unsigned length = 1 + pick(sizeof(bytes)), piece = 1 + pick(9000), sum = 0, total = 0;
    int ends[2];
    ssize_t got;
    pid_t child;

    if (pipe(ends)) {
        say_result(-1);
        return;
    }
    child = fork_as('p');
    if (!child) {
        for (unsigned i = 0; i < length; i++)
            bytes[i] = (unsigned char)(i * 7 + length);
        _exit(write(ends[1], bytes, length) == (ssize_t)length ? 0 : 1);
    }
    close(ends[1]);
    while ((got = read(ends[0], bytes, piece)) > 0) {
        for (ssize_t i = 0; i < got; i++)
            sum = sum * 31 + bytes[i];
        total += (unsigned)got;
    }
    close(ends[0]);
    say("  %u of %u sum %08x", total, length, sum);
    if (child > 0)
        wait_and_say(child);
}

static void step_pipe_limits(void)
{
    static char bytes[PAGE];
    long filled = 0, got;
    int ends[2];

    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC)) {
        say_result(-1);
        return;
    }
    say(" empty");
    say_result(read(ends[0], bytes, 1));
    while ((got = write(ends[1], bytes, sizeof(bytes))) > 0)
        filled += got;
    say_result(got);
    say(" holds %ld", filled);
    say_result(read(ends[0], bytes, 100));
    say_result(write(ends[1], bytes, 100)); /* less than a page is all or nothing */
    say_result(read(ends[0], bytes, sizeof(bytes)));
    say_result(write(ends[1], bytes, sizeof(bytes)));
    say_result(read(ends[1], bytes, 1));
    say_result(write(ends[0], bytes, 1));
    say_result(lseek(ends[0], 0, SEEK_SET));
    close(ends[0]);
    signal(SIGPIPE, SIG_IGN);
    say_result(write(ends[1], bytes, 1));
    signal(SIGPIPE, SIG_DFL);
    close(ends[1]);
    say_result(write(ends[1], bytes, 1));
}

/* Calls that are given the arena, wherever it happens to be mapped, to read from or write to.
   How much is sent before the memory ends is the pipe's affair. */
static void step_pipe_pointers(void)
{
    static char bytes[PAGE];
    struct range range = chance(70) ? pick_mapped(4) : pick_range(4);
    unsigned offset = pick(PAGE), length = 1 + pick((unsigned)(range.count * PAGE - offset));
    int ends[2];
    long sent;

    if (pipe2(ends, O_NONBLOCK)) {
        say_result(-1);
        return;
    }
    say_range(range);
    say(" at %u %u", offset, length);
    sent = write(ends[1], address_of(range) + offset, length);
    say(" %s", sent == (long)length          ? "sent"
               : sent > 0 || errno == EFAULT ? "cut short"
                                             : error_name(errno));
    while (read(ends[0], bytes, sizeof(bytes)) > 0)
        continue;
    memset(bytes, (int)length, sizeof(bytes));
    if (write(ends[1], bytes, length < PAGE ? length : PAGE) > 0)
        say_result(read(ends[0], address_of(range) + offset, length));
    say_sum(range);
    close(ends[0]);
    close(ends[1]);
}

const struct step process_steps[] = {
    {"kill", step_kill, 4, PROCESS},
    {"stop", step_stop, 3, PROCESS},
    {"waitid", step_waitid, 3, PROCESS},
    {"wait-wrong", step_wait_wrong, 2, PROCESS},
    {"exec", step_exec, 4, PROCESS},
    {"vfork", step_vfork, 3, PROCESS},
    {"pipe", step_pipe, 4, PROCESS},
    {"pipe-limits", step_pipe_limits, 2, PROCESS},
    {"pipe-pointers", step_pipe_pointers, 4, PROCESS},
    {NULL, NULL, 0, PROCESS},
};
