/*
 * tree.c: see tree.h. "DTSpec" is the Devicetree Specification, release v0.4.
 *
 * The tree has passed fdt_check_full: its structure is sound. Contents of
 * properties are not, so every length is checked before it is believed.
 */
#include "boot/tree.h"
#include "arch/string.h"

/* Keeps the property whose structure block entry is at `offset` when it is one of struct node's. */
static void keep_property(struct node *node, const void *fdt, int offset)
{
    const struct fdt_property *entry = fdt_offset_ptr(fdt, offset, sizeof *entry);
    const char *name = fdt_string(fdt, (int)fdt32_ld(&entry->nameoff));
    const struct property property = {entry->data, (int)fdt32_ld(&entry->len)};
    if (strcmp(name, "compatible") == 0)
        node->compatible = property;
    else if (strcmp(name, "device_type") == 0)
        node->device_type = property;
    else if (strcmp(name, "status") == 0)
        node->status = property;
}

void tree_walk(const void *fdt, void (*visit)(const struct node *node, void *context),
               void *context)
{
    struct node node = {.place.fdt = fdt};
    int depth = -1, deepest = DEPTH_MAX - 1, next;
    bool open = false; /* between a node's beginning and its first child or end: its properties */
    for (int offset = 0;; offset = next) {
        uint32_t tag = fdt_next_tag(fdt, offset, &next);
        if (tag == FDT_PROP && open)
            keep_property(&node, fdt, offset);
        if (tag == FDT_PROP || tag == FDT_NOP)
            continue;
        if (open) {
            visit(&node, context);
            deepest = node_enabled(&node) ? DEPTH_MAX - 1 : depth;
            open = false;
        }
        if (tag == FDT_BEGIN_NODE && ++depth <= deepest) {
            node = (struct node){.place = node.place};
            node.place.depth = depth;
            node.place.nodes[depth] = offset;
            open = true;
        } else if (tag == FDT_END_NODE && depth-- == deepest) {
            deepest = DEPTH_MAX - 1;
        } else if (tag == FDT_END) {
            return;
        }
    }
}

bool tree_place(const void *fdt, int node, struct place *place)
{
    int depth = 0;
    *place = (struct place){.fdt = fdt};
    for (int at = 0; at >= 0 && depth >= 0; at = fdt_next_node(fdt, at, &depth)) {
        if (depth < DEPTH_MAX)
            place->nodes[depth] = at;
        place->depth = depth;
        if (at == node)
            return depth < DEPTH_MAX;
    }
    return false;
}

bool property_has(const struct property *property, const char *text)
{
    return property->data != NULL &&
           fdt_stringlist_contains(property->data, property->length, text);
}

bool node_enabled(const struct node *node)
{
    return node->status.data == NULL || property_has(&node->status, "okay") ||
           property_has(&node->status, "ok");
}

bool node_has_string(const void *fdt, int node, const char *property, const char *text)
{
    int length;
    const char *list = fdt_getprop(fdt, node, property, &length);
    return list != NULL && fdt_stringlist_contains(list, length, text);
}

uint64_t read_cells(const void *from, int cells)
{
    uint64_t value = 0;
    for (const fdt32_t *cell = from; cells > 0; cells--, cell++)
        value = value << 32 | fdt32_ld(cell);
    return value;
}

bool node_number(const void *fdt, int node, const char *property, uint64_t *value)
{
    int length;
    const void *cells = fdt_getprop(fdt, node, property, &length);
    if (cells == NULL || (length != 4 && length != 8))
        return false;
    *value = read_cells(cells, length / 4);
    return true;
}

/* #address-cells and #size-cells for the children of a node; false when no 64-bit number holds
 * them. */
static bool node_cells(const void *fdt, int node, int *address_cells, int *size_cells)
{
    *address_cells = fdt_address_cells(fdt, node);
    *size_cells = fdt_size_cells(fdt, node);
    return *address_cells >= 1 && *address_cells <= 2 && *size_cells >= 0 && *size_cells <= 2;
}

/* One bus up: *range, in addresses of the bus nodes[level], becomes one of nodes[level - 1]. */
static bool translate(const struct place *place, int level, struct range *range)
{
    int child_cells, size_cells, parent_cells, parent_size_cells, length;
    const char *entry = fdt_getprop(place->fdt, place->nodes[level], "ranges", &length);
    if (entry == NULL)
        return false; /* DTSpec 2.3.8: no mapping between the two */
    if (length == 0)
        return true; /* the same addresses */
    if (!node_cells(place->fdt, place->nodes[level], &child_cells, &size_cells) ||
        !node_cells(place->fdt, place->nodes[level - 1], &parent_cells, &parent_size_cells))
        return false;
    int bytes = 4 * (child_cells + parent_cells + size_cells);
    for (; length >= bytes; entry += bytes, length -= bytes) {
        uint64_t child = read_cells(entry, child_cells);
        uint64_t parent = read_cells(entry + 4 * child_cells, parent_cells);
        uint64_t size = read_cells(entry + 4 * (child_cells + parent_cells), size_cells);
        uint64_t offset = range->start - child;
        if (range->start < child || offset > size || range->size > size - offset)
            continue;
        return !__builtin_add_overflow(parent, offset, &range->start);
    }
    return false;
}

enum reg_result place_reg(const struct place *place, unsigned index, struct range *range)
{
    int address_cells, size_cells, length;
    if (place->depth == 0)
        return REG_END;
    const char *reg = fdt_getprop(place->fdt, place_node(place), "reg", &length);
    if (reg == NULL)
        return REG_END;
    if (!node_cells(place->fdt, place->nodes[place->depth - 1], &address_cells, &size_cells))
        return REG_BAD;
    int bytes = 4 * (address_cells + size_cells);
    if (length % bytes != 0)
        return REG_BAD;
    if (index >= (unsigned)(length / bytes))
        return REG_END;
    reg += (int)index * bytes;
    range->start = read_cells(reg, address_cells);
    range->size = read_cells(reg + 4 * address_cells, size_cells);
    for (int level = place->depth - 1; level > 0; level--)
        if (!translate(place, level, range))
            return REG_BAD;
    uint64_t end;
    return __builtin_add_overflow(range->start, range->size, &end) ? REG_BAD : REG_FOUND;
}

/* DTSpec 2.4.1: the nearest interrupt-parent on the way up. 0: none. */
static uint64_t interrupt_parent(const struct place *place)
{
    uint64_t phandle = 0;
    for (int level = place->depth; level >= 0; level--)
        if (node_number(place->fdt, place->nodes[level], "interrupt-parent", &phandle))
            break;
    return phandle;
}

uint32_t place_interrupt(const struct place *place, unsigned index, uint32_t gic, int gic_cells)
{
    int length, node = place_node(place);
    /* DTSpec 2.4.1.2: interrupts-extended, where present, stands before interrupts. */
    const char *entry = fdt_getprop(place->fdt, node, "interrupts-extended", &length);
    bool extended = entry != NULL;
    if (!extended)
        entry = fdt_getprop(place->fdt, node, "interrupts", &length);
    int bytes = 4 * (gic_cells + extended);
    if (entry == NULL || index >= (unsigned)(length / bytes))
        return 0;
    entry += (int)index * bytes;
    uint64_t parent = extended ? read_cells(entry, 1) : interrupt_parent(place);
    if (gic == 0 || parent != gic)
        return 0;
    entry += extended ? 4 : 0;
    uint64_t type = read_cells(entry, 1), number = read_cells(entry + 4, 1);
    if (type == 0 && number < 988)
        return (uint32_t)number + 32; /* SPI */
    if (type == 1 && number < 16)
        return (uint32_t)number + 16; /* PPI */
    return 0;
}
