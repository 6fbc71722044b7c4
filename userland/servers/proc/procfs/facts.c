/*
 * facts.c: numbers about processes that several files tell.
 */
#include "lib/memory.h"
#include "memory/ranges.h"
#include "page_facts.h"
#include "signal/trace.h"

#define QUERIES_MOST 64 /* in files' pages, of 512 each: what lies beyond counts as not shared */

/* Pages of files and shared memory that are entered. */
static uint64_t shared_pages(const struct memory *memory)
{
    struct listed listed;
    unsigned queries = 0;
    uint64_t bytes = 0;
    for (uint64_t at = 0; listing_next(memory, at, &listed); at = listed.end) {
        if (!listed.shown && !listed.special)
            continue;
        for (uint64_t from = listed.start; from < listed.end && queries < QUERIES_MOST; queries++) {
            struct page_sums sums = {0};
            int64_t pages = page_sums_add(memory, &listed, 1, from, &sums);
            if (pages <= 0)
                break;
            bytes += sums.resident - sums.anonymous;
            from += (uint64_t)pages << PAGE_SHIFT;
        }
    }
    return bytes >> PAGE_SHIFT;
}

struct memory_sizes memory_sizes(const struct process *process, bool all)
{
    struct memory_sizes sizes = {0};
    const struct memory *memory = process->memory;
    struct space_statistics statistics;
    if (!memory)
        return sizes;
    if (space_statistics(memory->space, &statistics) >= 0) {
        sizes.resident = statistics.resident;
        sizes.tables = statistics.tables;
    }
    sizes.size = memory->pages;
    sizes.size_most = memory->pages_most;
    if (!all)
        return sizes;
    struct totals totals = memory_totals(memory);
    sizes.data = totals.data;
    sizes.stack = totals.stack;
    sizes.locked = totals.locked;
    sizes.code =
        (round_up(memory->facts.code_end) >> PAGE_SHIFT) - (memory->facts.code_start >> PAGE_SHIFT);
    sizes.libraries = totals.executable > sizes.code ? totals.executable - sizes.code : 0;
    sizes.shared = shared_pages(memory);
    if (sizes.shared > sizes.resident)
        sizes.shared = sizes.resident;
    return sizes;
}

char thread_state(const struct subject *subject)
{
    const struct process *process = subject->process;
    const struct thread *thread = subject->thread;
    if (process->family.ended || !thread || thread->life.ended)
        return 'Z';
    if (thread->signals.trace && thread->signals.trace->stop != TRACE_RUNS)
        return 't';
    if (process->signals.stopped)
        return 'T';
    return !thread->wait.blocked ? 'R' : thread->remote.operation ? 'D' : 'S';
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

void text_add_escaped(struct text *text, const char *from, const char *which)
{
    for (; *from; from++) {
        if (strchr(which, *from))
            text_add(text, "\\%03u", octal((uint8_t)*from));
        else
            text_add_bytes(text, from, 1);
    }
}
