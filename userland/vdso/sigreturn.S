/*
 * sigreturn.S: where a signal handler returns to. These two instructions, with nothing else, are
 * what debuggers and unwinders know a signal frame by.
 */
        .text
        .globl  __kernel_rt_sigreturn
        .type   __kernel_rt_sigreturn, %function
        nop                             /* a return address is looked up one byte before it */
__kernel_rt_sigreturn:
        mov     x8, #139                /* rt_sigreturn */
        svc     #0
        .size   __kernel_rt_sigreturn, . - __kernel_rt_sigreturn
        .section .note.GNU-stack, "", %progbits
