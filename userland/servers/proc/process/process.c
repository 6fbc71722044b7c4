/*
 * process.c: the first process of a run, of which all others are forked.
 */
#include "lib/memory.h"
#include "lib/startup.h"
#include "lib/wired.h"
#include "proc.h"
#include "process/arguments.h"
#include "process/linux_process.h"
#include "process/start.h"
#include "tty/tty.h"

#define NOFILE_DEFAULT     1024
#define NOFILE_MAXIMUM     4096 /* a full table is 64 KiB of proc's own memory */
#define MEMLOCK_DEFAULT    (8UL << 20)
#define MSGQUEUE_DEFAULT   819200
#define SIGPENDING_DEFAULT 4096 /* … of queued signals some 300 KiB */

void process_discard(struct process *process)
{
    files_drop(process->files, process);
    place_drop(process->place);
    memory_drop(process->memory);
    signal_process_end(process);
    credentials_drop(&process->family.credentials);
    memory_pool_drop(process->family.pool);
    wired_free(process);
}

static void default_limits(struct process *process)
{
    for (unsigned i = 0; i < LINUX_LIMITS; i++)
        process->limits[i] = (struct limit){LINUX_RLIM_INFINITY, LINUX_RLIM_INFINITY};
    process->limits[LINUX_RLIMIT_STACK].current = STACK_BYTES;
    process->limits[LINUX_RLIMIT_CORE].current = 0;
    process->limits[LINUX_RLIMIT_MEMLOCK] = (struct limit){MEMLOCK_DEFAULT, MEMLOCK_DEFAULT};
    process->limits[LINUX_RLIMIT_MSGQUEUE] = (struct limit){MSGQUEUE_DEFAULT, MSGQUEUE_DEFAULT};
    process->limits[LINUX_RLIMIT_NICE] = process->limits[LINUX_RLIMIT_RTPRIO] =
        (struct limit){0, 0};
    process->limits[LINUX_RLIMIT_SIGPENDING] =
        (struct limit){SIGPENDING_DEFAULT, SIGPENDING_DEFAULT};
    process->limits[LINUX_RLIMIT_NOFILE] = (struct limit){NOFILE_DEFAULT, NOFILE_MAXIMUM};
}

/* The first thread of a process that has none, in its program. */
static int64_t first_thread(struct process *process, struct pid *pid, struct arguments *arguments)
{
    struct thread *thread = wired_alloc(sizeof *thread);
    int64_t error = -ENOMEM;
    if (!thread)
        return error;
    thread->process = process;
    const char *path = arguments->argv.text;
    struct exec_wanted wanted = {process->place->directory, path, true, path, arguments};
    thread_name(thread, path);
    thread->unusual = configuration.strace ? UNUSUAL_STRACE : 0;
    process->family.pool = memory_pool_new(&error);
    if (!error)
        error = exec_load(thread, process->family.pool, &wanted);
    if (error) {
        wait_cancel(thread);
        wired_free(thread);
        return error;
    }
    process->pid = pid->number;
    process->family.pid = thread->life.pid = pid;
    process->memory->owner = pid->number;
    family_enter(process, NULL);
    thread_enter(process, thread);
    console_lend(process);
    return 0;
}

static int64_t start_with(struct arguments *arguments)
{
    struct process *process = wired_alloc(sizeof *process);
    int64_t error = -ENOMEM;
    if (!process)
        return error;
    process->files = files_first();
    process->place = place_new();
    process->start_time = time_now();
    process->family.exit_signal = SIGCHLD;
    process->family.credentials = (struct credentials){
        .permitted = CAPABILITIES, .effective = CAPABILITIES, .bounding = CAPABILITIES};
    default_limits(process);
    struct pid *pid = NULL;
    error = signal_init(process);
    if (!error)
        error = process->files && process->place ? 0 : -ENOMEM;
    if (!error)
        pid = pid_new(&error);
    if (pid)
        error = first_thread(process, pid, arguments);
    if (!error) {
        process_report.started++;
        return 0;
    }
    if (pid)
        pid_unused(pid);
    process_discard(process);
    return error;
}

static int64_t add_all(struct arguments *arguments, struct strings *strings, char *const texts[])
{
    int64_t error = 0;
    for (; *texts && !error; texts++)
        error = arguments_add(arguments, strings, *texts, strlen(*texts));
    return error;
}

int64_t process_start(char *const argv[], char *const environment[])
{
    struct arguments *arguments = arguments_new(STACK_BYTES);
    int64_t error = arguments ? add_all(arguments, &arguments->argv, argv) : -ENOMEM;
    if (!error)
        error = add_all(arguments, &arguments->envp, environment);
    if (!error)
        error = start_with(arguments);
    arguments_free(arguments);
    return error;
}
