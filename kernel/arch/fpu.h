/*
 * fpu.h: floating point and SIMD registers, switched when they are used: EL0 has
 * access only while the CPU holds the running thread's registers.
 */
#pragma once
#include "arch/cpu.h"

struct thread;

/* CPACR_EL1.FPEN (Arm ARM D19.2.30): 0b11 EL0 may, 0b01 EL0 traps. The eret synchronises. */
static inline void fpu_enable(bool on)
{
    write_register(cpacr_el1, on ? 3ul << 20 : 1ul << 20);
}

/* EL0 used FP without access: loads `thread`'s registers, saving their owner's. */
void fpu_take(struct cpu *cpu, struct thread *thread);

/* Puts what the CPU holds of `thread` into its struct (before somebody reads or changes it). */
void fpu_save(struct thread *thread);

/* The struct was changed, or the thread is gone: what the CPU holds of it is void. */
void fpu_forget(struct thread *thread);
