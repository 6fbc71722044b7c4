/*
 * semihosting.c: the end. An emulator takes an exit status (Arm, "Semihosting for AArch32 and
 * AArch64"), but only with QEMU's -semihosting-config enable=on: without it the instruction is
 * undefined, hence the boot argument. Boards are switched off.
 */
#include "boot/fdt.h"
#include "platform/platform.h"

#define SYS_EXIT_EXTENDED            0x20
#define ADP_STOPPED_APPLICATION_EXIT 0x20026

_Noreturn void platform_exit(int status)
{
    const uint64_t block[2] = {ADP_STOPPED_APPLICATION_EXIT, (uint64_t)(int64_t)status};
    register uint64_t operation __asm__("x0") = SYS_EXIT_EXTENDED;
    register const uint64_t *parameter __asm__("x1") = block;
    if (boot_info.semihosting)
        __asm__ volatile("hlt #0xf000" : "+r"(operation) : "r"(parameter) : "memory");
    board->power_off();
    for (;;) /* a board that cannot: stay off as well as it can */
        __asm__ volatile("wfi");
}
