/*
 * tell.c: what a process hears when its relatives end.
 */
#include "proc.h"
#include "process/linux_process.h"

bool tell_unwanted(const struct process *parent, const struct process *child)
{
    const struct signal_action *action = signal_action_of(parent, SIGCHLD);
    return child->family.exit_signal == SIGCHLD &&
           (action->handler == LINUX_SIG_IGN || action->flags & SA_NOCLDWAIT);
}

void tell_child_ended(struct process *parent, struct process *child)
{
    const struct family *family = &child->family;
    uint32_t killed = family->status & 0x7f;
    struct signal_info info = {
        .signal = family->exit_signal,
        .code = !killed                  ? CLD_EXITED
                : family->status & 0x80 ? CLD_DUMPED
                                        : CLD_KILLED,
        .pid = child->pid,
        .user = family->credentials.user.real,
        .user_time = (int64_t)(family->used.user / TICK_NS),
        .system_time = (int64_t)(family->used.system / TICK_NS),
    };
    info.status = (int32_t)(killed ? killed : family->status >> 8);
    if (info.signal)
        signal_send_process(parent, &info);
}

void tell_parent_ended(struct process *child)
{
    struct signal_info info = {.signal = child->family.death_signal, .code = SIGNAL_BY_USER};
    signal_send_process(child, &info);
}

void tell_group_orphaned(struct pid *group)
{
    struct signal_info hang_up = {.signal = SIGHUP, .code = SIGNAL_BY_KERNEL};
    struct signal_info go_on = {.signal = SIGCONT, .code = SIGNAL_BY_KERNEL};
    uint32_t number = group->number;
    signal_send_group(number, &hang_up);
    signal_send_group(number, &go_on);
}

bool tell_is_stopped(const struct process *process)
{
    return process->signals.stopped;
}
