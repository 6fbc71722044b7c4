/*
 * gic.h: what Arm's Generic Interrupt Controllers of versions 2 and 3 have in common: the
 * distributor (IHI 0048B 4.1.2, IHI 0069H 12.8). A version 3 redistributor's SGI frame has the same
 * layout for the lines of one CPU.
 */
#pragma once
#include "boot/fdt.h"
#include "platform/platform.h"

/* n counts 32-bit words */
#define GICD_CTLR          0x000
#define GICD_TYPER         0x004
#define GICD_IGROUPR(n)    (0x080 + 4 * (n))
#define GICD_ISENABLER(n)  (0x100 + 4 * (n))
#define GICD_ICENABLER(n)  (0x180 + 4 * (n))
#define GICD_ICPENDR(n)    (0x280 + 4 * (n))
#define GICD_ICACTIVER(n)  (0x380 + 4 * (n))
#define GICD_IPRIORITYR(n) (0x400 + 4 * (n))
#define GICD_ICFGR(n)      (0xc00 + 4 * (n))

#define GIC_SGIS    16 /* INTIDs 0..15 */
#define GIC_PRIVATE 32 /* INTIDs below are per CPU (SGIs and PPIs) */

/* Where a CPU's own lines, or all shared ones, are configured. */
struct gic_frame {
    uintptr_t base;    /* of the GICD_* registers */
    uintptr_t control; /* the register that says when changes have taken effect: when this … */
    uint32_t pending;  /* … bit is clear; 0: at once */
};

/* The register ranges: 0 is the distributor's. */
extern uintptr_t gic_regs[CONTROLLER_REGS_MAX];
extern unsigned gic_regs_count;

/*
 * Keeps the ranges; the distributor gets GICD_CTLR as given, which enables nothing yet, and every
 * shared line off, not pending, not active, at the one priority there is. gic_init_cpu: the same
 * for the lines of this CPU, then its SGIs on. False, with a logged line: fewer than two ranges, or
 * no answer.
 */
bool gic_init(const uintptr_t regs[], unsigned count, uint32_t control, uint32_t pending);
bool gic_init_cpu(struct gic_frame own);
/* Waits until the bits are clear. False, with a logged line: the hardware does not answer. */
bool gic_wait_clear(uintptr_t address, uint32_t bits);

/* struct interrupt_controller of a version; what it does not define itself is the same in both. */
void gic_enable(uint32_t intid, bool level_triggered);
void gic_disable(uint32_t intid);
uint32_t gic_lines(void);
#define GIC(version, name)                                                                         \
    {                                                                                              \
        .compatible = name, .init = version##_init, .init_cpu = version##_init_cpu,                \
        .acknowledge = version##_acknowledge, .end = version##_end, .enable = gic_enable,          \
        .disable = gic_disable, .lines = gic_lines                                                 \
    }
