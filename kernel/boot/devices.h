/*
 * devices.h: the four devices the kernel needs itself.
 */
#pragma once
#include "boot/fdt.h"

/*
 * Finds firmware (PSCI), interrupt controller, timer and the UART of stdout-path
 * and fills their fields of *info. NULL, or a message when the kernel cannot run
 * without what is missing; the UART is then filled nevertheless, if there is one.
 */
const char *devices_read(const void *fdt, struct boot_info *info);
