/*
 * pool.h: memory quotas of processes.
 */
#pragma once
#include <stdint.h>

struct process;

/* A quota of `bytes` below the process's own, for its future children and for itself from its next
 * exec on. 0, -EINVAL (too small to begin anything in, or larger than its own) or -ENOMEM. */
int64_t process_new_pool(struct process *process, uint64_t bytes);
