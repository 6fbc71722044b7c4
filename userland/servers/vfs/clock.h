/*
 * clock.h: the time of day, which the client says once (VFS_MOUNT) and when it is set anew.
 */
#pragma once
#include "lib/vfs.h"

struct vfs_time clock_now(void);
/* Nanoseconds since boot: the clock of sleep_until. */
uint64_t clock_since_boot(void);
/* Nanoseconds since 1970 at boot. */
void clock_set(uint64_t at_boot);
