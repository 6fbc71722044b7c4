/*
 * facts.c: numbers about processes that several files tell.
 */
#include "procfs.h"

struct memory_sizes memory_sizes(const struct process *process)
{
    struct memory_sizes sizes = {0};
    const struct memory *memory = process->memory;
    struct space_statistics statistics;
    struct region_facts region;
    if (!memory)
        return sizes;
    if (space_statistics(memory->space, &statistics) >= 0) {
        sizes.resident = statistics.resident;
        sizes.tables = statistics.tables;
    }
    struct usage usage = process_usage(process);
    sizes.resident_most = usage.resident > sizes.resident ? usage.resident : sizes.resident;
    for (uint64_t at = 0; region_query(memory->space, at, &region) >= 0;
         at = region.start + (region.pages << PAGE_SHIFT)) {
        sizes.size += region.pages;
        if (memory->facts.stack_start >= region.start &&
            memory->facts.stack_start - region.start < region.pages << PAGE_SHIFT)
            sizes.stack += region.pages;
        else if (region.map & MAP_WRITE)
            sizes.data += region.pages;
        else if (region.map & MAP_EXEC && region.source)
            sizes.libraries += region.pages;
    }
    sizes.size_most = sizes.size;
    sizes.code = ((memory->facts.code_end + PAGE_SIZE - 1) >> PAGE_SHIFT) -
                 (memory->facts.code_start >> PAGE_SHIFT);
    sizes.libraries = sizes.libraries > sizes.code ? sizes.libraries - sizes.code : 0;
    return sizes;
}

char thread_state(const struct subject *subject)
{
    const struct process *process = subject->process;
    const struct thread *thread = subject->thread;
    if (process->family.ended || !thread || thread->life.ended)
        return 'Z';
    if (process->signals.stopped)
        return 'T';
    return thread->wait.blocked ? 'S' : 'R';
}

struct usage subject_usage(const struct subject *subject)
{
    struct usage usage = process_usage(subject->process);
    if (subject->task) {
        int64_t time = subject->thread && !subject->thread->life.ended
                           ? thread_time(subject->thread->handle)
                           : 0;
        usage.user = time > 0 ? (uint64_t)time : 0;
    }
    return usage;
}

uint32_t octal(uint32_t value)
{
    uint32_t digits = 0;
    for (uint32_t place = 1; value; value >>= 3, place *= 10)
        digits += (value & 7) * place;
    return digits;
}
