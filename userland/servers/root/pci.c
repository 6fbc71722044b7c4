/*
 * pci.c: see pci.h. "PCI" is the PCI Local Bus Specification 3.0.
 */
#include "pci.h"
#include "lib/memory.h"
#include "lib/native.h"
#include "lib/wired.h"

#define FUNCTIONS     256 /* of a bus: 32 devices of 8 */
#define NO_FUNCTION   0xffff
#define PREFIX        "pci:"
#define PREFIX_LENGTH 4

static struct pci_function function_at(const struct pci_bus *bus, unsigned function)
{
    return (struct pci_function){.config = bus->ecam + function * PCI_CONFIG_BYTES};
}

/* ---- Names ---- */

/* Four digits to a number; false: they are not. */
static bool read_digits(const char *text, unsigned *number)
{
    *number = 0;
    for (int i = 0; i < 4; i++) {
        char c = text[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
            return false;
        *number = *number << 4 | (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return true;
}

struct wanted {
    unsigned first, second; /* class; or vendor and device */
    bool by_vendor;
};

static bool read_name(const char *name, struct wanted *wanted)
{
    if (strncmp(name, PREFIX, PREFIX_LENGTH) || !read_digits(name + PREFIX_LENGTH, &wanted->first))
        return false;
    name += PREFIX_LENGTH + 4;
    wanted->by_vendor = *name == ':';
    if (!wanted->by_vendor)
        return !*name;
    return read_digits(name + 1, &wanted->second) && !name[5];
}

bool pci_is_name(const char *name)
{
    struct wanted wanted;
    return read_name(name, &wanted);
}

/* ---- Which function ---- */

static bool fits(const struct pci_function *function, const struct wanted *wanted)
{
    if (!wanted->by_vendor)
        return pci_read16(function, PCI_CLASS) == wanted->first;
    return pci_read16(function, PCI_VENDOR) == wanted->first &&
           pci_read16(function, PCI_DEVICE) == wanted->second;
}

static bool is_taken(const struct pci_bus *bus, unsigned function)
{
    const struct pci_taken *taken = bus->taken;
    while (taken && taken->function != function)
        taken = taken->next;
    return taken;
}

/* The next ordinary function from `at` on; FUNCTIONS: there are no more. Functions 1 to 7 are
 * looked at only where function 0 says that there are such (PCI 6.2.1). */
static unsigned next_function(const struct pci_bus *bus, unsigned at)
{
    for (; at < FUNCTIONS; at++) {
        struct pci_function first = function_at(bus, at & ~7u), function = function_at(bus, at);
        if (pci_read16(&first, PCI_VENDOR) == NO_FUNCTION ||
            (at & 7 && !(pci_read8(&first, PCI_HEADER_TYPE) & PCI_HEADER_MANY)))
            at |= 7; /* on to the next device */
        else if (pci_read16(&function, PCI_VENDOR) != NO_FUNCTION &&
                 !(pci_read8(&function, PCI_HEADER_TYPE) & PCI_HEADER_KIND) &&
                 pci_read16(&function, PCI_CLASS) >> 8 != PCI_CLASS_BRIDGE)
            return at;
    }
    return FUNCTIONS;
}

/* The first that fits and is free; FUNCTIONS: none. */
static unsigned find(const struct pci_bus *bus, const struct wanted *wanted)
{
    unsigned at = next_function(bus, 0);
    for (; at < FUNCTIONS; at = next_function(bus, at + 1)) {
        struct pci_function function = function_at(bus, at);
        if (!is_taken(bus, at) && fits(&function, wanted))
            break;
    }
    return at;
}

void pci_silence_all(const struct pci_bus *bus)
{
    unsigned at = next_function(bus, 0);
    for (; at < FUNCTIONS; at = next_function(bus, at + 1)) {
        struct pci_function function = function_at(bus, at);
        pci_write16(&function, PCI_COMMAND, 0);
    }
}

/* ---- Addresses ---- */

static uint64_t page_up(uint64_t value)
{
    return (value + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
}

static bool pages_overlap(const struct range *a, const struct range *b)
{
    uint64_t a_first = a->start / PAGE_SIZE, b_first = b->start / PAGE_SIZE;
    return a->size && b->size && a_first < page_up(b->start + b->size) / PAGE_SIZE &&
           b_first < page_up(a->start + a->size) / PAGE_SIZE;
}

/* The first BAR that was taken and shares a page with this range, or NULL. */
static const struct range *in_the_way(const struct pci_bus *bus, const struct range *range)
{
    for (const struct pci_taken *taken = bus->taken; taken; taken = taken->next)
        for (unsigned i = 0; i < BOARD_BARS; i++)
            if (pages_overlap(range, &taken->bars[i]))
                return &taken->bars[i];
    return NULL;
}

static bool in_window(const struct pci_bus *bus, const struct range *range)
{
    const struct range *window = &bus->host.window;
    return range->start >= window->start && range->size <= window->size &&
           range->start - window->start <= window->size - range->size;
}

/* Looks for room of range->size in the window; a BAR is aligned to its size (PCI 6.2.5.1), and here
 * to pages of its own. */
static bool find_room(const struct pci_bus *bus, struct range *range)
{
    uint64_t align = range->size > PAGE_SIZE ? range->size : PAGE_SIZE;
    uint64_t pci = (bus->host.window_pci + align - 1) & ~(align - 1);
    const struct range *other;
    if (!pci)
        pci = align; /* address 0 on the bus means: none */
    for (;;) {
        range->start = pci - bus->host.window_pci + bus->host.window.start;
        if (!in_window(bus, range))
            return false;
        other = in_the_way(bus, range);
        if (!other)
            return true;
        uint64_t behind = other->start + other->size - bus->host.window.start;
        pci = (bus->host.window_pci + behind + align - 1) & ~(align - 1);
    }
}

/* Size and present address on the bus of a memory BAR (PCI 6.2.5.1). *wide: it takes two registers.
 * Size 0: it is none. */
static struct range measure(const struct pci_function *function, unsigned bar, bool *wide)
{
    uint32_t low = pci_read32(function, PCI_BAR(bar)), mask_low, high = 0;
    uint64_t mask;
    *wide = !(low & PCI_BAR_IO) && low & PCI_BAR_64BIT && bar + 1 < PCI_BARS;
    pci_write32(function, PCI_BAR(bar), UINT32_MAX);
    mask_low = pci_read32(function, PCI_BAR(bar));
    pci_write32(function, PCI_BAR(bar), low);
    mask = mask_low & ~(uint32_t)PCI_BAR_FLAGS;
    if (*wide) {
        high = pci_read32(function, PCI_BAR(bar + 1));
        pci_write32(function, PCI_BAR(bar + 1), UINT32_MAX);
        mask |= (uint64_t)pci_read32(function, PCI_BAR(bar + 1)) << 32;
        pci_write32(function, PCI_BAR(bar + 1), high);
    } else if (mask) {
        mask |= UINT64_MAX << 32;
    }
    if (low & PCI_BAR_IO || !mask)
        return (struct range){0};
    return (struct range){(uint64_t)high << 32 | (low & ~(uint32_t)PCI_BAR_FLAGS), ~mask + 1};
}

/* One BAR gets its address. False: the window has no room. */
static bool place_bar(const struct pci_bus *bus, struct pci_taken *taken, unsigned bar, bool *wide)
{
    const struct pci_function *function = &taken->config;
    struct range range = measure(function, bar, wide);
    uint64_t pci = range.start;
    if (!range.size)
        return true;
    range.start = pci - bus->host.window_pci + bus->host.window.start;
    if (!pci || pci < bus->host.window_pci || !in_window(bus, &range) || in_the_way(bus, &range)) {
        if (!find_room(bus, &range))
            return false;
        pci = range.start - bus->host.window.start + bus->host.window_pci;
        pci_write32(function, PCI_BAR(bar), (uint32_t)pci);
        if (*wide)
            pci_write32(function, PCI_BAR(bar + 1), (uint32_t)(pci >> 32));
    }
    taken->bars[bar] = range;
    return true;
}

static bool place_bars(const struct pci_bus *bus, struct pci_taken *taken)
{
    bool wide;
    for (unsigned bar = 0; bar < PCI_BARS; bar += 1 + wide)
        if (!place_bar(bus, taken, bar, &wide))
            return false;
    return true;
}

struct pci_taken *pci_take(struct pci_bus *bus, const char *name)
{
    struct wanted wanted;
    struct pci_taken *taken;
    unsigned function = read_name(name, &wanted) ? find(bus, &wanted) : FUNCTIONS;
    if (function == FUNCTIONS || !(taken = wired_alloc(sizeof *taken)))
        return NULL;
    *taken = (struct pci_taken){.next = bus->taken,
                                .function = function,
                                .config = function_at(bus, function),
                                .config_physical =
                                    bus->host.ecam.start + (uint64_t)function * PCI_CONFIG_BYTES};
    bus->taken = taken; /* its own BARs stand in each other's way, too */
    if (!place_bars(bus, taken)) {
        bus->taken = taken->next;
        wired_free(taken);
        return NULL;
    }
    taken->pin = pci_read8(&taken->config, PCI_INTERRUPT_PIN);
    pci_write16(&taken->config, PCI_COMMAND, PCI_COMMAND_MEMORY);
    return taken;
}
