/*
 * translation.h: AArch64 translation tables, stage 1, 4 KiB granule, 48 bits
 * (Arm ARM D8.2). Only tables and entries: what a page means is decided above.
 */
#pragma once
#include "arch/memory.h"
#include "mm/buddy.h"
#include "mm/pool.h"
#include <stdbool.h>
#include <stdint.h>

/* Descriptor bits (Arm ARM D8.3.1). */
#define ENTRY_VALID         (1ul << 0)
#define ENTRY_TABLE         (3ul << 0) /* levels 0 to 2: next table; level 3: page */
#define ENTRY_MEMORY(index) ((uint64_t)(index) << 2)
#define ENTRY_USER          (1ul << 6)
#define ENTRY_READONLY      (1ul << 7)
#define ENTRY_SHARED        (3ul << 8) /* inner shareable */
#define ENTRY_ACCESSED      (1ul << 10)
#define ENTRY_LOCAL         (1ul << 11) /* nG: belongs to one ASID */
#define ENTRY_PXN           (1ul << 53)
#define ENTRY_UXN           (1ul << 54)
#define ENTRY_ADDRESS       0x0000fffffffff000ul

#define TABLE_ENTRIES 512
#define LEAF_PAGES    512 /* pages behind one leaf table: 2 MiB */

/* One address space's tables. */
struct translation {
    uint64_t *root;           /* level 0 table; NULL until the first page */
    uint64_t ttbr;            /* what TTBR0_EL1 takes: ASID << 48 | root */
    uint64_t asid_generation; /* 0: no ASID yet; see asid.c */
    struct pool *pool;        /* pays for tables */
    uint64_t tables;          /* frames used by tables, root included */
    uint32_t first_table;     /* list of them: frame number or 0 */
    uint64_t hint_block;      /* va >> 21 of hint_leaf; ~0: none */
    uint64_t *hint_leaf;
};

/* Makes the root table. ENOMEM: nothing was changed. */
int translation_init(struct translation *translation, struct pool *pool);

/* Frees all tables, in bounded steps. True when nothing is left. No CPU may hold them in TTBR0. */
bool translation_destroy_step(struct translation *translation);

/* The leaf table for va, or NULL: not there, or (create) the pool is exhausted; nothing changed. */
uint64_t *translation_walk(struct translation *translation, uint64_t va, bool create);
static inline uint64_t *translation_leaf(struct translation *translation, uint64_t va, bool create)
{
    return __builtin_expect(translation->hint_block == va >> 21, 1)
               ? translation->hint_leaf
               : translation_walk(translation, va, create);
}

/* Entry of va in a leaf table. */
static inline uint64_t *leaf_entry(uint64_t *leaf, uint64_t va)
{
    return &leaf[(va >> 12) & (TABLE_ENTRIES - 1)];
}

/* The valid entry for va, or 0. */
uint64_t translation_lookup(struct translation *translation, uint64_t va);

/* The first address in [va, end) that a leaf table exists for, or end. Skips by whole tables. */
uint64_t translation_next(struct translation *translation, uint64_t va, uint64_t end);

/* An EL0 page entry. rights: MAP_READ, MAP_WRITE, MAP_EXEC; memory: MAIR_* index. */
static inline uint64_t entry_for(uint64_t physical, unsigned rights, unsigned memory)
{
    return physical | ENTRY_TABLE | ENTRY_MEMORY(memory) | ENTRY_USER | ENTRY_SHARED |
           ENTRY_ACCESSED | ENTRY_LOCAL | ENTRY_PXN | (rights & 2 ? 0 : ENTRY_READONLY) |
           (rights & 4 ? 0 : ENTRY_UXN);
}

/*
 * Clears every valid entry in [va, va + pages) and invalidates the TLBs. When it
 * returns no CPU can use the old translations. Returns how many were cleared.
 */
uint64_t translation_clear(struct translation *translation, uint64_t va, uint64_t pages);

/* Takes those of MAP_WRITE and MAP_EXEC that are not among `rights` (not 0: that is
 * translation_clear) from every valid entry in the range. Invalidates the TLBs. */
void translation_restrict(struct translation *translation, uint64_t va, uint64_t pages,
                          unsigned rights);

/* After entries were changed in place: no CPU can use what they said before. */
void translation_flush(struct translation *translation);

/* Frees the leaf tables over [va, end) that cover nothing outside the hole [floor, ceiling) around
 * it, in which nothing may be mapped; and those above that had no others. */
void translation_prune(struct translation *translation, uint64_t va, uint64_t end, uint64_t floor,
                       uint64_t ceiling);

/* ---- The kernel's own half ---- */

/* Builds the linear map for [start, end) bytes, but for the kernel image. Boot only. */
void linear_map(uint64_t start, uint64_t end);
/* Maps device registers into the fixmap. Boot only; panics when the window is full. */
void *fixmap_device(uint64_t physical, uint64_t size);
/* The device tree: up to 4 MiB of memory around `physical`, read-only. Returns its address. */
const void *fixmap_tree(uint64_t physical, uint64_t *mapped);
/* A guarded kernel stack for a CPU from two or more frames of the kernel image. Returns its top. */
uint64_t vmap_stack(unsigned cpu);
/* A frame's contents, also outside the linear map: `window` 0 or 1, closed before anything else. */
void *frame_map(frame_number number, unsigned window);
void frame_unmap(void *address, unsigned window);
static inline void *frame_open(frame_number number, unsigned window)
{
    return __builtin_expect(number < linear_end, 1) ? frame_address(number)
                                                    : frame_map(number, window);
}
static inline void frame_close(void *address, unsigned window)
{
    if (__builtin_expect((uint64_t)address >= FIXMAP_BASE, 0))
        frame_unmap(address, window);
}
