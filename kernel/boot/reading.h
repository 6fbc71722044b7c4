/*
 * reading.h: state of one fdt_read, shared by the files that do it. Each file has
 * a visit function, called for every node in one walk over the tree, and a
 * finish function for what needs several nodes together.
 */
#pragma once
#include "boot/ranges.h"
#include "boot/tree.h"

struct interrupt_controller;

struct reading {
    const void *fdt;
    struct boot_info *info;
    const char *error; /* the first one; reading goes on, for the UART's sake */

    /* Nodes at fixed places, negative: absent. Known before their children are visited. */
    int chosen, aliases, cpus, reserved_memory;
    unsigned cpus_left_out;

    struct ranges memory, reserved;

    const struct interrupt_controller *controller; /* NULL: none found yet */
    struct place controller_place, timer;          /* timer.depth 0: none found yet */
};

/* Notes the first error. */
static inline void reading_fail(struct reading *reading, const char *error)
{
    if (reading->error == NULL)
        reading->error = error;
}

/* memory.c: memory nodes, reservations, mem=. */
void memory_visit(struct reading *reading, const struct node *node);
void memory_finish(struct reading *reading);

/* devices.c: firmware, interrupt controller, timer, UART. */
void devices_visit(struct reading *reading, const struct node *node);
void devices_finish(struct reading *reading);
