/*
 * pool.c: quotas of jobs. All processes of a run share one; a process that writes a size to
 * /proc/self/pool puts its future children, and itself from its next exec on, into a smaller one
 * below it: whatever they do, they take no more than that from the others.
 */
#include "process/pool.h"
#include "lib/wired.h"
#include "proc.h"

#define SMALLEST (64UL << 10) /* in a smaller one nothing can begin */

int64_t process_new_pool(struct process *process, uint64_t bytes)
{
    int64_t error;
    if (bytes < SMALLEST)
        return -EINVAL;
    struct memory_pool *before = process->family.pool;
    struct memory_pool *pool = memory_pool_below(before, bytes, &error);
    if (!pool)
        return error;
    process->family.pool = pool;
    memory_pool_drop(before);
    return 0;
}
