/*
 * gic_v2.c: Arm Generic Interrupt Controller version 2 (Arm IHI 0048B): GIC-400 and the GIC of
 * Cortex-A15, which QEMU's virt has with gic-version=2.
 *
 * Register ranges: 0 distributor, 1 CPU interface. Both have one group as seen from here: without
 * Security Extensions (virt) everything is in Group 0 and GICD_IGROUPR is not to be touched; with
 * them (Raspberry Pi 4) the firmware put everything in Group 1, and from Non-secure state bit 0 of
 * both control registers means Group 1 (IHI 0048B 4.3.1, 4.4.1). So the same writes do.
 */
#include "arch/mmio.h"
#include "platform/gic.h"

#define GICD_ITARGETSR(n) (0x800 + 4 * (n))

/* IHI 0048B 4.1.3: CPU interface */
#define GICC_CTLR 0x00
#define GICC_PMR  0x04
#define GICC_BPR  0x08
#define GICC_IAR  0x0c
#define GICC_EOIR 0x10

#define CTLR_ENABLE        1
#define GICC_CTLR_BYPASSES 0x1e0 /* IHI 0048B 2.3.1: the firmware's choice */
#define INTID_MASK         0x3ff
#define PRIORITY_MASK      0xf0 /* lets 0xa0 pass with 16 or more levels */

/* Which bit of a target field is this CPU: the private lines' fields say it (IHI 0048B 4.3.12). */
static uint8_t own_mask(void)
{
    for (unsigned word = 0; word < GIC_PRIVATE / 4; word++) {
        uint32_t targets = mmio_read32(gic_regs[0] + GICD_ITARGETSR(word));
        targets |= targets >> 16;
        targets |= targets >> 8;
        if ((targets & 0xff) != 0)
            return (uint8_t)targets;
    }
    return 1; /* one CPU: the registers read as zero, and only it can be meant */
}

static bool gic_v2_init(const uintptr_t regs[], unsigned count)
{
    if (!gic_init(regs, count, 0, 0))
        return false;
    for (uint32_t word = GIC_PRIVATE / 4; word * 4 < gic_lines(); word++)
        mmio_write32(regs[0] + GICD_ITARGETSR(word), own_mask() * 0x01010101u);
    mmio_write32(regs[0] + GICD_CTLR, CTLR_ENABLE);
    return true;
}

static bool gic_v2_init_cpu(unsigned cpu)
{
    gic_init_cpu((struct gic_frame){gic_regs[0], 0, 0}); /* each CPU sees its own lines there */
    mmio_write32(gic_regs[1] + GICC_PMR, PRIORITY_MASK);
    mmio_write32(gic_regs[1] + GICC_BPR, 0);
    uint32_t bypasses = mmio_read32(gic_regs[1] + GICC_CTLR) & GICC_CTLR_BYPASSES;
    mmio_write32(gic_regs[1] + GICC_CTLR, bypasses | CTLR_ENABLE);
    return true;
}

/*
 * An SGI must be ended with the sender's number from GICC_IAR (IHI 0048B 4.4.5). Ended at once
 * nothing needs to remember it: interrupts are masked until the handler is through, and a second
 * SGI just becomes pending.
 */
static uint32_t gic_v2_acknowledge(void)
{
    uint32_t value = mmio_read32(gic_regs[1] + GICC_IAR), intid = value & INTID_MASK;
    if (intid < GIC_SGIS)
        mmio_write32(gic_regs[1] + GICC_EOIR, value);
    return intid;
}

static void gic_v2_end(uint32_t intid)
{
    if (intid >= GIC_SGIS)
        mmio_write32(gic_regs[1] + GICC_EOIR, intid);
}

const struct interrupt_controller gic_400 = GIC(gic_v2, "arm,gic-400");
const struct interrupt_controller gic_cortex_a15 = GIC(gic_v2, "arm,cortex-a15-gic");
