/* libfdt_support.c: Debian's libfdt.a was built with the compiler's stack protector. */
#include "debug/console.h"

/* The zero byte stops overruns by strings. It is no secret: it finds mistakes, not attacks. */
uintptr_t __stack_chk_guard = (uintptr_t)0x00a5c35ae7189b4d;

_Noreturn void __stack_chk_fail(void);
_Noreturn void __stack_chk_fail(void)
{
    kprintf(LOG_PANIC, "libfdt overran its stack frame\n");
    __builtin_trap(); /* an exception from the kernel: the panic shows where */
}
