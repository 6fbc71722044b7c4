/*
 * asid.h: address space identifiers. Each space gets one when it first runs;
 * when they are used up a new generation begins, all TLBs are emptied once, and
 * spaces get new ones as they run.
 */
#pragma once
#include "arch/translation.h"

void asid_init(void);
/* A space whose generation is not the CPU's (cpu->asid_generation) must not run. */
/* Gives `translation` an ASID of the current generation (ttbr changes). */
void asid_assign(struct translation *translation);

/* No user space: an empty table, ASID 0. */
void translation_deactivate(void);
