/*
 * tell.c: what a process hears when its relatives end.
 */
#include "proc.h"
#include "process/linux_process.h"
#include "time/linux_time.h"

bool tell_unwanted(const struct process *parent, const struct process *child)
{
    const struct signal_action *action = signal_action_of(parent, SIGCHLD);
    return child->family.exit_signal == SIGCHLD &&
           (action->handler == LINUX_SIG_IGN || action->flags & SA_NOCLDWAIT);
}

void tell_child_ended(struct process *parent, struct process *child)
{
    const struct family *family = &child->family;
    struct signal_info info = {
        .signal = family->exit_signal, .pid = child->pid, .user = family->credentials.user.real};
    int32_t status;
    if (!info.signal || info.signal > LINUX_SIGNALS)
        return;
    wait_status_explain(family->status, &info.code, &status);
    info.status = status;
    info.user_time = (int64_t)(family->used.user / (NANOSECONDS / CLOCK_TICKS));
    info.system_time = (int64_t)(family->used.system / (NANOSECONDS / CLOCK_TICKS));
    signal_send_process(parent, &info);
}

void tell_parent_ended(struct process *child)
{
    const struct process *parent = child->family.parent;
    struct signal_info info = {.signal = child->family.death_signal,
                               .pid = parent->pid,
                               .user = parent->family.credentials.user.real};
    signal_send_process(child, &info);
}

void tell_group_orphaned(struct pid *group)
{
    struct signal_info info = {.signal = SIGHUP, .code = SIGNAL_BY_KERNEL};
    signal_send_group(group->number, &info);
    info.signal = SIGCONT;
    signal_send_group(group->number, &info);
}

bool tell_is_stopped(const struct process *process)
{
    return process->signals.stopped;
}
