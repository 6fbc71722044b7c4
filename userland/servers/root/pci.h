/*
 * pci.h: functions of the PCI host bridge's first bus, found and given addresses for one driver
 * each. Bridges are not looked behind. Only who starts the system may see all of configuration
 * space: a function can be told there to answer at another's addresses.
 */
#pragma once
#include "board.h"
#include "drivers/lib/pci.h"

struct pci_taken {
    struct pci_taken *next;
    unsigned function;             /* device << 3 | function */
    struct pci_function config;    /* root's own view of it */
    uint64_t config_physical;      /* PCI_CONFIG_BYTES from there on */
    struct range bars[BOARD_BARS]; /* physical; size 0: none, or not memory */
    unsigned pin;                  /* 0: no interrupt; 1 to 4: INTA to INTD */
};

struct pci_bus {
    struct pci_host host;
    volatile uint8_t *ecam; /* host.ecam, mapped */
    struct pci_taken *taken;
};

/* Takes all functions of the bus from whoever had them: none answers at an address or does DMA from
 * here on (bridges stay as they are). */
void pci_silence_all(const struct pci_bus *bus);

/* Is this the name of a PCI function, "pci:CCSS" or "pci:VVVV:DDDD" (hexadecimal: class and
 * sub-class; vendor and device)? */
bool pci_is_name(const char *name);

/*
 * Takes the first function that the name fits and nobody has (devices in their order), and gives
 * its memory BARs addresses: those that firmware gave, if they are in the window and share no page
 * with one that was taken, else new ones. Then the function answers at them; it does no DMA yet.
 * NULL: there is none, or no memory or room in the window for it.
 */
struct pci_taken *pci_take(struct pci_bus *bus, const char *name);
