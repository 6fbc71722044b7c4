/*
 * reap.c: waiting for children: wait4 and waitid.
 */
#include "proc.h"
#include "process/linux_process.h"
#include "signal/trace.h"

/* Whom, and for what. */
struct wanted {
    uint32_t kind, number; /* P_*, and the pid or the group's number */
    uint32_t options;
};

/* What was found: a child and why. */
struct found {
    struct process *child; /* NULL: nothing, or */
    struct trace *trace;   /* … somebody it traces */
    uint32_t status;       /* as wait4 tells it */
    bool any;              /* there is a child to wait for at all */
};

static bool eligible(const struct process *child, const struct wanted *wanted)
{
    bool unusual = child->family.exit_signal != SIGCHLD;
    if (wanted->kind == P_PID && child->pid != wanted->number)
        return false;
    if (wanted->kind == P_PGID && child->family.group->number != wanted->number)
        return false;
    return wanted->options & LINUX_WALL || unusual == !!(wanted->options & LINUX_WCLONE);
}

#define NO_NEWS UINT32_MAX

/* What there is to tell of a child, as wait4 tells it. */
static uint32_t news_of(const struct process *child, uint32_t options)
{
    const struct signal_process *signals = &child->signals;
    if (child->family.ended)
        return options & LINUX_WEXITED ? child->family.status : NO_NEWS;
    if (options & LINUX_WUNTRACED && signals->stopped && signals->stop_untold)
        return (uint32_t)signals->stopped << 8 | 0x7f;
    return options & LINUX_WCONTINUED && signals->continue_untold ? 0xffff : NO_NEWS;
}

/* The oldest child about which there is something to tell. */
static struct found find(struct process *process, const struct wanted *wanted)
{
    struct found found = {0};
    for (struct process *child = process->family.children; child;
         child = child->family.sibling_next) {
        if (!eligible(child, wanted))
            continue;
        found.any = true;
        found.status = news_of(child, wanted->options);
        if (found.status != NO_NEWS) {
            found.child = child;
            return found;
        }
    }
    if (wanted->kind == P_ALL || wanted->kind == P_PID)
        found.trace = trace_find(process, wanted->kind == P_PID ? wanted->number : 0, &found.any);
    if (found.trace)
        found.status = found.trace->status;
    return found;
}

static int64_t write_usage(struct thread *thread, uint64_t address, const struct found *found)
{
    const struct thread *traced = found->trace ? found->trace->thread : NULL;
    const struct process *child = traced ? traced->process : found->child;
    struct usage usage = {0};
    struct linux_rusage told;
    if (child) {
        usage = process_usage(child);
        usage_add(&usage, &child->family.children_used);
    }
    usage_tell(&usage, &told);
    return client_write(thread, address, &told, sizeof told);
}

/* The child's news were told: they are old now. */
static void take(struct process *parent, const struct found *found, const struct wanted *wanted)
{
    struct process *child = found->child;
    if (wanted->options & LINUX_WNOWAIT)
        return;
    if (found->trace) {
        trace_told(found->trace);
        return;
    }
    if (!child->family.ended) {
        if (found->status == 0xffff)
            child->signals.continue_untold = false;
        else
            child->signals.stop_untold = false;
        return;
    }
    usage_add(&parent->family.children_used, &child->family.used);
    usage_add(&parent->family.children_used, &child->family.children_used);
    process_reap(child);
}

/* Nothing to tell now: what the call answers. */
static int64_t nothing(struct thread *thread, const struct found *found,
                       const struct wanted *wanted)
{
    if (!found->any)
        return -ECHILD;
    if (wanted->options & LINUX_WNOHANG)
        return 0;
    return wait_for(thread, &thread->process->family.waiters);
}

int64_t linux_wait4(struct thread *thread, uint64_t pid, uint64_t status, uint64_t options,
                    uint64_t usage)
{
    const uint32_t known = LINUX_WNOHANG | LINUX_WUNTRACED | LINUX_WCONTINUED | LINUX_WNOTHREAD |
                           LINUX_WCLONE | LINUX_WALL;
    struct process *process = thread->process;
    int32_t who = (int32_t)pid;
    if ((uint32_t)options & ~known)
        return -EINVAL;
    if (who == INT32_MIN)
        return -ESRCH;
    struct wanted wanted = {P_ALL, 0, (uint32_t)options | LINUX_WEXITED};
    if (who > 0)
        wanted = (struct wanted){P_PID, (uint32_t)who, wanted.options};
    else if (who == 0)
        wanted = (struct wanted){P_PGID, process->family.group->number, wanted.options};
    else if (who < -1)
        wanted = (struct wanted){P_PGID, (uint32_t)-who, wanted.options};
    struct found found = find(process, &wanted);
    if (!found.child && !found.trace)
        return nothing(thread, &found, &wanted);
    int64_t error = status ? client_write(thread, status, &found.status, sizeof found.status) : 0;
    if (!error && usage)
        error = write_usage(thread, usage, &found);
    if (error == ANSWER_RETRY)
        return error;
    uint32_t number = found.trace ? found.trace->tid : found.child->pid;
    take(process, &found, &wanted); /* also when the status could not be written, as on Linux */
    return error ? error : number;
}

void wait_status_explain(uint32_t status, int32_t *code, int32_t *value)
{
    *value = (int32_t)(status >> 8 & 0xff);
    if ((status & 0xff) == 0x7f) {
        *code = CLD_STOPPED;
    } else if (status == 0xffff) {
        *code = CLD_CONTINUED;
        *value = SIGCONT;
    } else if (status & 0x7f) {
        *code = status & 0x80 ? CLD_DUMPED : CLD_KILLED;
        *value = (int32_t)(status & 0x7f);
    } else {
        *code = CLD_EXITED;
    }
}

/* The fields of siginfo_t that waitid fills in; padding between is left as it was. */
static int64_t write_information(struct thread *thread, uint64_t address, const struct found *found)
{
    int32_t head[3] = {0}, body[3] = {0};
    if (found->child) {
        head[0] = SIGCHLD;
        wait_status_explain(found->status, &head[2], &body[2]);
        body[0] = (int32_t)found->child->pid;
        body[1] = (int32_t)found->child->family.credentials.user.real;
    }
    int64_t error = client_write(thread, address, head, sizeof head);
    return error ? error : client_write(thread, address + 16, body, sizeof body);
}

/* waitid's first two arguments. */
static int64_t whom(const struct process *process, uint64_t kind, uint64_t pid,
                    struct wanted *wanted)
{
    int32_t who = (int32_t)pid;
    wanted->kind = (uint32_t)kind;
    wanted->number = (uint32_t)who;
    switch (wanted->kind) {
    case P_ALL:
        return 0;
    case P_PID:
        return who > 0 ? 0 : -EINVAL;
    case P_PGID:
        if (who == 0)
            wanted->number = process->family.group->number;
        return who >= 0 ? 0 : -EINVAL;
    case P_PIDFD:
        return who >= 0 ? -EBADF : -EINVAL; /* there are none */
    default:
        return -EINVAL;
    }
}

/* A waitid that cannot wait clears what was asked for all the same, as Linux does. */
static int64_t refuse(struct thread *thread, uint64_t information, int64_t error)
{
    static const struct found none;
    int64_t written = information ? write_information(thread, information, &none) : 0;
    return written ? written : error;
}

int64_t linux_waitid(struct thread *thread, uint64_t kind, uint64_t pid, uint64_t information,
                     uint64_t options, uint64_t usage)
{
    const uint32_t events = LINUX_WEXITED | LINUX_WUNTRACED | LINUX_WCONTINUED;
    const uint32_t known =
        events | LINUX_WNOHANG | LINUX_WNOWAIT | LINUX_WNOTHREAD | LINUX_WCLONE | LINUX_WALL;
    struct wanted wanted = {.options = (uint32_t)options};
    if (wanted.options & ~known || !(wanted.options & events))
        return refuse(thread, information, -EINVAL);
    int64_t error = whom(thread->process, kind, pid, &wanted);
    if (error)
        return refuse(thread, information, error);
    struct found found = find(thread->process, &wanted);
    bool any = found.child || found.trace;
    if (!any) {
        error = nothing(thread, &found, &wanted);
        if (error)
            return error == -ECHILD ? refuse(thread, information, error) : error;
    }
    if (any && usage)
        error = write_usage(thread, usage, &found);
    if (!error && information)
        error = write_information(thread, information, &found);
    if (error == ANSWER_RETRY)
        return error;
    if (any)
        take(thread->process, &found, &wanted);
    return error;
}
