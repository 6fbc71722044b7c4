/*
 * limits.c: how much a program has mapped, and how much it may.
 */
#include "ranges.h"

#define COMMIT_CHECKED 64 /* pages; smaller requests are not worth asking the pool */

/* As Linux's is_data_mapping: private, writable, no stack. */
static bool is_data(uint64_t map)
{
    return (map & (MAP_WRITE | ADVICE_SHARED | ADVICE_GROWS_DOWN)) == MAP_WRITE;
}

struct totals memory_totals(const struct memory *memory)
{
    struct totals totals = {0};
    struct region_facts part;
    for (uint64_t at = 0; region_next(memory, at, USER_END, &part); at = facts_end(&part)) {
        totals.pages += part.pages;
        if (part.map & ADVICE_GROWS_DOWN)
            totals.stack += part.pages;
        else if (is_data(part.map))
            totals.data += part.pages;
        else if ((part.map & (MAP_EXEC | MAP_WRITE)) == MAP_EXEC)
            totals.executable += part.pages;
        if (part.map & ADVICE_LOCKED)
            totals.locked += part.pages;
    }
    return totals;
}

bool limits_allow(const struct thread *thread, uint64_t map, uint64_t pages)
{
    const struct memory *memory = memory_of(thread);
    uint64_t space = limit_of(thread, LINUX_RLIMIT_AS) >> PAGE_SHIFT;
    uint64_t data = limit_of(thread, LINUX_RLIMIT_DATA);
    if (memory->pages + pages > space)
        return false;
    if (data == LINUX_RLIM_INFINITY || !is_data(map))
        return true;
    return memory_totals(memory).data + pages <= data >> PAGE_SHIFT;
}

bool limits_allow_lock(const struct thread *thread, uint64_t pages)
{
    uint64_t limit = limit_of(thread, LINUX_RLIMIT_MEMLOCK);
    if (limit == LINUX_RLIM_INFINITY || capable(thread, LINUX_CAP_IPC_LOCK))
        return true;
    return memory_totals(memory_of(thread)).locked + pages <= limit >> PAGE_SHIFT;
}

bool memory_hopeless(const struct memory *memory, uint64_t bytes)
{
    struct pool_facts facts;
    uint64_t pages = bytes >> PAGE_SHIFT;
    if (pages < COMMIT_CHECKED || pool_query(memory->pool->handle, &facts) < 0)
        return false;
    /* A 64th more is for translation tables and slots. */
    return facts.used >= facts.limit || pages + pages / 64 > facts.limit - facts.used;
}
