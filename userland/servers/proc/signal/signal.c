/*
 * signal.c: death by signal. Handlers are recorded but never run: that needs frames on the
 * program's stack and comes with the next tier. So every signal that is neither ignored nor
 * blocked has its default action, and a handler that should have run is said so in the log.
 */
#include "lib/layout.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/protocol.h"
#include "proc.h"

static const char *const signal_names[LINUX_SIGNALS + 1] = {
    "0",         "SIGHUP",  "SIGINT",    "SIGQUIT", "SIGILL",   "SIGTRAP", "SIGABRT", "SIGBUS",
    "SIGFPE",    "SIGKILL", "SIGUSR1",   "SIGSEGV", "SIGUSR2",  "SIGPIPE", "SIGALRM", "SIGTERM",
    "SIGSTKFLT", "SIGCHLD", "SIGCONT",   "SIGSTOP", "SIGTSTP",  "SIGTTIN", "SIGTTOU", "SIGURG",
    "SIGXCPU",   "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO",   "SIGPWR",  "SIGSYS",
};

static const char *signal_name(unsigned signal)
{
    return signal <= LINUX_SIGNALS && signal_names[signal] ? signal_names[signal] : "real-time";
}

/* ---- What the program did ---- */

static unsigned signal_of(uint64_t kind)
{
    switch (kind) {
    case EXCEPTION_PAGER:
    case EXCEPTION_ALIGNMENT:
        return SIGBUS;
    case EXCEPTION_NO_MEMORY:
        return SIGKILL; /* what Linux's out-of-memory killer sends */
    case EXCEPTION_UNDEFINED:
        return SIGILL;
    case EXCEPTION_BREAKPOINT:
        return SIGTRAP;
    default:
        return SIGSEGV;
    }
}

static const char *reason_of(uint64_t kind)
{
    static const char *const reasons[] = {
        [EXCEPTION_NO_REGION] = "no mapping",
        [EXCEPTION_RIGHTS] = "mapping does not allow it",
        [EXCEPTION_PAGER] = "pager failed",
        [EXCEPTION_NO_MEMORY] = "memory pool exhausted",
        [EXCEPTION_UNDEFINED] = "undefined or privileged instruction",
        [EXCEPTION_ALIGNMENT] = "misaligned",
        [EXCEPTION_BREAKPOINT] = "breakpoint",
    };
    return kind < sizeof reasons / sizeof reasons[0] && reasons[kind] ? reasons[kind] : "?";
}

/* Arm ARM D17.2.37 ESR_EL1: class in bits 31..26; data abort: WnR is bit 6. */
static const char *access_of(uint64_t syndrome)
{
    switch (syndrome >> 26 & 0x3f) {
    case 0x20:
        return ", execute";
    case 0x24:
        return syndrome & 0x40 ? ", write" : ", read";
    default:
        return "";
    }
}

static void log_registers(struct thread *thread)
{
    struct thread_registers registers;
    if (thread_ctl(thread->handle, THREAD_READ, 0, 0, 0) < 0)
        return;
    memcpy(&registers, MESSAGE_BYTES, sizeof registers);
    for (unsigned i = 0; i < 28; i += 4)
        log_print(LOG_ERROR, "  x%-2u %016lx  x%-2u %016lx  x%-2u %016lx  x%-2u %016lx\n", i,
                  registers.x[i], i + 1, registers.x[i + 1], i + 2, registers.x[i + 2], i + 3,
                  registers.x[i + 3]);
    log_print(LOG_ERROR, "  x28 %016lx  x29 %016lx  x30 %016lx  sp  %016lx\n", registers.x[28],
              registers.x[29], registers.x[30], registers.sp);
    log_print(LOG_ERROR, "  pc  %016lx  pstate %08lx  tls %016lx\n", registers.pc, registers.pstate,
              registers.tls);
}

int64_t signal_exception(struct thread *thread, uint64_t kind, uint64_t address, uint64_t pc,
                         uint64_t syndrome)
{
    struct process *process = thread->process;
    unsigned signal = signal_of(kind);
    const struct signal_action *action = &process->signals.actions[signal - 1];
    log_print(LOG_ERROR, "pagoda: %s (pid %u) %s at 0x%lx (%s%s) pc 0x%lx\n", process->memory->path,
              process->pid, signal_name(signal), address, reason_of(kind), access_of(syndrome), pc);
    if (action->handler > LINUX_SIG_IGN)
        log_print(LOG_ERROR, "  its handler at 0x%lx is not run: not supported yet\n",
                  action->handler);
    log_registers(thread);
    process_exit(process, signal);
    return ANSWER_NONE;
}

bool signal_ready(const struct thread *thread)
{
    (void)thread;
    return false;
}

int64_t signal_attention(struct thread *thread, int64_t result)
{
    (void)thread;
    return result;
}

/* ---- Signals sent by calls ---- */

/* True when the default of a signal is to do nothing: there is no job control to stop for. */
static bool harmless(unsigned signal)
{
    switch (signal) {
    case SIGCHLD:
    case SIGCONT:
    case SIGSTOP:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
    case SIGURG:
    case SIGWINCH:
        return true;
    default:
        return false;
    }
}

/* Acts on pending signals that are not blocked: 0, or ANSWER_NONE when the process ended. */
static int64_t deliver(struct thread *thread)
{
    struct process *process = thread->process;
    uint64_t blocked = thread->signals.blocked & ~(1UL << (SIGKILL - 1) | 1UL << (SIGSTOP - 1));
    uint64_t ready = thread->signals.pending & ~blocked;
    thread->signals.pending &= blocked;
    while (ready) {
        unsigned signal = (unsigned)__builtin_ctzl(ready) + 1;
        uint64_t handler = process->signals.actions[signal - 1].handler;
        ready &= ready - 1;
        if (handler == LINUX_SIG_IGN || (handler == LINUX_SIG_DFL && harmless(signal)))
            continue;
        log_print(LOG_ERROR, "pagoda: %s (pid %u) %s%s\n", process->memory->path, process->pid,
                  signal_name(signal),
                  handler ? ", whose handler is not run: not supported yet" : "");
        process_exit(process, signal);
        return ANSWER_NONE;
    }
    return 0;
}

static int64_t send_signal(struct thread *thread, uint64_t signal)
{
    if (signal)
        thread->signals.pending |= 1UL << (signal - 1);
    return deliver(thread);
}

int64_t linux_kill(struct thread *thread, uint64_t pid, uint64_t signal)
{
    int32_t who = (int32_t)pid;
    if (signal > LINUX_SIGNALS)
        return -EINVAL;
    /* 0 and -pid: the process group, of which every process here is the only member. */
    if (who != 0 && who != (int32_t)thread->process->pid && who != -(int32_t)thread->process->pid)
        return -ESRCH;
    return send_signal(thread, signal);
}

int64_t linux_tkill(struct thread *thread, uint64_t tid, uint64_t signal)
{
    if (signal > LINUX_SIGNALS || (int32_t)tid <= 0)
        return -EINVAL;
    if ((uint32_t)tid != thread->tid)
        return -ESRCH;
    return send_signal(thread, signal);
}

int64_t linux_tgkill(struct thread *thread, uint64_t pid, uint64_t tid, uint64_t signal)
{
    if ((int32_t)pid <= 0)
        return -EINVAL;
    if ((uint32_t)pid != thread->process->pid)
        return -ESRCH;
    return linux_tkill(thread, tid, signal);
}

/* The kernel's struct sigaction on arm64: handler, flags, restorer, mask. */
struct linux_sigaction {
    uint64_t handler, flags, restorer, mask;
};

int64_t linux_rt_sigaction(struct thread *thread, uint64_t signal, uint64_t action, uint64_t old,
                           uint64_t size)
{
    struct linux_sigaction wanted = {0};
    if (size != sizeof(uint64_t) || signal == 0 || signal > LINUX_SIGNALS)
        return -EINVAL;
    if (action && (signal == SIGKILL || signal == SIGSTOP))
        return -EINVAL;
    struct signal_action *known = &thread->process->signals.actions[signal - 1];
    int64_t error = action ? client_read(thread, action, &wanted, sizeof wanted) : 0;
    if (!error && old) {
        struct linux_sigaction before = {known->handler, known->flags, known->restorer,
                                         known->mask};
        error = client_write(thread, old, &before, sizeof before);
    }
    if (error)
        return error;
    if (action)
        *known = (struct signal_action){wanted.handler, wanted.flags, wanted.restorer, wanted.mask};
    return 0;
}

int64_t linux_rt_sigprocmask(struct thread *thread, uint64_t how, uint64_t set, uint64_t old,
                             uint64_t size)
{
    uint64_t mask = 0;
    if (size != sizeof mask || (set && how > 2))
        return -EINVAL;
    int64_t error = set ? client_read(thread, set, &mask, sizeof mask) : 0;
    if (!error && old)
        error = client_write(thread, old, &thread->signals.blocked, sizeof mask);
    if (error || !set)
        return error;
    if (how == 0) /* SIG_BLOCK */
        thread->signals.blocked |= mask;
    else if (how == 1) /* SIG_UNBLOCK */
        thread->signals.blocked &= ~mask;
    else /* SIG_SETMASK */
        thread->signals.blocked = mask;
    return deliver(thread);
}

int64_t linux_rt_sigpending(struct thread *thread, uint64_t set, uint64_t size)
{
    if (size > sizeof(uint64_t))
        return -EINVAL;
    return client_write(thread, set, &thread->signals.pending, size);
}

void signal_exec(struct process *process)
{
    for (unsigned i = 0; i < LINUX_SIGNALS; i++)
        if (process->signals.actions[i].handler != LINUX_SIG_IGN)
            process->signals.actions[i] = (struct signal_action){0};
}
