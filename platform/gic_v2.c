/*
 * gic_v2.c: Arm Generic Interrupt Controller version 2 (Arm IHI 0048B): GIC-400
 * and the GIC of Cortex-A15, which QEMU's virt has with gic-version=2.
 *
 * Register ranges: 0 distributor, 1 CPU interface. Both have one group as seen
 * from here: without Security Extensions (virt) everything is in Group 0 and
 * GICD_IGROUPR is not to be touched; with them (Raspberry Pi 4) the firmware
 * put everything in Group 1, and from Non-secure state bit 0 of both control
 * registers means Group 1 (IHI 0048B 4.3.1, 4.4.1). So the same writes do.
 */
#include "arch/lock.h"
#include "arch/mmio.h"
#include "boot/fdt.h"
#include "debug/console.h"
#include "platform/platform.h"

/* IHI 0048B 4.1.2: distributor; n counts 32-bit words */
#define GICD_CTLR          0x000
#define GICD_TYPER         0x004
#define GICD_ISENABLER(n)  (0x100 + 4 * (n))
#define GICD_ICENABLER(n)  (0x180 + 4 * (n))
#define GICD_ICPENDR(n)    (0x280 + 4 * (n))
#define GICD_ICACTIVER(n)  (0x380 + 4 * (n))
#define GICD_IPRIORITYR(n) (0x400 + 4 * (n))
#define GICD_ITARGETSR(n)  (0x800 + 4 * (n))
#define GICD_ICFGR(n)      (0xc00 + 4 * (n))
#define GICD_SGIR          0xf00

/* IHI 0048B 4.1.3: CPU interface */
#define GICC_CTLR 0x00
#define GICC_PMR  0x04
#define GICC_BPR  0x08
#define GICC_IAR  0x0c
#define GICC_EOIR 0x10

#define CTLR_ENABLE        1
#define GICC_CTLR_BYPASSES 0x1e0 /* IHI 0048B 2.3.1: the firmware's choice */
#define INTID_MASK         0x3ff
#define INTID_SPECIAL      1020       /* IHI 0048B 2.2.1: 1020 and up are no interrupts */
#define SGIS               16         /* INTIDs 0..15 */
#define PRIVATE            32         /* INTIDs below are per CPU (SGIs and PPIs) */
#define PRIORITIES         0xa0a0a0a0 /* four lines, all alike: the kernel does not nest */
#define PRIORITY_MASK      0xf0       /* lets 0xa0 pass with 16 or more levels */

static uintptr_t distributor, cpu_interface;
static uint32_t line_count;
static uint8_t cpu_mask[CPUS_MAX]; /* GICD_ITARGETSR bit of each kernel CPU */
static struct lock gic_lock;       /* configuration words are shared by 16 lines */

static uint32_t gicd_read(uint32_t offset)
{
    return mmio_read32(distributor + offset);
}

static void gicd_write(uint32_t offset, uint32_t value)
{
    mmio_write32(distributor + offset, value);
}

/* Which bit of a target field is this CPU: the private lines' fields say it (IHI 0048B 4.3.12). */
static uint8_t own_mask(void)
{
    for (unsigned word = 0; word < PRIVATE / 4; word++) {
        uint32_t targets = gicd_read(GICD_ITARGETSR(word));
        targets |= targets >> 16;
        targets |= targets >> 8;
        if ((targets & 0xff) != 0)
            return (uint8_t)targets;
    }
    return 1; /* one CPU: the registers read as zero, and only it can be meant */
}

/* Off, not pending, not active, our priority: 32 lines from 32 * word on. */
static void quiet(uint32_t word)
{
    gicd_write(GICD_ICENABLER(word), UINT32_MAX);
    gicd_write(GICD_ICPENDR(word), UINT32_MAX);
    gicd_write(GICD_ICACTIVER(word), UINT32_MAX);
    for (uint32_t i = 0; i < 8; i++)
        gicd_write(GICD_IPRIORITYR(word * 8 + i), PRIORITIES);
}

static bool gic_v2_init(const uintptr_t regs[], unsigned count)
{
    if (count < 2) {
        kprintf(LOG_ERROR, "GICv2: the device tree gives %u register ranges, 2 are needed\n",
                count);
        return false;
    }
    distributor = regs[0];
    cpu_interface = regs[1];
    line_count = ((gicd_read(GICD_TYPER) & 0x1f) + 1) * 32;
    if (line_count > INTID_SPECIAL)
        line_count = INTID_SPECIAL;
    gicd_write(GICD_CTLR, 0);
    for (uint32_t word = 1; word * 32 < line_count; word++)
        quiet(word);
    for (uint32_t word = PRIVATE / 4; word * 4 < line_count; word++)
        gicd_write(GICD_ITARGETSR(word), own_mask() * 0x01010101u);
    gicd_write(GICD_CTLR, CTLR_ENABLE);
    return true;
}

static bool gic_v2_init_cpu(unsigned cpu)
{
    cpu_mask[cpu] = own_mask();
    quiet(0);
    gicd_write(GICD_ISENABLER(0), (1u << SGIS) - 1);
    mmio_write32(cpu_interface + GICC_PMR, PRIORITY_MASK);
    mmio_write32(cpu_interface + GICC_BPR, 0);
    uint32_t bypasses = mmio_read32(cpu_interface + GICC_CTLR) & GICC_CTLR_BYPASSES;
    mmio_write32(cpu_interface + GICC_CTLR, bypasses | CTLR_ENABLE);
    return true;
}

/*
 * An SGI must be ended with the sender's number from GICC_IAR (IHI 0048B
 * 4.4.5). Ended at once nothing needs to remember it: interrupts are masked
 * until the handler is through, and a second SGI just becomes pending.
 */
static uint32_t gic_v2_acknowledge(void)
{
    uint32_t value = mmio_read32(cpu_interface + GICC_IAR);
    uint32_t intid = value & INTID_MASK;
    if (intid < SGIS)
        mmio_write32(cpu_interface + GICC_EOIR, value);
    return intid;
}

static void gic_v2_end(uint32_t intid)
{
    if (intid >= SGIS)
        mmio_write32(cpu_interface + GICC_EOIR, intid);
}

static void gic_v2_disable(uint32_t intid)
{
    gicd_write(GICD_ICENABLER(intid / 32), 1u << intid % 32);
}

/* A line's configuration may change only while it is off (IHI 0048B 4.3.13). */
static void gic_v2_enable(uint32_t intid, bool level_triggered)
{
    if (intid >= SGIS) {
        uint32_t edge = 2u << intid % 16 * 2;
        lock_take(&gic_lock);
        gic_v2_disable(intid);
        uint32_t others = gicd_read(GICD_ICFGR(intid / 16)) & ~edge;
        gicd_write(GICD_ICFGR(intid / 16), level_triggered ? others : others | edge);
        lock_release(&gic_lock);
    }
    gicd_write(GICD_ISENABLER(intid / 32), 1u << intid % 32);
}

static uint32_t gic_v2_lines(void)
{
    return line_count;
}

static void gic_v2_send_ipi(unsigned cpu, uint32_t sgi)
{
    __asm__ volatile("dsb ishst" ::: "memory");
    gicd_write(GICD_SGIR, (uint32_t)cpu_mask[cpu] << 16 | sgi);
}

/* clang-format off */
#define GIC_V2(name)                    \
    {                                   \
        .compatible = (name),           \
        .init = gic_v2_init,            \
        .init_cpu = gic_v2_init_cpu,    \
        .acknowledge = gic_v2_acknowledge, \
        .end = gic_v2_end,              \
        .enable = gic_v2_enable,        \
        .disable = gic_v2_disable,      \
        .lines = gic_v2_lines,          \
        .send_ipi = gic_v2_send_ipi,    \
    }
/* clang-format on */
const struct interrupt_controller gic_400 = GIC_V2("arm,gic-400");
const struct interrupt_controller gic_cortex_a15 = GIC_V2("arm,cortex-a15-gic");
