/*
 * tree.c: what libfdt does not do: addresses and interrupts of a node deep in the tree.
 */
#include "boot/tree.h"

bool place_next(struct place *place)
{
    int depth = place->depth, node = node_of(place);
    do
        node = fdt_next_node(place->fdt, node, &depth);
    while (node >= 0 && depth >= DEPTH_MAX);
    if (node < 0 || depth < 0)
        return false;
    place->depth = depth;
    place->nodes[depth] = node;
    return true;
}

uint64_t take_cells(const fdt32_t **at, int cells)
{
    uint64_t value = 0;
    for (; cells > 0; cells--)
        value = value << 32 | fdt32_ld((*at)++);
    return value;
}

bool node_number(const void *fdt, int node, const char *property, uint64_t *value)
{
    int length;
    const fdt32_t *at = fdt_getprop(fdt, node, property, &length);
    if (!at || (length != 4 && length != 8))
        return false;
    *value = take_cells(&at, length / 4);
    return true;
}

struct cells {
    int address, size; /* #address-cells and #size-cells for the children of a node */
};

int tree_cells(const void *fdt, int node, const char *name, int otherwise)
{
    int length;
    const fdt32_t *cells = fdt_getprop(fdt, node, name, &length);
    if (!cells)
        return otherwise;
    return length == sizeof *cells ? (int)fdt32_ld(cells) : -1;
}

/* False when no 64-bit number holds them. */
static bool cells_below(const struct place *place, int level, struct cells *cells)
{
    cells->address = tree_cells(place->fdt, place->nodes[level], "#address-cells", 2);
    cells->size = tree_cells(place->fdt, place->nodes[level], "#size-cells", 1);
    return cells->address >= 1 && cells->address <= 2 && cells->size >= 0 && cells->size <= 2;
}

/* One bus up: *range, in addresses of the bus nodes[level], becomes one of nodes[level - 1]. */
static bool translate(const struct place *place, int level, struct range *range)
{
    int length;
    struct cells bus, above;
    const fdt32_t *at = fdt_getprop(place->fdt, place->nodes[level], "ranges", &length);
    if (!at)
        return false; /* DTSpec 2.3.8: no mapping between the two */
    if (length == 0)
        return true; /* the same addresses */
    if (!cells_below(place, level, &bus) || !cells_below(place, level - 1, &above))
        return false;
    int bytes = 4 * (bus.address + above.address + bus.size);
    for (; length >= bytes; length -= bytes) {
        uint64_t child = take_cells(&at, bus.address);
        uint64_t parent = take_cells(&at, above.address);
        uint64_t size = take_cells(&at, bus.size), offset = range->start - child;
        if (range->start >= child && offset <= size && range->size <= size - offset)
            return !__builtin_add_overflow(parent, offset, &range->start);
    }
    return false;
}

enum reg_result place_reg(const struct place *place, unsigned index, struct range *range)
{
    int length, level = place->depth - 1;
    struct cells cells;
    const fdt32_t *at = fdt_getprop(place->fdt, node_of(place), "reg", &length);
    if (!at || level < 0)
        return REG_END;
    if (!cells_below(place, level, &cells) || length % (4 * (cells.address + cells.size)))
        return REG_BAD;
    if (index >= (unsigned)(length / (4 * (cells.address + cells.size))))
        return REG_END;
    at += (int)index * (cells.address + cells.size);
    range->start = take_cells(&at, cells.address);
    range->size = take_cells(&at, cells.size);
    for (; level > 0; level--)
        if (!translate(place, level, range))
            return REG_BAD;
    return range->size > UINT64_MAX - range->start ? REG_BAD : REG_FOUND;
}

uint32_t place_interrupt(const struct place *place, unsigned index, uint32_t gic, int gic_cells)
{
    int length, node = node_of(place);
    uint64_t parent = 0;
    /* DTSpec 2.4.1.2: interrupts-extended, where present, stands before interrupts. */
    const fdt32_t *at = fdt_getprop(place->fdt, node, "interrupts-extended", &length);
    int extended = at != NULL, cells = gic_cells + extended;
    if (!at)
        at = fdt_getprop(place->fdt, node, "interrupts", &length);
    if (!at || index >= (unsigned)(length / (4 * cells)))
        return 0;
    at += (int)index * cells;
    if (extended)
        parent = take_cells(&at, 1);
    else /* DTSpec 2.4.1: the nearest interrupt-parent on the way up */
        for (int level = place->depth; level >= 0; level--)
            if (node_number(place->fdt, place->nodes[level], "interrupt-parent", &parent))
                break;
    if (gic == 0 || parent != gic)
        return 0;
    uint64_t type = take_cells(&at, 1), number = take_cells(&at, 1);
    if (type == 0 && number < 988) /* SPI */
        return (uint32_t)number + 32;
    return type == 1 && number < 16 ? (uint32_t)number + 16 : 0; /* PPI, or neither */
}
