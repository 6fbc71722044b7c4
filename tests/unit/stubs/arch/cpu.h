/* Host stand-in for the kernel's arch/cpu.h: a test says which CPU it plays. */
#pragma once
#include "boot/fdt.h"
#include "mm/buddy.h"
#include "mm/pool.h"

struct cpu {
    struct frame_caches caches;
    struct pool_ahead ahead;
};
extern struct cpu cpus[CPUS_MAX];
extern unsigned stub_cpu; /* unit.c; below CPUS_MAX */

static inline struct cpu *this_cpu(void)
{
    if (stub_cpu >= CPUS_MAX)
        __builtin_trap();
    return &cpus[stub_cpu];
}
