#include "arch/cache.h"
#include "arch/cpu.h"

void cache_sync_instructions(const void *page)
{
    uint64_t type = read_register(ctr_el0);
    uint64_t line = 4ul << (type >> 16 & 15);
    const char *from = page, *end = from + PAGE_SIZE;

    if (!(type & 1ul << 28)) /* IDC: no data cache clean needed */
        for (const char *at = from; at < end; at += line)
            __asm__ volatile("dc cvau, %0" ::"r"(at) : "memory");
    __asm__ volatile("dsb ish" ::: "memory");
    if (!(type & 1ul << 29)) { /* DIC: no instruction cache invalidation needed */
        /* By another address than EL0 uses: only invalidating all is architecturally certain
         * for VIPT caches (Arm ARM D8.16.3). */
        __asm__ volatile("ic ialluis" ::: "memory");
        __asm__ volatile("dsb ish" ::: "memory");
    }
    instruction_barrier();
}

void page_zero(void *page)
{
    char *at = page, *end = at + PAGE_SIZE;
    static uint8_t zva; /* log2 of words, read once; 16 when prohibited */

    if (__builtin_expect(!zva, 0)) {
        uint64_t id = read_register(dczid_el0);
        zva = id & 16 ? 16 : id & 15;
    }
    if (zva == 4) { /* 64 bytes, as on every Cortex-A: unrolled */
#define ZVA4                                                                                       \
    "dc zva, %0\n add %0, %0, #64\n dc zva, %0\n add %0, %0, #64\n"                                \
    "dc zva, %0\n add %0, %0, #64\n dc zva, %0\n add %0, %0, #64\n"
        while (at < end)
            __asm__ volatile(ZVA4 ZVA4 ZVA4 ZVA4 ZVA4 ZVA4 ZVA4 ZVA4 : "+r"(at)::"memory");
        return;
    }
    for (uint64_t *word = page; (char *)word < end; word += 4)
        word[0] = word[1] = word[2] = word[3] = 0;
}

void page_copy(void *to, const void *from)
{
    const uint64_t *source = from, *end = source + PAGE_SIZE / 8;
    uint64_t *target = to;

#define COPY32                                                                                     \
    "ldp x9, x10, [%1], #16\n ldp x11, x12, [%1], #16\n"                                           \
    "stp x9, x10, [%0], #16\n stp x11, x12, [%0], #16\n"
#define COPY128 COPY32 COPY32 COPY32 COPY32
    while (source < end)
        __asm__ volatile(COPY128 COPY128 COPY128 COPY128
                         : "+r"(target), "+r"(source)::"x9", "x10", "x11", "x12", "memory");
}
