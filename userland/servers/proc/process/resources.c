/*
 * resources.c: what a process may use, and how much there is.
 */
#include "proc.h"

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
    struct linux_sysinfo information = {.uptime = (int64_t)(time_now() / 1000000000UL),
                                        .processes = (uint16_t)process_count(),
                                        .unit = 1};
    if (pool_query(thread->process->memory->pool->handle, &pool) >= 0) {
        information.total_ram = pool.limit << PAGE_SHIFT;
        if (pool.used < pool.limit)
            information.free_ram = (pool.limit - pool.used) << PAGE_SHIFT;
    }
    return client_write(thread, address, &information, sizeof information);
}
