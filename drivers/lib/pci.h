/*
 * pci.h: a PCI function as its driver sees it: configuration space and base address registers, each
 * an object of its own that root handed out (userland/servers/root/devices.c). Root has found the
 * function, given addresses to its BARs, and switched memory decoding on; DMA is the driver's to
 * switch on. "PCI" is the PCI Local Bus Specification 3.0.
 *
 * Authority: the driver has the 4 KiB of its own function and the pages of its own BARs, nobody
 * else's. Without an IOMMU a function that does DMA reaches all of the memory, whoever drives it:
 * so a driver of one is trusted with that.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Configuration space, byte offsets (PCI 6.1). */
#define PCI_VENDOR        0x00 /* 16 bits; 0xffff: no function here */
#define PCI_DEVICE        0x02
#define PCI_COMMAND       0x04
#define PCI_STATUS        0x06
#define PCI_CLASS         0x0a /* 16 bits: base class in the high byte, sub-class in the low */
#define PCI_HEADER_TYPE   0x0e
#define PCI_BAR(n)        (0x10 + 4 * (n))
#define PCI_CAPABILITIES  0x34
#define PCI_INTERRUPT_PIN 0x3d /* 0: none, 1 to 4: INTA to INTD */
#define PCI_BARS          6
#define PCI_CONFIG_BYTES  4096 /* of a function, through ECAM */

#define PCI_COMMAND_IO            0x0001
#define PCI_COMMAND_MEMORY        0x0002
#define PCI_COMMAND_MASTER        0x0004 /* the function may do DMA */
#define PCI_COMMAND_INTERRUPT_OFF 0x0400
#define PCI_STATUS_CAPABILITIES   0x0010

#define PCI_BAR_IO    0x1
#define PCI_BAR_64BIT 0x4 /* bits 1 and 2 are 2: the next register is the high half */
#define PCI_BAR_FLAGS 0xf

#define PCI_HEADER_MANY 0x80 /* the device has functions 1 to 7, too */
#define PCI_HEADER_KIND 0x7f /* 0: an ordinary function */

#define PCI_CLASS_BRIDGE 0x06 /* base class */

/* Capabilities' ids. */
#define PCI_CAPABILITY_VENDOR 0x09

struct pci_function {
    volatile uint8_t *config; /* PCI_CONFIG_BYTES; NULL: not opened */
    const char *device;       /* the manifest's name of it */
};

static inline uint8_t pci_read8(const struct pci_function *function, unsigned offset)
{
    return function->config[offset];
}
static inline uint16_t pci_read16(const struct pci_function *function, unsigned offset)
{
    return *(volatile uint16_t *)(function->config + offset);
}
static inline uint32_t pci_read32(const struct pci_function *function, unsigned offset)
{
    return *(volatile uint32_t *)(function->config + offset);
}
static inline void pci_write16(const struct pci_function *function, unsigned offset, uint16_t value)
{
    *(volatile uint16_t *)(function->config + offset) = value;
}
static inline void pci_write32(const struct pci_function *function, unsigned offset, uint32_t value)
{
    *(volatile uint32_t *)(function->config + offset) = value;
}

/*
 * Maps the configuration space of the function that the manifest's line `device NAME` names
 * ("pci:0805": class; "pci:1af4:1042": vendor and device), at `at`, one page. 0; -ENXIO: the board
 * has no such function; another error of region_map. `device` must stay.
 */
int64_t pci_open(struct pci_function *function, const char *device, uintptr_t at);

/* Maps all pages of a BAR at `at`. *registers: its first byte; *bytes: how many there are (at most
 * 4 GiB). 0; -ENXIO: the function has no such memory BAR. */
int64_t pci_map_bar(const struct pci_function *function, unsigned bar, uintptr_t at,
                    volatile void **registers, uint64_t *bytes);

/* The offset of the first capability with this id behind `after` (0: from the start); 0: none (PCI
 * 6.7). A list that leads in circles ends. */
unsigned pci_capability(const struct pci_function *function, uint8_t id, unsigned after);

/* Lets the function do DMA, or stops it. */
void pci_master(const struct pci_function *function, bool on);
