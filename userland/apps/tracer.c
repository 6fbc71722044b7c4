/*
 * tracer: traces its own children, compared with what Linux does. Status 0 when there is no
 * difference. Runs on Linux unchanged.
 */
#define _GNU_SOURCE
#include "children.h"
#include <elf.h>
#include <linux/ptrace.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define TRACE(...)     CALL(SYS_ptrace, __VA_ARGS__)
#define NT_SYSTEM_CALL 0x404
#define STOPPED_BY(s)  ((s) << 8 | 0x7f)
#define EVENT(e)       ((e) << 16 | SIGTRAP << 8 | 0x7f)
#define EVENT_STOP(s)  (PTRACE_EVENT_STOP << 16 | (s) << 8 | 0x7f)
#define BAD            ((void *)0x330000000000L)

struct general {
    uint64_t x[31], sp, pc, pstate;
};

static struct general registers_of(pid_t pid)
{
    struct general registers;
    struct iovec piece = {&registers, sizeof registers};
    memset(&registers, 0, sizeof registers);
    expect("GETREGSET", TRACE(PTRACE_GETREGSET, pid, NT_PRSTATUS, &piece), 0);
    expect("its length", (long)piece.iov_len, sizeof registers);
    return registers;
}

static void set_registers(pid_t pid, struct general registers)
{
    struct iovec piece = {&registers, sizeof registers};
    expect("SETREGSET", TRACE(PTRACE_SETREGSET, pid, NT_PRSTATUS, &piece), 0);
}

static long peek(pid_t pid, const volatile void *address)
{
    long word = -1;
    long error = TRACE(PTRACE_PEEKDATA, pid, address, &word);
    return error ? error : word;
}

static int wait_for(pid_t pid)
{
    int status = -1;
    expect("waitpid", waitpid(pid, &status, __WALL), pid);
    return status;
}

/* A child that traces itself and stops. */
static pid_t traced(void (*child)(void))
{
    pid_t pid = fork();
    if (pid == 0) {
        if (TRACE(PTRACE_TRACEME, 0, 0, 0))
            _exit(98);
        raise(SIGSTOP);
        child();
        _exit(33);
    }
    expect("stops for its tracer", wait_for(pid), STOPPED_BY(SIGSTOP));
    return pid;
}

static void let_end(pid_t pid, int status)
{
    expect("continue", TRACE(PTRACE_CONT, pid, 0, 0), 0);
    expect("its end", wait_for(pid), status << 8);
}

/* ---- Calls ---- */

static void three_calls(void)
{
    syscall(SYS_getppid);
    syscall(SYS_close, -1);
    syscall(SYS_kill, 0x3ffffff, 0);
}

static void calls(void)
{
    static const struct {
        long number, first, result;
    } wanted[] = {{SYS_getppid, 0, 0}, {SYS_close, -1, -EBADF}, {SYS_kill, 0x3ffffff, -ESRCH}};
    pid_t pid = traced(three_calls);
    expect("SETOPTIONS", TRACE(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD), 0);
    unsigned seen = 0;
    for (int i = 0; i < 40 && seen < 3; i++) {
        struct ptrace_syscall_info info;
        expect("SYSCALL", TRACE(PTRACE_SYSCALL, pid, 0, 0), 0);
        expect("entry", wait_for(pid), STOPPED_BY(SIGTRAP | 0x80));
        expect("GET_SYSCALL_INFO", TRACE(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info), 80);
        expect("op", info.op, PTRACE_SYSCALL_INFO_ENTRY);
        struct general registers = registers_of(pid);
        expect_true("its place",
                    info.instruction_pointer == registers.pc && info.stack_pointer == registers.sp);
        expect("x8", (long)registers.x[8], (long)info.entry.nr);
        int ours = (long)info.entry.nr == wanted[seen].number;
        if (ours && seen)
            expect("argument", (int)info.entry.args[0], wanted[seen].first);
        expect("SYSCALL", TRACE(PTRACE_SYSCALL, pid, 0, 0), 0);
        expect("exit", wait_for(pid), STOPPED_BY(SIGTRAP | 0x80));
        expect("GET_SYSCALL_INFO", TRACE(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info), 33);
        expect("op", info.op, PTRACE_SYSCALL_INFO_EXIT);
        if (ours)
            expect("result", info.exit.rval, seen ? wanted[seen].result : getpid());
        if (ours)
            expect("is_error", info.exit.is_error, seen > 0);
        seen += ours;
    }
    expect("all seen", seen, 3);
    let_end(pid, 33);
}

static void ask_parent(void)
{
    _exit(syscall(SYS_getppid) == 4711 && syscall(SYS_getppid) == -1 && errno == ENOSYS ? 34 : 35);
}

/* A result is changed, a call is left out. */
static void changed_calls(void)
{
    pid_t pid = traced(ask_parent);
    struct general registers;
    int number, shown = 0;
    struct iovec piece = {&number, sizeof number};
    TRACE(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD);
    while (shown < 2) {
        TRACE(PTRACE_SYSCALL, pid, 0, 0);
        wait_for(pid);
        expect("number", TRACE(PTRACE_GETREGSET, pid, NT_SYSTEM_CALL, &piece), 0);
        int ours = number == SYS_getppid;
        if (ours && shown) {
            number = -1;
            expect("no call", TRACE(PTRACE_SETREGSET, pid, NT_SYSTEM_CALL, &piece), 0);
        }
        TRACE(PTRACE_SYSCALL, pid, 0, 0);
        wait_for(pid);
        if (!ours)
            continue;
        registers = registers_of(pid);
        expect("its result", (long)registers.x[0], shown ? -ENOSYS : getpid());
        if (!shown++) {
            registers.x[0] = 4711;
            set_registers(pid, registers);
        }
    }
    let_end(pid, 34);
}

/* ---- Signals ---- */

static volatile int caught;

static void note(int signal)
{
    caught = signal;
}

static void raise_some(void)
{
    signal(SIGUSR2, note);
    raise(SIGUSR1); /* suppressed */
    raise(SIGUSR1); /* becomes SIGUSR2 */
    _exit(caught == SIGUSR2 ? 36 : 37);
}

static void signals(void)
{
    siginfo_t info;
    pid_t pid = traced(raise_some);
    TRACE(PTRACE_CONT, pid, 0, 0);
    expect("first signal", wait_for(pid), STOPPED_BY(SIGUSR1));
    expect("GETSIGINFO", TRACE(PTRACE_GETSIGINFO, pid, 0, &info), 0);
    expect_true("who sent it",
                info.si_signo == SIGUSR1 && info.si_code == SI_TKILL && info.si_pid == pid);
    expect("suppress it", TRACE(PTRACE_CONT, pid, 0, 0), 0);
    expect("second signal", wait_for(pid), STOPPED_BY(SIGUSR1));
    expect("another", TRACE(PTRACE_CONT, pid, 0, SIGUSR2), 0);
    expect("its handler ran", wait_for(pid), 36 << 8);
    pid = traced(raise_some);
    TRACE(PTRACE_CONT, pid, 0, 0);
    wait_for(pid);
    expect("no such signal", TRACE(PTRACE_CONT, pid, 0, 99), -EIO);
    expect("let it die", TRACE(PTRACE_CONT, pid, 0, SIGUSR1), 0);
    expect("dead", wait_for(pid), SIGUSR1);
}

static volatile int *volatile nowhere = (volatile int *)16;

static void crash(void)
{
    *nowhere = 1;
}

static void faults(void)
{
    siginfo_t info;
    pid_t pid = traced(crash);
    TRACE(PTRACE_CONT, pid, 0, 0);
    expect("fault", wait_for(pid), STOPPED_BY(SIGSEGV));
    TRACE(PTRACE_GETSIGINFO, pid, 0, &info);
    expect_true("where", info.si_addr == (void *)nowhere && info.si_code == SEGV_MAPERR);
    struct general registers = registers_of(pid);
    registers.pc += 4;
    set_registers(pid, registers);
    let_end(pid, 33); /* stepped over */
    pid = traced(crash);
    TRACE(PTRACE_CONT, pid, 0, 0);
    wait_for(pid);
    TRACE(PTRACE_CONT, pid, 0, SIGSEGV);
    expect("fatal", wait_for(pid) & 0x7f, SIGSEGV);
}

/* ---- Memory and registers ---- */

static volatile long word = 0x1122334455667788, untouched[1024];
static const long constant[1024] = {99};

static __attribute__((noinline)) void breakpoint_here(void)
{
    __asm__ volatile("nop" ::: "memory");
}

static void call_it(void)
{
    double one = 1.5;
    __asm__ volatile("fmov d9, %d0" ::"w"(one) : "v9");
    breakpoint_here();
    _exit(word == 5 && untouched[600] == 6 && *(volatile const long *)constant == 7 ? 38 : 39);
}

static void memory(void)
{
    pid_t pid = traced(call_it);
    struct {
        double v[64];
        uint32_t fpsr, fpcr, rest[2];
    } fp;
    struct iovec piece = {&fp, sizeof fp};
    expect("peek", peek(pid, &word), word);
    expect("peek what was not touched", peek(pid, &untouched[600]), 0);
    expect("peek nowhere", peek(pid, BAD), -EIO);
    expect("peek a constant", peek(pid, constant), 99);
    expect("poke", TRACE(PTRACE_POKEDATA, pid, &word, 5), 0);
    expect("poke what was not touched", TRACE(PTRACE_POKEDATA, pid, &untouched[600], 6), 0);
    expect("poke a constant", TRACE(PTRACE_POKEDATA, pid, constant, 7), 0);
    expect("poke nowhere", TRACE(PTRACE_POKEDATA, pid, BAD, 7), -EIO);
    expect_true("only there", word != 5 && *(volatile const long *)constant == 99);
    uintptr_t place = (uintptr_t)breakpoint_here & ~7UL;
    long before = peek(pid, (void *)place), shift = ((uintptr_t)breakpoint_here & 4) * 8;
    long with = (before & ~(0xffffffffL << shift)) | 0xd4200000L << shift;
    expect("breakpoint", TRACE(PTRACE_POKETEXT, pid, place, with), 0);
    TRACE(PTRACE_CONT, pid, 0, 0);
    expect("it was hit", wait_for(pid), STOPPED_BY(SIGTRAP));
    expect("where", (long)registers_of(pid).pc, (long)breakpoint_here);
    expect("FP registers", TRACE(PTRACE_GETREGSET, pid, NT_FPREGSET, &piece), 0);
    expect_true("d9", piece.iov_len == 528 && fp.v[18] == 1.5);
    expect("take it out", TRACE(PTRACE_POKETEXT, pid, place, before), 0);
    struct general first = registers_of(pid);
    for (int i = 0; i < 3; i++) {
        expect("step", TRACE(PTRACE_SINGLESTEP, pid, 0, 0), 0);
        expect("stepped", wait_for(pid), STOPPED_BY(SIGTRAP));
    }
    expect_true("three instructions", registers_of(pid).pc != first.pc);
    let_end(pid, 38);
}

static void vm_calls(void)
{
    pid_t pid = traced(call_it);
    long mine[4] = {0}, value = 5;
    struct iovec here[2] = {{mine, 8}, {mine + 1, 24}};
    struct iovec there[2] = {{(void *)&word, 8}, {(void *)&untouched[600], 24}};
    expect("readv", CALL(SYS_process_vm_readv, pid, here, 2, there, 2, 0), 32);
    expect_true("what it has", mine[0] == word && mine[1] == 0);
    struct iovec bad[2] = {{(void *)&word, 8}, {BAD, 8}};
    expect("half of it", CALL(SYS_process_vm_readv, pid, here, 2, bad, 2, 0), 8);
    expect("nothing of it", CALL(SYS_process_vm_readv, pid, here, 1, bad + 1, 1, 0), -EFAULT);
    expect("nobody", CALL(SYS_process_vm_readv, 0x3ffffff, here, 1, there, 1, 0), -ESRCH);
    expect("flags", CALL(SYS_process_vm_readv, pid, here, 1, there, 1, 1), -EINVAL);
    struct iovec from = {&value, 8}, read_only = {(void *)constant, 8};
    expect("writev", CALL(SYS_process_vm_writev, pid, &from, 1, there, 1, 0), 8);
    expect("read-only", CALL(SYS_process_vm_writev, pid, &from, 1, &read_only, 1, 0), -EFAULT);
    TRACE(PTRACE_POKEDATA, pid, &untouched[600], 6);
    TRACE(PTRACE_POKEDATA, pid, constant, 7);
    let_end(pid, 38);
}

/* What a child has before it ran at all is its parent's: written, only read, never touched. */
static void newborn(void)
{
    for (int round = 0; round < 20; round++) {
        volatile long *page =
            mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        long mine[4] = {-1, -1, -1, -1};
        struct iovec here = {mine, sizeof mine};
        page[0] = 41 + round;
        expect("read here", page[512], 0);
        char byte;
        int gate[2];
        expect("pipe", pipe(gate), 0);
        pid_t pid = fork();
        if (pid == 0)
            _exit(read(gate[0], &byte, 1) == 1 && page[1] == 7 ? 34 : 35);
        struct iovec there[4] = {{(void *)page, 8},
                                 {(void *)(page + 512), 8},
                                 {(void *)(page + 1024), 8},
                                 {(void *)constant, 8}};
        if (round & 1)
            expect("SEIZE", TRACE(PTRACE_SEIZE, pid, 0, 0), 0);
        expect("readv", CALL(SYS_process_vm_readv, pid, &here, 1, there, 4, 0), 32);
        expect("written", mine[0], 41 + round);
        expect("read", mine[1], 0);
        expect("untouched", mine[2], 0);
        expect("constant", mine[3], 99);
        long value = 7;
        struct iovec from = {&value, 8}, to = {(void *)(page + 1), 8};
        expect("writev", CALL(SYS_process_vm_writev, pid, &from, 1, &to, 1, 0), 8);
        expect("let it go", write(gate[1], "x", 1), 1);
        expect("its end", wait_for(pid), 34 << 8);
        close(gate[0]);
        close(gate[1]);
        munmap((void *)page, 3 * 4096);
    }
}

/* ---- Children, programs, attaching ---- */

static void fork_and_exec(void)
{
    pid_t below = fork();
    if (below == 0)
        _exit(40);
    waitpid(below, NULL, 0);
    char *const words[] = {"/proc/self/exe", "end", NULL}, *const none[] = {NULL};
    execve(words[0], words, none);
    _exit(41);
}

static void events(void)
{
    pid_t pid = traced(fork_and_exec);
    unsigned long message = 0;
    int status;
    expect("options", TRACE(PTRACE_SETOPTIONS, pid, 0, 1 << 30), -EINVAL);
    TRACE(PTRACE_SETOPTIONS, pid, 0,
          PTRACE_O_TRACEFORK | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL);
    TRACE(PTRACE_CONT, pid, 0, 0);
    expect("fork", wait_for(pid), EVENT(PTRACE_EVENT_FORK));
    TRACE(PTRACE_GETEVENTMSG, pid, 0, &message);
    pid_t below = (pid_t)message;
    expect_true("its child", below > pid);
    expect("stops at once", wait_for(below), STOPPED_BY(SIGSTOP));
    TRACE(PTRACE_CONT, below, 0, 0);
    expect("and its end", wait_for(below), EVENT(PTRACE_EVENT_EXIT));
    TRACE(PTRACE_GETEVENTMSG, below, 0, &message);
    expect("status to be", (long)message, 40 << 8);
    TRACE(PTRACE_CONT, below, 0, 0);
    expect("its end is told", wait_for(below), 40 << 8);
    TRACE(PTRACE_CONT, pid, 0, 0);
    for (status = wait_for(pid); status == STOPPED_BY(SIGCHLD); status = wait_for(pid))
        TRACE(PTRACE_CONT, pid, 0, SIGCHLD);
    expect("exec", status, EVENT(PTRACE_EVENT_EXEC));
    TRACE(PTRACE_CONT, pid, 0, 0);
    expect("exit", wait_for(pid), EVENT(PTRACE_EVENT_EXIT));
    let_end(pid, 42);
}

static void sleep_long(void)
{
    ready();
    pass(1000 * SECOND);
}

static void nap(void)
{
    ready();
    long begin = now();
    pass(60 * MS);
    _exit(now() - begin >= 60 * MS ? 43 : 44);
}

static void attaching(void)
{
    pid_t pid = start(sleep_long);
    expect("not traced", TRACE(PTRACE_CONT, pid, 0, 0), -ESRCH);
    pass(5 * MS);
    expect("attach", TRACE(PTRACE_ATTACH, pid, 0, 0), 0);
    expect("stops", wait_for(pid), STOPPED_BY(SIGSTOP));
    expect("twice", TRACE(PTRACE_ATTACH, pid, 0, 0), -EPERM);
    expect("oneself", TRACE(PTRACE_ATTACH, getpid(), 0, 0), -EPERM);
    expect("nobody", TRACE(PTRACE_ATTACH, 0x3ffffff, 0, 0), -ESRCH);
    expect("what it waits in",
           (long)registers_of(pid).x[8] == SYS_nanosleep ||
               (long)registers_of(pid).x[8] == SYS_clock_nanosleep,
           1);
    expect("kill", kill(pid, SIGKILL), 0);
    expect("dead", wait_for(pid), SIGKILL);
    pid = start(nap);
    pass(5 * MS);
    expect("seize", TRACE(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACESYSGOOD), 0);
    expect("runs on", waitpid(pid, NULL, __WALL | WNOHANG), 0);
    expect("interrupt", TRACE(PTRACE_INTERRUPT, pid, 0, 0), 0);
    expect("stops", wait_for(pid), EVENT_STOP(SIGTRAP));
    expect("calls", TRACE(PTRACE_SYSCALL, pid, 0, 0), 0);
    int status, groups = 0;
    struct ptrace_syscall_info call = {.op = 9};
    expect("the sleep enters anew", wait_for(pid), STOPPED_BY(SIGTRAP | 0x80));
    TRACE(PTRACE_GET_SYSCALL_INFO, pid, sizeof call, &call);
    expect("entry", call.op, PTRACE_SYSCALL_INFO_ENTRY);
    expect("calls", TRACE(PTRACE_SYSCALL, pid, 0, 0), 0);
    kill(pid, SIGSTOP);
    for (status = wait_for(pid); WIFSTOPPED(status); status = wait_for(pid)) {
        if (status == EVENT_STOP(SIGSTOP)) {
            groups++;
            expect("listen", TRACE(PTRACE_LISTEN, pid, 0, 0), 0);
            kill(pid, SIGCONT);
        } else {
            int signal = status >> 16 || WSTOPSIG(status) & 0x80 ? 0 : WSTOPSIG(status);
            expect("go on", TRACE(PTRACE_SYSCALL, pid, 0, signal), 0);
        }
    }
    expect("stopped once", groups, 1);
    expect("it slept on", WEXITSTATUS(status), 43);
    pid = start(nap);
    TRACE(PTRACE_SEIZE, pid, 0, 0);
    TRACE(PTRACE_INTERRUPT, pid, 0, 0);
    wait_for(pid);
    expect("detach", TRACE(PTRACE_DETACH, pid, 0, 0), 0);
    expect("on its own", wait_for(pid), 43 << 8);
}

/* A tracer that ends: its tracees go on, or not. */
static void tracer_ends(void)
{
    for (int kills = 0; kills < 2; kills++) {
        pid_t pid = start(nap), tracer = fork();
        if (tracer == 0) {
            checks_failed = 0;
            TRACE(PTRACE_SEIZE, pid, 0, kills ? PTRACE_O_EXITKILL : 0);
            TRACE(PTRACE_INTERRUPT, pid, 0, 0);
            wait_for(pid);
            _exit(checks_failed);
        }
        expect("the tracer", wait_for(tracer), 0);
        expect("the tracee", wait_for(pid), kills ? SIGKILL : 43 << 8);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "end"))
        _exit(42);
    setvbuf(stdout, NULL, _IONBF, 0);
    leave_init();
    calls();
    changed_calls();
    signals();
    faults();
    memory();
    vm_calls();
    newborn();
    events();
    mask(SIG_BLOCK, BIT(SIGUSR1));
    attaching();
    tracer_ends();
    return checks_end("tracer");
}
