/*
 * board.h: what root takes from the device tree for its servers: where devices are and which
 * interrupts they have. The kernel has checked the tree's structure (fdt_check_full) before the
 * first program ran, and nobody can write to it; contents of properties are checked here. No kernel
 * call in here.
 */
#pragma once
#include "boot/fdt.h"

#define BOARD_BARS 6

/* The PCI host bridge (binding "host-generic-pci", PCI Bus Binding to IEEE 1275). */
struct pci_host {
    struct range ecam;   /* configuration space of its first bus, by physical address */
    struct range window; /* for memory BARs below 4 GiB: physical */
    uint64_t window_pci; /* … and the address on the bus that its first byte has */
};

/* The first host bridge of the board with ECAM and a memory window. False: there is none. */
bool board_pci_host(const void *tree, struct pci_host *host);

/* INTID of interrupt pin `pin` (1 to 4: INTA to INTD) of device 0 to 31, function 0 to 7 on the
 * host bridge's first bus. 0: it has none. */
uint32_t board_pci_interrupt(const void *tree, unsigned device, unsigned function, unsigned pin);

/* Registers and INTID (0: none) of the index-th device in use that is compatible with this. False:
 * the board has no more. */
bool board_device(const void *tree, const char *compatible, unsigned index, struct range *registers,
                  uint32_t *intid);
