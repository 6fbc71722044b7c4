/*
 * process.h: a process: threads that share memory, files and signal handlers.
 */
#pragma once
#include "files/files.h"
#include "memory/memory.h"
#include "process/family.h"
#include "procfs/oom.h"
#include "signal/signal.h"
#include "thread.h"

#define SYSTEM_CALLS 512 /* Linux's numbers end below; above is ENOSYS */

struct limit {
    uint64_t current, maximum;
};

struct process {
    uint32_t pid;
    struct family family;
    struct memory *memory;  /* NULL: it has ended */
    struct thread *threads; /* the leader first */
    struct files *files;
    struct file_system_state *place; /* root, working directory, umask */
    struct signal_process signals;
    struct limit limits[LINUX_LIMITS];
    struct oom oom;
    uint64_t start_time; /* ns since boot */
    uint64_t
        unknown_calls[SYSTEM_CALLS / 64 + 1]; /* bit by number: already reported; last: others */
};
