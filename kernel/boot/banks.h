/*
 * banks.h: from the memory banks of the device tree to a working allocator.
 */
#pragma once
#include "boot/fdt.h"

/* Linear map, frame descriptors, buddy, root pool. Afterwards memory can be allocated. */
void banks_init(const struct boot_info *info);
