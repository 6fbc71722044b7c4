/*
 * vectors.S: in and out of the kernel.
 *
 * While EL0 runs, SP_EL1 points at the current thread, whose first member is its
 * registers: they are saved straight into it. The C function called then returns
 * the thread to run next, and `leave` loads that one. The kernel runs on one
 * stack for each CPU with interrupts masked; there is nothing on it between
 * entries, so switching threads is just leaving with another thread.
 */
#include "arch/cpu.h"
#include "arch/registers.h"
#include "entry/dispatch.h"

/* stp or ldp of x2 .. x29, where struct thread_registers at `base` has them. */
.macro each_pair operation, base
    \operation x2, x3, [\base, #16]
    \operation x4, x5, [\base, #32]
    \operation x6, x7, [\base, #48]
    \operation x8, x9, [\base, #64]
    \operation x10, x11, [\base, #80]
    \operation x12, x13, [\base, #96]
    \operation x14, x15, [\base, #112]
    \operation x16, x17, [\base, #128]
    \operation x18, x19, [\base, #144]
    \operation x20, x21, [\base, #160]
    \operation x22, x23, [\base, #176]
    \operation x24, x25, [\base, #192]
    \operation x26, x27, [\base, #208]
    \operation x28, x29, [\base, #224]
.endm

.macro save_thread
    stp     x0, x1, [sp, #0]
    each_pair stp, sp
    mrs     x9, sp_el0
    mrs     x10, elr_el1
    mrs     x11, spsr_el1
    stp     x30, x9, [sp, #240]
    stp     x10, x11, [sp, #256]
    mov     x0, sp
    mrs     x9, tpidr_el1
    ldp     x9, x3, [x9, #CPU_STACK]    // x3: the table of calls
    mov     sp, x9
.endm

.macro vector label
    .balign 128
    b       \label
.endm

/* From EL1 or with a broken stack: report and stop. x0 = which vector. */
.macro fatal_vector number
    .balign 128
    msr     tpidrro_el0, x0             // free a register; nothing returns from here
    mov     x0, #\number
    b       fatal
.endm

    .section .text.vectors, "ax"
    .balign 2048
    .global vectors
vectors:
    fatal_vector 0                      // current EL, SP_EL0
    fatal_vector 1
    fatal_vector 2
    fatal_vector 3
    fatal_vector 4                      // current EL, SP_ELx: a kernel bug
    fatal_vector 5
    fatal_vector 6
    fatal_vector 7
    vector  synchronous                 // EL0, AArch64
    vector  interrupt
    vector  interrupt                   // FIQ: not routed to us; treated alike
    vector  system_error
    vector  synchronous_32              // EL0, AArch32
    vector  interrupt
    vector  interrupt
    vector  system_error

synchronous:
    save_thread
    mrs     x1, esr_el1
    adr     x30, leave                  // every function called here returns to leave
    mov     w2, #(EC_SVC << 26 | 1 << 25)
    sub     w2, w1, w2                  // 0: svc #0, 1: svc #1
    cmp     w2, #1
    b.hi    1f
    b.lo    personality_syscall
    cmp     x8, #CALL_TABLE_SIZE
    b.hs    call_unknown
    ldr     x3, [x3, x8, lsl #3]
    br      x3
1:  mrs     x2, far_el1
    lsr     w3, w1, #26
    cmp     w3, #EC_ABORT_DATA
    b.eq    fault_entry
    cmp     w3, #EC_ABORT_FETCH
    b.eq    fault_entry
    cmp     w3, #EC_SVC                 // any other svc: nobody's but the personality's
    b.eq    personality_syscall
    b       trap_exception

interrupt:
    save_thread
    bl      trap_interrupt
    b       leave

synchronous_32:
    save_thread
    bl      trap_32bit
    b       leave

system_error:
    save_thread
    mrs     x1, esr_el1
    bl      trap_system_error
    // fall through

/* x0 = thread to run. eret synchronises the context (Arm ARM D1.4.4): no isb. */
    .global leave
leave:
    mov     sp, x0
    ldp     x10, x11, [sp, #256]
    ldp     x30, x9, [sp, #240]
    msr     elr_el1, x10
    msr     spsr_el1, x11
    msr     sp_el0, x9
    ldp     x0, x1, [sp, #0]
    each_pair ldp, sp
    eret

/* x0 = vector, tpidrro_el0 = x0. The stack may be gone: registers go to the emergency stack. */
fatal:
    msr     tpidr_el0, x1
    mrs     x1, tpidr_el1
    ldr     x1, [x1, #CPU_EMERGENCY]
    sub     x1, x1, #288
    each_pair stp, x1
    mrs     x3, tpidrro_el0
    mrs     x2, tpidr_el0
    stp     x3, x2, [x1, #0]
    mov     x4, sp
    mrs     x5, elr_el1
    mrs     x6, spsr_el1
    stp     x30, x4, [x1, #240]
    stp     x5, x6, [x1, #256]
    mov     sp, x1
    mov     x2, x0
    mov     x0, x1
    mov     x1, x2
    mrs     x2, esr_el1
    mrs     x3, far_el1
    b       panic_exception
