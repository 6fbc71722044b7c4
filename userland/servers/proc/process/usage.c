/*
 * usage.c: what processes have used. Faults are counted by the kernel per space, so those of a
 * memory that is left (exec, exit) are kept here; of one that processes share, whoever
 * leaves it last has them all.
 */
#include "proc.h"
#include "process/linux_process.h"

#define NANOSECONDS 1000000000UL

void usage_add(struct usage *sum, const struct usage *more)
{
    sum->user += more->user;
    sum->system += more->system;
    sum->minor += more->minor;
    sum->major += more->major;
    if (sum->resident < more->resident)
        sum->resident = more->resident;
}

static struct usage usage_of(const struct memory *memory)
{
    struct space_statistics statistics;
    if (!memory || memory->references > 1 || space_statistics(memory->space, &statistics) < 0)
        return (struct usage){0};
    return (struct usage){
        .minor = statistics.minor, .major = statistics.major, .resident = statistics.resident};
}

struct usage process_usage(const struct process *process)
{
    struct usage usage = usage_of(process->memory);
    usage_add(&usage, &process->family.used);
    return usage;
}

void usage_keep(struct process *process, const struct memory *memory)
{
    struct usage usage = usage_of(memory);
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
    case LINUX_RUSAGE_THREAD:
        usage = process_usage(thread->process);
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
