/*
 * grow.c: mappings that grow down, the stack above all: an access just below one makes it larger,
 * as far as RLIMIT_STACK says.
 */
#include "ranges.h"

/* True when something that can be used lies so close below that a guard would be missing. */
static bool crowded(const struct memory *memory, uint64_t address)
{
    struct region_facts below;
    uint64_t from = address > STACK_GUARD ? address - STACK_GUARD : 0;
    while (region_next(memory, from, address, &below)) {
        if (below.map & MAP_RIGHTS && !(below.map & ADVICE_GROWS_DOWN))
            return true;
        from = facts_end(&below);
    }
    return false;
}

static bool allowed(const struct thread *thread, const struct region_facts *grown, uint64_t pages)
{
    uint64_t size = (grown->pages + pages) << PAGE_SHIFT;
    if (size > limit_of(thread, LINUX_RLIMIT_STACK) || !limits_allow(thread, grown->map, pages))
        return false;
    return !(grown->map & ADVICE_LOCKED) || limits_allow_lock(thread, pages);
}

bool memory_grow(struct thread *thread, uint64_t address)
{
    struct memory *memory = memory_of(thread);
    struct region_facts facts;
    address &= ~PAGE_MASK;
    if (address < LOWEST || address >= USER_END ||
        region_query(memory->space, address, &facts) < 0 || facts.start <= address ||
        !(facts.map & ADVICE_GROWS_DOWN))
        return false;
    uint64_t bytes = facts.start - address;
    if (crowded(memory, address) || !allowed(thread, &facts, bytes >> PAGE_SHIFT))
        return false;
    struct extent extent = {address, bytes, facts.map, NULL, 0};
    return extent_map(memory, &extent) == 0;
}

uint64_t memory_exception(struct thread *thread, uint64_t kind, uint64_t address)
{
    struct region_facts facts;
    if (kind == EXCEPTION_NO_REGION)
        return memory_grow(thread, address) ? 0 : kind;
    if (kind == EXCEPTION_RIGHTS && memory_of(thread)->beyond &&
        region_query(memory_of(thread)->space, address & ~PAGE_MASK, &facts) == 0 &&
        facts.start <= address && facts.map & ADVICE_BEYOND)
        return EXCEPTION_PAGER;
    return kind;
}
