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

static void close_if(handle which)
{
    if (which)
        handle_close(which);
}

void process_drop_space(handle space, handle object, handle thread)
{
    if (space)
        space_ctl(space, SPACE_KILL, 0, 0);
    close_if(thread);
    close_if(space);
    close_if(object);
}

static void free_process(struct process *process)
{
    if (process->descriptors)
        descriptors_close(process, true);
    if (process->thread)
        image_free(process->thread->start);
    close_if(process->pool);
    wired_free(process->thread);
    wired_free(process->path);
    wired_free(process);
}

void process_end(struct process *process, uint32_t status)
{
    struct space_statistics statistics = {0};
    uint32_t pid = process->pid;
    space_statistics(process->space, &statistics);
    time_cancel(process->thread);
    console_cancel(process->thread);
    process_drop_space(process->space, process->object, process->thread->handle);
    if (configuration.pager_trusted) {
        struct message message = {.w = {ANON_FORGET, pid}};
        call(configuration.anon, 0, &message);
    }
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

/* A pool of its own below "programs", as large as that one. */
static int64_t create_pool_for(struct process *process)
{
    struct pool_facts facts;
    int64_t result = pool_query(configuration.programs, &facts);
    if (result >= 0)
        result = create_pool(configuration.programs, 0, facts.limit);
    if (result < 0)
        return result;
    process->pool = (handle)result;
    return 0;
}

static int64_t fill_in(struct process *process, const char *path, char *const arguments[],
                       char *const environment[])
{
    process->thread = wired_alloc(sizeof *process->thread);
    if (!process->thread)
        return -ENOMEM;
    process->pid = process->thread->tid = ++last_pid;
    process->thread->process = process;
    process->directory = tree_root();
    process->start_time = time_now();
    default_limits(process);
    int64_t error = create_pool_for(process);
    if (!error)
        error = descriptors_init(process);
    if (!error)
        error = exec_load(process, path, arguments, environment);
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
