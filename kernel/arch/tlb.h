/*
 * tlb.h: invalidating translations. The rule, in one place (Arm ARM D8.14.5,
 * "break-before-make" and D8.13): after an entry was made invalid or more
 * restrictive,
 *
 *     dsb ishst     the change is visible to the table walkers
 *     tlbi …is      on all CPUs of the inner shareable domain
 *     dsb ish       the invalidation has completed: frames may be reused
 *
 * and an isb where the kernel itself uses the translation; EL0 gets it by eret.
 * An entry that goes from invalid to valid needs only the first barrier.
 */
#pragma once
#include <stdint.h>

static inline void tlb_entries_written(void)
{
    __asm__ volatile("dsb ishst" ::: "memory");
}
static inline void tlb_complete(void)
{
    __asm__ volatile("dsb ish" ::: "memory");
}
/* One page of an address space, last level only. ttbr carries the ASID in bits 48..63. */
static inline void tlb_page(uint64_t ttbr, uint64_t va)
{
    uint64_t operand = (ttbr & 0xffff000000000000) | (va >> 12 & 0xfffffffffff);
    __asm__ volatile("tlbi vale1is, %0" ::"r"(operand) : "memory");
}
/* One page, table entries above it included: after a table was unlinked. */
static inline void tlb_page_and_tables(uint64_t ttbr, uint64_t va)
{
    uint64_t operand = (ttbr & 0xffff000000000000) | (va >> 12 & 0xfffffffffff);
    __asm__ volatile("tlbi vae1is, %0" ::"r"(operand) : "memory");
}
static inline void tlb_asid(uint64_t ttbr)
{
    __asm__ volatile("tlbi aside1is, %0" ::"r"(ttbr & 0xffff000000000000) : "memory");
}
static inline void tlb_everything(void)
{
    __asm__ volatile("tlbi vmalle1is" ::: "memory");
}
/* A kernel page, any ASID, this CPU only (frame windows). */
static inline void tlb_kernel_page_local(uint64_t va)
{
    __asm__ volatile("tlbi vaae1, %0" ::"r"(va >> 12 & 0xfffffffffff) : "memory");
}
/* More pages than this are cheaper to invalidate by ASID. */
#define TLB_PAGES_MAX 64
