/*
 * semihosting.c: ending the emulator with an exit status (Arm, "Semihosting for
 * AArch32 and AArch64"). Needs QEMU's -semihosting-config enable=on; without it
 * the instruction is undefined, so ask boot_info.semihosting first.
 */
#include "platform/platform.h"

#define SYS_EXIT_EXTENDED            0x20
#define ADP_STOPPED_APPLICATION_EXIT 0x20026

_Noreturn void semihosting_exit(int status)
{
    const uint64_t block[2] = {ADP_STOPPED_APPLICATION_EXIT, (uint64_t)(int64_t)status};
    register uint64_t operation __asm__("x0") = SYS_EXIT_EXTENDED;
    register const uint64_t *parameter __asm__("x1") = block;
    __asm__ volatile("hlt #0xf000" : "+r"(operation) : "r"(parameter) : "memory");
    for (;;) /* the host chose not to end us */
        __asm__ volatile("wfi");
}
