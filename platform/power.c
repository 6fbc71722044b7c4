/*
 * power.c: off through the firmware (Arm DEN0022, "Power State Coordination
 * Interface"), called by the SMC Calling Convention (Arm DEN0028); and an emulator's exit status
 * (Arm, "Semihosting for AArch32 and AArch64").
 */
#include "boot/fdt.h"
#include "platform/platform.h"

/* DEN0022, chapter 5: function identifiers */
#define PSCI_SYSTEM_OFF 0x84000008

#define SYS_EXIT_EXTENDED            0x20
#define ADP_STOPPED_APPLICATION_EXIT 0x20026

/* DEN0028: the callee may change x0 to x17 (from version 1.1 on only x0 to x3). */
#define CONDUIT(instruction)                                                                       \
    __asm__ volatile(instruction " #0"                                                             \
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)                                      \
                     :                                                                             \
                     : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",      \
                       "x15", "x16", "x17", "memory")

void psci_power_off(void)
{
    register uint64_t x0 __asm__("x0") = PSCI_SYSTEM_OFF;
    register uint64_t x1 __asm__("x1") = 0;
    register uint64_t x2 __asm__("x2") = 0;
    register uint64_t x3 __asm__("x3") = 0;
    if (boot_info.psci == 1)
        CONDUIT("hvc");
    else if (boot_info.psci == 2)
        CONDUIT("smc");
}

/* Without QEMU's -semihosting-config enable=on the instruction is undefined: hence the argument. */
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
