/*
 * tree.h: what libfdt does not do: addresses and interrupts of a node deep in
 * the tree. (Not mm/tree.h: this one is the device tree.)
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

/* Appends a child; place->depth must be below DEPTH_MAX - 1. */
struct place place_child(const struct place *place, int node);

/*
 * Calls visit for every node of the tree, parents first, down to DEPTH_MAX - 1.
 * Disabled nodes and what is below them are left out.
 */
void tree_walk(const void *fdt, void (*visit)(const struct place *place, void *context), void *context);

/* Has the node no `status`, or one that says okay? */
bool node_enabled(const void *fdt, int node);

/* Does `property`, a list of strings, contain `text`? */
bool node_has_string(const void *fdt, int node, const char *property, const char *text);

/* The big-endian number of a property with 4 or 8 bytes. False: absent or of another length. */
bool node_number(const void *fdt, int node, const char *property, uint64_t *value);

/* Up to two big-endian cells. */
uint64_t read_cells(const void *from, int cells);

enum reg_result {
    REG_FOUND,
    REG_END, /* no such entry: the list is shorter, or absent */
    REG_BAD, /* wrong cells, wrong length, wraps around, or no bus on the way up translates it */
};

/* Entry `index` of the node's `reg`, as physical (root) addresses: DTSpec 2.3.6, ranges by 2.3.8. */
enum reg_result place_reg(const struct place *place, unsigned index, struct range *range);

/*
 * INTID of the node's interrupt `index` on the GIC with that phandle and
 * #interrupt-cells (Arm GIC binding: type, number, flags). 0: there is none, or
 * it goes to another controller.
 */
uint32_t place_interrupt(const struct place *place, unsigned index, uint32_t gic, int gic_cells);
