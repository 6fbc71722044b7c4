/*
 * devices.h: what a line `device NAME` of the manifest gives: handles to the registers and the
 * interrupt of one device of this board, and nothing else.
 *
 *   uart             the console's PL011; the manifest is wrong where the board has none
 *   pci:CCSS         the next function of that class nobody has: configuration space and BARs
 *   pci:VVVV:DDDD    … of that vendor and device
 *   virtio-mmio:N    the next virtio transport with a device of type N (Virtio 1.1 §5) behind it
 *   emmc2            the Raspberry Pi 4's second SD host
 */
#pragma once
#include "root.h"

/* One handle of a device. */
struct device_part {
    struct device_part *next;
    char suffix[8]; /* "", ".bar0", ".irq" */
    handle object;
    uint64_t rights;
    uint32_t offset; /* of registers: bytes from the object's start */
    uint64_t bytes;  /* of registers: how many */
};

/*
 * The parts of the device that a manifest's line names; NULL: this board has no such device (for
 * ever: asked again, the answer is the same). They stay root's: a driver that is started again gets
 * the same ones, and frames pinned for the device's DMA stay pinned in between. Dies where the
 * manifest names no device that there could be.
 */
const struct device_part *device_parts(struct manifest_grant *grant);

/* The driver is gone: the device of this line does no more DMA, where it can be told so from
 * outside. */
void device_silence(const struct manifest_grant *grant);
