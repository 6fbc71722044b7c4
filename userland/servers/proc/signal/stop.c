/*
 * stop.c: stopped by job control, and continued. A stop is a state of the process; each thread
 * parks when its next request would be answered, and calls that wait are ended for it: Linux's way,
 * so that nothing is read or waited for meanwhile.
 */
#include "act.h"
#include "proc.h"
#include "trace.h"

static void tell_parent(struct process *process, int32_t code, unsigned signal)
{
    struct process *parent = process->family.parent;
    process_changed(process);
    if (!parent || parent->family.ended ||
        signal_action_of(parent, SIGCHLD)->flags & SA_NOCLDSTOP ||
        signal_action_of(parent, SIGCHLD)->handler == LINUX_SIG_IGN)
        return;
    struct signal_info info = {
        .signal = SIGCHLD, .code = code, .pid = process->pid, .user = signal_user_of(process)};
    info.status = (int32_t)signal;
    signal_send_process(parent, &info);
}

void signal_stop(struct process *process, uint32_t signal)
{
    struct signal_process *signals = &process->signals;
    if (signals->stopped)
        return;
    signals->stopped = (uint8_t)signal;
    signals->stop_untold = true;
    signals->continue_untold = false;
    for_each_thread(thread, process) signal_notice(thread);
    tell_parent(process, CLD_STOPPED, signal);
}

void signal_continue(struct process *process)
{
    struct signal_process *signals = &process->signals;
    if (!signals->stopped)
        return;
    signals->stopped = 0;
    signals->stop_untold = false;
    signals->continue_untold = true;
    tell_parent(process, CLD_CONTINUED, SIGCONT);
    for_each_thread(thread, process)
    {
        if (!thread->signals.trace || !trace_continued(thread))
            signal_unpark(thread);
    }
}

void signal_unpark(struct thread *thread)
{
    struct signal_thread *own = &thread->signals;
    if (own->state != SIGNAL_PARKED)
        return;
    own->state = SIGNAL_NOTHING;
    if (own->bringing)
        return; /* its request is under way for a page: answered when it comes again */
    if (own->result == ANSWER_RETRY) {
        thread->retry_tag = TAG_RETRY_READ; /* no page: just again */
        thread->retry[0] = 0;
    }
    loop_answer(thread, own->result);
}
