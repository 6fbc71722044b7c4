/*
 * virt.c: QEMU's "virt" machine. Its device tree says everything; PSCI does the
 * rest (hvc, or smc with virtualization=on).
 */
#include "platform/platform.h"

const struct board board_virt = {
    .compatible = "linux,dummy-virt",
    .name = "QEMU virt",
    .power_off = psci_power_off,
};
