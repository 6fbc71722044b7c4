/*
 * tree.h: what the files that read the device tree share. (Not mm/tree.h: this one is the device
 * tree.) "DTSpec" is the Devicetree Specification, release v0.4.
 *
 * The tree has passed fdt_check_full: its structure is sound. Contents of properties are not, so
 * every length is checked before it is believed.
 */
#pragma once
#include "boot/fdt.h"
#include <libfdt.h>

/* Nodes nested deeper are not looked at. Real boards need about six levels. */
#define DEPTH_MAX 16

/* A node with its ancestors: libfdt keeps no parent links, so who walks down remembers them. */
struct place {
    const void *fdt;
    int depth;            /* 0: the root */
    int nodes[DEPTH_MAX]; /* offsets; nodes[depth] is the node itself */
};
static inline int place_node(const struct place *place)
{
    return place->nodes[place->depth];
}

/* On to the next node of the tree, parents first, from {.fdt = tree}. False: that was the last. */
bool place_next(struct place *place);

/* One big-endian number of so many cells (0 to 2); *at moves behind it. */
uint64_t take_cells(const fdt32_t **at, int cells);

/* The number in a property of 4 or 8 bytes. False: absent or of another length. */
bool node_number(const void *fdt, int node, const char *property, uint64_t *value);

enum reg_result {
    REG_FOUND,
    REG_END, /* no such entry: the list is shorter, or absent */
    REG_BAD, /* wrong cells, wrong length, wraps around, or no bus on the way up translates it */
};

/* Entry `index` of the node's `reg` (DTSpec 2.3.6), as physical addresses by `ranges` (2.3.8). */
enum reg_result place_reg(const struct place *place, unsigned index, struct range *range);

/*
 * INTID of the node's interrupt `index` on the GIC with that phandle and #interrupt-cells (Arm GIC
 * binding: type, number, flags). 0: there is none, or it goes to another controller.
 */
uint32_t place_interrupt(const struct place *place, unsigned index, uint32_t gic, int gic_cells);

/* State of one fdt_read. */
struct reading {
    const void *fdt;
    struct boot_info *info;
    const char *error;                          /* the first one; reading goes on, for the UART */
    int chosen, aliases, cpus, reserved_memory; /* nodes below the root; negative: absent */
    unsigned cpus_left_out;
    const struct interrupt_controller *controller; /* NULL: none found yet */
    struct place controller_place, timer;          /* timer.depth 0: none found yet */
    uint32_t gic; /* the controller's phandle; 0: no interrupt can be its own */
    int gic_cells;
};
static inline void reading_fail(struct reading *reading, const char *error)
{
    if (!reading->error)
        reading->error = error;
}

/* memory.c: an enabled node that may be about memory; then reservations, the bundle, mem=. */
void memory_visit(struct reading *reading, const struct place *place);
void memory_finish(struct reading *reading);
