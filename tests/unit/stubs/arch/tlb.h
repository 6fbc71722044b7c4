/* Host stand-in for the kernel's arch/tlb.h: whoever listens hears each barrier and invalidation.
 */
#pragma once
#define tlb_entries_written kernel_tlb_entries_written
#define tlb_complete        kernel_tlb_complete
#define tlb_page            kernel_tlb_page
#define tlb_page_and_tables kernel_tlb_page_and_tables
#define tlb_asid            kernel_tlb_asid
#include_next "arch/tlb.h"
#undef tlb_entries_written
#undef tlb_complete
#undef tlb_page
#undef tlb_page_and_tables
#undef tlb_asid
#include <stddef.h>

enum tlb_operation { TLB_WRITTEN, TLB_COMPLETE, TLB_PAGE, TLB_PAGE_AND_TABLES, TLB_ASID };

/* stubs/vm.c; NULL: nobody listens. ttbr and va are 0 where the operation has none. */
extern void (*tlb_listener)(enum tlb_operation what, uint64_t ttbr, uint64_t va);

static inline void tlb_tell(enum tlb_operation what, uint64_t ttbr, uint64_t va)
{
    if (tlb_listener)
        tlb_listener(what, ttbr, va);
}
static inline void tlb_entries_written(void)
{
    tlb_tell(TLB_WRITTEN, 0, 0);
}
static inline void tlb_complete(void)
{
    tlb_tell(TLB_COMPLETE, 0, 0);
}
static inline void tlb_page(uint64_t ttbr, uint64_t va)
{
    tlb_tell(TLB_PAGE, ttbr, va);
}
static inline void tlb_page_and_tables(uint64_t ttbr, uint64_t va)
{
    tlb_tell(TLB_PAGE_AND_TABLES, ttbr, va);
}
static inline void tlb_asid(uint64_t ttbr)
{
    tlb_tell(TLB_ASID, ttbr, 0);
}
