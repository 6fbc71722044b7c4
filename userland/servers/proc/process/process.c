/*
 * process.c: the first process of a run, of which all others are forked.
 */
#include "lib/memory.h"
#include "lib/startup.h"
#include "lib/wired.h"
#include "proc.h"
#include "process/start.h"

#define NOFILE_DEFAULT 1024
#define NOFILE_MAXIMUM 4096 /* a full table is 64 KiB of proc's own memory */
#define SIGPENDING_DEFAULT 4096 /* … of queued signals some 300 KiB */

void process_discard(struct process *process)
{
    if (process->descriptors)
        descriptors_close(process, true);
    memory_drop(process->memory);
    signal_process_end(process);
    credentials_drop(&process->family.credentials);
    wired_free(process);
}

static void default_limits(struct process *process)
{
    for (unsigned i = 0; i < LINUX_LIMITS; i++)
        process->limits[i] = (struct limit){LINUX_RLIM_INFINITY, LINUX_RLIM_INFINITY};
    process->limits[LINUX_RLIMIT_STACK].current = STACK_BYTES;
    process->limits[LINUX_RLIMIT_SIGPENDING] =
        (struct limit){SIGPENDING_DEFAULT, SIGPENDING_DEFAULT};
    process->limits[LINUX_RLIMIT_NOFILE] = (struct limit){NOFILE_DEFAULT, NOFILE_MAXIMUM};
}

/* The first thread of a process that has none, in its program. */
static int64_t first_thread(struct process *process, struct pid *pid, const char *path,
                            char *const arguments[], char *const environment[])
{
    struct thread *thread = wired_alloc(sizeof *thread);
    int64_t error = -ENOMEM;
    if (!thread)
        return error;
    thread->process = process;
    thread->unusual = configuration.strace ? UNUSUAL_STRACE : 0;
    struct memory_pool *pool = memory_pool_new(&error);
    if (!error)
        error = exec_load(thread, pool, path, arguments, environment);
    memory_pool_drop(pool);
    if (error) {
        wired_free(thread);
        return error;
    }
    process->pid = pid->number;
    process->family.pid = thread->life.pid = pid;
    family_enter(process, NULL);
    thread_enter(process, thread);
    return 0;
}

int64_t process_start(const char *path, char *const arguments[], char *const environment[])
{
    struct process *process = wired_alloc(sizeof *process);
    int64_t error = -ENOMEM;
    if (!process)
        return error;
    process->directory = tree_root();
    process->start_time = time_now();
    process->family.exit_signal = SIGCHLD;
    process->family.credentials.permitted = process->family.credentials.effective = CAPABILITIES;
    default_limits(process);
    struct pid *pid = NULL;
    error = signal_init(process);
    if (!error)
        error = descriptors_init(process);
    if (!error)
        pid = pid_new(&error);
    if (pid)
        error = first_thread(process, pid, path, arguments, environment);
    if (!error) {
        process_report.started++;
        return 0;
    }
    if (pid)
        pid_unused(pid);
    process_discard(process);
    return error;
}
