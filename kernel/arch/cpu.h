/*
 * cpu.h: what belongs to one CPU, reached through TPIDR_EL1, and the few
 * system-register primitives everybody needs.
 */
#pragma once

/* Offsets used by entry/vectors.S and entry/start.S, checked in cpu.c. */
#define CPU_STACK     0 /* and calls behind it */
#define CPU_EMERGENCY 16

#ifndef __ASSEMBLER__
#include "boot/fdt.h"
#include "entry/abi.h"
#include "mm/buddy.h"
#include "mm/pool.h"
#include <stdbool.h>
#include <stdint.h>

struct thread;
struct space;

#define PRIORITIES 32

/* user_state of a CPU, and of a thread */
#define USER_FP       1 /* access to the FP registers */
#define USER_STEPPING 2 /* an exception after each instruction (MDSCR_EL1.SS) */

struct thread_list {
    struct thread *first, *last;
};

struct cpu {
    uint64_t stack; /* top of its kernel stack */
    struct thread *(*const *calls)(
        struct thread *);     /* what svc #1 is dispatched by, see entry/syscall.c */
    uint64_t emergency_stack; /* for reporting that the first one overflowed */
    struct thread *current;   /* what EL0 runs, or ran last; never NULL after the first switch */
    uint64_t ready_mask;      /* bit p: the queue of priority p is not empty */
    struct space *space;      /* whose tables TTBR0 holds; NULL: none */
    uint64_t asid_generation; /* see arch/asid.h */
    struct thread *fpu_owner; /* whose FP registers the CPU holds */
    uint8_t user_state; /* USER_*: what EL0 has now, as the running thread's user_state says */
    bool trace_on;
    bool slice_over; /* a tick came since the running thread was picked */
    unsigned number;
    struct frame_caches caches;
    struct pool_ahead ahead;
    uint64_t tick;          /* when it comes next, ns; ~0: idle */
    uint64_t timer_set;     /* what the timer was programmed for, ns; ~0: off */
    uint64_t request_check; /* when the oldest pager request is looked at, ns; ~0: never */
    struct trace_record *trace;
    uint64_t trace_next; /* records ever written */
    uint64_t mpidr;
    struct counters counters;
    struct thread_list ready[PRIORITIES];
    struct thread *requests_first, *requests_last; /* pager requests in order of time */
};
extern struct cpu cpus[CPUS_MAX];

static inline struct cpu *this_cpu(void)
{
    struct cpu *cpu;
    __asm__("mrs %0, tpidr_el1" : "=r"(cpu)); /* not volatile: constant on a CPU */
    return cpu;
}
static inline unsigned cpu_number(void)
{
    return this_cpu()->number;
}

#define read_register(name)                                                                        \
    ({                                                                                             \
        uint64_t value_;                                                                           \
        __asm__ volatile("mrs %0, " #name : "=r"(value_));                                         \
        value_;                                                                                    \
    })
#define write_register(name, value)                                                                \
    __asm__ volatile("msr " #name ", %0" ::"r"((uint64_t)(value)) : "memory")

static inline void instruction_barrier(void)
{
    __asm__ volatile("isb" ::: "memory");
}

/* An interrupt waits to be taken (Arm ARM D19.2.63, ISR_EL1): time to end a bounded step. */
static inline bool interrupt_pending(void)
{
    return read_register(isr_el1) != 0;
}

/* Makes `cpu` the one this code runs on. */
void cpu_init(struct cpu *cpu, unsigned number);
#endif
