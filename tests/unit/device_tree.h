/*
 * device_tree.h: what tests of kernel/boot share: trees to read, the tables of
 * platform/ without hardware behind them, and what the kernel said.
 */
#pragma once
#include "boot/fdt.h"
#include "unit.h"
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#define TREE_ADDRESS UINT64_C(0x48000000) /* physical, as the caller of fdt_read says */
#define ROOM         65536                /* bytes of a compiled tree, with room to change it */

extern struct boot_info info; /* by the last read_tree */
extern const char *error;     /* … */
extern char printed[4096];    /* what kprintf sent to the UART since then */

/* Makes it empty; from now on it gets what kprintf says. read_tree does this first. */
void clear_printed(void);

/* All that a shell command prints, allocated to the byte, so that reading past its end is seen. */
void *output_of(const char *command, size_t *size);

/* dts/unit/NAME.dts, ROOM bytes, for the caller to free. */
void *compile(const char *name);

/* fdt_read into info and error, of which every byte was something else before. */
int read_tree(const void *tree, size_t mapped);

void check_range(struct range range, uint64_t start, uint64_t size);

/* Offset of a node that must exist. */
int node_at(const void *tree, const char *path);
void set_string(void *tree, const char *path, const char *property, const char *value);
void set_cells(void *tree, const char *path, const char *property, unsigned count,
               const uint32_t cells[]);
void remove_property(void *tree, const char *path, const char *property);
