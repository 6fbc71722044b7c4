/*
 * kernel_map.c: the kernel's own half of the address space. The tables of the
 * image, the vmap window and the fixmap are part of the image; those of the
 * linear map come from a small reserve in it, whose rest is freed after boot.
 */
#include "arch/cpu.h"
#include "arch/memory.h"
#include "arch/registers.h"
#include "arch/tlb.h"
#include "arch/translation.h"
#include "debug/panic.h"

#define TABLE static uint64_t __attribute__((aligned(4096)))
#define RESERVE_TABLES                                                                             \
    24 /* linear map: one level 1, and two levels 2 and 3 for odd ends of each bank */

uint64_t __attribute__((aligned(4096))) kernel_root_table[TABLE_ENTRIES];
TABLE kernel_level1[TABLE_ENTRIES], image_level2[TABLE_ENTRIES], image_level3[TABLE_ENTRIES];
TABLE vmap_level2[TABLE_ENTRIES], vmap_level3[TABLE_ENTRIES];
TABLE fixmap_level2[TABLE_ENTRIES], fixmap_level3[TABLE_ENTRIES];
TABLE identity_level0[TABLE_ENTRIES], identity_level1[TABLE_ENTRIES];
TABLE reserve[RESERVE_TABLES][TABLE_ENTRIES];
static unsigned reserve_used;
uint64_t image_physical;

#define KERNEL_PAGE                                                                                \
    (ENTRY_TABLE | ENTRY_MEMORY(MAIR_NORMAL) | ENTRY_SHARED | ENTRY_ACCESSED | ENTRY_UXN)
#define KERNEL_BLOCK (KERNEL_PAGE & ~2ul)

uint64_t *translation_boot_tables(uint64_t image);

/*
 * Runs with the MMU off at physical addresses: what & gives here is physical,
 * because the compiler addresses its data relative to the pc.
 */
uint64_t *translation_boot_tables(uint64_t image)
{
    uint64_t pages = ((uint64_t)image_end - (uint64_t)image_start) >> PAGE_SHIFT;
    uint64_t text = (uint64_t)text_end - (uint64_t)image_start;
    uint64_t rodata = (uint64_t)rodata_end - (uint64_t)image_start;

    identity_level0[image >> 39] = (uint64_t)identity_level1 | ENTRY_TABLE;
    identity_level1[image >> 30 & 511] = (image >> 30 << 30) | KERNEL_BLOCK;
    kernel_root_table[511] = (uint64_t)kernel_level1 | ENTRY_TABLE;
    kernel_level1[0] = (uint64_t)image_level2 | ENTRY_TABLE;
    kernel_level1[2] = (uint64_t)vmap_level2 | ENTRY_TABLE;
    kernel_level1[3] = (uint64_t)fixmap_level2 | ENTRY_TABLE;
    image_level2[0] = (uint64_t)image_level3 | ENTRY_TABLE;
    vmap_level2[0] = (uint64_t)vmap_level3 | ENTRY_TABLE;
    fixmap_level2[0] = (uint64_t)fixmap_level3 | ENTRY_TABLE;
    for (uint64_t i = 0; i < pages; i++) {
        uint64_t offset = i << PAGE_SHIFT, entry = (image + offset) | KERNEL_PAGE;
        if (offset >= text)
            entry |= ENTRY_PXN;
        if (offset < rodata)
            entry |= ENTRY_READONLY;
        image_level3[i] = entry;
    }
    return identity_level0;
}

static uint64_t *kernel_table_behind(uint64_t *entry)
{
    uint64_t physical;

    if (!*entry) {
        if (reserve_used == RESERVE_TABLES)
            panic("too many memory banks for the linear map's tables");
        physical = image_to_physical(reserve[reserve_used++]);
        *entry = physical | ENTRY_TABLE;
    }
    physical = *entry & ENTRY_ADDRESS;
    return (uint64_t *)(physical - image_physical + KERNEL_BASE);
}

void linear_map(uint64_t start, uint64_t end)
{
    for (uint64_t size; start < end; start += size) {
        uint64_t *entry = &kernel_root_table[start >> 39], page = 0;
        for (unsigned shift = 30; !page; shift -= 9) { /* the largest block that fits */
            entry = &kernel_table_behind(entry)[start >> shift & 511];
            size = 1ul << shift;
            page = shift == PAGE_SHIFT ? 2 : 0;
            if (!(start & (size - 1)) && end - start >= size &&
                start >> shift != image_physical >> shift)
                break;
        }
        /* The image is not mapped twice: its text stays read-only. */
        if (start < image_physical || start >= image_to_physical(image_end))
            *entry = start | (KERNEL_BLOCK | page) | ENTRY_PXN;
    }
    tlb_entries_written();
    instruction_barrier();
}

#define DEVICE_PAGE                                                                                \
    (ENTRY_TABLE | ENTRY_MEMORY(MAIR_DEVICE) | ENTRY_ACCESSED | ENTRY_PXN | ENTRY_UXN)
static unsigned fixmap_blocks = 3;          /* of 2 MiB, after the pages and the device tree */
#define FIXMAP_WINDOWS (512 - 2 * CPUS_MAX) /* the last pages are frame windows */

void *fixmap_device(uint64_t physical, uint64_t size)
{
    uint64_t at = FIXMAP_BASE + ((uint64_t)fixmap_blocks << 21);

    for (uint64_t block = physical >> 21 << 21; block < physical + size; block += 0x200000) {
        if (fixmap_blocks == TABLE_ENTRIES)
            panic("the fixmap is full: too many devices");
        fixmap_level2[fixmap_blocks++] = block | (DEVICE_PAGE & ~2ul);
    }
    tlb_entries_written();
    instruction_barrier();
    return (void *)(at + (physical & 0x1fffff));
}

const void *fixmap_tree(uint64_t physical, uint64_t *mapped)
{
    uint64_t block = physical >> 21 << 21;

    for (unsigned i = 0; i < 2; i++)
        fixmap_level2[1 + i] = (block + i * 0x200000) | KERNEL_BLOCK | ENTRY_READONLY | ENTRY_PXN;
    tlb_entries_written();
    instruction_barrier();
    *mapped = block + 0x400000 - physical;
    return (const void *)(FIXMAP_BASE + 0x200000 + (physical - block));
}

/* Between two stacks, and below the first, a page stays unmapped: an overflow faults. */
#define STACK_PAGES (STACK_SIZE / PAGE_SIZE)
static char stacks[CPUS_MAX][STACK_SIZE] __attribute__((aligned(4096)));

uint64_t vmap_stack(unsigned cpu)
{
    unsigned at = cpu * (STACK_PAGES + 1) + 1;

    for (unsigned i = 0; i < STACK_PAGES; i++)
        vmap_level3[at + i] =
            image_to_physical(&stacks[cpu][i * PAGE_SIZE]) | KERNEL_PAGE | ENTRY_PXN;
    tlb_entries_written();
    instruction_barrier();
    return VMAP_BASE + ((uint64_t)(at + STACK_PAGES) << PAGE_SHIFT);
}

void *frame_map(frame_number number, unsigned window)
{
    unsigned at = FIXMAP_WINDOWS + cpu_number() * 2 + window;

    fixmap_level3[at] = number << PAGE_SHIFT | KERNEL_PAGE | ENTRY_PXN;
    tlb_entries_written();
    instruction_barrier();
    return (void *)(FIXMAP_BASE + ((uint64_t)at << PAGE_SHIFT));
}

void frame_unmap(void *address, unsigned window)
{
    unsigned at = FIXMAP_WINDOWS + cpu_number() * 2 + window;

    fixmap_level3[at] = 0;
    tlb_entries_written();
    tlb_kernel_page_local((uint64_t)address);
    tlb_complete();
    instruction_barrier();
}
