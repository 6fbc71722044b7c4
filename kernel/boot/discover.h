/*
 * discover.h: bringing up what the device tree describes, in the order boot
 * needs it.
 */
#pragma once
#include "boot/fdt.h"

/* Reads the tree into boot_info; finds board and console. Panics when the tree is unusable. */
void discover_board(uint64_t tree_physical);

/* Interrupt controller and counter, for the first CPU. */
void discover_interrupts(void);
