/*
 * placement.c: addresses as Linux chooses them on arm64 with 48 bits: the program at two thirds of
 * the address space, its heap behind it, the stack at the top, mmap below that (binfmt_elf.c,
 * mm/util.c). `seed` of the run decides all of it.
 */
#include "memory/placement.h"
#include "ranges.h"

#define PROGRAM_BASE 0xaaaaaaaaa000UL
#define STACK_TOP    USER_END
#define GAP_LEAST    (128UL << 20)
#define GAP_MOST     (STACK_TOP / 6 * 5)
#define MMAP_BITS    28 /* of a page number */
#define STACK_BITS   22
#define HEAP_BITS    18
#define NO_RANDOMIZE 0x0040000 /* ADDR_NO_RANDOMIZE of personality(2) */

uint32_t placement_random = 2;

static uint64_t random_pages(unsigned bits)
{
    uint64_t value;
    random_bytes(&value, sizeof value);
    return (value & ((1UL << bits) - 1)) << PAGE_SHIFT;
}

struct placement placement_choose(const struct thread *thread)
{
    bool random = placement_random && !configuration.fixed_addresses &&
                  !(thread->process->family.personality & NO_RANDOMIZE);
    struct placement chosen = {.program = PROGRAM_BASE, .stack_top = STACK_TOP};
    uint64_t limit = limit_of(thread, LINUX_RLIMIT_STACK), gap = STACK_GUARD;
    if (random)
        gap += 1UL << (STACK_BITS + PAGE_SHIFT);
    gap = limit > GAP_MOST - gap ? GAP_MOST : limit + gap;
    if (gap < GAP_LEAST)
        gap = GAP_LEAST;
    chosen.mmap_top = (STACK_TOP - gap) & ~PAGE_MASK;
    if (!random)
        return chosen;
    chosen.program += random_pages(MMAP_BITS);
    chosen.mmap_top -= random_pages(MMAP_BITS);
    chosen.stack_top -= random_pages(STACK_BITS);
    chosen.stack_offset = (random_pages(9) >> PAGE_SHIFT) * 16;
    if (placement_random > 1)
        chosen.heap_gap = random_pages(HEAP_BITS);
    return chosen;
}
