/*
 * cache.h: cache maintenance, in named functions only. QEMU does not model
 * caches: what is forgotten here fails on silicon alone.
 */
#pragma once
#include <stdint.h>

/* Makes instructions written through a kernel alias of a page visible to EL0's fetches on all
 * CPUs (Arm ARM B2.4.4). Call before a page becomes executable. */
void cache_sync_instructions(const void *page);

/* Zeroes one page, 64 bytes aligned blocks by dc zva where allowed (DCZID_EL0). */
void page_zero(void *page);
void page_copy(void *to, const void *from);
