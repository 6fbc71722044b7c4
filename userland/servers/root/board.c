/*
 * board.c: see board.h. Walking the tree, addresses through `ranges` and interrupts are the
 * kernel's own code (kernel/boot/tree.c), built into root once more.
 */
#include "board.h"
#include "boot/tree.h"

#define PCI_CELLS       3 /* of an address: space and function, high, low (IEEE 1275) */
#define PCI_SPACE(high) ((high) >> 24 & 3)
#define PCI_SPACE_32BIT 2
#define ECAM_BUS_BYTES  (1u << 20) /* 32 devices of 8 functions, 4 KiB each */

static const char *const interrupt_controllers[] = {"arm,cortex-a15-gic", "arm,gic-400",
                                                    "arm,gic-v3"};

struct controller {
    uint32_t phandle;
    int cells; /* of an interrupt specifier: at least 3, or there is no controller */
};

static bool is_in_use(const struct place *place)
{
    for (int depth = 1; depth <= place->depth; depth++) {
        int node = place->nodes[depth], length;
        if (fdt_getprop(place->fdt, node, "status", &length) &&
            fdt_stringlist_search(place->fdt, node, "status", "okay") < 0 &&
            fdt_stringlist_search(place->fdt, node, "status", "ok") < 0)
            return false;
    }
    return true;
}

/* From *place on, the next node in use that is compatible with this. */
static bool next_compatible(struct place *place, const char *compatible)
{
    while (place_next(place))
        if (fdt_stringlist_search(place->fdt, node_of(place), "compatible", compatible) >= 0 &&
            is_in_use(place))
            return true;
    return false;
}

static struct controller find_controller(const void *tree)
{
    for (unsigned i = 0; i < sizeof interrupt_controllers / sizeof *interrupt_controllers; i++) {
        struct place place = {.fdt = tree};
        if (next_compatible(&place, interrupt_controllers[i]))
            return (struct controller){fdt_get_phandle(tree, node_of(&place)),
                                       tree_cells(tree, node_of(&place), "#interrupt-cells", 0)};
    }
    return (struct controller){0};
}

bool board_device(const void *tree, const char *compatible, unsigned index, struct range *registers,
                  uint32_t *intid)
{
    struct controller controller = find_controller(tree);
    struct place place = {.fdt = tree};
    while (next_compatible(&place, compatible)) {
        if (place_reg(&place, 0, registers) != REG_FOUND || !registers->size || index--)
            continue;
        *intid = controller.cells < 3
                     ? 0
                     : place_interrupt(&place, 0, controller.phandle, controller.cells);
        return true;
    }
    return false;
}

/* ---- PCI ---- */

static bool find_host(const void *tree, struct place *place)
{
    *place = (struct place){.fdt = tree};
    while (next_compatible(place, "pci-host-ecam-generic"))
        if (tree_cells(tree, node_of(place), "#address-cells", 0) == PCI_CELLS &&
            tree_cells(tree, node_of(place), "#size-cells", 0) == 2)
            return true;
    return false;
}

/* Entries of its `ranges`: PCI address (3 cells), address in the parent's cells, size (2 cells).
 * The host is a child of the root: what is its parent's address is physical. */
static bool find_window(const struct place *place, struct pci_host *host)
{
    int length, parent = tree_cells(place->fdt, place->nodes[0], "#address-cells", 2);
    const fdt32_t *at = fdt_getprop(place->fdt, node_of(place), "ranges", &length);
    int bytes = 4 * (PCI_CELLS + parent + 2);
    if (!at || place->depth != 1 || parent < 1 || parent > 2)
        return false;
    for (; length >= bytes; length -= bytes) {
        uint64_t high = take_cells(&at, 1), pci = take_cells(&at, 2);
        uint64_t physical = take_cells(&at, parent), size = take_cells(&at, 2);
        if (PCI_SPACE(high) != PCI_SPACE_32BIT || !size || pci > UINT32_MAX ||
            size > (1ul << 32) - pci || size > UINT64_MAX - physical)
            continue;
        host->window = (struct range){physical, size};
        host->window_pci = pci;
        return true;
    }
    return false;
}

bool board_pci_host(const void *tree, struct pci_host *host)
{
    struct place place;
    if (!find_host(tree, &place) || place_reg(&place, 0, &host->ecam) != REG_FOUND ||
        host->ecam.size < ECAM_BUS_BYTES)
        return false;
    host->ecam.size = ECAM_BUS_BYTES;
    return find_window(&place, host);
}

/* An entry of an interrupt-map behind the part that was compared: the controller and its specifier
 * (DTSpec 2.4.3). *cells: how many it takes in all, 0 when malformed. */
static uint32_t read_map_entry(const void *tree, const fdt32_t *at, int left, int *cells)
{
    struct controller controller = find_controller(tree);
    uint32_t phandle = fdt32_ld(at);
    int node = fdt_node_offset_by_phandle(tree, phandle);
    int address = node < 0 ? -1 : tree_cells(tree, node, "#address-cells", 0);
    int specifier = node < 0 ? -1 : tree_cells(tree, node, "#interrupt-cells", 0);
    *cells = 0;
    if (address < 0 || address > 4 || specifier < 1 || specifier > 8 ||
        1 + address + specifier > left)
        return 0;
    *cells = 1 + address + specifier;
    at += 1 + address;
    if (phandle != controller.phandle || specifier < 3 || fdt32_ld(at) != 0 ||
        fdt32_ld(at + 1) >= 988)
        return 0;
    return fdt32_ld(at + 1) + 32; /* an SPI, Arm GIC binding */
}

uint32_t board_pci_interrupt(const void *tree, unsigned device, unsigned function, unsigned pin)
{
    const fdt32_t wanted[] = {cpu_to_fdt32(device << 11 | function << 8), 0, 0, cpu_to_fdt32(pin)};
    struct place place;
    int length, mask_length;
    if (!find_host(tree, &place))
        return 0;
    const fdt32_t *map = fdt_getprop(tree, node_of(&place), "interrupt-map", &length);
    const fdt32_t *mask = fdt_getprop(tree, node_of(&place), "interrupt-map-mask", &mask_length);
    if (!map || !mask || mask_length != sizeof wanted)
        return 0;
    for (int left = length / 4, cells; left > PCI_CELLS + 2; left -= cells, map += cells) {
        bool same = true;
        for (int i = 0; i < PCI_CELLS + 1; i++)
            same = same && ((wanted[i] ^ map[i]) & mask[i]) == 0;
        uint32_t intid = read_map_entry(tree, map + PCI_CELLS + 1, left - PCI_CELLS - 1, &cells);
        if (same || !cells)
            return same ? intid : 0;
        cells += PCI_CELLS + 1;
    }
    return 0;
}
