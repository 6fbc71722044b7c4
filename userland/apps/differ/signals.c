/* signals.c of differ: handlers, masks, queues, alternate stacks, calls that are interrupted. */
#define _GNU_SOURCE
#include "processes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CAUGHT_MOST 64

static const int numbers[] = {SIGUSR1, SIGUSR2, SIGHUP, SIGTERM, SIGCONT, SIGURG, SIGWINCH};
#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

/* What handlers saw, in the order in which they began. */
static volatile struct {
    int number, code, value, blocked, own;
} caught[CAUGHT_MOST];
static volatile unsigned caught_count;

static int first_blocked(void)
{
    sigset_t mask;

    sigprocmask(SIG_BLOCK, NULL, &mask);
    for (int i = 1; i < 32; i++)
        if (sigismember(&mask, i))
            return i;
    return 0;
}

static void note(int number, siginfo_t *info, void *context)
{
    unsigned at = caught_count++;

    (void)context;
    if (at >= CAUGHT_MOST)
        return;
    caught[at].number = number;
    caught[at].code = info->si_code;
    caught[at].value = info->si_code == SI_QUEUE ? info->si_value.sival_int : 0;
    caught[at].own = info->si_pid == getpid();
    caught[at].blocked = first_blocked();
}

static void say_caught(void)
{
    say(" caught %u:", caught_count);
    for (unsigned i = 0; i < caught_count && i < CAUGHT_MOST; i++)
        say(" %d/%d/%d/%d/%d", caught[i].number, caught[i].code, caught[i].value, caught[i].own,
            caught[i].blocked);
    caught_count = 0;
}

static void catch_it(int number, int flags, const sigset_t *mask)
{
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_sigaction = note;
    action.sa_flags = SA_SIGINFO | flags;
    if (mask)
        action.sa_mask = *mask;
    sigaction(number, &action, NULL);
}

static void forget_all(void)
{
    sigset_t none;

    for (size_t i = 0; i < NUMBERS; i++)
        signal(numbers[i], SIG_DFL);
    for (int i = SIGRTMIN; i <= SIGRTMIN + 3; i++)
        signal(i, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Signals sent while they are blocked, then let through at once. */
static void step_blocked(void)
{
    sigset_t all, pending;
    unsigned count = 1 + pick(10);

    sigfillset(&all);
    for (size_t i = 0; i < NUMBERS; i++)
        catch_it(numbers[i], chance(30) ? SA_NODEFER : 0, NULL);
    for (int i = 0; i < 4; i++)
        catch_it(SIGRTMIN + i, 0, chance(50) ? &all : NULL);
    sigprocmask(SIG_SETMASK, &all, NULL);
    while (count--) {
        union sigval value = {.sival_int = (int)count};
        unsigned which = pick(3);
        int number = which ? SIGRTMIN + (int)pick(4) : numbers[pick(NUMBERS)];

        if (which == 2)
            say_result(sigqueue(getpid(), number, value));
        else
            say_result(chance(50) ? kill(getpid(), number) : raise(number));
    }
    sigpending(&pending);
    say(" pending");
    for (int i = 1; i < 65; i++)
        if (sigismember(&pending, i) == 1)
            say(" %d", i);
    sigemptyset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    say_caught();
    forget_all();
}

static void step_deliver(void)
{
    sigset_t all, none, pending;
    unsigned count = 1 + pick(8);

    sigfillset(&all);
    sigemptyset(&none);
    for (size_t i = 0; i < NUMBERS; i++)
        catch_it(numbers[i], 0, NULL);
    for (int i = 0; i < 4; i++)
        catch_it(SIGRTMIN + i, 0, NULL);
    sigprocmask(SIG_SETMASK, &all, NULL);
    while (count--) {
        union sigval value = {.sival_int = (int)count + 100};

        if (chance(60))
            sigqueue(getpid(), SIGRTMIN + (int)pick(4), value);
        else
            kill(getpid(), numbers[pick(NUMBERS)]);
    }
    if (chance(40)) {
        struct timespec no_time = {0, 0};
        siginfo_t info;

        say(" taken");
        say_result(sigtimedwait(&all, &info, &no_time));
    }
    sigpending(&pending);
    if (chance(50) && !sigisemptyset(&pending))
        sigsuspend(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    sigpending(&pending);
    say(" left %d", sigisemptyset(&pending));
    say_caught();
    forget_all();
}

/* A handler that sends more while it runs: masks and their end. */
static volatile int again;

static void send_more(int number, siginfo_t *info, void *context)
{
    note(number, info, context);
    if (again-- > 0) {
        raise(number);
        raise(SIGUSR2);
    }
    note(number, info, context);
}

static void step_nested(void)
{
    struct sigaction action, before;

    memset(&action, 0, sizeof(action));
    action.sa_sigaction = send_more;
    action.sa_flags =
        SA_SIGINFO | (chance(50) ? SA_NODEFER : 0) | (chance(25) ? (int)SA_RESETHAND : 0);
    if (chance(50))
        sigaddset(&action.sa_mask, SIGUSR2);
    again = (action.sa_flags & (int)SA_RESETHAND) ? 0 : 1 + (int)pick(3);
    catch_it(SIGUSR2, 0, NULL);
    say(" flags %x", (unsigned)action.sa_flags);
    say_result(sigaction(SIGUSR1, &action, NULL));
    raise(SIGUSR1);
    sigaction(SIGUSR1, NULL, &before);
    say(" reset %d blocked %d", before.sa_handler == SIG_DFL, first_blocked());
    say_caught();
    forget_all();
}

/* ---- alternate stacks ---- */

static char other_stack[32768] __attribute__((aligned(16)));
static volatile int on_other, state_inside, change_inside;

static void look_at_stack(int number)
{
    char local;
    stack_t now;

    (void)number;
    on_other = &local >= other_stack && &local < other_stack + sizeof(other_stack);
    sigaltstack(NULL, &now);
    state_inside = now.ss_flags;
    now.ss_flags = 0;
    change_inside = sigaltstack(&now, NULL) ? errno : 0;
}

static void step_other_stack(void)
{
    stack_t other = {.ss_sp = other_stack, .ss_size = sizeof(other_stack)}, now;
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_handler = look_at_stack;
    action.sa_flags = chance(75) ? SA_ONSTACK : 0;
    if (chance(20))
        other.ss_size = 1000;
    if (chance(10))
        other.ss_flags = 77;
    on_other = state_inside = change_inside = -1;
    say_result(sigaltstack(&other, NULL));
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    sigaltstack(NULL, &now);
    say(" on it %d inside %d change %s after %d", on_other, state_inside, error_name(change_inside),
        now.ss_flags);
    other.ss_flags = SS_DISABLE;
    say_result(sigaltstack(&other, NULL));
    forget_all();
}

/* A stack that overflows, seen by a handler on another stack. */
static sigjmp_buf out;
static volatile int overflow_code;

static void leave(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    overflow_code = info->si_code;
    siglongjmp(out, 1);
}

static void step_overflow(void)
{
    stack_t other = {.ss_sp = other_stack, .ss_size = sizeof(other_stack)};
    struct sigaction action, before;
    uintptr_t below = (uintptr_t)__builtin_frame_address(0) - (64UL << 20);

    memset(&action, 0, sizeof(action));
    action.sa_sigaction = leave;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigaltstack(&other, NULL);
    sigaction(SIGSEGV, &action, &before);
    overflow_code = 0;
    if (!sigsetjmp(out, 1)) /* far below what the stack may grow to */
        __asm__ volatile("mov x9, sp\n mov sp, %0\n str xzr, [sp, #-16]!\n mov sp, x9"
                         :
                         : "r"(below & ~15UL)
                         : "x9", "memory");
    sigaction(SIGSEGV, &before, NULL);
    other.ss_flags = SS_DISABLE;
    say(" code %d", overflow_code);
    say_result(sigaltstack(&other, NULL));
}

/* ---- calls that a signal interrupts ---- */

/* A child that sends the signal when its parent has been waiting for a while, then a byte. */
static pid_t disturb(int out_pipe)
{
    const struct timespec while_it_waits = {0, 30000000};
    pid_t child = fork_as('z');

    if (child)
        return child;
    nanosleep(&while_it_waits, NULL);
    kill(getppid(), SIGUSR1);
    nanosleep(&while_it_waits, NULL);
    _exit(write(out_pipe, "x", 1) == 1 ? 0 : 1);
}

static void step_restart(void)
{
    int restart = chance(50), ends[2];
    char byte = 0;
    pid_t child;

    if (pipe(ends)) {
        say_result(-1);
        return;
    }
    catch_it(SIGUSR1, restart ? SA_RESTART : 0, NULL);
    child = disturb(ends[1]);
    say("  %s", restart ? "restart" : "interrupt");
    say_result(read(ends[0], &byte, 1));
    say(" byte %d", byte);
    for (unsigned i = 0; i < caught_count; i++)
        caught[i].own = 0;
    say_caught();
    if (child > 0)
        wait_and_say(child);
    close(ends[0]);
    close(ends[1]);
    forget_all();
}

static void step_sleep(void)
{
    struct timespec long_time = {5, 0}, left = {0, 0};
    int ends[2];
    pid_t child;

    if (pipe(ends)) {
        say_result(-1);
        return;
    }
    catch_it(SIGUSR1, chance(50) ? SA_RESTART : 0, NULL);
    child = disturb(ends[1]);
    say("  sleep");
    say_result(nanosleep(&long_time, &left)); /* never restarted after a handler */
    say(" left %d", left.tv_sec >= 3);
    say_caught();
    if (child > 0)
        wait_and_say(child);
    close(ends[0]);
    close(ends[1]);
    forget_all();
}

static volatile int child_status, child_code, child_own;

static void note_child(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    child_status = info->si_status;
    child_code = info->si_code;
    child_own = info->si_pid;
}

static void step_child_signal(void)
{
    int ignored = chance(25), code = (int)pick(256);
    struct sigaction action;
    pid_t child;

    memset(&action, 0, sizeof(action));
    action.sa_sigaction = note_child;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    if (ignored)
        signal(SIGCHLD, SIG_IGN);
    else
        sigaction(SIGCHLD, &action, NULL);
    child_status = child_code = -1;
    child = fork_as('y');
    if (!child)
        _exit(code);
    say("  %s", ignored ? "ignored" : "caught");
    if (child > 0)
        wait_and_say(child); /* ignored: the child leaves nothing to wait for */
    say(" status %d code %d own %d", child_status, child_code, child_own == child);
    signal(SIGCHLD, SIG_DFL);
}

static void step_sigaction_wrong(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_handler = SIG_IGN;
    say_result(sigaction(SIGKILL, &action, NULL));
    say_result(sigaction(SIGSTOP, &action, NULL));
    say_result(sigaction(SIGKILL, NULL, &action));
    say_result(sigaction(65, &action, NULL));
    say_result(sigaction(0, &action, NULL));
    say_result(sigprocmask(99, &action.sa_mask, NULL));
    say_result(raise(0));
    say_result(raise(65));
}

const struct step signal_steps[] = {
    {"blocked", step_blocked, 3, SIGNAL},
    {"deliver", step_deliver, 4, SIGNAL},
    {"nested", step_nested, 3, SIGNAL},
    {"other-stack", step_other_stack, 3, SIGNAL},
    {"overflow", step_overflow, 1, SIGNAL},
    {"restart", step_restart, 1, SIGNAL},
    {"sleep", step_sleep, 1, SIGNAL},
    {"child-signal", step_child_signal, 2, SIGNAL},
    {"sigaction-wrong", step_sigaction_wrong, 1, SIGNAL},
    {NULL, NULL, 0, SIGNAL},
};
