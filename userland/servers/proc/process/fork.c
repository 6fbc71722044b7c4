/*
 * fork.c: new processes and threads: clone, and fork and vfork, which are clone with certain flags.
 * A child is complete before anybody can see it, and begins to run last of all, so what fails on
 * the way leaves the parent as it was.
 *
 * A new thread begins with the registers of the call that made it (THREAD_COPY), but for x0. Where
 * its tid is to stand in memory of its own (CLONE_CHILD_SETTID), that page is shared with the
 * parent's and must be copied first: the child itself is sent to do that before its first
 * instruction (clone_begin).
 */
#include "lib/memory.h"
#include "lib/wired.h"
#include "proc.h"
#include "process/linux_process.h"
#include "signal/trace.h"
#include "process/start.h"

#define CHILD_PAGES 24 /* with less a child does not come far: tables, and what it writes */

/* What clone was asked for. */
struct clone {
    uint64_t flags; /* CLONE_*, without the signal */
    uint64_t stack, tls, parent_tid, child_tid;
    uint8_t signal;
};

/* ---- What may be asked for ---- */

static bool has(const struct clone *wanted, uint64_t flags)
{
    return (wanted->flags & flags) == flags;
}

/* As copy_process() of Linux. There are no namespaces, control groups or descriptors of processes:
 * EINVAL, as from a kernel built without. */
static int64_t check(const struct process *process, const struct clone *wanted)
{
    const uint64_t unknown = CLONE_NEW_SPACES | CLONE_NEWNS | CLONE_PIDFD | CLONE_INTO_CGROUP;
    if (wanted->flags & unknown)
        return -EINVAL;
    if (has(wanted, CLONE_THREAD) && !has(wanted, CLONE_SIGHAND))
        return -EINVAL;
    if (has(wanted, CLONE_SIGHAND) && !has(wanted, CLONE_VM))
        return -EINVAL;
    if (has(wanted, CLONE_SIGHAND | CLONE_CLEAR_SIGHAND))
        return -EINVAL;
    if (has(wanted, CLONE_PARENT) && !process->family.parent)
        return -EINVAL; /* nobody is beside PID 1 */
    return 0;
}

/* RLIMIT_NPROC counts processes of the real user; user 0 is not bound by it. */
static int64_t check_limit(const struct process *process)
{
    const struct ids *user = &process->family.credentials.user;
    uint64_t most = process->limits[LINUX_RLIMIT_NPROC].current, count = 0;
    if (most == LINUX_RLIM_INFINITY || user->real == 0 || user->effective == 0)
        return 0;
    for (struct process *other = process_first(); other; other = other->family.all_next)
        if (other->family.credentials.user.real == user->real)
            count += other->family.threads ? other->family.threads : 1;
    return count >= most ? -EAGAIN : 0;
}

/* Looks before anything is begun: where many try in vain, others wait for proc all the less. What
 * is left of proc's own memory is for those who are there. */
static int64_t check_memory(const struct process *process, const struct clone *wanted)
{
    struct pool_facts facts;
    if (wired_scarce())
        return -EAGAIN;
    if (has(wanted, CLONE_VM) || pool_query(process->family.pool->handle, &facts) < 0)
        return 0;
    return facts.used + CHILD_PAGES > facts.limit ? -ENOMEM : 0;
}

/* ---- Making it ---- */

/* The parent's descriptors, and where it stands in the tree of files: shared or copied. */
static int64_t inherit_files(struct process *child, const struct process *parent,
                             const struct clone *wanted)
{
    if (has(wanted, CLONE_FILES)) {
        child->files = parent->files;
        child->files->references++;
    } else {
        child->files = files_fork(parent->files);
    }
    if (has(wanted, CLONE_FS)) {
        child->place = parent->place;
        child->place->references++;
    } else {
        child->place = place_fork(parent->place);
    }
    return child->files && child->place ? 0 : -ENOMEM;
}

/* What a child process gets from its parent by value. */
static void inherit(struct process *child, const struct process *parent, const struct clone *wanted)
{
    const struct family *from = &parent->family;
    struct family *family = &child->family;
    child->start_time = time_now();
    child->oom = parent->oom;
    memcpy(child->limits, parent->limits, sizeof child->limits);
    family->exit_signal = has(wanted, CLONE_PARENT) ? from->exit_signal : wanted->signal;
    family->personality = from->personality;
    family->no_new_privileges = from->no_new_privileges;
    family->undumpable = from->undumpable;
    family->keep_capabilities = from->keep_capabilities;
    family->timer_slack = from->timer_slack;
    family->credentials = from->credentials;
    credentials_share(&family->credentials);
    family->pool = from->pool;
    family->pool->references++;
}

static int64_t fill_process(struct process *child, struct process *parent,
                            const struct clone *wanted)
{
    int64_t error = 0;
    if (has(wanted, CLONE_VM)) {
        child->memory = parent->memory;
        child->memory->references++;
    } else {
        child->memory = memory_fork(parent->memory, parent->family.pool, &error);
    }
    if (!error)
        error = inherit_files(child, parent, wanted);
    return error;
}

/* A process that nobody has seen yet. NULL: *error. */
static struct process *new_process(struct process *parent, const struct clone *wanted,
                                   int64_t *error)
{
    struct process *child = wired_alloc(sizeof *child);
    *error = -ENOMEM;
    if (!child)
        return NULL;
    inherit(child, parent, wanted);
    *error = fill_process(child, parent, wanted);
    if (*error) {
        process_discard(child);
        return NULL;
    }
    return child;
}

/* The kernel's thread, stopped, as the calling one will be when its call is answered. */
static int64_t copy_thread(struct thread *child, struct memory *memory, const struct thread *from,
                           const struct clone *wanted)
{
    int64_t made = thread_create(memory->space, 0, PROGRAM_PRIORITY, (uintptr_t)child);
    uint64_t flags = (wanted->stack ? COPY_SP : 0) | (has(wanted, CLONE_SETTLS) ? COPY_TLS : 0);
    if (made < 0)
        return made;
    child->handle = (handle)made;
    return thread_copy(child->handle, from->handle, flags, 0, wanted->stack, wanted->tls);
}

/* CLONE_VM without CLONE_VFORK: the child has another stack, so the parent's alternate one is not
 * for it (Linux 5.14 and sigaltstack(2)). */
static int64_t take_signals(struct thread *child, const struct thread *from,
                            const struct clone *wanted)
{
    struct process *process = child->process;
    bool stack = !has(wanted, CLONE_VM) || has(wanted, CLONE_VFORK);
    if (process == from->process) {
        signal_thread_begin(child, from);
        return 0;
    }
    int64_t error = signal_fork(process, child, from, has(wanted, CLONE_SIGHAND), stack);
    if (!error && has(wanted, CLONE_CLEAR_SIGHAND))
        for (unsigned i = 0; i < LINUX_SIGNALS; i++)
            if (process->signals.actions->of[i].handler != LINUX_SIG_IGN)
                process->signals.actions->of[i] = (struct signal_action){0};
    return error;
}

/* A thread in `process` that nobody has seen yet. NULL: *error. */
static struct thread *new_thread(struct thread *from, struct process *process,
                                 const struct clone *wanted, int64_t *error)
{
    struct thread *child = wired_alloc(sizeof *child);
    *error = -ENOMEM;
    if (!child)
        return NULL;
    child->unusual = from->unusual & UNUSUAL_STRACE;
    child->process = process;
    if (has(wanted, CLONE_CHILD_CLEARTID))
        child->clear_child_tid = wanted->child_tid;
    memcpy(child->life.name, from->life.name, sizeof child->life.name);
    child->life.schedule = from->life.schedule;
    if (from->life.schedule.reset_on_fork)
        child->life.schedule = (struct schedule){0};
    *error = take_signals(child, from, wanted);
    if (!*error)
        *error = copy_thread(child, process->memory, from, wanted);
    if (!*error)
        return child;
    if (child->handle)
        handle_close(child->handle);
    wired_free(child);
    return NULL;
}

/* Nothing can fail any more: the child takes its place and begins. */
static void begin(struct thread *thread, struct thread *child, struct process *process,
                  struct pid *pid, const struct clone *wanted)
{
    struct process *own = thread->process;
    child->life.pid = pid;
    if (process != own) {
        process->pid = pid->number;
        process->family.pid = pid;
        if (process->memory != own->memory)
            process->memory->owner = process->pid;
        family_enter(process, has(wanted, CLONE_PARENT) ? own->family.parent : own);
        process_report.started++;
    }
    thread_enter(process, child);
    if (has(wanted, CLONE_CHILD_SETTID) && !has(wanted, CLONE_VM)) {
        child->life.set_child_tid = wanted->child_tid;
        thread_interrupt(child->handle);
    }
    trace_clone(thread, child, wanted->flags, wanted->signal);
    thread_ctl(child->handle, THREAD_RESUME, 0, 0, 0);
}

static int64_t make(struct thread *thread, struct pid *pid, const struct clone *wanted)
{
    struct process *own = thread->process, *process = own;
    int64_t error = 0;
    if (!has(wanted, CLONE_THREAD))
        process = new_process(own, wanted, &error);
    if (!process)
        return error;
    struct thread *child = new_thread(thread, process, wanted, &error);
    if (!child) {
        if (process != own)
            process_discard(process);
        return error;
    }
    begin(thread, child, process, pid, wanted);
    if (!has(wanted, CLONE_VFORK))
        return pid->number;
    process->family.vfork_parent = thread;
    thread->life.vforked = process;
    return ANSWER_NONE;
}

/* Where the child's number goes in the caller's memory. Addresses that cannot be written are
 * passed over, as Linux does. 0, or ANSWER_RETRY. */
static int64_t write_numbers(struct thread *thread, uint32_t number, const struct clone *wanted)
{
    int64_t error = 0;
    if (has(wanted, CLONE_PARENT_SETTID))
        error = client_write(thread, wanted->parent_tid, &number, sizeof number);
    if (error != ANSWER_RETRY && has(wanted, CLONE_CHILD_SETTID | CLONE_VM))
        error = client_write(thread, wanted->child_tid, &number, sizeof number);
    return error == ANSWER_RETRY ? error : 0;
}

static int64_t clone(struct thread *thread, const struct clone *wanted)
{
    int64_t error = check(thread->process, wanted);
    if (!error)
        error = check_limit(thread->process);
    if (!error)
        error = check_memory(thread->process, wanted);
    struct pid *pid = error ? NULL : pid_new(&error);
    if (pid) {
        error = write_numbers(thread, pid->number, wanted);
        if (!error)
            error = make(thread, pid, wanted);
        if (error < 0 && error != ANSWER_NONE)
            pid_unused(pid);
    }
    if (error == -EMFILE) /* the kernel's table of proc's handles */
        error = -EAGAIN;
    if (error == -EAGAIN || error == -ENOMEM)
        thread->unusual |= UNUSUAL_YIELDS; /* whoever only tries again lets others go on */
    return error;
}

int64_t clone_begin(struct thread *thread, bool again, bool failed)
{
    if (!again && !failed) { /* it cannot be there: asks for it without a look */
        thread->retry[0] = thread->life.set_child_tid;
        thread->retry[1] = 0;
        thread->retry_tag = TAG_RETRY_WRITE;
        thread->retries = 0;
        return ANSWER_RETRY;
    }
    if (!failed && client_write(thread, thread->life.set_child_tid, &thread->tid,
                                sizeof thread->tid) == ANSWER_RETRY)
        return ANSWER_RETRY;
    thread->life.set_child_tid = 0; /* also when it could not be written: as Linux */
    return ANSWER_REGISTERS;
}

/* ---- The calls ---- */

int64_t linux_clone(struct thread *thread, uint64_t flags, uint64_t stack, uint64_t parent_tid,
                    uint64_t tls, uint64_t child_tid)
{
    struct clone wanted = {
        (uint32_t)flags & ~CLONE_SIGNAL, stack, tls, parent_tid, child_tid, flags & CLONE_SIGNAL};
    /* CLONE_NEWTIME's bit belongs to the signal here; CLONE_DETACHED means nothing. */
    wanted.flags &= ~CLONE_DETACHED;
    return clone(thread, &wanted);
}

/* The part of a structure that a newer program may have made larger must be zeros. */
static int64_t read_arguments(struct thread *thread, uint64_t address, uint64_t size,
                              struct linux_clone_args *arguments)
{
    static char rest[PAGE_SIZE];
    if (size > PAGE_SIZE)
        return -E2BIG;
    if (size < CLONE_ARGS_SIZE_VER0)
        return -EINVAL;
    size_t known = size < sizeof *arguments ? size : sizeof *arguments;
    int64_t error = client_read(thread, address, arguments, known);
    if (!error && size > known)
        error = client_read(thread, address + known, rest, size - known);
    for (size_t i = 0; !error && i < size - known; i++)
        if (rest[i])
            return -E2BIG;
    return error;
}

int64_t linux_clone3(struct thread *thread, uint64_t address, uint64_t size)
{
    struct linux_clone_args arguments = {0};
    int64_t error = read_arguments(thread, address, size, &arguments);
    if (error)
        return error;
    uint64_t flags = arguments.flags;
    if (arguments.set_tid_size || arguments.set_tid) /* for checkpoints: not offered */
        return -EINVAL;
    if (arguments.exit_signal > LINUX_SIGNALS || flags & (CLONE_SIGNAL | CLONE_DETACHED) ||
        flags >= CLONE_INTO_CGROUP << 1)
        return -EINVAL;
    if (flags & (CLONE_THREAD | CLONE_PARENT) && arguments.exit_signal)
        return -EINVAL;
    if (!arguments.stack != !arguments.stack_size)
        return -EINVAL;
    struct clone wanted = {flags,
                           arguments.stack + arguments.stack_size,
                           arguments.tls,
                           arguments.parent_tid,
                           arguments.child_tid,
                           (uint8_t)arguments.exit_signal};
    return clone(thread, &wanted);
}
