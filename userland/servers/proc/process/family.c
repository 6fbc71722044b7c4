/*
 * family.c: the lists that processes are in. All are doubly linked through struct family, so that
 * entering and leaving costs the same however many there are.
 */
#include "lib/memory.h"
#include "proc.h"

static struct process *first, *last; /* of all, by pid */
static uint32_t count;

struct process *process_first(void)
{
    return first;
}

uint32_t process_count(void)
{
    return count;
}

struct process *process_after(uint32_t number)
{
    struct process *process = process_find(number);
    if (process)
        return process->family.all_next;
    process = first;
    while (process && process->pid <= number)
        process = process->family.all_next;
    return process;
}

/* ---- All processes ---- */

/* New numbers are the highest nearly always: looks from the end. */
static void all_enter(struct process *process)
{
    struct process *before = last;
    while (before && before->pid > process->pid)
        before = before->family.all_previous;
    struct process **link = before ? &before->family.all_next : &first;
    process->family.all_previous = before;
    process->family.all_next = *link;
    if (*link)
        (*link)->family.all_previous = process;
    else
        last = process;
    *link = process;
    count++;
}

static void all_leave(struct process *process)
{
    struct process *before = process->family.all_previous, *after = process->family.all_next;
    if (before)
        before->family.all_next = after;
    else
        first = after;
    if (after)
        after->family.all_previous = before;
    else
        last = before;
    count--;
}

/* ---- Groups and sessions ---- */

static void group_leave(struct process *process)
{
    struct family *family = &process->family;
    if (!family->group)
        return;
    if (family->group_previous)
        family->group_previous->family.group_next = family->group_next;
    else
        family->group->group = family->group_next;
    if (family->group_next)
        family->group_next->family.group_previous = family->group_previous;
    pid_drop(family->group);
    family->group = NULL;
}

void group_enter(struct process *process, struct pid *group)
{
    struct family *family = &process->family;
    group->references++;
    group_leave(process);
    family->group = group;
    family->group_previous = NULL;
    family->group_next = group->group;
    if (group->group)
        group->group->family.group_previous = process;
    group->group = process;
}

static void session_leave(struct process *process)
{
    struct family *family = &process->family;
    if (!family->session)
        return;
    if (family->session_previous)
        family->session_previous->family.session_next = family->session_next;
    else
        family->session->session = family->session_next;
    if (family->session_next)
        family->session_next->family.session_previous = family->session_previous;
    pid_drop(family->session);
    family->session = NULL;
}

void session_enter(struct process *process, struct pid *session)
{
    struct family *family = &process->family;
    session->references++;
    session_leave(process);
    family->session = session;
    family->session_previous = NULL;
    family->session_next = session->session;
    if (session->session)
        session->session->family.session_previous = process;
    session->session = process;
}

/* POSIX 3.264 "Orphaned Process Group". PID 1 is nobody who would continue a job. */
bool group_orphaned(const struct pid *group, const struct process *without)
{
    for_each_member(member, group)
    {
        const struct process *parent = member->family.parent;
        if (member == without || member->family.ended || !parent)
            continue;
        if (parent->family.group != group && parent->family.session == member->family.session)
            return false;
    }
    return true;
}

/* ---- Parents and children ---- */

static void child_enter(struct process *child, struct process *parent)
{
    struct family *family = &child->family;
    family->parent = parent;
    family->sibling_next = NULL;
    family->sibling_previous = parent->family.youngest;
    if (parent->family.youngest)
        parent->family.youngest->family.sibling_next = child;
    else
        parent->family.children = child;
    parent->family.youngest = child;
}

static void child_leave(struct process *child)
{
    struct family *family = &child->family;
    if (!family->parent)
        return;
    if (family->sibling_previous)
        family->sibling_previous->family.sibling_next = family->sibling_next;
    else
        family->parent->family.children = family->sibling_next;
    if (family->sibling_next)
        family->sibling_next->family.sibling_previous = family->sibling_previous;
    else
        family->parent->family.youngest = family->sibling_previous;
    family->parent = NULL;
}

void family_adopt(struct process *child, struct process *parent)
{
    child_leave(child);
    child_enter(child, parent);
}

void family_enter(struct process *process, struct process *parent)
{
    process->family.pid->process = process;
    process->family.pid->references++;
    all_enter(process);
    if (parent)
        child_enter(process, parent);
    group_enter(process, parent ? parent->family.group : process->family.pid);
    session_enter(process, parent ? parent->family.session : process->family.pid);
}

void family_leave(struct process *process)
{
    all_leave(process);
    child_leave(process);
    group_leave(process);
    session_leave(process);
    process->family.pid->process = NULL;
    pid_drop(process->family.pid);
    process->family.pid = NULL;
}

/* ---- Threads of a process ---- */

struct thread *thread_living(struct thread *thread)
{
    while (thread && thread->life.ended)
        thread = thread->next;
    return thread;
}

void thread_enter(struct process *process, struct thread *thread)
{
    struct thread *before = process->threads;
    thread->process = process;
    thread->life.pid->thread = thread;
    thread->tid = thread->life.pid->number;
    process->family.threads++;
    /* Behind the leader, which stays first: the others' order tells nobody anything. */
    thread->life.previous = before;
    thread->next = before ? before->next : NULL;
    if (thread->next)
        thread->next->life.previous = thread;
    if (before)
        before->next = thread;
    else
        process->threads = thread;
}

void thread_leave(struct thread *thread)
{
    if (thread->life.previous)
        thread->life.previous->next = thread->next;
    else
        thread->process->threads = thread->next;
    if (thread->next)
        thread->next->life.previous = thread->life.previous;
}
