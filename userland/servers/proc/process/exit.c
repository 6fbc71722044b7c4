/*
 * exit.c: threads and processes end. What a process has in the kernel goes at once; struct process
 * stays as a zombie until its parent has asked (reap.c), and is freed at the loop's next turn, so
 * that whoever caused the end, however indirectly, may finish what it was doing.
 */
#include "lib/memory.h"
#include "lib/wired.h"
#include "proc.h"
#include "process/futex.h"
#include "process/image.h"
#include "process/linux_process.h"
#include "process/start.h"
#include "tty/tty.h"

bool family_has_buried;
static struct process *buried_processes;
static struct thread *buried_threads;

void family_bury_all(void)
{
    family_has_buried = false;
    while (buried_threads) {
        struct thread *thread = buried_threads;
        buried_threads = thread->life.buried;
        wired_free(thread);
    }
    while (buried_processes) {
        struct process *process = buried_processes;
        buried_processes = process->family.buried;
        wired_free(process);
    }
}

/* ---- Threads ---- */

static void bury_thread(struct thread *thread)
{
    thread_leave(thread);
    thread->life.buried = buried_threads;
    buried_threads = thread;
    family_has_buried = true;
}

/* Takes from a thread all that it has but its struct. `space_ends`: the kernel's thread ends with
 * its space anyway. */
static void thread_stop(struct thread *thread, bool space_ends)
{
    struct family *family = &thread->process->family;
    if (thread->life.ended)
        return;
    thread->life.ended = true;
    wait_cancel(thread);
    if (thread->life.vforked)
        thread->life.vforked->family.vfork_parent = NULL;
    thread->life.vforked = NULL;
    signal_thread_end(thread);
    usage_keep_thread(thread);
    if (!space_ends)
        thread_ctl(thread->handle, THREAD_KILL, 0, 0, 0);
    handle_close(thread->handle);
    thread->handle = HANDLE_NONE;
    image_free(thread->start);
    thread->start = NULL;
    thread->life.pid->thread = NULL;
    pid_drop(thread->life.pid);
    thread->life.pid = NULL;
    family->threads--;
}

void thread_exit(struct thread *thread, uint32_t wait_status)
{
    struct process *process = thread->process;
    bool leader = thread == process->threads;
    if (thread->life.ended)
        return;
    if (process->family.threads == 1) {
        process_exit(process, wait_status);
        return;
    }
    futex_thread_gone(thread);
    thread_stop(thread, false);
    if (!leader)
        bury_thread(thread);
}

void threads_end_others(struct thread *thread)
{
    struct process *process = thread->process;
    for (struct thread *other = process->threads, *next; other; other = next) {
        next = other->next;
        if (other == thread)
            continue;
        futex_thread_gone(other);
        thread_stop(other, false);
        bury_thread(other);
    }
    /* The leader now: its number is the process's. */
    if (thread->life.pid != process->family.pid) {
        thread->life.pid->thread = NULL;
        pid_drop(thread->life.pid);
        thread->life.pid = process->family.pid;
        thread->life.pid->references++;
        thread->life.pid->thread = thread;
        thread->tid = process->pid;
    }
}

/* ---- Who is left behind ---- */

/* A stopped group that just lost the last one who could continue it is told so, and continued. */
static void group_left_alone(struct pid *group, struct process *by)
{
    if (!group || !group_orphaned(group, by))
        return;
    for_each_member(member, group) if (member != by && tell_is_stopped(member))
    {
        tell_group_orphaned(group);
        return;
    }
}

/* Who takes the children of one that ends: the nearest that asked for orphans, or PID 1. */
static struct process *foster_parent(struct process *process)
{
    struct process *parent = process->family.parent;
    while (parent && parent->family.parent && (parent->family.ended || !parent->family.subreaper))
        parent = parent->family.parent;
    return parent;
}

/* Gives all children to the foster parent: the first of them, or NULL. They are its youngest then,
 * one after the other. Nobody is told yet. */
static struct process *children_leave(struct process *process)
{
    struct process *foster = foster_parent(process), *child, *oldest = process->family.children;
    if (!foster)
        return NULL;
    while ((child = process->family.children)) {
        family_adopt(child, foster);
        child->family.announce = child->family.ended;
    }
    return oldest;
}

void process_reap(struct process *process)
{
    if (!process->family.pid)
        return; /* done */
    if (process->threads)
        bury_thread(process->threads);
    process->family.announce = false;
    family_leave(process);
    credentials_drop(&process->family.credentials);
    memory_pool_drop(process->family.pool);
    process->family.pool = NULL;
    process->family.buried = buried_processes;
    buried_processes = process;
    family_has_buried = true;
}

void process_changed(struct process *process)
{
    if (process->family.parent)
        wait_wake(&process->family.parent->family.waiters);
}

/* Tells the parent that the child has ended, once. */
static void announce(struct process *process)
{
    struct process *parent = process->family.parent;
    if (!process->family.announce)
        return;
    process->family.announce = false;
    bool unwanted = parent->family.ended || tell_unwanted(parent, process);
    process_changed(process);
    if (!parent->family.ended)
        tell_child_ended(parent, process);
    if (unwanted)
        process_reap(process);
}

/*
 * Tells everybody whom the end of a process concerns. Each signal may end others, and so on, even
 * PID 1 and with it all: so nothing here is remembered but what stays readable until the loop's
 * next turn, and each is told by whoever comes first.
 */
static void announce_all(struct process *process, struct process *orphans)
{
    struct pid *group = process->family.group, *session = process->family.session;
    struct process *parent = process->family.parent;
    process->family.announce = true;
    if (parent->family.group != group && parent->family.session == session)
        group_left_alone(group, process);
    for (struct process *child = orphans; child; child = child->family.sibling_next) {
        if (child->family.announce)
            announce(child);
        else if (!child->family.ended) {
            if (child->family.death_signal)
                tell_parent_ended(child);
            if (child->family.group != group && child->family.session == session)
                group_left_alone(child->family.group, process);
        }
    }
    announce(process);
    vfork_done(process);
}

/* ---- Processes ---- */

/* PID 1 has ended: so does everybody else, and the next program has its turn. */
static void run_over(struct process *first)
{
    struct process *other;
    uint32_t status = first->family.status;
    while ((other = first->family.all_next)) {
        process_exit(other, SIGKILL);
        process_reap(other);
    }
    process_reap(first);
    runs_ended(status);
}

void process_exit(struct process *process, uint32_t wait_status)
{
    struct family *family = &process->family;
    if (family->ended)
        return;
    family->ended = true;
    family->status = wait_status;
    for_each_thread(thread, process) futex_thread_gone(thread);
    bool alone = process->memory->references == 1;
    usage_keep(process, process->memory);
    for (struct thread *thread = process->threads, *next; thread; thread = next) {
        next = thread->next;
        thread_stop(thread, alone);
        if (thread != process->threads) /* the leader stays, for those who look at the zombie */
            bury_thread(thread);
    }
    signal_process_end(process);
    files_drop(process->files, process);
    place_drop(process->place);
    process->files = NULL;
    process->place = NULL;
    if (process->memory->owner == process->pid)
        process->memory->owner = 0;
    memory_drop(process->memory);
    process->memory = NULL;
    tty_leader_ends(process);
    if (family->parent)
        announce_all(process, children_leave(process));
    else
        run_over(process);
}

void vfork_done(struct process *process)
{
    struct thread *thread = process->family.vfork_parent;
    if (!thread)
        return;
    process->family.vfork_parent = NULL;
    thread->life.vforked = NULL;
    loop_answer(thread, process->pid);
}

/* ---- The calls ---- */

int64_t linux_exit_group(struct thread *thread, uint64_t status)
{
    int64_t error = futex_thread_ends(thread);
    if (error == ANSWER_RETRY)
        return error;
    process_exit(thread->process, (status & 0xff) << 8);
    return ANSWER_NONE;
}

int64_t linux_exit(struct thread *thread, uint64_t status)
{
    int64_t error = futex_thread_ends(thread);
    if (error == ANSWER_RETRY)
        return error;
    thread_exit(thread, (status & 0xff) << 8);
    return ANSWER_NONE;
}
