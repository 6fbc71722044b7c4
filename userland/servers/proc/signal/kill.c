/*
 * kill.c: the calls that send.
 */
#include "lib/memory.h"
#include "proc.h"

uint32_t signal_user_of(const struct process *process)
{
    return process->family.credentials.user.real;
}

/* As kill(2): user 0, or one's own processes; SIGCONT within the session. */
static bool may_signal(const struct thread *sender, const struct process *target, unsigned signal)
{
    const struct ids *from = &sender->process->family.credentials.user;
    const struct ids *to = &target->family.credentials.user;
    return from->effective == 0 || sender->process == target || from->effective == to->saved ||
           from->effective == to->real || from->real == to->saved || from->real == to->real ||
           (signal == SIGCONT && sender->process->family.session == target->family.session);
}

/* To a process, or (`only`) one thread of it. Number 0 asks whether it could be sent. */
static int64_t send_checked(struct thread *sender, struct process *target, struct thread *only,
                            const struct signal_info *info)
{
    if (info->signal > LINUX_SIGNALS || info->signal < 0)
        return -EINVAL;
    if (!may_signal(sender, target, (unsigned)info->signal))
        return -EPERM;
    if (info->signal == 0)
        return 0;
    return only ? signal_send_thread(only, info) : signal_send_process(target, info);
}

static int64_t kill_group(struct thread *sender, const struct pid *group,
                          const struct signal_info *info)
{
    int64_t result = -ESRCH;
    for_each_member(member, group)
    {
        int64_t error = send_checked(sender, member, NULL, info);
        if (result)
            result = error;
    }
    return result;
}

/* Everybody but the sender and PID 1. */
static int64_t kill_all(struct thread *sender, const struct signal_info *info)
{
    int64_t result = -ESRCH;
    for (struct process *target = process_after(1); target; target = process_after(target->pid)) {
        if (target == sender->process)
            continue;
        int64_t error = send_checked(sender, target, NULL, info);
        if (error != -EPERM)
            result = error;
    }
    return result;
}

int64_t linux_kill(struct thread *thread, uint64_t pid, uint64_t signal)
{
    int32_t who = (int32_t)pid;
    struct signal_info info = signal_info_from(thread, (int32_t)signal, SIGNAL_BY_USER);
    if (who > 0) {
        struct process *target = process_find((uint32_t)who);
        return target ? send_checked(thread, target, NULL, &info) : -ESRCH;
    }
    if (who == INT32_MIN)
        return -ESRCH;
    if (who == -1)
        return kill_all(thread, &info);
    return kill_group(thread, who ? pid_find((uint32_t)-who) : thread->process->family.group,
                      &info);
}

/* `group` 0: whatever process the thread is of. */
static int64_t send_thread(struct thread *sender, uint64_t group, uint64_t tid,
                           const struct signal_info *info)
{
    struct thread *target = thread_find((uint32_t)tid);
    if (!target || (group && target->process->pid != (uint32_t)group))
        return -ESRCH;
    return send_checked(sender, target->process, target, info);
}

int64_t linux_tkill(struct thread *thread, uint64_t tid, uint64_t signal)
{
    struct signal_info info = signal_info_from(thread, (int32_t)signal, SIGNAL_BY_TKILL);
    if ((int32_t)tid <= 0)
        return -EINVAL;
    return send_thread(thread, 0, tid, &info);
}

int64_t linux_tgkill(struct thread *thread, uint64_t pid, uint64_t tid, uint64_t signal)
{
    struct signal_info info = signal_info_from(thread, (int32_t)signal, SIGNAL_BY_TKILL);
    if ((int32_t)pid <= 0 || (int32_t)tid <= 0)
        return -EINVAL;
    return send_thread(thread, pid, tid, &info);
}

/* The sender's own siginfo. Codes that only the kernel and kill use are for oneself alone. */
static int64_t read_info(struct thread *thread, uint64_t address, uint64_t signal, bool oneself,
                         struct signal_info *info)
{
    char whole[SIGNAL_INFO_BYTES];
    int64_t error = client_read(thread, address, whole, sizeof whole);
    if (error)
        return error;
    memcpy(info, whole, sizeof *info);
    info->signal = (int32_t)signal;
    for (size_t i = sizeof *info; i < sizeof whole; i++)
        if (whole[i])
            return -E2BIG;
    return (info->code >= 0 || info->code == SIGNAL_BY_TKILL) && !oneself ? -EPERM : 0;
}

int64_t linux_rt_sigqueueinfo(struct thread *thread, uint64_t pid, uint64_t signal,
                              uint64_t address)
{
    struct signal_info info;
    bool oneself = (uint32_t)pid == thread->process->pid;
    int64_t error = read_info(thread, address, signal, oneself, &info);
    if (error)
        return error;
    struct process *target = process_find((uint32_t)pid);
    return target ? send_checked(thread, target, NULL, &info) : -ESRCH;
}

int64_t linux_rt_tgsigqueueinfo(struct thread *thread, uint64_t pid, uint64_t tid, uint64_t signal,
                                uint64_t address)
{
    struct signal_info info;
    bool oneself = (uint32_t)pid == thread->process->pid;
    int64_t error = read_info(thread, address, signal, oneself, &info);
    if (error)
        return error;
    if ((int32_t)pid <= 0 || (int32_t)tid <= 0)
        return -EINVAL;
    return send_thread(thread, pid, tid, &info);
}
