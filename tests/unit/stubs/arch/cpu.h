/* Host stand-in for the kernel's arch/cpu.h: a test says which CPU it plays. */
#pragma once
#include "boot/fdt.h"

extern unsigned stub_cpu; /* unit.c; below CPUS_MAX */

static inline unsigned cpu_number(void)
{
    if (stub_cpu >= CPUS_MAX)
        __builtin_trap();
    return stub_cpu;
}
