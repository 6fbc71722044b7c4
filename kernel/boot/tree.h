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

/* The contents of a property, or NULL and 0. */
struct property {
    const char *data;
    int length;
};

/* What the walk knows about a node: what nearly every visitor asks for, seen in passing. */
struct node {
    struct place place;
    struct property compatible, device_type, status;
};

/*
 * Calls visit for every node of the tree, parents first, down to DEPTH_MAX - 1.
 * Nodes below a disabled one are left out. One pass over the tree, which is what
 * costs: 100,000 instructions on QEMU's virt, and as much for each search by
 * libfdt from the top.
 */
void tree_walk(const void *fdt, void (*visit)(const struct node *node, void *context),
               void *context);

/* The ancestors of a node that fdt_path_offset found. False: nested too deep. */
bool tree_place(const void *fdt, int node, struct place *place);

/* Does a property that is a list of strings contain `text`? */
bool property_has(const struct property *property, const char *text);

/* DTSpec 2.3.4: no `status`, or one that says okay. */
bool node_enabled(const struct node *node);

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

/* Entry `index` of the node's `reg` (DTSpec 2.3.6), as physical addresses by `ranges` (2.3.8). */
enum reg_result place_reg(const struct place *place, unsigned index, struct range *range);

/*
 * INTID of the node's interrupt `index` on the GIC with that phandle and
 * #interrupt-cells (Arm GIC binding: type, number, flags). 0: there is none, or
 * it goes to another controller.
 */
uint32_t place_interrupt(const struct place *place, unsigned index, uint32_t gic, int gic_cells);
