/*
 * groups.c: process groups and sessions, with the rules of setpgid(2) and setsid(2).
 */
#include "proc.h"
#include "process/linux_process.h"

/* A process by the number of one of its threads; 0: the caller's own. NULL: nobody. */
static struct process *process_of(const struct thread *thread, uint64_t number)
{
    return (uint32_t)number ? process_with((uint32_t)number) : thread->process;
}

int64_t linux_getpgid(struct thread *thread, uint64_t pid)
{
    struct process *process = process_of(thread, pid);
    return process ? process->family.group->number : -(int64_t)ESRCH;
}

int64_t linux_getsid(struct thread *thread, uint64_t pid)
{
    struct process *process = process_of(thread, pid);
    return process ? process->family.session->number : -(int64_t)ESRCH;
}

/* May `thread` move this process to another group? */
static int64_t may_move(const struct thread *thread, const struct process *process)
{
    const struct process *own = thread->process;
    if (process->family.parent == own) {
        if (process->family.session != own->family.session)
            return -EPERM;
        if (process->family.executed)
            return -EACCES;
    } else if (process != own) {
        return -ESRCH;
    }
    return process->family.session == process->family.pid ? -EPERM : 0;
}

int64_t linux_setpgid(struct thread *thread, uint64_t pid, uint64_t group)
{
    uint32_t number = (uint32_t)pid ? (uint32_t)pid : thread->process->pid;
    uint32_t wanted = (uint32_t)group ? (uint32_t)group : number;
    if ((int32_t)wanted < 0)
        return -EINVAL;
    struct process *process = process_find(number);
    if (!process)
        return thread_find(number) ? -EINVAL : -ESRCH; /* a thread that leads no process */
    int64_t error = may_move(thread, process);
    if (error)
        return error;
    struct pid *target = process->family.pid;
    if (wanted != number) {
        target = pid_find(wanted);
        if (!target || !target->group ||
            target->group->family.session != thread->process->family.session)
            return -EPERM;
    }
    if (target != process->family.group)
        group_enter(process, target);
    return 0;
}

int64_t linux_setsid(struct thread *thread)
{
    struct process *process = thread->process;
    struct pid *own = process->family.pid;
    if (process->family.session == own || own->group)
        return -EPERM;
    session_enter(process, own);
    group_enter(process, own);
    return process->pid;
}
