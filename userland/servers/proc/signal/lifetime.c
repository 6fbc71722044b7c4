/*
 * lifetime.c: what processes and threads begin with, and leave behind.
 */
#include "lib/memory.h"
#include "lib/wired.h"
#include "proc.h"
#include "queue.h"
#include "time/timers.h"
#include "trace.h"

int64_t signal_init(struct process *process)
{
    process->signals.actions = wired_alloc(sizeof *process->signals.actions);
    if (!process->signals.actions)
        return -ENOMEM;
    process->signals.actions->references = 1;
    return 0;
}

int64_t signal_fork(struct process *child, struct thread *first, const struct thread *thread,
                    bool share, bool stack)
{
    struct signal_actions *actions = thread->process->signals.actions;
    if (share) {
        child->signals.actions = actions;
        actions->references++;
    } else {
        int64_t error = signal_init(child);
        if (error)
            return error;
        memcpy(child->signals.actions->of, actions->of, sizeof actions->of);
    }
    signal_thread_begin(first, thread);
    if (stack)
        first->signals.stack = thread->signals.stack;
    return 0;
}

void signal_thread_begin(struct thread *thread, const struct thread *from)
{
    thread->signals.blocked =
        from->signals.lent ? from->signals.blocked_after : from->signals.blocked;
}

int64_t signal_exec(struct thread *thread)
{
    struct process *process = thread->process;
    struct signal_actions *shared = process->signals.actions;
    if (shared->references > 1) {
        int64_t error = signal_init(process);
        if (error) {
            process->signals.actions = shared;
            return error;
        }
        shared->references--;
        memcpy(process->signals.actions->of, shared->of, sizeof shared->of);
    }
    for (unsigned i = 0; i < LINUX_SIGNALS; i++) {
        struct signal_action *action = &process->signals.actions->of[i];
        uint64_t handler = action->handler == LINUX_SIG_IGN ? LINUX_SIG_IGN : LINUX_SIG_DFL;
        *action = (struct signal_action){.handler = handler};
    }
    memset(&thread->signals.stack, 0, sizeof thread->signals.stack);
    thread->signals.fault_kind = 0;
    timers_exec(process);
    trace_exec(thread);
    return 0;
}

void signal_thread_end(struct thread *thread)
{
    const struct process *process = thread->process;
    queue_drop(thread->process, &thread->signals.pending, UINT64_MAX);
    wait_wake(&thread->signals.brought);
    trace_thread_ended(thread, process->family.ended ? process->family.status : 0);
}

void signal_process_end(struct process *process)
{
    struct signal_actions *actions = process->signals.actions;
    queue_drop(process, &process->signals.pending, UINT64_MAX);
    trace_tracer_ended(process);
    timers_end(process);
    wait_wake(&process->signals.arrivals);
    while (process->signals.arrivals.watchers)
        wait_unwatch(process->signals.arrivals.watchers);
    if (actions && --actions->references == 0)
        wired_free(actions);
    process->signals.actions = NULL;
}
