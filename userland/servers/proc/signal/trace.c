/*
 * trace.c: when a traced thread stops, what its tracer is told, how it goes on.
 */
#include "trace.h"
#include "lib/layout.h"
#include "lib/memory.h"
#include "lib/wired.h"
#include "linux_ptrace.h"
#include "process/linux_process.h"
#include "queue.h"

/* ---- Registers of a stopped thread ---- */

static uint64_t read_x0(const struct thread *thread)
{
    if (thread_ctl(thread->handle, THREAD_READ, 0, 0, 0) < 0)
        return 0;
    return ((const struct thread_registers *)MESSAGE_BYTES)->x[0];
}

/* The old x0. */
static uint64_t write_x0(const struct thread *thread, uint64_t value)
{
    uint64_t before = read_x0(thread);
    ((struct thread_registers *)MESSAGE_BYTES)->x[0] = value;
    thread_ctl(thread->handle, THREAD_WRITE, 0, 0, 0);
    return before;
}

/* ---- Stopping ---- */

/* Tells the tracer as a parent is told: by wait4 and SIGCHLD. */
static void tell(struct trace *trace, uint32_t status)
{
    const struct signal_action *action = signal_action_of(trace->tracer, SIGCHLD);
    struct signal_info info = {.signal = SIGCHLD, .code = CLD_TRAPPED, .pid = trace->tid};
    info.status = (int32_t)(status >> 8 & 0x7f);
    trace->status = status;
    trace->untold = true;
    wait_wake(&trace->tracer->family.waiters);
    if (action->handler != LINUX_SIG_IGN && !(action->flags & SA_NOCLDSTOP))
        signal_send_process(trace->tracer, &info);
}

/* `code`: what siginfo says, the signal and what is above. */
static void stop(struct thread *thread, enum trace_stop kind, uint32_t code)
{
    struct trace *trace = thread->signals.trace;
    trace->stop = (uint8_t)kind;
    trace->listening = trace->interrupt = false;
    if (kind != TRACE_SIGNAL) {
        trace->info = signal_info_from(thread, (int32_t)(code & 0x7f), (int32_t)code);
    }
    tell(trace, code << 8 | 0x7f);
}

static void stop_for_event(struct thread *thread, unsigned event, unsigned signal)
{
    stop(thread, TRACE_EVENT, event << 8 | signal);
}

/* Keeps the request open: what it is answered when it goes on. */
static void park(struct thread *thread, int64_t result)
{
    thread->signals.state = SIGNAL_PARKED;
    thread->signals.result = result;
}

static uint32_t call_stop_code(const struct trace *trace)
{
    return SIGTRAP | (trace->options & PTRACE_O_TRACESYSGOOD ? 0x80 : 0);
}

/* ---- On the way of a request ---- */

#define CALL_EXIT       93
#define CALL_EXIT_GROUP 94

bool trace_enters(struct thread *thread, bool call, bool again, uint32_t number)
{
    struct trace *trace = thread->signals.trace;
    if (trace->stop) { /* it came back with pages */
        park(thread, call ? ANSWER_RETRY : ANSWER_REGISTERS);
        return true;
    }
    if (!call)
        return false;
    if (!again) {
        loop_forget(thread);
        trace->in_call = trace->call_changed = trace->exit_told = false;
    }
    bool entry = !trace->in_call && trace->mode == TRACE_CALLS;
    bool exits = number == CALL_EXIT || number == CALL_EXIT_GROUP;
    trace->in_call = true;
    if (entry) {
        trace->number = number;
        park(thread, ANSWER_RETRY);
        stop(thread, TRACE_ENTRY, call_stop_code(trace));
    } else if (exits && trace->options & PTRACE_O_TRACEEXIT && !trace->exit_told) {
        trace->exit_told = true;
        trace->message = (read_x0(thread) & 0xff) << 8;
        park(thread, ANSWER_RETRY);
        stop_for_event(thread, PTRACE_EVENT_EXIT, SIGTRAP);
    } else {
        return false;
    }
    return true;
}

uint32_t trace_number(const struct thread *thread, uint32_t number)
{
    const struct trace *trace = thread->signals.trace;
    return trace && trace->call_changed ? (uint32_t)trace->number : number;
}

/* The exit of a call: x0 shows the answer, also one that will not be the last word. */
static int64_t show_result(struct thread *thread, int64_t result)
{
    static const uint16_t errors[] = {[RESTART_BY_ACTION] = ERESTARTSYS,
                                      [RESTART_NO_HANDLER] = ERESTARTNOHAND,
                                      [RESTART_NEVER] = EINTR};
    struct trace *trace = thread->signals.trace;
    if (result == ANSWER_REGISTERS)
        return result;
    if (result != ANSWER_INTERRUPTED) {
        write_x0(thread, (uint64_t)result);
        return ANSWER_REGISTERS;
    }
    uint64_t shown = thread->wait.tell ? ERESTART_RESTARTBLOCK : errors[thread->wait.restart];
    trace->x0 = write_x0(thread, -shown);
    trace->x0_changed = true;
    return result;
}

bool trace_answers(struct thread *thread, int64_t *result)
{
    struct trace *trace = thread->signals.trace;
    if (trace->stop) { /* a vfork that ended meanwhile */
        park(thread, *result);
        return true;
    }
    if (trace->x0_changed) { /* it was shown: as it was again */
        trace->x0_changed = false;
        write_x0(thread, trace->x0);
    }
    if (trace->vfork_ends) {
        trace->vfork_ends = false;
        trace->event = PTRACE_EVENT_VFORK_DONE;
    }
    if (trace->event) {
        unsigned event = trace->event;
        trace->event = 0;
        park(thread, *result);
        stop_for_event(thread, event, SIGTRAP);
        return true;
    }
    if (!trace->in_call)
        return false;
    trace->in_call = false;
    if (trace->mode != TRACE_CALLS)
        return false;
    *result = show_result(thread, *result);
    park(thread, *result);
    stop(thread, TRACE_EXIT, call_stop_code(trace));
    return true;
}

bool trace_takes(struct thread *thread, const struct signal_info *info)
{
    struct trace *trace = thread->signals.trace;
    if (info->signal == SIGKILL)
        return false;
    if (thread->signals.fault_told && info == &thread->signals.fault)
        return false; /* what the tracer let through */
    trace->for_fault = info == &thread->signals.fault;
    trace->info = *info;
    stop(thread, TRACE_SIGNAL, (uint32_t)info->signal);
    return true;
}

void trace_group_stop(struct thread *thread)
{
    struct trace *trace = thread->signals.trace;
    uint32_t signal = thread->process->signals.stopped;
    if (trace->stop)
        return;
    if (trace->seized)
        stop_for_event(thread, PTRACE_EVENT_STOP, signal);
    else
        stop(thread, TRACE_GROUP, signal);
    trace->stop = TRACE_GROUP;
}

void trace_restarts(struct thread *thread)
{
    thread->signals.trace->in_call = false; /* it enters anew */
}

bool trace_goes_on(struct thread *thread)
{
    struct trace *trace = thread->signals.trace;
    if (!trace->interrupt)
        return false;
    stop_for_event(thread, PTRACE_EVENT_STOP, SIGTRAP);
    return true;
}

bool trace_continued(struct thread *thread)
{
    struct trace *trace = thread->signals.trace;
    trace->runs_stopped = false;
    if (!trace->stop)
        return false;
    if (trace->listening)
        stop_for_event(thread, PTRACE_EVENT_STOP, SIGTRAP);
    else if (trace->seized && trace->stop == TRACE_GROUP)
        trace->interrupt = true; /* it tells when the tracer lets it go on */
    return true;
}

/* ---- Going on ---- */

/* What the tracer wants to happen to a signal: it is acted on without asking again. */
static void inject(struct thread *thread, struct trace *trace, unsigned signal)
{
    struct signal_thread *own = &thread->signals;
    struct signal_info info = signal_info_from(thread, (int32_t)signal, SIGNAL_BY_USER);
    bool same = trace->info.signal == (int32_t)signal;
    info.pid = trace->tracer->pid;
    if (!same || !trace->for_fault)
        own->fault_kind = 0; /* no fault of its own */
    if (same)
        info = trace->info;
    if (!signal) {
        own->fault.signal = 0;
    } else if (own->blocked & SIGNAL_BIT(signal) && !own->fault_kind) {
        own->fault.signal = 0;
        signal_send_thread(thread, &info);
    } else {
        own->fault = info;
        own->fault_told = true;
    }
}

void trace_resume(struct trace *trace, enum trace_mode mode, unsigned signal)
{
    struct thread *thread = trace->thread;
    enum trace_stop kind = trace->stop;
    trace->stop = TRACE_RUNS;
    trace->untold = trace->listening = false;
    trace->mode = (uint8_t)mode;
    trace->runs_stopped = thread->process->signals.stopped;
    thread_ctl(thread->handle, THREAD_STEP, mode == TRACE_STEP, 0, 0);
    if (kind == TRACE_SIGNAL)
        inject(thread, trace, signal);
    else if (signal && (kind == TRACE_ENTRY || kind == TRACE_EXIT)) {
        struct signal_info info = signal_info_from(thread, (int32_t)signal, SIGNAL_BY_USER);
        signal_send_thread(thread, &info);
    }
    signal_unpark(thread);
}

void trace_interrupt(struct trace *trace)
{
    bool again = trace->stop && trace->listening;
    if (again)
        stop_for_event(trace->thread, PTRACE_EVENT_STOP, SIGTRAP);
    else
        trace->interrupt = true;
    if (!trace->stop)
        signal_notice(trace->thread);
}

bool trace_listen(struct trace *trace)
{
    struct thread *thread = trace->thread;
    if (!trace->seized || trace->status >> 16 != PTRACE_EVENT_STOP)
        return false;
    trace->untold = false;
    trace->listening = true;
    if (!thread->process->signals.stopped || trace->interrupt)
        stop_for_event(thread, PTRACE_EVENT_STOP, SIGTRAP);
    return true;
}

void trace_adopt_stop(struct trace *trace)
{
    if (trace->thread->signals.state == SIGNAL_PARKED && trace->thread->process->signals.stopped)
        trace_group_stop(trace->thread);
}

/* ---- Begin and end ---- */

struct trace *trace_begin(struct process *tracer, struct thread *thread, bool seized,
                          uint32_t options)
{
    struct trace *trace = wired_alloc(sizeof *trace);
    if (!trace)
        return NULL;
    trace->tracer = tracer;
    trace->thread = thread;
    trace->tid = thread->tid;
    trace->seized = seized;
    trace->options = options;
    trace->next = tracer->signals.traces;
    trace->link = &tracer->signals.traces;
    if (trace->next)
        trace->next->link = &trace->next;
    tracer->signals.traces = trace;
    thread->signals.trace = trace;
    thread->unusual |= UNUSUAL_ATTENTION | UNUSUAL_TRACED;
    return trace;
}

static void forget(struct trace *trace)
{
    *trace->link = trace->next;
    if (trace->next)
        trace->next->link = trace->link;
    if (trace->thread) {
        trace->thread->signals.trace = NULL;
        trace->thread->unusual &= ~(uint32_t)UNUSUAL_TRACED;
    }
    wired_free(trace);
}

void trace_end(struct trace *trace, unsigned signal)
{
    struct thread *thread = trace->thread;
    bool stopped = trace->stop;
    if (thread) {
        thread_ctl(thread->handle, THREAD_STEP, 0, 0, 0);
        if (trace->stop == TRACE_SIGNAL)
            inject(thread, trace, signal);
        if (trace->x0_changed)
            write_x0(thread, trace->x0);
    }
    forget(trace);
    if (stopped && thread && !thread->process->signals.stopped)
        signal_unpark(thread);
}

void trace_thread_ended(struct thread *thread, uint32_t status)
{
    struct trace *trace = thread->signals.trace;
    if (!trace)
        return;
    thread->signals.trace = NULL;
    trace->thread = NULL;
    trace->stop = TRACE_RUNS;
    trace->untold = false;
    bool child =
        thread == thread->process->threads && thread->process->family.parent == trace->tracer;
    if (child || trace->tracer->family.ended)
        forget(trace); /* its parent hears of it anyway */
    else
        tell(trace, status);
}

void trace_tracer_ended(struct process *tracer)
{
    while (tracer->signals.traces) {
        struct trace *trace = tracer->signals.traces;
        struct process *process = trace->thread ? trace->thread->process : NULL;
        bool kill = trace->options & PTRACE_O_EXITKILL;
        trace_end(trace, 0);
        if (process && kill && !process->family.ended) {
            struct signal_info info = {.signal = SIGKILL, .code = SIGNAL_BY_KERNEL};
            signal_send_process(process, &info);
        }
    }
}

/* ---- Clone and exec ---- */

void trace_clone(struct thread *thread, struct thread *child, uint64_t flags, unsigned signal)
{
    struct trace *trace = thread->signals.trace, *made;
    unsigned event = flags & CLONE_VFORK ? PTRACE_EVENT_VFORK
                     : signal != SIGCHLD ? PTRACE_EVENT_CLONE
                                         : PTRACE_EVENT_FORK;
    if (!trace)
        return;
    bool follow = trace->options >> event & 1 && !(flags & CLONE_UNTRACED);
    if (flags & CLONE_VFORK && trace->options & PTRACE_O_TRACEVFORKDONE) {
        trace->vfork_ends = true;
        trace->message = child->life.pid->number;
    }
    if (!follow && !(flags & CLONE_PTRACE))
        return;
    made = trace_begin(trace->tracer, child, trace->seized, trace->options);
    if (made)
        made->tid = child->life.pid->number;
    if (made && trace->seized)
        made->interrupt = true;
    else if (made)
        child->signals.pending.set |= SIGNAL_BIT(SIGSTOP);
    thread_interrupt(child->handle);
    if (!follow)
        return;
    trace->message = child->life.pid->number;
    if (flags & CLONE_VFORK)
        stop_for_event(thread, event, SIGTRAP); /* its call is answered when the child is done */
    else
        trace->event = (uint8_t)event;
}

void trace_exec(struct thread *thread)
{
    struct trace *trace = thread->signals.trace;
    struct signal_info info = signal_info_from(thread, SIGTRAP, SIGNAL_BY_USER);
    if (!trace)
        return;
    trace->message = trace->tid;
    trace->tid = thread->process->pid; /* which it has from now on */
    if (trace->options & PTRACE_O_TRACEEXEC)
        trace->event = PTRACE_EVENT_EXEC;
    else if (!trace->seized)
        signal_send_thread(thread, &info);
}

/* ---- wait4 ---- */

struct trace *trace_find(const struct process *tracer, uint32_t tid, bool *any)
{
    struct trace *found = NULL;
    for (struct trace *trace = tracer->signals.traces; trace; trace = trace->next) {
        if (tid && trace->tid != tid)
            continue;
        *any = true;
        if (trace->untold)
            found = trace; /* the oldest: new ones come first */
    }
    return found;
}

void trace_told(struct trace *trace)
{
    trace->untold = false;
    if (!trace->thread)
        forget(trace);
}
