/*
 * gic_v3.c: Arm Generic Interrupt Controller version 3 (Arm IHI 0069H; the
 * register maps are its 12.8 and 12.10, the descriptions 12.2, 12.9, 12.11), with
 * affinity routing and the CPU interface in system registers.
 *
 * Register ranges: 0 distributor, then one or more redistributor regions. All
 * interrupts are Non-secure Group 1, which is what ICC_IAR1_EL1 delivers. Where
 * the kernel was entered at EL2, ICC_SRE_EL2.{SRE,Enable} were set on the way
 * down. LPIs and extended ranges are not used.
 */
#include "arch/lock.h"
#include "arch/mmio.h"
#include "boot/fdt.h"
#include "debug/console.h"
#include "platform/platform.h"

/* 12.8: distributor; a redistributor's SGI frame has the same layout for INTIDs 0..31. */
#define GICD_CTLR          0x0000
#define GICD_TYPER         0x0004
#define GICD_IGROUPR(n)    (0x0080 + 4 * (n))
#define GICD_ISENABLER(n)  (0x0100 + 4 * (n))
#define GICD_ICENABLER(n)  (0x0180 + 4 * (n))
#define GICD_ICPENDR(n)    (0x0280 + 4 * (n))
#define GICD_ICACTIVER(n)  (0x0380 + 4 * (n))
#define GICD_IPRIORITYR(n) (0x0400 + 4 * (n))
#define GICD_ICFGR(n)      (0x0c00 + 4 * (n))
#define GICD_IGRPMODR(n)   (0x0d00 + 4 * (n))
#define GICD_IROUTER(n)    (0x6000 + 8 * (n))

#define GICD_CTLR_ENABLE_GROUP_1   (1u << 1) /* Non-secure view: EnableGrp1A */
#define GICD_CTLR_AFFINITY_ROUTING (1u << 4)
#define GICD_CTLR_WRITE_PENDING    (1u << 31)

/* 12.10: redistributor */
#define GICR_CTLR  0x0000
#define GICR_TYPER 0x0008
#define GICR_WAKER 0x0014
#define GICR_FRAME 0x10000 /* RD_base, then SGI_base */

#define GICR_CTLR_WRITE_PENDING   (1u << 3)
#define GICR_TYPER_VIRTUAL_LPIS   (1u << 1)
#define GICR_TYPER_LAST           (1u << 4)
#define GICR_WAKER_SLEEP          (1u << 1)
#define GICR_WAKER_CHILDREN_SLEEP (1u << 2)

#define INTID_SPECIAL 1020 /* 2.2.1: 1020 to 1023 are no interrupts */
#define SGIS          16
#define PRIVATE       32
#define PRIORITIES    0xa0a0a0a0
#define PRIORITY_MASK 0xff
#define PATIENCE      1000000 /* reads until hardware that does not answer is given up */

/* 12.2: registers by their encodings (assemblers know the names only with a -march) */
#define ICC_PMR_EL1     "s3_0_c4_c6_0"
#define ICC_IAR1_EL1    "s3_0_c12_c12_0"
#define ICC_EOIR1_EL1   "s3_0_c12_c12_1"
#define ICC_BPR1_EL1    "s3_0_c12_c12_3"
#define ICC_CTLR_EL1    "s3_0_c12_c12_4"
#define ICC_SRE_EL1     "s3_0_c12_c12_5"
#define ICC_IGRPEN1_EL1 "s3_0_c12_c12_7"
#define ICC_SGI1R_EL1   "s3_0_c12_c11_5"

#define icc_write(name, value)                                                                     \
    __asm__ volatile("msr " name ", %x0\n\tisb" ::"rZ"((uint64_t)(value)) : "memory")
#define icc_read(name)                                                                             \
    ({                                                                                             \
        uint64_t value_;                                                                           \
        __asm__ volatile("mrs %0, " name : "=r"(value_)::"memory");                                \
        value_;                                                                                    \
    })

#define REGIONS_MAX 3 /* boot_info has four ranges: the distributor's and these */

static uintptr_t distributor;
static uintptr_t regions[REGIONS_MAX];
static unsigned region_count;
static uint32_t line_count;
static struct lock gic_lock;

/* Each started CPU: its affinity (MPIDR_EL1 fields in their places) and its redistributor. */
static struct {
    uint64_t affinity;
    uintptr_t redistributor; /* 0: not started */
} cpus[CPUS_MAX];

static uint64_t own_affinity(void)
{
    return icc_read("mpidr_el1") & UINT64_C(0xff00ffffff);
}

static bool wait_clear(uintptr_t address, uint32_t bits)
{
    for (unsigned i = 0; i < PATIENCE; i++)
        if ((mmio_read32(address) & bits) == 0)
            return true;
    kprintf(LOG_ERROR, "GICv3: bits 0x%x of the register at 0x%lx stay set\n", bits, address);
    return false;
}

/* This CPU's SGI frame. Must have been started by init_cpu. */
static uintptr_t own_frame(void)
{
    uint64_t affinity = own_affinity();
    for (unsigned i = 0; i < CPUS_MAX; i++)
        if (cpus[i].redistributor != 0 && cpus[i].affinity == affinity)
            return cpus[i].redistributor + GICR_FRAME;
    return 0;
}

/* Where a line is configured: the distributor, or this CPU's SGI frame. */
static uintptr_t frame_of_line(uint32_t intid)
{
    return intid < PRIVATE ? own_frame() : distributor;
}

/* Waits until changes to enable bits have taken effect (12.9 and 12.11, *_CTLR.RWP). */
static void wait_line(uint32_t intid)
{
    if (intid < PRIVATE)
        wait_clear(own_frame() - GICR_FRAME + GICR_CTLR, GICR_CTLR_WRITE_PENDING);
    else
        wait_clear(distributor + GICD_CTLR, GICD_CTLR_WRITE_PENDING);
}

/* Off, not pending, not active, Non-secure Group 1, our priority: 32 lines from 32 * word on. */
static void quiet(uintptr_t frame, uint32_t word)
{
    mmio_write32(frame + GICD_ICENABLER(word), UINT32_MAX);
    mmio_write32(frame + GICD_ICPENDR(word), UINT32_MAX);
    mmio_write32(frame + GICD_ICACTIVER(word), UINT32_MAX);
    mmio_write32(frame + GICD_IGROUPR(word), UINT32_MAX);
    mmio_write32(frame + GICD_IGRPMODR(word), 0);
    for (uint32_t i = 0; i < 8; i++)
        mmio_write32(frame + GICD_IPRIORITYR(word * 8 + i), PRIORITIES);
}

static bool gic_v3_init(const uintptr_t regs[], unsigned count)
{
    if (count < 2) {
        kprintf(LOG_ERROR, "GICv3: the device tree gives %u register ranges, 2 are needed\n",
                count);
        return false;
    }
    distributor = regs[0];
    region_count = 0;
    for (unsigned i = 1; i < count && region_count < REGIONS_MAX; i++)
        regions[region_count++] = regs[i];
    line_count = ((mmio_read32(distributor + GICD_TYPER) & 0x1f) + 1) * 32;
    if (line_count > INTID_SPECIAL)
        line_count = INTID_SPECIAL;
    mmio_write32(distributor + GICD_CTLR, 0);
    if (!wait_clear(distributor + GICD_CTLR, GICD_CTLR_WRITE_PENDING))
        return false;
    /* Affinity routing goes on before anything is routed (12.9 GICD_CTLR.ARE_NS). */
    mmio_write32(distributor + GICD_CTLR, GICD_CTLR_AFFINITY_ROUTING);
    for (uint32_t word = 1; word * 32 < line_count; word++)
        quiet(distributor, word);
    for (uint32_t intid = PRIVATE; intid < line_count; intid++)
        mmio_write64(distributor + GICD_IROUTER(intid), own_affinity());
    mmio_write32(distributor + GICD_CTLR, GICD_CTLR_AFFINITY_ROUTING | GICD_CTLR_ENABLE_GROUP_1);
    return wait_clear(distributor + GICD_CTLR, GICD_CTLR_WRITE_PENDING);
}

/* The redistributor whose GICR_TYPER names this CPU (12.11), or 0. */
static uintptr_t find_redistributor(void)
{
    uint64_t own = own_affinity();
    uint32_t wanted = (uint32_t)(own >> 32 << 24 | (own & 0xffffff));
    for (unsigned i = 0; i < region_count; i++) {
        uint64_t type;
        uintptr_t frame = regions[i];
        do {
            type = mmio_read64(frame + GICR_TYPER);
            if (type >> 32 == wanted)
                return frame;
            frame += type & GICR_TYPER_VIRTUAL_LPIS ? 4 * GICR_FRAME : 2 * GICR_FRAME;
        } while (!(type & GICR_TYPER_LAST));
    }
    return 0;
}

/* 12.11 GICR_WAKER: a sleeping redistributor delivers nothing. */
static bool wake(uintptr_t redistributor)
{
    uint32_t waker = mmio_read32(redistributor + GICR_WAKER);
    mmio_write32(redistributor + GICR_WAKER, waker & ~GICR_WAKER_SLEEP);
    return wait_clear(redistributor + GICR_WAKER, GICR_WAKER_CHILDREN_SLEEP);
}

static bool gic_v3_init_cpu(unsigned cpu)
{
    icc_write(ICC_SRE_EL1, icc_read(ICC_SRE_EL1) | 1);
    if ((icc_read(ICC_SRE_EL1) & 1) == 0) {
        kprintf(LOG_ERROR, "GICv3: CPU %u has no system register interface\n", cpu);
        return false;
    }
    uintptr_t redistributor = find_redistributor();
    if (redistributor == 0) {
        kprintf(LOG_ERROR, "GICv3: CPU %u (affinity 0x%lx) has no redistributor\n", cpu,
                own_affinity());
        return false;
    }
    if (!wake(redistributor))
        return false;
    cpus[cpu].affinity = own_affinity();
    cpus[cpu].redistributor = redistributor;
    quiet(redistributor + GICR_FRAME, 0);
    wait_line(0);
    mmio_write32(redistributor + GICR_FRAME + GICD_ISENABLER(0), (1u << SGIS) - 1);
    icc_write(ICC_PMR_EL1, PRIORITY_MASK);
    icc_write(ICC_BPR1_EL1, 0);
    icc_write(ICC_CTLR_EL1, 0); /* EOImode 0: one write ends an interrupt */
    icc_write(ICC_IGRPEN1_EL1, 1);
    return true;
}

static uint32_t gic_v3_acknowledge(void)
{
    uint32_t intid = (uint32_t)icc_read(ICC_IAR1_EL1) & 0xffffff;
    /* 12.2 ICC_IAR1_EL1: the effect of the read is complete after a DSB. */
    __asm__ volatile("dsb sy" ::: "memory");
    return intid;
}

static void gic_v3_end(uint32_t intid)
{
    icc_write(ICC_EOIR1_EL1, intid);
}

static void gic_v3_disable(uint32_t intid)
{
    mmio_write32(frame_of_line(intid) + GICD_ICENABLER(intid / 32), 1u << intid % 32);
    wait_line(intid);
}

/* A line's configuration may change only while it is off (12.9 GICD_ICFGR<n>). */
static void gic_v3_enable(uint32_t intid, bool level_triggered)
{
    uintptr_t frame = frame_of_line(intid);
    if (intid >= SGIS) {
        uint32_t edge = 2u << intid % 16 * 2;
        gic_v3_disable(intid);
        lock_take(&gic_lock);
        uint32_t others = mmio_read32(frame + GICD_ICFGR(intid / 16)) & ~edge;
        mmio_write32(frame + GICD_ICFGR(intid / 16), level_triggered ? others : others | edge);
        lock_release(&gic_lock);
    }
    mmio_write32(frame + GICD_ISENABLER(intid / 32), 1u << intid % 32);
}

static uint32_t gic_v3_lines(void)
{
    return line_count;
}

/* 12.2 ICC_SGI1R_EL1: up to 16 CPUs that differ in Aff0 only; here one. */
static void gic_v3_send_ipi(unsigned cpu, uint32_t sgi)
{
    uint64_t affinity = cpus[cpu].affinity;
    uint64_t aff0 = affinity & 0xff, aff1 = affinity >> 8 & 0xff;
    uint64_t aff2 = affinity >> 16 & 0xff, aff3 = affinity >> 32 & 0xff;
    __asm__ volatile("dsb ishst" ::: "memory");
    icc_write(ICC_SGI1R_EL1, aff3 << 48 | (aff0 >> 4) << 44 | aff2 << 32 | (uint64_t)sgi << 24 |
                                 aff1 << 16 | UINT64_C(1) << (aff0 & 15));
}

const struct interrupt_controller gic_v3 = {
    .compatible = "arm,gic-v3",
    .init = gic_v3_init,
    .init_cpu = gic_v3_init_cpu,
    .acknowledge = gic_v3_acknowledge,
    .end = gic_v3_end,
    .enable = gic_v3_enable,
    .disable = gic_v3_disable,
    .lines = gic_v3_lines,
    .send_ipi = gic_v3_send_ipi,
};
