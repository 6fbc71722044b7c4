/*
 * asid.c: handing out ASIDs by generation (Arm ARM D8.14.3 leaves 8 or 16 bits).
 * ASID 0 is the kernel's own, used while no space is loaded.
 */
#include "arch/asid.h"
#include "arch/cpu.h"
#include "arch/lock.h"
#include "arch/memory.h"
#include "arch/tlb.h"

static uint64_t asid_generation = 1, asid_next = 1, asid_end;
static struct lock asid_lock;
static uint64_t empty_table[TABLE_ENTRIES] __attribute__((aligned(4096)));

static void generation_tell(void)
{
    for (struct cpu *cpu = cpus; cpu < &cpus[CPUS_MAX]; cpu++)
        cpu->asid_generation = asid_generation;
}

void asid_init(void)
{
    generation_tell();
    asid_end = (read_register(id_aa64mmfr0_el1) >> 4 & 15) == 2 ? 1ul << 16 : 1ul << 8;
}

void asid_assign(struct translation *translation)
{
    lock_take(&asid_lock);
    if (asid_next == asid_end) {
        asid_next = 1;
        asid_generation++;
        generation_tell();
        tlb_entries_written();
        tlb_everything();
        tlb_complete();
    }
    translation->ttbr = (translation->ttbr & ENTRY_ADDRESS) | asid_next++ << 48;
    translation->asid_generation = asid_generation;
    lock_release(&asid_lock);
}

void translation_deactivate(void)
{
    write_register(ttbr0_el1, image_to_physical(empty_table));
    instruction_barrier();
}
