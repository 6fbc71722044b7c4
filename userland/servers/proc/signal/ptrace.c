/*
 * ptrace.c: the call of that name (ptrace(2)).
 */
#include "lib/layout.h"
#include "lib/memory.h"
#include "linux_ptrace.h"
#include "trace.h"

bool may_trace_process(const struct thread *tracer, const struct process *process)
{
    const struct ids *from = &tracer->process->family.credentials.user;
    const struct ids *to = &process->family.credentials.user;
    return from->effective == 0 ||
           (from->real == to->real && from->real == to->effective && from->real == to->saved);
}

static int64_t trace_me(struct thread *thread)
{
    struct process *parent = thread->process->family.parent;
    if (thread->signals.trace || !parent)
        return -EPERM;
    return trace_begin(parent, thread, false, 0) ? 0 : -ENOMEM;
}

static int64_t attach(struct thread *tracer, uint64_t tid, bool seize, uint64_t address,
                      uint64_t options)
{
    struct thread *thread = thread_find((uint32_t)tid);
    struct signal_info stop = {.signal = SIGSTOP, .code = SIGNAL_BY_KERNEL};
    if (seize && (address || options & ~(uint64_t)PTRACE_O_ALL))
        return -EIO;
    if (!thread)
        return process_find((uint32_t)tid) ? -EPERM : -ESRCH;
    if (thread->process == tracer->process || thread->signals.trace ||
        !may_trace_process(tracer, thread->process))
        return -EPERM;
    struct trace *trace =
        trace_begin(tracer->process, thread, seize, seize ? (uint32_t)options : 0);
    if (!trace)
        return -ENOMEM;
    if (!seize)
        signal_send_thread(thread, &stop);
    trace_adopt_stop(trace);
    return 0;
}

/* PTRACE_CONT and its like. */
static int64_t resume(struct trace *trace, uint64_t request, uint64_t signal)
{
    if (signal > LINUX_SIGNALS)
        return -EIO;
    if (request == PTRACE_DETACH)
        trace_end(trace, (unsigned)signal);
    else
        trace_resume(trace,
                     request == PTRACE_SYSCALL      ? TRACE_CALLS
                     : request == PTRACE_SINGLESTEP ? TRACE_STEP
                                                    : TRACE_CONTINUE,
                     (unsigned)signal);
    return 0;
}

static int64_t peek_or_poke(struct thread *tracer, struct trace *trace, bool poke, uint64_t address,
                            uint64_t data)
{
    uint64_t word = data, done = 0;
    int64_t error = foreign_copy(tracer, trace->thread->process, address, &word, sizeof word, poke,
                                 true, &done);
    if (error)
        return error == -EFAULT ? -EIO : error;
    return poke ? 0 : client_write(tracer, data, &word, sizeof word);
}

static int64_t signal_information(struct thread *tracer, struct trace *trace, bool set,
                                  uint64_t data)
{
    char whole[SIGNAL_INFO_BYTES] = {0};
    if (trace->stop == TRACE_GROUP && !trace->seized)
        return -EINVAL; /* by which tracers know it from a signal */
    if (set) {
        int64_t error = client_read(tracer, data, whole, sizeof whole);
        if (!error)
            memcpy(&trace->info, whole, sizeof trace->info);
        return error;
    }
    memcpy(whole, &trace->info, sizeof trace->info);
    return client_write(tracer, data, whole, sizeof whole);
}

static int64_t mask(struct thread *tracer, struct trace *trace, bool set, uint64_t size,
                    uint64_t data)
{
    struct signal_thread *own = &trace->thread->signals;
    uint64_t value = own->lent ? own->blocked_after : own->blocked;
    if (size != sizeof value)
        return -EINVAL;
    if (!set)
        return client_write(tracer, data, &value, sizeof value);
    int64_t error = client_read(tracer, data, &value, sizeof value);
    if (!error)
        signal_mask_set(trace->thread, value);
    return error;
}

static int64_t call_information(struct thread *tracer, const struct trace *trace, uint64_t size,
                                uint64_t data)
{
    const struct thread_registers *registers = (const void *)MESSAGE_BYTES;
    struct linux_syscall_info info = {.architecture = AUDIT_ARCH_AARCH64};
    size_t bytes = __builtin_offsetof(struct linux_syscall_info, entry);
    if (thread_ctl(trace->thread->handle, THREAD_READ, 0, 0, 0) < 0)
        return -ESRCH;
    info.pc = registers->pc;
    info.sp = registers->sp;
    if (trace->stop == TRACE_ENTRY) {
        info.kind = SYSCALL_INFO_ENTRY;
        info.entry.number = trace->number;
        memcpy(info.entry.arguments, registers->x, sizeof info.entry.arguments);
        bytes = sizeof info;
    } else if (trace->stop == TRACE_EXIT) {
        info.kind = SYSCALL_INFO_EXIT;
        info.exit.result = (int64_t)registers->x[0];
        info.exit.is_error = registers->x[0] >= (uint64_t)-4095;
        bytes = __builtin_offsetof(struct linux_syscall_info, exit.is_error) + 1;
    }
    int64_t error = client_write(tracer, data, &info, size < bytes ? size : bytes);
    return error ? error : (int64_t)bytes;
}

/* Requests to a thread that is stopped. */
static int64_t carry_out(struct thread *tracer, struct trace *trace, uint64_t request,
                         uint64_t address, uint64_t data)
{
    switch (request) {
    case PTRACE_PEEKTEXT:
    case PTRACE_PEEKDATA:
        return peek_or_poke(tracer, trace, false, address, data);
    case PTRACE_POKETEXT:
    case PTRACE_POKEDATA:
        return peek_or_poke(tracer, trace, true, address, data);
    case PTRACE_CONT:
    case PTRACE_SYSCALL:
    case PTRACE_SINGLESTEP:
    case PTRACE_DETACH:
        return resume(trace, request, data);
    case PTRACE_SETOPTIONS:
        if (data & ~(uint64_t)PTRACE_O_ALL)
            return -EINVAL;
        trace->options = (uint32_t)data;
        return 0;
    case PTRACE_GETEVENTMSG:
        return client_write(tracer, data, &trace->message, sizeof trace->message);
    case PTRACE_GETSIGINFO:
    case PTRACE_SETSIGINFO:
        return signal_information(tracer, trace, request == PTRACE_SETSIGINFO, data);
    case PTRACE_GETREGSET:
    case PTRACE_SETREGSET:
        return regset_transfer(tracer, trace, address, data, request == PTRACE_SETREGSET);
    case PTRACE_GETSIGMASK:
    case PTRACE_SETSIGMASK:
        return mask(tracer, trace, request == PTRACE_SETSIGMASK, address, data);
    case PTRACE_GET_SYSCALL_INFO:
        return call_information(tracer, trace, address, data);
    case PTRACE_LISTEN:
        return trace_listen(trace) ? 0 : -EIO;
    default:
        return -EIO;
    }
}

int64_t linux_ptrace(struct thread *thread, uint64_t request, uint64_t tid, uint64_t address,
                     uint64_t data)
{
    struct signal_info kill = {.signal = SIGKILL, .code = SIGNAL_BY_KERNEL};
    if (request == PTRACE_TRACEME)
        return trace_me(thread);
    if (request == PTRACE_ATTACH || request == PTRACE_SEIZE)
        return attach(thread, tid, request == PTRACE_SEIZE, address, data);
    struct thread *traced = thread_find((uint32_t)tid);
    struct trace *trace = traced ? traced->signals.trace : NULL;
    if (!trace || trace->tracer != thread->process)
        return -ESRCH;
    switch (request) {
    case PTRACE_KILL:
        signal_send_process(traced->process, &kill);
        return 0;
    case PTRACE_INTERRUPT:
        if (!trace->seized)
            return -EIO;
        trace_interrupt(trace);
        return 0;
    default:
        if (!trace->stop || trace->listening)
            return -ESRCH;
        return carry_out(thread, trace, request, address, data);
    }
}
