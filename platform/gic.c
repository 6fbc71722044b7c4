/*
 * gic.c: the distributor of GICv2 and GICv3, see gic.h.
 */
#include "platform/gic.h"
#include "arch/cpu.h"
#include "arch/lock.h"
#include "arch/mmio.h"
#include "debug/console.h"

#define INTID_SPECIAL  1020 /* IHI 0048B 2.2.1, IHI 0069H 2.2.1: 1020 and up are no interrupts */
#define ALL_PRIORITIES 0xa0a0a0a0 /* four lines, all alike: the kernel does not nest */
#define PATIENCE       1000000    /* reads until hardware that does not answer is given up */

uintptr_t gic_regs[CONTROLLER_REGS_MAX];
unsigned gic_regs_count;
static struct gic_frame distributor, own_frames[CPUS_MAX];
static uint32_t line_count;
static struct lock gic_lock; /* configuration words are shared by 16 lines */

bool gic_wait_clear(uintptr_t address, uint32_t bits)
{
    for (unsigned i = 0; i < PATIENCE; i++)
        if (bits == 0 || (mmio_read32(address) & bits) == 0)
            return true;
    kprintf(LOG_ERROR, "GIC: bits 0x%x of the register at 0x%lx stay set\n", bits, address);
    return false;
}

/* Off, not pending, not active, our priority: 32 lines from 32 * word on. */
static void quiet(uintptr_t base, uint32_t word)
{
    mmio_write32(base + GICD_ICENABLER(word), UINT32_MAX);
    mmio_write32(base + GICD_ICPENDR(word), UINT32_MAX);
    mmio_write32(base + GICD_ICACTIVER(word), UINT32_MAX);
    for (uint32_t i = 0; i < 8; i++)
        mmio_write32(base + GICD_IPRIORITYR(word * 8 + i), ALL_PRIORITIES);
}

bool gic_init(const uintptr_t regs[], unsigned count, uint32_t control, uint32_t pending)
{
    if (count < 2) {
        kprintf(LOG_ERROR, "GIC: the device tree gives %u register ranges, 2 are needed\n", count);
        return false;
    }
    for (gic_regs_count = 0; gic_regs_count < count; gic_regs_count++)
        gic_regs[gic_regs_count] = regs[gic_regs_count];
    distributor = (struct gic_frame){regs[0], regs[0] + GICD_CTLR, pending};
    line_count = ((mmio_read32(regs[0] + GICD_TYPER) & 0x1f) + 1) * 32;
    if (line_count > INTID_SPECIAL)
        line_count = INTID_SPECIAL;
    mmio_write32(regs[0] + GICD_CTLR, 0);
    if (!gic_wait_clear(distributor.control, pending))
        return false;
    mmio_write32(regs[0] + GICD_CTLR, control);
    for (uint32_t word = 1; word * 32 < line_count; word++)
        quiet(regs[0], word);
    return true;
}

bool gic_init_cpu(struct gic_frame own)
{
    own_frames[cpu_number()] = own;
    quiet(own.base, 0);
    if (!gic_wait_clear(own.control, own.pending))
        return false;
    mmio_write32(own.base + GICD_ISENABLER(0), (1u << GIC_SGIS) - 1);
    return true;
}

static const struct gic_frame *frame_of_line(uint32_t intid)
{
    return intid < GIC_PRIVATE ? &own_frames[cpu_number()] : &distributor;
}

void gic_disable(uint32_t intid)
{
    const struct gic_frame *frame = frame_of_line(intid);
    mmio_write32(frame->base + GICD_ICENABLER(intid / 32), 1u << intid % 32);
    gic_wait_clear(frame->control, frame->pending);
}

/* A line's configuration may change only while it is off (IHI 0048B 4.3.13, IHI 0069H 12.9). */
void gic_enable(uint32_t intid, bool level_triggered)
{
    uintptr_t base = frame_of_line(intid)->base, word = base + GICD_ICFGR(intid / 16);
    if (intid >= GIC_SGIS) {
        uint32_t edge = 2u << intid % 16 * 2;
        gic_disable(intid);
        lock_take(&gic_lock);
        mmio_write32(word, (mmio_read32(word) & ~edge) | (level_triggered ? 0 : edge));
        lock_release(&gic_lock);
    }
    mmio_write32(base + GICD_ISENABLER(intid / 32), 1u << intid % 32);
}

uint32_t gic_lines(void)
{
    return line_count;
}
