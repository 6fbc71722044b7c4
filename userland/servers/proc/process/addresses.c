#include "process/addresses.h"
#include "proc.h"

#define STACK_GUARD (256UL * PAGE_SIZE) /* as Linux's stack_guard_gap: an overflow hits nothing */
#define GAP_LEAST   (128UL << 20)
#define GAP_MOST    (STACK_TOP / 6 * 5)

static uint64_t random_below(uint64_t bound)
{
    uint64_t number;
    random_bytes(&number, sizeof number);
    return number % bound;
}

struct addresses addresses_choose(uint64_t stack_limit, bool random)
{
    uint64_t pages[4] = {0}, bytes = 0;
    for (unsigned i = 0; random && i < 4; i++)
        pages[i] = random_below(RANDOM_PAGES) << PAGE_SHIFT;
    if (random)
        bytes = random_below(PAGE_SIZE) & ~15UL;
    uint64_t gap = stack_limit < GAP_LEAST ? GAP_LEAST : stack_limit;
    gap = gap > GAP_MOST ? GAP_MOST : gap & ~(PAGE_SIZE - 1UL);
    struct addresses addresses = {
        .stack_top = STACK_TOP - pages[0], .program = PROGRAM_BASE + pages[1], .brk_gap = pages[2]};
    addresses.stack_texts = addresses.stack_top - bytes;
    addresses.mmap_top = addresses.stack_top - gap - STACK_GUARD - pages[3];
    return addresses;
}
