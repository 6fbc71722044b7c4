/*
 * process.c: processes begin and end. All that a process has in the kernel hangs on its pool; what
 * it has here is freed in process_end, the only way out.
 */
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/protocol.h"
#include "lib/startup.h"
#include "lib/wired.h"
#include "proc.h"

#define NOFILE_DEFAULT 1024
#define NOFILE_MAXIMUM 4096 /* a full table is 64 KiB of proc's own memory */

static uint32_t last_pid;

static void free_process(struct process *process)
{
    struct thread *thread = process->threads;
    if (process->descriptors)
        descriptors_close(process, true);
    if (thread) {
        image_free(thread->start);
        if (thread->handle)
            handle_close(thread->handle);
    }
    memory_drop(process->memory);
    wired_free(thread);
    wired_free(process);
}

void process_end(struct process *process, uint32_t status)
{
    struct space_statistics statistics = {0};
    uint32_t pid = process->pid;
    space_statistics(process->memory->space, &statistics);
    wait_cancel(process->threads);
    free_process(process);
    runs_ended(pid, status, &statistics);
}

static void default_limits(struct process *process)
{
    for (unsigned i = 0; i < LINUX_LIMITS; i++)
        process->limits[i] = (struct limit){LINUX_RLIM_INFINITY, LINUX_RLIM_INFINITY};
    process->limits[LINUX_RLIMIT_STACK].current = STACK_BYTES;
    process->limits[LINUX_RLIMIT_NOFILE] = (struct limit){NOFILE_DEFAULT, NOFILE_MAXIMUM};
}

static int64_t fill_in(struct process *process, const char *path, char *const arguments[],
                       char *const environment[])
{
    struct thread *thread = process->threads = wired_alloc(sizeof *thread);
    if (!thread)
        return -ENOMEM;
    process->pid = thread->tid = ++last_pid;
    thread->process = process;
    thread->unusual = configuration.strace ? UNUSUAL_STRACE : 0;
    process->directory = tree_root();
    process->start_time = time_now();
    default_limits(process);
    int64_t error = descriptors_init(process);
    struct memory_pool *pool = error ? NULL : memory_pool_new(&error);
    if (!error)
        error = exec_load(thread, pool, path, arguments, environment);
    memory_pool_drop(pool);
    return error;
}

int64_t process_start(const char *path, char *const arguments[], char *const environment[])
{
    struct process *process = wired_alloc(sizeof *process);
    if (!process)
        return -ENOMEM;
    int64_t error = fill_in(process, path, arguments, environment);
    if (error)
        free_process(process);
    else
        process_report.started++;
    return error;
}
