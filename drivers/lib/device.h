/*
 * device.h: what root gave a driver for a line `device NAME` of the manifest, mapped.
 */
#pragma once
#include "lib/startup.h"

/*
 * Maps the registers of a handle of the startup block, "NAME" or "NAME.bar0", all its pages from
 * address `at` on (of a page; the range must be free). *registers: the first byte that is the
 * device's; *bytes (may be NULL): how many there are. 0; -ENXIO: there is no such handle, that is:
 * no such device on this board; or what region_map says.
 */
int64_t device_map(const char *name, uintptr_t at, volatile void **registers, uint64_t *bytes);

/*
 * Binds the interrupt of device `name` (handle "NAME.irq") to a notification that `endpoint`
 * receives with this badge and bits. Returns the handle to acknowledge it with; -ENXIO: it has
 * none.
 */
int64_t device_bind_interrupt(const char *name, handle endpoint, uint64_t badge, uint64_t bits);
