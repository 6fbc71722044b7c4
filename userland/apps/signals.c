/*
 * signals: handlers, masks, frames and queues of signals that a program sends to itself, compared
 * with what Linux does. Status 0 when there is no difference. Runs on Linux unchanged.
 */
#define _GNU_SOURCE
#include "check.h"
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>

#define PAGE        4096L
#define STACK_BYTES (16 * PAGE)

/* What handlers saw, in the order they ran. */
static struct seen {
    int signal, code, value;
    pid_t pid;
    uint64_t mask;
    void *address;
    char *stack;
} seen[64];
static volatile int seen_count;

static uint64_t mask_now(void)
{
    uint64_t mask = 0;
    CALL(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8);
    return mask;
}

static void note(int signal, siginfo_t *info, void *context)
{
    char here;
    (void)context;
    if (seen_count >= (int)(sizeof seen / sizeof seen[0]))
        return;
    seen[seen_count].signal = signal;
    seen[seen_count].code = info->si_code;
    seen[seen_count].value = info->si_value.sival_int;
    seen[seen_count].pid = info->si_pid;
    seen[seen_count].address = info->si_addr;
    seen[seen_count].mask = mask_now();
    seen[seen_count].stack = &here;
    seen_count++;
}

typedef void handler_function(int, siginfo_t *, void *);

static void handle(int signal, handler_function *handler, int flags, uint64_t mask)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = flags | SA_SIGINFO};
    memcpy(&action.sa_mask, &mask, sizeof mask);
    expect("sigaction", sigaction(signal, &action, NULL), 0);
    seen_count = 0;
}

#define BIT(signal) (1UL << ((signal)-1))

static void block(uint64_t mask)
{
    expect("mask", CALL(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8), 0);
}

static void handlers(void)
{
    pid_t pid = getpid();
    handle(SIGUSR1, note, 0, BIT(SIGTERM));
    expect("kill", CALL(SYS_kill, pid, SIGUSR1), 0);
    expect("one ran", seen_count, 1);
    expect("its number", seen[0].signal, SIGUSR1);
    expect("sent by kill", seen[0].code, SI_USER);
    expect("sent by itself", seen[0].pid, pid);
    expect("mask of a handler", (long)seen[0].mask, (long)(BIT(SIGUSR1) | BIT(SIGTERM)));
    expect("mask after it", (long)mask_now(), 0);
    handle(SIGUSR1, note, SA_NODEFER, 0);
    expect("raise", raise(SIGUSR1), 0);
    expect("sent by tgkill", seen[0].code, SI_TKILL);
    expect("SA_NODEFER", (long)seen[0].mask, 0);
    handle(SIGUSR1, note, SA_RESETHAND, 0);
    raise(SIGUSR1);
    struct sigaction now;
    sigaction(SIGUSR1, NULL, &now);
    expect_true("SA_RESETHAND", now.sa_handler == SIG_DFL && seen_count == 1);
    signal(SIGUSR1, SIG_IGN);
    expect("ignored", raise(SIGUSR1), 0);
    expect("SIGCHLD is harmless", raise(SIGCHLD), 0);
    expect("SIGCONT is harmless", raise(SIGCONT), 0);
}

/* Signals that become free together: the frame of the lowest lies deepest, so it runs last. */
static void order(void)
{
    handle(SIGUSR1, note, 0, 0);
    handle(SIGUSR2, note, 0, 0);
    handle(SIGHUP, note, 0, 0);
    block(BIT(SIGUSR1) | BIT(SIGUSR2) | BIT(SIGHUP));
    raise(SIGUSR2);
    raise(SIGHUP);
    raise(SIGUSR1);
    raise(SIGUSR1);
    uint64_t pending = 0;
    expect("rt_sigpending", CALL(SYS_rt_sigpending, &pending, 8), 0);
    expect("pending", (long)pending, (long)(BIT(SIGUSR1) | BIT(SIGUSR2) | BIT(SIGHUP)));
    expect("nothing ran", seen_count, 0);
    block(0);
    expect("all ran once", seen_count, 3);
    expect("first", seen[0].signal, SIGUSR2);
    expect("second", seen[1].signal, SIGUSR1);
    expect("third", seen[2].signal, SIGHUP);
}

static void real_time(void)
{
    union sigval value;
    int first = SIGRTMIN;
    for (int i = 0; i < 3; i++)
        handle(first + i, note, 0, ~0UL);
    block(~0UL);
    for (int i = 0; i < 12; i++) {
        value.sival_int = i;
        expect("sigqueue", sigqueue(getpid(), first + (i + 1) % 3, value), 0);
    }
    block(0);
    expect("none is lost", seen_count, 12);
    /* Frames are made in order of number, then of sending; each handler blocks all others. */
    int next[3] = {2, 0, 1}; /* value of the first sent of each */
    for (int i = 0; i < 12; i++) {
        int kind = seen[i].signal - first;
        expect("queued", seen[i].code, SI_QUEUE);
        expect("in order", seen[i].value, next[kind]);
        next[kind] += 3;
    }
    expect_true("lowest number first", seen[0].signal == first && seen[11].signal == first + 2);
    siginfo_t own = {.si_code = SI_TKILL};
    expect("another's code", CALL(SYS_rt_sigqueueinfo, 1 + getpid(), SIGUSR1, &own), -EPERM);
}

/* ---- Registers ---- */

static void clobber(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)info, (void)context;
    __asm__ volatile("movi v0.16b, #1\n movi v7.16b, #2\n movi v8.16b, #3\n movi v31.16b, #4\n"
                     "mov x9, #0xc00000\n msr fpcr, x9\n mov x9, #0x1f\n msr fpsr, x9\n"
                     "cmp x9, #77" ::
                         : "x9", "v0", "v7", "v8", "v31", "cc");
    seen_count++;
}

/* Registers of all kinds across a handler that changes them; the signal comes as the answer of the
 * svc itself, so x1 .. x28 must be as they were before it. */
static void registers(void)
{
    handle(SIGUSR1, clobber, 0, 0);
    uint64_t sum = 0, flags = 0, vectors[4], control, status;
    for (int i = 0; i < 3; i++) {
        register long x0 __asm__("x0") = getpid();
        register long x1 __asm__("x1") = SIGUSR1;
        register long x8 __asm__("x8") = SYS_kill;
        __asm__ volatile(
            "mov x9, #9\n mov x15, #15\n mov x19, #19\n mov x28, #28\n mov x16, #16\n"
            "dup v0.2d, x9\n dup v7.2d, x15\n dup v8.2d, x19\n dup v31.2d, x28\n"
            "msr fpcr, xzr\n msr fpsr, xzr\n"
            "subs xzr, xzr, xzr\n"
            "svc #0\n"
            "mrs %1, nzcv\n"
            "add %0, x9, x15\n add %0, %0, x19\n add %0, %0, x28\n add %0, %0, x16\n"
            "add %0, %0, x1\n"
            "umov %2, v0.d[1]\n umov %3, v7.d[1]\n umov %4, v8.d[0]\n umov %5, v31.d[0]\n"
            "mrs %6, fpcr\n mrs %7, fpsr"
            : "=&r"(sum), "=&r"(flags), "=&r"(vectors[0]), "=&r"(vectors[1]), "=&r"(vectors[2]),
              "=&r"(vectors[3]), "=&r"(control), "=&r"(status), "+r"(x0), "+r"(x1), "+r"(x8)
            :
            : "x9", "x15", "x16", "x19", "x28", "v0", "v7", "v8", "v31", "cc", "memory");
        expect("kill by hand", x0, 0);
        expect("general registers", (long)sum, 9 + 15 + 19 + 28 + 16 + SIGUSR1);
        expect("flags", (long)flags, 0x60000000);
        expect_true("vectors",
                    vectors[0] == 9 && vectors[1] == 15 && vectors[2] == 19 && vectors[3] == 28);
        expect("FPCR", (long)control, 0);
        expect("FPSR", (long)status, 0);
    }
    expect("three times", seen_count, 3);
}

/* ---- Frames ---- */

static volatile int frame_good;

static void look(int signal, siginfo_t *info, void *context)
{
    ucontext_t *here = context;
    uint32_t *record = (uint32_t *)here->uc_mcontext.__reserved;
    (void)signal;
    frame_good = (char *)context - (char *)info == 128 && (uintptr_t)info % 16 == 0;
    frame_good &= record[0] == 0x46508001 && record[1] == 528;
    record += 528 / 4;
    if (record[0] == 0x45535201)
        record += record[1] / 4;
    frame_good &= record[0] == 0 && record[1] == 0;
    here->uc_mcontext.pc += 4;
    here->uc_mcontext.regs[3] = 77;
    seen[seen_count].address = info->si_addr;
    seen[seen_count].code = info->si_code;
    seen[seen_count++].value = (void *)(uintptr_t)here->uc_mcontext.fault_address == info->si_addr;
}

static long load(const volatile void *address)
{
    register long x3 __asm__("x3") = 1;
    __asm__ volatile("ldr x3, [%1]" : "+r"(x3) : "r"(address) : "memory");
    return x3;
}

static void frames(void)
{
    handle(SIGSEGV, look, 0, 0);
    char *page = mmap(NULL, 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    expect("changed register", load(page + 8), 77);
    expect("SEGV_ACCERR", seen[0].code, SEGV_ACCERR);
    expect_true("its address", seen[0].address == page + 8 && seen[0].value);
    expect_true("layout of the frame", frame_good);
    munmap(page, 2 * PAGE);
    expect("again", load(page + 16), 77);
    expect("SEGV_MAPERR", seen[1].code, SEGV_MAPERR);
    handle(SIGTRAP, look, 0, 0);
    __asm__ volatile("brk #0" ::: "x3");
    expect("TRAP_BRKPT", seen[0].code, TRAP_BRKPT);
    handle(SIGILL, look, 0, 0);
    __asm__ volatile("udf #0" ::: "x3");
    expect("ILL_ILLOPC", seen[0].code, ILL_ILLOPC);
}

/* ---- Stacks ---- */

static sigjmp_buf escape;
static char *volatile alternate;
static volatile int on_alternate, depth;

static void leave(int signal, siginfo_t *info, void *context)
{
    char here;
    stack_t now;
    (void)info, (void)context;
    sigaltstack(NULL, &now);
    on_alternate = &here >= alternate && &here < alternate + STACK_BYTES;
    expect("SS_ONSTACK", now.ss_flags, on_alternate ? SS_ONSTACK : 0);
    if (on_alternate)
        expect("no change while on it", CALL(SYS_sigaltstack, &now, NULL), -EPERM);
    siglongjmp(escape, signal);
}

static int overflow(int n)
{
    volatile char space[1024];
    space[0] = (char)n;
    depth = n;
    return n < 0 ? 0 : overflow(n + 1) + space[0];
}

static void stacks(void)
{
    stack_t stack = {.ss_size = STACK_BYTES}, old;
    expect("no stack yet", sigaltstack(NULL, &old), 0);
    expect("SS_DISABLE", old.ss_flags, SS_DISABLE);
    alternate = stack.ss_sp =
        mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack.ss_size = 1024;
    expect("too small", CALL(SYS_sigaltstack, &stack, NULL), -ENOMEM);
    stack.ss_size = STACK_BYTES;
    stack.ss_flags = 77;
    expect("flags", CALL(SYS_sigaltstack, &stack, NULL), -EINVAL);
    stack.ss_flags = 0;
    expect("sigaltstack", CALL(SYS_sigaltstack, &stack, NULL), 0);
    handle(SIGSEGV, leave, SA_ONSTACK, 0);
    for (int i = 0; i < 3; i++) {
        depth = 0;
        if (sigsetjmp(escape, 1) == 0)
            overflow(1);
        expect_true("deep", depth > 5000);
        expect("ran on the alternate stack", on_alternate, 1);
        expect("mask after siglongjmp", (long)mask_now(), 0);
    }
    handle(SIGSEGV, leave, 0, 0);
    if (sigsetjmp(escape, 1) == 0)
        load((void *)8);
    expect("without SA_ONSTACK", on_alternate, 0);
    stack.ss_flags = SS_DISABLE;
    expect("disable", CALL(SYS_sigaltstack, &stack, &old), 0);
    expect_true("old stack", old.ss_sp == alternate && old.ss_size == STACK_BYTES);
    signal(SIGSEGV, SIG_DFL);
}

/* ---- Waiting for signals ---- */

static void waiting(void)
{
    uint64_t mask = ~BIT(SIGUSR1), set = BIT(SIGUSR2) | BIT(SIGRTMIN);
    struct timespec none = {0, 0}, some = {0, 2000000}, wrong = {0, 1000000000};
    siginfo_t info;
    handle(SIGUSR1, note, 0, 0);
    block(BIT(SIGUSR1) | BIT(SIGUSR2) | BIT(SIGRTMIN));
    raise(SIGUSR1);
    expect("sigsuspend", CALL(SYS_rt_sigsuspend, &mask, 8), -EINTR);
    expect("it ran", seen_count, 1);
    expect("under the lent mask", (long)seen[0].mask, (long)~(BIT(SIGKILL) | BIT(SIGSTOP)));
    expect("the mask is back", (long)mask_now(),
           (long)(BIT(SIGUSR1) | BIT(SIGUSR2) | BIT(SIGRTMIN)));
    expect("nothing there", CALL(SYS_rt_sigtimedwait, &set, &info, &none, 8), -EAGAIN);
    expect("time-out", CALL(SYS_rt_sigtimedwait, &set, &info, &some, 8), -EAGAIN);
    expect("bad time-out", CALL(SYS_rt_sigtimedwait, &set, &info, &wrong, 8), -EINVAL);
    union sigval value = {.sival_int = 5};
    sigqueue(getpid(), SIGRTMIN, value);
    value.sival_int = 6;
    sigqueue(getpid(), SIGRTMIN, value);
    raise(SIGUSR2);
    expect("lowest first", CALL(SYS_rt_sigtimedwait, &set, &info, NULL, 8), SIGUSR2);
    expect("SI_TKILL", info.si_code, SI_TKILL);
    expect("real-time", CALL(SYS_rt_sigtimedwait, &set, &info, &some, 8), SIGRTMIN);
    expect("its value", info.si_value.sival_int, 5);
    expect("without siginfo", CALL(SYS_rt_sigtimedwait, &set, NULL, &some, 8), SIGRTMIN);
    expect("all taken", CALL(SYS_rt_sigtimedwait, &set, NULL, &none, 8), -EAGAIN);
    expect("size", CALL(SYS_rt_sigtimedwait, &set, NULL, &none, 4), -EINVAL);
    expect("sigsuspend size", CALL(SYS_rt_sigsuspend, &mask, 4), -EINVAL);
    block(0);
    expect("nothing else ran", seen_count, 1);
}

static void mistakes(void)
{
    void *bad = (void *)0x330000000000L;
    pid_t pid = getpid();
    uint64_t mask = 0;
    expect("kill nobody, bad number", CALL(SYS_kill, 0x3fffff, 99), -ESRCH);
    expect("kill bad number", CALL(SYS_kill, pid, 65), -EINVAL);
    expect("kill negative number", CALL(SYS_kill, pid, -1), -EINVAL);
    expect("tkill 0", CALL(SYS_tkill, 0, 0), -EINVAL);
    expect("tgkill other group", CALL(SYS_tgkill, pid + 1, pid, 0), -ESRCH);
    expect("sigaction fault", CALL(SYS_rt_sigaction, SIGUSR1, bad, NULL, 8), -EFAULT);
    expect("sigaction old fault", CALL(SYS_rt_sigaction, SIGUSR1, NULL, bad, 8), -EFAULT);
    expect("sigaction of SIGSTOP", CALL(SYS_rt_sigaction, SIGSTOP, &mask, NULL, 8), -EINVAL);
    expect("sigprocmask fault", CALL(SYS_rt_sigprocmask, SIG_BLOCK, bad, NULL, 8), -EFAULT);
    expect("sigsuspend fault", CALL(SYS_rt_sigsuspend, bad, 8), -EFAULT);
    expect("sigtimedwait fault", CALL(SYS_rt_sigtimedwait, bad, NULL, NULL, 8), -EFAULT);
    expect("sigqueueinfo fault", CALL(SYS_rt_sigqueueinfo, pid, SIGUSR1, bad), -EFAULT);
    expect("sigaltstack fault", CALL(SYS_sigaltstack, bad, NULL), -EFAULT);
    expect("sigpending fault", CALL(SYS_rt_sigpending, bad, 8), -EFAULT);
    expect("sigpending size", CALL(SYS_rt_sigpending, &mask, 16), -EINVAL);
    expect("restart_syscall", CALL(SYS_restart_syscall), -EINTR);
    mask = ~0UL;
    CALL(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8);
    expect("never blocked", (long)mask_now(), (long)~(BIT(SIGKILL) | BIT(SIGSTOP)));
    block(0);
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    handlers();
    order();
    real_time();
    registers();
    frames();
    stacks();
    waiting();
    mistakes();
    return checks_end("signals");
}
