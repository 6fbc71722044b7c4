/*
 * jobs.c: which process group may use a terminal, and whose it is.
 */
#include "proc.h"
#include "tty.h"

static void tell_group(uint32_t group, unsigned signal)
{
    struct signal_info information = {.signal = signal, .code = SIGNAL_BY_KERNEL};
    signal_send_group(group, &information);
}

static bool deaf(const struct thread *thread, unsigned signal)
{
    return thread->signals.blocked >> (signal - 1) & 1 ||
           signal_action_of(thread->process, signal)->handler == LINUX_SIG_IGN;
}

int64_t tty_job(struct thread *thread, struct tty *tty, unsigned signal)
{
    const struct process *process = thread->process;
    if (tty_of(process) != tty || process->family.group == tty->group)
        return 0;
    if (deaf(thread, signal))
        return signal == SIGTTIN ? -EIO : 0;
    if (process_group_orphaned(process->family.group))
        return -EIO;
    tell_group(process->family.group, signal);
    return ANSWER_INTERRUPTED;
}

static void take(struct process *process, struct tty *tty)
{
    tty->session = process->family.session;
    tty->group = process->family.group;
    tty->borrowed = false;
}

void tty_opened(struct thread *thread, struct tty *tty, uint32_t flags)
{
    struct process *process = thread->process;
    bool leader = process->family.session == process->pid;
    if (!(flags & LINUX_O_NOCTTY) && leader && !tty_of(process) && (!tty->session || tty->borrowed))
        take(process, tty);
}

void tty_leader_ends(const struct process *process)
{
    struct tty *tty = tty_of(process);
    if (!tty || process->family.session != process->pid)
        return;
    uint32_t group = tty->group;
    tty->session = tty->group = 0;
    if (group) {
        tell_group(group, SIGHUP);
        tell_group(group, SIGCONT);
    }
}

/* ---- ioctls ---- */

static int64_t set_controlling(struct thread *thread, struct tty *tty, uint64_t steal)
{
    struct process *process = thread->process;
    if (process->family.session != process->pid)
        return -EPERM;
    if (tty->session == process->family.session)
        return 0;
    if (tty_of(process) || (tty->session && !tty->borrowed && steal != 1))
        return -EPERM;
    take(process, tty);
    return 0;
}

static int64_t set_group(struct thread *thread, struct tty *tty, uint64_t argument)
{
    int32_t group;
    int64_t error = tty_job(thread, tty, SIGTTOU);
    if (!error && tty_of(thread->process) != tty)
        return -ENOTTY;
    if (!error)
        error = client_read(thread, argument, &group, sizeof group);
    if (error)
        return error;
    if (group < 0)
        return -EINVAL;
    uint32_t session = process_group_session((uint32_t)group);
    if (!session)
        return -ESRCH;
    if (session != thread->process->family.session)
        return -EPERM;
    tty->group = (uint32_t)group;
    return 0;
}

int64_t tty_job_ioctl(struct thread *thread, struct tty *tty, uint64_t request, uint64_t argument)
{
    bool ours = tty_of(thread->process) == tty;
    switch (request) {
    case TIOCGPGRP:
        return ours ? client_write(thread, argument, &tty->group, sizeof tty->group) : -ENOTTY;
    case TIOCSPGRP:
        return set_group(thread, tty, argument);
    case TIOCGSID:
        return ours ? client_write(thread, argument, &tty->session, sizeof tty->session) : -ENOTTY;
    case TIOCSCTTY:
        return set_controlling(thread, tty, argument);
    case TIOCNOTTY:
        if (!ours)
            return -ENOTTY;
        tty_leader_ends(thread->process);
        return 0;
    default:
        return -ENOTTY;
    }
}
