#include "drivers/lib/pci.h"
#include "drivers/lib/device.h"
#include "lib/errors.h"
#include "lib/format.h"

#define FIRST_CAPABILITY 0x40 /* below is the header */
#define CAPABILITIES_END 256  /* they are in the part that every PCI has */

int64_t pci_open(struct pci_function *function, const char *device, uintptr_t at)
{
    volatile void *config;
    int64_t error = device_map(device, at, &config, NULL);
    *function = (struct pci_function){.config = error ? NULL : config, .device = device};
    return error;
}

int64_t pci_map_bar(const struct pci_function *function, unsigned bar, uintptr_t at,
                    volatile void **registers, uint64_t *bytes)
{
    char name[STARTUP_NAME_BYTES];
    format_text(name, sizeof name, "%s.bar%u", function->device, bar);
    return device_map(name, at, registers, bytes);
}

unsigned pci_capability(const struct pci_function *function, uint8_t id, unsigned after)
{
    unsigned at = after ? after + 1 : PCI_CAPABILITIES;
    if (!(pci_read16(function, PCI_STATUS) & PCI_STATUS_CAPABILITIES))
        return 0;
    for (unsigned seen = 0; seen < CAPABILITIES_END / 4; seen++) {
        at = pci_read8(function, at) & ~3u;
        if (at < FIRST_CAPABILITY)
            return 0;
        if (pci_read8(function, at) == id)
            return at;
        at++; /* the link */
    }
    return 0;
}

void pci_master(const struct pci_function *function, bool on)
{
    uint16_t command = pci_read16(function, PCI_COMMAND) & (uint16_t)~PCI_COMMAND_MASTER;
    pci_write16(function, PCI_COMMAND, command | (on ? PCI_COMMAND_MASTER : 0));
}
