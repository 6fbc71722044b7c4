/*
 * jobs.c: which process group may use a terminal, and whose it is.
 */
#include "proc.h"
#include "tty.h"

static void tell_group(struct pid *group, unsigned signal)
{
    struct signal_info information = {.signal = signal, .code = SIGNAL_BY_KERNEL};
    signal_send_group(group->number, &information);
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
    if (group_orphaned(process->family.group, NULL))
        return -EIO;
    tell_group(process->family.group, signal);
    return ANSWER_INTERRUPTED;
}

static void set_foreground(struct tty *tty, struct pid *group)
{
    if (group)
        group->references++;
    if (tty->group)
        pid_drop(tty->group);
    tty->group = group;
}

static void release(struct tty *tty)
{
    set_foreground(tty, NULL);
    if (tty->session) {
        tty->session->terminal = NULL;
        pid_drop(tty->session);
    }
    tty->session = NULL;
}

void tty_take(struct process *process, struct tty *tty)
{
    struct pid *session = process->family.session;
    session->references++;
    release(tty);
    tty->session = session;
    session->terminal = tty;
    set_foreground(tty, process->family.group);
    tty->borrowed = false;
}

void tty_opened(struct thread *thread, struct tty *tty, uint32_t flags)
{
    struct process *process = thread->process;
    bool leader = process->family.session == process->family.pid;
    if (!tty->plain && !(flags & LINUX_O_NOCTTY) && leader && !tty_of(process) &&
        (!tty->session || tty->borrowed))
        tty_take(process, tty);
}

void tty_leader_ends(const struct process *process)
{
    struct tty *tty = tty_of(process);
    if (!tty || process->family.session != process->family.pid)
        return;
    struct pid *group = tty->group;
    if (group)
        group->references++;
    release(tty);
    if (group) {
        tell_group(group, SIGHUP);
        tell_group(group, SIGCONT);
        pid_drop(group);
    }
}

/* ---- ioctls ---- */

static int64_t set_controlling(struct thread *thread, struct tty *tty, uint64_t steal)
{
    struct process *process = thread->process;
    if (process->family.session != process->family.pid)
        return -EPERM;
    if (tty->session == process->family.session)
        return 0;
    if (tty_of(process) || (tty->session && !tty->borrowed && steal != 1))
        return -EPERM;
    tty_take(process, tty);
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
    struct pid *wanted = pid_find((uint32_t)group);
    if (!wanted || !wanted->group)
        return -ESRCH;
    if (wanted->group->family.session != thread->process->family.session)
        return -EPERM;
    set_foreground(tty, wanted);
    return 0;
}

static int64_t tell_number(struct thread *thread, uint64_t address, const struct pid *pid)
{
    uint32_t number = pid ? pid->number : 0;
    return client_write(thread, address, &number, sizeof number);
}

int64_t tty_job_ioctl(struct thread *thread, struct tty *tty, uint64_t request, uint64_t argument)
{
    bool ours = tty_of(thread->process) == tty;
    switch (request) {
    case TIOCGPGRP:
        return ours ? tell_number(thread, argument, tty->group) : -ENOTTY;
    case TIOCSPGRP:
        return set_group(thread, tty, argument);
    case TIOCGSID:
        return ours ? tell_number(thread, argument, tty->session) : -ENOTTY;
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
