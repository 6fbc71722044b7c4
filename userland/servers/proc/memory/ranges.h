/*
 * ranges.h: arithmetic on ranges of a program's addresses, and who may place what where.
 */
#pragma once
#include "memory/memory.h"
#include "proc.h"

#define USER_END  (1UL << 48)
#define LOWEST    0x10000UL /* as Linux's vm.mmap_min_addr: null stays unmapped */
#define PAGE_MASK (PAGE_SIZE - 1UL)

static inline uint64_t round_up(uint64_t bytes)
{
    return (bytes + PAGE_MASK) & ~PAGE_MASK;
}

/* On this architecture what can be written or executed can be read. */
static inline uint64_t rights_of(uint64_t protection)
{
    uint64_t rights = 0;
    if (protection & (LINUX_PROT_READ | LINUX_PROT_WRITE | LINUX_PROT_EXEC))
        rights |= MAP_READ;
    if (protection & LINUX_PROT_WRITE)
        rights |= MAP_WRITE;
    if (protection & LINUX_PROT_EXEC)
        rights |= MAP_EXEC;
    return rights;
}

/* True when [address, address + bytes) leaves the user half. */
static inline bool outside(uint64_t address, uint64_t bytes)
{
    return bytes > USER_END || address > USER_END - bytes;
}

/* ---- layout.c ---- */

/* True when the pool could never fill `bytes` more, whatever else happens: then the call says so
 * rather than the first touch. */
bool memory_hopeless(const struct memory *memory, uint64_t bytes);

/* Maps at an address of proc's choice: that address, or a negated errno. As memory_map otherwise.
 */
int64_t layout_map_anywhere(struct memory *memory, uint64_t bytes, uint64_t rights,
                            const struct node *file, uint64_t page);

/* Remembers [address, end) as free. */
void layout_note_hole(struct layout *layout, uint64_t address, uint64_t end);

/* ---- mmap.c ---- */

/* Brings pages in before they are touched. Never fails: what does not come now comes by faults. */
void memory_populate(struct memory *memory, uint64_t address, uint64_t bytes);
