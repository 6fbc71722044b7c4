/*
 * pool.h: memory quotas of processes.
 */
#pragma once
#include <stdint.h>

struct process;
struct text_operations;

/* A quota of `bytes` below the process's own, for its future children and for itself from its next
 * exec on. 0, -EINVAL (too small to begin anything in, or larger than its own) or -ENOMEM. */
int64_t process_new_pool(struct process *process, uint64_t bytes);

/* The file /proc/self/pool: tells the reader's own quota; a size that is written ("64M") makes a
 * new one. */
extern const struct text_operations process_pool_text;

/* Makes that file, as long as there is no /proc to do it. 0 or -ENOMEM. */
int64_t pool_file_init(void);
