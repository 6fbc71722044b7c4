/*
 * start.S: from the boot loader to C. Linux's arm64 boot protocol: x0 is the
 * device tree, the MMU and data cache are off, EL2 or EL1. Everything here runs
 * at its physical address, so it may use PC-relative addresses only, until the
 * jump at the end.
 */
#include "arch/cpu.h"
#include "arch/memory.h"
#include "arch/registers.h"

    .section .head, "ax"
    .global image_start
image_start:
    nop                                 // code0: a branch's offset could look like the magic number
    b       start                       // code1   of compressed data, "BZ" for one, to a boot loader
    .quad   0                           // offset from a 2 MiB boundary
    .quad   image_size                  // with .bss, so that nobody puts anything there
    .quad   0xa                         // little endian, 4 KiB pages, anywhere in memory
    .quad   0, 0, 0
    .ascii  "ARM\x64"
    .word   0

    .text
start:
    mov     x19, x0                     // device tree
    bl      drop_to_el1

    // .bss: boot loaders do not clear what lies behind the file.
    adrp    x0, bss_start
    adrp    x1, bss_end
1:  stp     xzr, xzr, [x0], #16
    cmp     x0, x1
    b.lo    1b

    adrp    x0, boot_stack_top
    mov     sp, x0
    adrp    x0, image_start             // physical address of the image
    bl      translation_boot_tables     // returns the identity table for TTBR0
    mov     x20, x0

    // Written with the cache off: lines that a loader left in it would hide what
    // was written (Arm ARM D7.5.9.2), so drop them.
    adrp    x0, image_start
    adrp    x1, image_end_page
    mrs     x2, ctr_el0
    ubfx    x2, x2, #16, #4             // DminLine: log2 of words
    mov     x3, #4
    lsl     x3, x3, x2
2:  dc      ivac, x0
    add     x0, x0, x3
    cmp     x0, x1
    b.lo    2b
    dsb     sy

    mov     x0, x20
    bl      mmu_on
    adrp    x0, image_start             // still physical
    ldr     x1, =image_physical
    str     x0, [x1]
    ldr     x1, =boot_stack_top
    mov     sp, x1
    mov     x29, xzr
    mov     x30, xzr
    ldr     x2, =kernel_main
    mov     x0, x19
    br      x2

/* Sets up EL1 for us and enters it, from EL2 or EL1. Keeps x19; clobbers x0-x3. */
drop_to_el1:
    mrs     x0, currentel
    cmp     x0, #(2 << 2)
    ldr     x1, =SCTLR_EL1_OFF
    msr     sctlr_el1, x1
    isb
    b.ne    3f
    mov     x0, #(1 << 31)              // HCR_EL2.RW: EL1 is AArch64, nothing is trapped
    msr     hcr_el2, x0
    isb
    mov     x0, #3                      // CNTHCTL_EL2: EL1 may use timer and counter
    msr     cnthctl_el2, x0
    msr     cntvoff_el2, xzr
    mov     x0, #0x33ff                 // CPTR_EL2: FP is not trapped
    msr     cptr_el2, x0
    msr     hstr_el2, xzr
    mrs     x0, pmcr_el0                // MDCR_EL2.HPMN: all event counters for EL1
    ubfx    x0, x0, #11, #5
    msr     mdcr_el2, x0
    mrs     x0, midr_el1
    msr     vpidr_el2, x0
    mrs     x0, mpidr_el1
    msr     vmpidr_el2, x0
    msr     vttbr_el2, xzr
    mrs     x0, id_aa64pfr0_el1         // GIC system registers (IHI 0069, ICC_SRE_EL2)
    ubfx    x0, x0, #24, #4
    cbz     x0, 4f
    mrs     x0, s3_4_c12_c9_5           // ICC_SRE_EL2
    mov     x1, #9                      // SRE, Enable
    orr     x0, x0, x1
    msr     s3_4_c12_c9_5, x0
    isb
4:  mov     x0, #0x3c5                  // EL1h, interrupts masked
    msr     spsr_el2, x0
    msr     elr_el2, x30
    eret
3:  ret

/* x0 = identity table for TTBR0. Returns at the same (physical) address, translated. */
    .global mmu_on
mmu_on:
    ldr     x1, =MAIR_VALUE
    msr     mair_el1, x1
    ldr     x1, =TCR_VALUE
    mrs     x2, id_aa64mmfr0_el1
    and     x3, x2, #0xf                // PARange, capped at 48 bits (Arm ARM D19.2.64)
    mov     x4, #5
    cmp     x3, x4
    csel    x3, x3, x4, lo
    orr     x1, x1, x3, lsl #32         // IPS
    ubfx    x2, x2, #4, #4              // ASIDBits: 2 means 16
    cmp     x2, #2
    mov     x3, #(1 << 36)              // AS
    csel    x3, x3, xzr, eq
    orr     x1, x1, x3
    msr     tcr_el1, x1
    msr     ttbr0_el1, x0
    adrp    x1, kernel_root_table
    msr     ttbr1_el1, x1
    tlbi    vmalle1
    ic      iallu
    dsb     nsh
    isb
    ldr     x1, =SCTLR_EL1_ON
    msr     sctlr_el1, x1
    isb
    ret

    .section .bss.stack, "aw", %nobits
    .balign 4096
    .skip   8192
    .global boot_stack_top
boot_stack_top:

/* x0 = first thread, x1 = this CPU's stack, which leaving never needs. */
    .text
    .global enter_first
enter_first:
    mov     sp, x1
    b       leave
