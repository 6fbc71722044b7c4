/*
 * resources.c: what a process may use, and how much there is.
 */
#include "proc.h"
#include "process/linux_process.h"
#include "procfs/procfs.h"

/* A new limit against the old one. 0, -EINVAL or -EPERM. */
static int64_t check(const struct process *caller, const struct limit *known, uint32_t resource,
                     const struct limit *wanted)
{
    bool may_raise = caller->family.credentials.effective >> CAP_SYS_RESOURCE & 1;
    if (wanted->current > wanted->maximum)
        return -EINVAL;
    if (resource == LINUX_RLIMIT_NOFILE && wanted->maximum > LINUX_NR_OPEN)
        return -EPERM;
    return wanted->maximum > known->maximum && !may_raise ? -EPERM : 0;
}

int64_t linux_prlimit64(struct thread *thread, uint64_t pid, uint64_t resource, uint64_t wanted,
                        uint64_t old)
{
    struct process *process = thread->process;
    struct limit limit;
    int64_t error = wanted ? client_read(thread, wanted, &limit, sizeof limit) : 0;
    if (error)
        return error;
    if ((uint32_t)pid && !(process = process_with((uint32_t)pid)))
        return -ESRCH;
    if ((uint32_t)resource >= LINUX_LIMITS)
        return -EINVAL;
    struct limit *known = &process->limits[(uint32_t)resource];
    if (wanted)
        error = check(thread->process, known, (uint32_t)resource, &limit);
    if (!error && old)
        error = client_write(thread, old, known, sizeof *known);
    if (!error && wanted)
        *known = limit;
    return error;
}

int64_t linux_getrlimit(struct thread *thread, uint64_t resource, uint64_t old)
{
    if ((uint32_t)resource >= LINUX_LIMITS)
        return -EINVAL;
    const struct limit *known = &thread->process->limits[(uint32_t)resource];
    return client_write(thread, old, known, sizeof *known);
}

int64_t linux_setrlimit(struct thread *thread, uint64_t resource, uint64_t wanted)
{
    struct limit limit;
    int64_t error = client_read(thread, wanted, &limit, sizeof limit);
    if (error)
        return error;
    if ((uint32_t)resource >= LINUX_LIMITS)
        return -EINVAL;
    struct limit *known = &thread->process->limits[(uint32_t)resource];
    error = check(thread->process, known, (uint32_t)resource, &limit);
    if (!error)
        *known = limit;
    return error;
}

int64_t linux_sysinfo(struct thread *thread, uint64_t address)
{
    struct memory_facts facts;
    uint64_t threads, running, files = pages_of_files();
    struct linux_sysinfo information = {.uptime = (int64_t)(time_now() / SECOND + 1), .unit = 1};
    memory_facts_read(&facts);
    count_threads(&threads, &running);
    load_averages(information.loads);
    information.total_ram = (facts.total - facts.kernel) << PAGE_SHIFT;
    information.free_ram = facts.free << PAGE_SHIFT;
    information.shared_ram = files << PAGE_SHIFT;
    information.processes = (uint16_t)threads;
    return client_write(thread, address, &information, sizeof information);
}
