/*
 * gic_v3.c: Arm Generic Interrupt Controller version 3 (Arm IHI 0069H; the register maps are its
 * 12.8 and 12.10, the descriptions 12.2, 12.9, 12.11), with affinity routing and the CPU interface
 * in system registers.
 *
 * Register ranges: 0 distributor, then one or more redistributor regions. All interrupts are
 * Non-secure Group 1, which is what ICC_IAR1_EL1 delivers. Where the kernel was entered at EL2,
 * ICC_SRE_EL2.{SRE,Enable} were set on the way down. LPIs and extended ranges are not used.
 */
#include "arch/cpu.h"
#include "arch/mmio.h"
#include "debug/console.h"
#include "platform/gic.h"

#define GICD_IGRPMODR(n) (0x0d00 + 4 * (n))
#define GICD_IROUTER(n)  (0x6000 + 8 * (n))

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

#define PRIORITY_MASK 0xff

/* 12.2: registers by their encodings (assemblers know the names only with a -march) */
#define ICC_PMR_EL1     s3_0_c4_c6_0
#define ICC_IAR1_EL1    s3_0_c12_c12_0
#define ICC_EOIR1_EL1   s3_0_c12_c12_1
#define ICC_BPR1_EL1    s3_0_c12_c12_3
#define ICC_CTLR_EL1    s3_0_c12_c12_4
#define ICC_SRE_EL1     s3_0_c12_c12_5
#define ICC_IGRPEN1_EL1 s3_0_c12_c12_7

#define icc_read(name) read_register(name)
#define icc_write(name, value)                                                                     \
    do {                                                                                           \
        write_register(name, value);                                                               \
        instruction_barrier();                                                                     \
    } while (0)

/* The fields of MPIDR_EL1 in their places. */
static uint64_t affinity_of(unsigned cpu)
{
    return cpus[cpu].mpidr & UINT64_C(0xff00ffffff);
}

/* Non-secure Group 1, for 32 lines. */
static void to_group_1(uintptr_t frame, uint32_t word)
{
    mmio_write32(frame + GICD_IGROUPR(word), UINT32_MAX);
    mmio_write32(frame + GICD_IGRPMODR(word), 0);
}

static bool gic_v3_init(const uintptr_t regs[], unsigned count)
{
    /* Affinity routing goes on before anything is routed (12.9 GICD_CTLR.ARE_NS). */
    if (!gic_init(regs, count, GICD_CTLR_AFFINITY_ROUTING, GICD_CTLR_WRITE_PENDING))
        return false;
    for (uint32_t word = 1; word * 32 < gic_lines(); word++)
        to_group_1(regs[0], word);
    for (uint32_t intid = GIC_PRIVATE; intid < gic_lines(); intid++)
        mmio_write64(regs[0] + GICD_IROUTER(intid), affinity_of(cpu_number()));
    mmio_write32(regs[0] + GICD_CTLR, GICD_CTLR_AFFINITY_ROUTING | GICD_CTLR_ENABLE_GROUP_1);
    return gic_wait_clear(regs[0] + GICD_CTLR, GICD_CTLR_WRITE_PENDING);
}

/* The redistributor whose GICR_TYPER names this affinity (12.11), or 0. */
static uintptr_t find_redistributor(uint64_t affinity)
{
    uint64_t wanted = affinity >> 32 << 24 | (affinity & 0xffffff), type;
    for (unsigned i = 1; i < gic_regs_count; i++) {
        uintptr_t frame = gic_regs[i];
        do {
            type = mmio_read64(frame + GICR_TYPER);
            if (type >> 32 == wanted)
                return frame;
            frame += type & GICR_TYPER_VIRTUAL_LPIS ? 4 * GICR_FRAME : 2 * GICR_FRAME;
        } while (!(type & GICR_TYPER_LAST));
    }
    return 0;
}

static bool gic_v3_init_cpu(unsigned cpu)
{
    uintptr_t found = find_redistributor(affinity_of(cpu));
    icc_write(ICC_SRE_EL1, icc_read(ICC_SRE_EL1) | 1);
    if ((icc_read(ICC_SRE_EL1) & 1) == 0) {
        kprintf(LOG_ERROR, "GICv3: CPU %u has no system register interface\n", cpu);
        return false;
    }
    if (!found) {
        kprintf(LOG_ERROR, "GICv3: CPU %u (affinity 0x%lx) has no redistributor\n", cpu,
                affinity_of(cpu));
        return false;
    }
    /* 12.11 GICR_WAKER: a sleeping redistributor delivers nothing. */
    mmio_write32(found + GICR_WAKER, mmio_read32(found + GICR_WAKER) & ~GICR_WAKER_SLEEP);
    if (!gic_wait_clear(found + GICR_WAKER, GICR_WAKER_CHILDREN_SLEEP))
        return false;
    to_group_1(found + GICR_FRAME, 0);
    if (!gic_init_cpu(
            (struct gic_frame){found + GICR_FRAME, found + GICR_CTLR, GICR_CTLR_WRITE_PENDING}))
        return false;
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

const struct interrupt_controller gic_v3 = GIC(gic_v3, "arm,gic-v3");
