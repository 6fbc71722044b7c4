/* Host stand-in for the kernel's arch/cpu.h: a test says which CPU it plays. */
#pragma once

extern unsigned stub_cpu; /* unit.c; below CPUS_MAX */

static inline unsigned cpu_number(void)
{
    return stub_cpu;
}
