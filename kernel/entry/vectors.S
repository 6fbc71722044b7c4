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

.macro save_thread
    stp     x0, x1, [sp, #0]
    stp     x2, x3, [sp, #16]
    stp     x4, x5, [sp, #32]
    stp     x6, x7, [sp, #48]
    stp     x8, x9, [sp, #64]
    stp     x10, x11, [sp, #80]
    stp     x12, x13, [sp, #96]
    stp     x14, x15, [sp, #112]
    stp     x16, x17, [sp, #128]
    stp     x18, x19, [sp, #144]
    stp     x20, x21, [sp, #160]
    stp     x22, x23, [sp, #176]
    stp     x24, x25, [sp, #192]
    stp     x26, x27, [sp, #208]
    stp     x28, x29, [sp, #224]
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
    ldp     x2, x3, [sp, #16]
    ldp     x4, x5, [sp, #32]
    ldp     x6, x7, [sp, #48]
    ldp     x8, x9, [sp, #64]
    ldp     x10, x11, [sp, #80]
    ldp     x12, x13, [sp, #96]
    ldp     x14, x15, [sp, #112]
    ldp     x16, x17, [sp, #128]
    ldp     x18, x19, [sp, #144]
    ldp     x20, x21, [sp, #160]
    ldp     x22, x23, [sp, #176]
    ldp     x24, x25, [sp, #192]
    ldp     x26, x27, [sp, #208]
    ldp     x28, x29, [sp, #224]
    eret

/* x0 = vector, tpidrro_el0 = x0. The stack may be gone: registers go to the emergency stack. */
fatal:
    msr     tpidr_el0, x1
    mrs     x1, tpidr_el1
    ldr     x1, [x1, #CPU_EMERGENCY]
    sub     x1, x1, #288
    stp     x2, x3, [x1, #16]
    stp     x4, x5, [x1, #32]
    stp     x6, x7, [x1, #48]
    stp     x8, x9, [x1, #64]
    stp     x10, x11, [x1, #80]
    stp     x12, x13, [x1, #96]
    stp     x14, x15, [x1, #112]
    stp     x16, x17, [x1, #128]
    stp     x18, x19, [x1, #144]
    stp     x20, x21, [x1, #160]
    stp     x22, x23, [x1, #176]
    stp     x24, x25, [x1, #192]
    stp     x26, x27, [x1, #208]
    stp     x28, x29, [x1, #224]
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
