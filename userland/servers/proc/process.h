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

/* The open file of a descriptor, or NULL; without a reference. Only the low 32 bits count, as in
 * Linux. file_of: not those opened with O_PATH, which are EBADF for most calls. */
static inline struct open_file *file_of_any(const struct process *process, uint64_t descriptor)
{
    const struct files *files = process->files;
    uint32_t number = (uint32_t)descriptor;
    return number < files->count ? files->table[number].file : NULL;
}

static inline struct open_file *file_of(const struct process *process, uint64_t descriptor)
{
    struct open_file *file = file_of_any(process, descriptor);
    return file && !(file->flags & LINUX_O_PATH) ? file : NULL;
}
