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
static inline int node_of(const struct place *place)
{
    return place->nodes[place->depth];
}

/* On to the next node of the tree, parents first, from {tree} on. False: that was the last. */
bool place_next(struct place *place);

/* One big-endian number of so many cells (0 to 2); *at moves behind it. */
uint64_t take_cells(const fdt32_t **at, int cells);

/* A #…-cells property; -1: malformed. (libfdt's own function brings libfdt's writing half along.)
 */
int tree_cells(const void *fdt, int node, const char *name, int otherwise);

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

/* memory.c: a node with memory, or (reserved) with memory to leave alone; then other reservations,
 * the bundle, mem=. Each returns what is wrong, or NULL. */
const char *memory_visit(struct boot_info *info, const struct place *place, bool reserved);
const char *memory_finish(struct boot_info *info, const void *fdt);
