/*
 * scheduling.c: nice values, policies and affinity are kept and told; they change nothing. All
 * programs' threads run in turn with one priority of the kernel's, on one CPU.
 */
#include "lib/memory.h"
#include "proc.h"
#include "process/linux_process.h"

#define ROUND_ROBIN_NS 10000000 /* the kernel's time slice */
#define NICE_MIN       (-20)
#define NICE_MAX       19
#define CPU_MASK       1UL /* the one CPU that runs programs */

/* Programs say how they wish to wait for the next turn; others get it. */
int64_t linux_sched_yield(struct thread *thread)
{
    loop_answer(thread, 0); /* to the end of the queue, while proc receives the next message */
    return ANSWER_NONE;
}

/* The thread a call is about; 0: the caller. NULL: *error. */
static struct thread *thread_named(struct thread *thread, uint64_t tid, int64_t *error)
{
    *error = (int32_t)tid < 0 ? -EINVAL : -ESRCH;
    if ((int32_t)tid <= 0)
        return tid ? NULL : thread;
    return thread_find((uint32_t)tid);
}

/* ---- Affinity ---- */

int64_t linux_sched_getaffinity(struct thread *thread, uint64_t tid, uint64_t bytes,
                                uint64_t address)
{
    const uint64_t mask = CPU_MASK;
    int64_t error;
    if ((uint32_t)bytes < sizeof mask || bytes % sizeof mask)
        return -EINVAL;
    if ((uint32_t)tid && !thread_named(thread, tid, &error))
        return -ESRCH;
    error = client_write(thread, address, &mask, sizeof mask);
    return error ? error : (int64_t)sizeof mask;
}

int64_t linux_sched_setaffinity(struct thread *thread, uint64_t tid, uint64_t bytes,
                                uint64_t address)
{
    uint64_t mask = 0;
    size_t known = (uint32_t)bytes < sizeof mask ? (uint32_t)bytes : sizeof mask;
    int64_t error = client_read(thread, address, &mask, known);
    if (error)
        return error;
    if ((uint32_t)tid && !thread_named(thread, tid, &error))
        return -ESRCH;
    return mask & CPU_MASK ? 0 : -EINVAL;
}

/* ---- Policies ---- */

static bool real_time(uint32_t policy)
{
    return policy == SCHED_FIFO || policy == SCHED_RR;
}

static bool policy_known(uint32_t policy)
{
    return real_time(policy) || policy == SCHED_NORMAL || policy == SCHED_BATCH ||
           policy == SCHED_IDLE;
}

/* 0 or -EINVAL. */
static int64_t set_policy(struct thread *thread, uint32_t policy, uint32_t priority)
{
    uint32_t base = policy & ~(uint32_t)SCHED_RESET_ON_FORK;
    if (!policy_known(base) || priority > 99 || (priority != 0) != real_time(base))
        return -EINVAL;
    thread->life.schedule.policy = (uint8_t)base;
    thread->life.schedule.priority = (uint8_t)priority;
    thread->life.schedule.reset_on_fork = policy & SCHED_RESET_ON_FORK;
    return 0;
}

int64_t linux_sched_setscheduler(struct thread *thread, uint64_t tid, uint64_t policy,
                                 uint64_t address)
{
    int32_t priority;
    int64_t error;
    if (!address || (int32_t)policy < 0 || (int32_t)tid < 0)
        return -EINVAL;
    error = client_read(thread, address, &priority, sizeof priority);
    if (error)
        return error;
    struct thread *other = thread_named(thread, tid, &error);
    return other ? set_policy(other, (uint32_t)policy, (uint32_t)priority) : error;
}

int64_t linux_sched_setparam(struct thread *thread, uint64_t tid, uint64_t address)
{
    int32_t priority;
    int64_t error;
    if (!address || (int32_t)tid < 0)
        return -EINVAL;
    error = client_read(thread, address, &priority, sizeof priority);
    if (error)
        return error;
    struct thread *other = thread_named(thread, tid, &error);
    return other ? set_policy(other, other->life.schedule.policy, (uint32_t)priority) : error;
}

int64_t linux_sched_getscheduler(struct thread *thread, uint64_t tid)
{
    int64_t error;
    const struct thread *other = thread_named(thread, tid, &error);
    if (!other)
        return error;
    const struct schedule *schedule = &other->life.schedule;
    return schedule->policy | (schedule->reset_on_fork ? SCHED_RESET_ON_FORK : 0);
}

int64_t linux_sched_getparam(struct thread *thread, uint64_t tid, uint64_t address)
{
    int64_t error;
    if (!address)
        return -EINVAL;
    const struct thread *other = thread_named(thread, tid, &error);
    if (!other)
        return error;
    int32_t priority = other->life.schedule.priority;
    return client_write(thread, address, &priority, sizeof priority);
}

int64_t linux_sched_get_priority_max(struct thread *thread, uint64_t policy)
{
    (void)thread;
    if (real_time((uint32_t)policy))
        return 99;
    return policy_known((uint32_t)policy) || (uint32_t)policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

int64_t linux_sched_get_priority_min(struct thread *thread, uint64_t policy)
{
    int64_t most = linux_sched_get_priority_max(thread, policy);
    return most > 0 ? 1 : most;
}

int64_t linux_sched_rr_get_interval(struct thread *thread, uint64_t tid, uint64_t address)
{
    int64_t error;
    const struct thread *other = thread_named(thread, tid, &error);
    if (!other)
        return error;
    struct linux_timespec time = {0,
                                  other->life.schedule.policy == SCHED_FIFO ? 0 : ROUND_ROBIN_NS};
    return client_write(thread, address, &time, sizeof time);
}

int64_t linux_sched_setattr(struct thread *thread, uint64_t tid, uint64_t address, uint64_t flags)
{
    struct linux_sched_attr wanted = {0};
    uint32_t size;
    int64_t error;
    if (!address || (int32_t)tid < 0 || flags)
        return -EINVAL;
    error = client_read(thread, address, &size, sizeof size);
    if (error)
        return error;
    if (size && (size < SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE))
        return -E2BIG;
    error = client_read(thread, address, &wanted, SCHED_ATTR_SIZE_VER0);
    if (error)
        return error;
    struct thread *other = thread_named(thread, tid, &error);
    if (!other)
        return error;
    if (wanted.policy == SCHED_DEADLINE || wanted.flags & ~1UL)
        return -EINVAL; /* 1: SCHED_FLAG_RESET_ON_FORK */
    error = set_policy(other, wanted.policy | (wanted.flags & 1 ? SCHED_RESET_ON_FORK : 0),
                       wanted.priority);
    if (!error && !real_time(wanted.policy))
        other->life.schedule.nice = (int8_t)(wanted.nice < NICE_MIN   ? NICE_MIN
                                             : wanted.nice > NICE_MAX ? NICE_MAX
                                                                      : wanted.nice);
    return error;
}

int64_t linux_sched_getattr(struct thread *thread, uint64_t tid, uint64_t address, uint64_t size,
                            uint64_t flags)
{
    int64_t error;
    if (!address || size > PAGE_SIZE || size < SCHED_ATTR_SIZE_VER0 || flags)
        return -EINVAL;
    const struct thread *other = thread_named(thread, tid, &error);
    if (!other)
        return error;
    const struct schedule *schedule = &other->life.schedule;
    struct linux_sched_attr told = {.policy = schedule->policy,
                                    .flags = schedule->reset_on_fork,
                                    .nice = real_time(schedule->policy) ? 0 : schedule->nice,
                                    .priority = schedule->priority};
    told.size = (uint32_t)(size < sizeof told ? size : sizeof told);
    return client_write(thread, address, &told, told.size);
}

/* ---- Nice values ---- */

/* Whom getpriority and setpriority are about: the threads one after the other. */
static bool concerns(const struct thread *caller, const struct thread *thread, uint32_t which,
                     uint32_t who)
{
    const struct family *family = &thread->process->family;
    switch (which) {
    case PRIO_PROCESS:
        return who ? thread->tid == who : thread == caller;
    case PRIO_PGRP:
        return who ? family->group->number == who : family->group == caller->process->family.group;
    default:
        return family->credentials.user.real ==
               (who ? who : caller->process->family.credentials.user.real);
    }
}

int64_t linux_getpriority(struct thread *thread, uint64_t which, uint64_t who)
{
    int64_t best = -ESRCH;
    if (which > PRIO_USER)
        return -EINVAL;
    for (struct process *process = process_first(); process; process = process->family.all_next)
        for_each_thread(other,
                        process) if (concerns(thread, other, (uint32_t)which, (uint32_t)who) &&
                                     20 - other->life.schedule.nice > best) best =
            20 - other->life.schedule.nice;
    return best;
}

int64_t linux_setpriority(struct thread *thread, uint64_t which, uint64_t who, uint64_t nice)
{
    int32_t wanted = (int32_t)nice;
    int64_t result = -ESRCH;
    bool privileged = thread->process->family.credentials.effective >> CAP_SYS_NICE & 1;
    if (which > PRIO_USER)
        return -EINVAL;
    wanted = wanted < NICE_MIN ? NICE_MIN : wanted > NICE_MAX ? NICE_MAX : wanted;
    for (struct process *process = process_first(); process; process = process->family.all_next)
        for_each_thread(other, process)
        {
            if (!concerns(thread, other, (uint32_t)which, (uint32_t)who))
                continue;
            if (wanted < other->life.schedule.nice && !privileged) {
                result = -EACCES;
                continue;
            }
            other->life.schedule.nice = (int8_t)wanted;
            if (result == -ESRCH)
                result = 0;
        }
    return result;
}
