/*
 * bundle.h: the boot bundle, a cpio archive ("newc") of servers and files, and
 * the one program in it that the kernel itself starts.
 */
#pragma once
#include "boot/fdt.h"
#include "task/thread.h"

/*
 * Makes the root server out of the bundle's `servers/root`: space, wired memory,
 * first thread, handles 1 to 5. Panics with a clear message when the bundle is
 * missing or unusable. Returns the thread, ready to run.
 */
struct thread *root_start(const struct boot_info *info);
