/* start.S: Linux boot protocol header and entry of the stand-in kernel. */
    .section .head, "ax"
    .global _start
_start:
    b entry
    .long 0
    .quad 0x200000              /* text offset from a 2 MiB boundary */
    .quad image_end - _start    /* memory taken, stack included */
    .quad 0xa                   /* 4 KiB pages, little endian, anywhere in memory */
    .quad 0, 0, 0
    .ascii "ARM\x64"
    .long 0
entry:
    adr x1, stack_end
    mov sp, x1
    bl standin_main
1:  wfi
    b 1b

    .section .bss
    .balign 16
    .skip 16384
stack_end:
