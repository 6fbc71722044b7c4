/*
 * resources.c: what a process has used and may use. Fault counts are the kernel's own; CPU time is
 * not measured and reads as zero.
 */
#include "proc.h"

int64_t linux_getrusage(struct thread *thread, uint64_t who, uint64_t address)
{
    struct linux_rusage usage = {0};
    struct space_statistics statistics;
    switch ((int32_t)who) {
    case 0: /* RUSAGE_SELF */
    case 1: /* RUSAGE_THREAD: there is only one */
        if (space_statistics(thread->process->memory->space, &statistics) < 0)
            break;
        usage.minor_faults = (int64_t)statistics.minor;
        usage.major_faults = (int64_t)statistics.major;
        usage.maximum_resident = (int64_t)statistics.resident * (PAGE_SIZE / 1024); /* now */
        break;
    case -1: /* RUSAGE_CHILDREN: none */
        break;
    default:
        return -EINVAL;
    }
    return client_write(thread, address, &usage, sizeof usage);
}

int64_t linux_prlimit64(struct thread *thread, uint64_t pid, uint64_t resource, uint64_t wanted,
                        uint64_t old)
{
    struct process *process = thread->process;
    struct limit limit;
    if (pid != 0 && (uint32_t)pid != process->pid)
        return -ESRCH;
    if ((uint32_t)resource >= LINUX_LIMITS)
        return -EINVAL;
    struct limit *known = &process->limits[(uint32_t)resource];
    int64_t error = wanted ? client_read(thread, wanted, &limit, sizeof limit) : 0;
    if (error)
        return error;
    if (wanted && limit.current > limit.maximum)
        return -EINVAL;
    if (old)
        error = client_write(thread, old, known, sizeof *known);
    if (!error && wanted)
        *known = limit;
    return error;
}

int64_t linux_sysinfo(struct thread *thread, uint64_t address)
{
    struct pool_facts pool;
    struct linux_sysinfo information = {
        .uptime = (int64_t)(time_now() / 1000000000UL), .processes = 1, .unit = 1};
    if (pool_query(thread->process->memory->pool->handle, &pool) >= 0) {
        information.total_ram = pool.limit << PAGE_SHIFT;
        if (pool.used < pool.limit)
            information.free_ram = (pool.limit - pool.used) << PAGE_SHIFT;
    }
    return client_write(thread, address, &information, sizeof information);
}
