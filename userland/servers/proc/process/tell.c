/*
 * tell.c: what a process hears when its relatives end.
 */
#include "proc.h"
#include "process/linux_process.h"

#define LINUX_SA_NOCLDWAIT 2

bool tell_unwanted(const struct process *parent, const struct process *child)
{
    const struct signal_action *action = &parent->signals.actions[SIGCHLD - 1];
    return child->family.exit_signal == SIGCHLD &&
           (action->handler == LINUX_SIG_IGN || action->flags & LINUX_SA_NOCLDWAIT);
}

void tell_child_ended(struct process *parent, struct process *child)
{
    (void)parent, (void)child;
}

void tell_parent_ended(struct process *child)
{
    (void)child;
}

void tell_group_orphaned(struct pid *group)
{
    (void)group;
}

bool tell_is_stopped(const struct process *process)
{
    (void)process;
    return false;
}
