/*
 * start.S: first instruction of every native program. The kernel (for root) or
 * root (for everyone else) set sp and put the startup block's address in x0.
 */
    .section .text.start, "ax"
    .global _start
    .type _start, %function
_start:
    mov     x29, xzr            // backtraces end here
    mov     x30, xzr
    b       native_start
    .size _start, . - _start

    .section .note.GNU-stack, "", %progbits
