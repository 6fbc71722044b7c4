/*
 * exception.c: what a program did becomes a signal; and what is said of those that die by one.
 */
#include "act.h"
#include "lib/layout.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "proc.h"

static const char *const signal_names[LINUX_SIGNALS + 1] = {
    "0",         "SIGHUP",  "SIGINT",    "SIGQUIT", "SIGILL",   "SIGTRAP", "SIGABRT", "SIGBUS",
    "SIGFPE",    "SIGKILL", "SIGUSR1",   "SIGSEGV", "SIGUSR2",  "SIGPIPE", "SIGALRM", "SIGTERM",
    "SIGSTKFLT", "SIGCHLD", "SIGCONT",   "SIGSTOP", "SIGTSTP",  "SIGTTIN", "SIGTTOU", "SIGURG",
    "SIGXCPU",   "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO",   "SIGPWR",  "SIGSYS",
};

const char *signal_name(unsigned signal)
{
    return signal <= LINUX_SIGNALS && signal_names[signal] ? signal_names[signal] : "real-time";
}

/* Class of an exception, Arm ARM D17.2.37: ESR_EL1 bits 31..26. */
#define CLASS(syndrome) ((syndrome) >> 26 & 0x3f)
#define CLASS_PREFETCH  0x20
#define CLASS_DATA      0x24
#define CLASS_STEP      0x32
#define DATA_WAS_WRITE  0x40

/* ---- What kind of signal it is ---- */

static const struct {
    uint8_t signal, code;
    const char *reason;
} kinds[] = {
    [0] = {SIGSEGV, SEGV_MAPERR, "?"},
    [EXCEPTION_NO_REGION] = {SIGSEGV, SEGV_MAPERR, "no mapping"},
    [EXCEPTION_RIGHTS] = {SIGSEGV, SEGV_ACCERR, "mapping does not allow it"},
    [EXCEPTION_PAGER] = {SIGBUS, BUS_ADRERR, "pager failed"},
    [EXCEPTION_NO_MEMORY] = {SIGKILL, SIGNAL_BY_KERNEL, "memory pool exhausted"}, /* as OOM kills */
    [EXCEPTION_UNDEFINED] = {SIGILL, ILL_ILLOPC, "undefined or privileged instruction"},
    [EXCEPTION_ALIGNMENT] = {SIGBUS, BUS_ADRALN, "misaligned"},
    [EXCEPTION_BREAKPOINT] = {SIGTRAP, TRAP_BRKPT, "breakpoint"},
};
#define KINDS (sizeof kinds / sizeof kinds[0])

int64_t signal_exception(struct thread *thread, uint64_t kind, uint64_t address, uint64_t pc,
                         uint64_t syndrome)
{
    struct signal_thread *own = &thread->signals;
    if (kind >= KINDS)
        kind = 0;
    struct signal_info info = {.signal = kinds[kind].signal, .code = kinds[kind].code};
    info.address = kind == EXCEPTION_UNDEFINED || kind == EXCEPTION_BREAKPOINT ? pc : address;
    if (kind == EXCEPTION_BREAKPOINT && CLASS(syndrome) == CLASS_STEP)
        info.code = TRAP_TRACE;
    signal_force(thread, &info);
    own->fault_kind = (uint8_t)kind;
    own->fault_address = address;
    own->fault_syndrome = syndrome;
    return ANSWER_REGISTERS;
}

/* ---- What people read ---- */

static const char *access_of(uint64_t syndrome)
{
    switch (CLASS(syndrome)) {
    case CLASS_PREFETCH:
        return ", execute";
    case CLASS_DATA:
        return syndrome & DATA_WAS_WRITE ? ", write" : ", read";
    default:
        return "";
    }
}

static void log_registers(enum log_level level, const struct thread_registers *registers)
{
    for (unsigned i = 0; i < 28; i += 4)
        log_print(level, "  x%-2u %016lx  x%-2u %016lx  x%-2u %016lx  x%-2u %016lx\n", i,
                  registers->x[i], i + 1, registers->x[i + 1], i + 2, registers->x[i + 2], i + 3,
                  registers->x[i + 3]);
    log_print(level, "  x28 %016lx  x29 %016lx  x30 %016lx  sp  %016lx\n", registers->x[28],
              registers->x[29], registers->x[30], registers->sp);
    log_print(level, "  pc  %016lx  pstate %08lx  tls %016lx\n", registers->pc, registers->pstate,
              registers->tls);
}

/* A parent hears of it by wait4; of the others people must. */
static enum log_level level_for(const struct process *process)
{
    return process->family.parent ? LOG_INFO : LOG_ERROR;
}

void signal_death(struct process *process, unsigned signal)
{
    log_print(level_for(process), "pagoda: %s (pid %u) %s\n", process->memory->path, process->pid,
              signal_name(signal));
    process_exit(process, signal);
}

void signal_death_by_fault(struct thread *thread, unsigned signal)
{
    const struct signal_thread *own = &thread->signals;
    struct process *process = thread->process;
    enum log_level level = level_for(process);
    struct thread_registers registers = {.pc = 0};
    if (thread_ctl(thread->handle, THREAD_READ, 0, 0, 0) == 0)
        memcpy(&registers, MESSAGE_BYTES, sizeof registers);
    if (own->fault_kind)
        log_print(level, "pagoda: %s (pid %u) %s at 0x%lx (%s%s) pc 0x%lx\n", process->memory->path,
                  process->pid, signal_name(signal), own->fault_address,
                  kinds[own->fault_kind].reason, access_of(own->fault_syndrome), registers.pc);
    else
        log_print(level, "pagoda: %s (pid %u) %s: no signal frame at sp 0x%lx\n",
                  process->memory->path, process->pid, signal_name(signal), registers.sp);
    log_registers(level, &registers);
    process_exit(process, signal);
}
