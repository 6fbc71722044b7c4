/*
 * boot.h: the steps of boot that what the firmware handed over is used for, in this order.
 */
#pragma once
#include "boot/fdt.h"
#include "task/thread.h"

/* Reads the tree into boot_info; finds board and console. Panics when the tree is unusable. */
void discover_board(uint64_t tree_physical);

/* Linear map, frame descriptors, buddy, root pool. Afterwards memory can be allocated. */
void banks_init(const struct boot_info *info);

/* Interrupt controller and counter, for the first CPU. */
void discover_interrupts(void);

/*
 * Makes the root server out of `servers/root` of the bundle, a cpio archive ("newc"): space, wired
 * memory, first thread, handles 1 to 6. Panics with a clear message when the bundle is missing or
 * unusable. Returns the thread, ready to run.
 */
struct thread *root_start(const struct boot_info *info);
