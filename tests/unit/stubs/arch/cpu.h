/* Host stand-in for the kernel's arch/cpu.h: a test says which CPU it plays, and whether an
 * interrupt waits. Types are the kernel's own; what reads a system register must not be called. */
#pragma once
#define cpu_number        kernel_cpu_number
#define this_cpu          kernel_this_cpu
#define interrupt_pending kernel_interrupt_pending
#include_next "arch/cpu.h"
#undef cpu_number
#undef this_cpu
#undef interrupt_pending

extern unsigned stub_cpu; /* unit.c; below CPUS_MAX */

static inline unsigned cpu_number(void)
{
    if (stub_cpu >= CPUS_MAX)
        __builtin_trap();
    return stub_cpu;
}

/* With stubs/vm.c: */
bool interrupt_pending(void);
static inline struct cpu *this_cpu(void)
{
    return &cpus[cpu_number()];
}
