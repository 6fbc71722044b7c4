/*
 * usage.c: what processes have used. The kernel counts per space, so what a memory has cost that is
 * left (exec, exit) is kept here. Of a memory that processes share it is all the first one's, until
 * that ends; others have only the time of their threads.
 */
#include "proc.h"
#include "process/linux_process.h"
#include "time/linux_time.h"

void usage_add(struct usage *sum, const struct usage *more)
{
    sum->user += more->user;
    sum->system += more->system;
    sum->minor += more->minor;
    sum->major += more->major;
    if (sum->resident < more->resident)
        sum->resident = more->resident;
}

/* Of a memory that counts for the process. */
static struct usage usage_of(const struct process *process, const struct memory *memory)
{
    struct space_statistics statistics;
    if (memory->owner != process->pid || space_statistics(memory->space, &statistics) < 0)
        return (struct usage){0};
    return (struct usage){.user = statistics.time,
                          .minor = statistics.minor,
                          .major = statistics.major,
                          .resident = statistics.resident};
}

/* CPU time of a thread; what the servers do for it is theirs, so all of it is the user's. */
static uint64_t time_of(const struct thread *thread)
{
    int64_t time = thread_time(thread->handle);
    return time > 0 ? (uint64_t)time : 0;
}

struct usage process_usage(const struct process *process)
{
    struct usage usage = process->family.used;
    if (!process->memory)
        return usage;
    struct usage present = usage_of(process, process->memory);
    usage_add(&usage, &present);
    if (process->memory->owner != process->pid)
        for_each_thread(thread, process) usage.user += time_of(thread);
    return usage;
}

void usage_keep_thread(struct thread *thread)
{
    struct process *process = thread->process;
    if (process->memory->owner != process->pid)
        process->family.used.user += time_of(thread);
}

void usage_keep(struct process *process, const struct memory *memory)
{
    struct usage usage = usage_of(process, memory);
    process_report.minor += usage.minor;
    process_report.major += usage.major;
    usage_add(&process->family.used, &usage);
}

void usage_tell(const struct usage *usage, struct linux_rusage *told)
{
    *told = (struct linux_rusage){
        .user = {(int64_t)(usage->user / NANOSECONDS), (int64_t)(usage->user % NANOSECONDS / 1000)},
        .system = {(int64_t)(usage->system / NANOSECONDS),
                   (int64_t)(usage->system % NANOSECONDS / 1000)},
        .maximum_resident = (int64_t)(usage->resident * (PAGE_SIZE / 1024)),
        .minor_faults = (int64_t)usage->minor,
        .major_faults = (int64_t)usage->major,
    };
}

int64_t linux_getrusage(struct thread *thread, uint64_t who, uint64_t address)
{
    struct linux_rusage told;
    struct usage usage;
    switch ((int32_t)who) {
    case LINUX_RUSAGE_SELF:
        usage = process_usage(thread->process);
        break;
    case LINUX_RUSAGE_THREAD: /* faults are counted for all its threads together */
        usage = process_usage(thread->process);
        usage.user = time_of(thread);
        break;
    case LINUX_RUSAGE_CHILDREN:
        usage = thread->process->family.children_used;
        break;
    default:
        return -EINVAL;
    }
    usage_tell(&usage, &told);
    return client_write(thread, address, &told, sizeof told);
}

static int64_t ticks(uint64_t nanoseconds)
{
    return (int64_t)(nanoseconds / (NANOSECONDS / CLOCK_TICKS));
}

int64_t linux_times(struct thread *thread, uint64_t address)
{
    struct usage own = process_usage(thread->process);
    const struct usage *children = &thread->process->family.children_used;
    struct linux_tms told = {ticks(own.user), ticks(own.system), ticks(children->user),
                             ticks(children->system)};
    int64_t error = address ? client_write(thread, address, &told, sizeof told) : 0;
    return error ? error : ticks(time_now());
}
