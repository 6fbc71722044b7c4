/*
 * virt.c: QEMU's "virt" machine. Its device tree says everything; PSCI does the
 * rest (hvc, or smc with virtualization=on). Every device reaches all of memory.
 */
#include "platform/platform.h"

const struct board board_virt = {
    .compatible = "linux,dummy-virt",
    .name = "QEMU virt",
    .dma_limit = 0,
    .power_off = psci_power_off,
    .restart = psci_restart,
    .start_cpu = psci_start_cpu,
};
