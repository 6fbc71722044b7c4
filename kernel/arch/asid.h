/*
 * asid.h: address space identifiers. Each space gets one when it first runs;
 * when they are used up a new generation begins, all TLBs are emptied once, and
 * spaces get new ones as they run.
 */
#pragma once
#include "arch/translation.h"

void asid_init(void);
extern uint64_t asid_generation;
/* Gives `translation` an ASID of the current generation (ttbr changes). */
void asid_assign(struct translation *translation);

/* Loads TTBR0 for a space; assigns an ASID where needed. The eret that follows synchronises. */
static inline void translation_activate(struct translation *translation)
{
    if (__builtin_expect(translation->asid_generation != asid_generation, 0))
        asid_assign(translation);
    __asm__ volatile("msr ttbr0_el1, %0" ::"r"(translation->ttbr) : "memory");
}
/* No user space: an empty table, ASID 0. */
void translation_deactivate(void);
