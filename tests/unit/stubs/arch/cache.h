/* Host stand-in for the kernel's arch/cache.h (with stubs/vm.c). */
#pragma once
#include "entry/abi.h"
#include <string.h>

extern const void *stub_synced; /* the page last made visible to instruction fetches */

static inline void cache_sync_instructions(const void *page)
{
    stub_synced = page;
}
static inline void page_zero(void *page)
{
    memset(page, 0, PAGE_SIZE);
}
static inline void page_copy(void *to, const void *from)
{
    memcpy(to, from, PAGE_SIZE);
}
