/*
 * send.c: from a sender to a thread that will act. As Linux's kernel/signal.c chooses: a signal for
 * a process goes to its leader if that one takes it, else to any thread that does.
 */
#include "act.h"
#include "proc.h"
#include "queue.h"
#include "trace.h"

struct signal_info signal_info_from(const struct thread *thread, int32_t signal, int32_t code)
{
    return (struct signal_info){.signal = signal,
                                .code = code,
                                .pid = thread->process->pid,
                                .user = signal_user_of(thread->process)};
}

const struct signal_action *signal_action_of(const struct process *process, unsigned signal)
{
    return &process->signals.actions->of[signal - 1];
}

/* Nothing happens for it: neither handler nor a default that does anything. */
static bool without_effect(const struct process *process, unsigned signal)
{
    uint64_t handler = signal_action_of(process, signal)->handler;
    return handler == LINUX_SIG_IGN ||
           (handler == LINUX_SIG_DFL && SIGNALS_HARMLESS & SIGNAL_BIT(signal));
}

/* The default of this signal would end the process. */
static bool fatal(const struct process *process, unsigned signal)
{
    return signal_action_of(process, signal)->handler == LINUX_SIG_DFL &&
           !((SIGNALS_HARMLESS | SIGNALS_STOPPING) & SIGNAL_BIT(signal));
}

void signal_notice(struct thread *thread)
{
    struct signal_thread *own = &thread->signals;
    thread->unusual |= UNUSUAL_ATTENTION;
    if (own->state == SIGNAL_PARKED)
        return; /* whoever lets it go on acts on everything */
    if (!thread->wait.blocked)
        thread_interrupt(thread->handle);
    else if ((own->pending.set | thread->process->signals.pending.set) & own->awaited)
        wait_wake_thread(thread);
    else
        wait_interrupt(thread);
}

static bool takes(const struct thread *thread, unsigned signal)
{
    const struct signal_thread *own = &thread->signals;
    if ((own->blocked & ~own->awaited) & SIGNAL_BIT(signal) && signal != SIGKILL)
        return false;
    if (signal == SIGKILL)
        return true;
    if (own->trace && (own->trace->stop || own->trace->runs_stopped))
        return !own->trace->stop;
    return !thread->process->signals.stopped;
}

/* Who acts on a signal of the process; NULL: nobody now. */
static struct thread *taker(struct process *process, unsigned signal)
{
    for_each_thread(thread, process) if (takes(thread, signal)) return thread;
    return NULL;
}

void signal_retarget(struct thread *thread, uint64_t set)
{
    for (; set; set &= set - 1) {
        unsigned signal = (unsigned)__builtin_ctzl(set) + 1;
        struct thread *other = taker(thread->process, signal);
        if (other && other != thread)
            signal_notice(other);
    }
}

/* Stop signals and SIGCONT wipe each other out. */
static void drop_everywhere(struct process *process, uint64_t set)
{
    queue_drop(process, &process->signals.pending, set);
    for_each_thread(thread, process) queue_drop(process, &thread->signals.pending, set);
}

/* Lets somebody act on a signal that is pending now. */
static void tell_taker(struct process *process, struct thread *only, unsigned signal)
{
    struct thread *thread = only ? (takes(only, signal) ? only : NULL) : taker(process, signal);
    wait_wake(&process->signals.arrivals);
    if (!thread)
        return;
    bool tracer_decides = thread->signals.trace || thread->signals.blocked & SIGNAL_BIT(signal);
    if (fatal(process, signal) && (signal == SIGKILL || !tracer_decides))
        signal_death(process, signal);
    else
        signal_notice(thread);
}

/* Sends it to a process, or `only` one of its threads. 1: nobody wants it; else as queue_add. With
 * `timer` it is that one's, and *queued its element. Who is told may act at once, and end. */
static int64_t send_one(struct process *process, struct thread *only,
                        const struct signal_info *info, struct posix_timer *timer,
                        struct signal_queued **queued)
{
    unsigned signal = (unsigned)info->signal;
    uint64_t bit = SIGNAL_BIT(signal);
    struct thread *first = only ? only : thread_living(process->threads);
    int64_t error = 0;
    if (process->family.ended || !first)
        return 1;
    if (bit & SIGNALS_STOPPING)
        drop_everywhere(process, SIGNAL_BIT(SIGCONT));
    if (signal == SIGCONT)
        drop_everywhere(process, SIGNALS_STOPPING);
    bool dropped =
        without_effect(process, signal) && !(first->signals.blocked & bit) && !first->signals.trace;
    struct signal_pending *pending = only ? &only->signals.pending : &process->signals.pending;
    if (!dropped && timer) {
        *queued = queue_add_timer(process, pending, info, timer);
        error = *queued ? 0 : -ENOMEM;
    }
    if (!dropped && !timer)
        error = queue_add(process, pending, info);
    if (signal == SIGCONT)
        signal_continue(process);
    if (dropped || error)
        return dropped ? 1 : error;
    tell_taker(process, only, signal);
    return 0;
}

int64_t signal_send_process(struct process *process, const struct signal_info *info)
{
    int64_t error = send_one(process, NULL, info, NULL, NULL);
    return error < 0 ? error : 0;
}

int64_t signal_send_thread(struct thread *thread, const struct signal_info *info)
{
    int64_t error = send_one(thread->process, thread, info, NULL, NULL);
    return error < 0 ? error : 0;
}

bool signal_send_timer(struct process *process, struct thread *thread,
                       const struct signal_info *info, struct posix_timer *timer,
                       struct signal_queued **queued)
{
    return send_one(process, thread, info, timer, queued) == 0;
}

int64_t signal_send_group(uint32_t group, const struct signal_info *info)
{
    int64_t result = -ESRCH;
    for_each_member(member, pid_find(group))
    {
        int64_t error = signal_send_process(member, info);
        if (result)
            result = error;
    }
    return result;
}

void signal_force(struct thread *thread, const struct signal_info *info)
{
    struct signal_thread *own = &thread->signals;
    struct signal_action *action = &thread->process->signals.actions->of[info->signal - 1];
    uint64_t bit = SIGNAL_BIT(info->signal);
    if (own->blocked & bit || action->handler == LINUX_SIG_IGN) {
        action->handler = LINUX_SIG_DFL;
        own->blocked &= ~bit;
    }
    own->fault = *info;
    own->fault_kind = 0;
    thread->unusual |= UNUSUAL_ATTENTION;
}
