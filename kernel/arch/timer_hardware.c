/*
 * timer_hardware.c: the generic timer, see timer_hardware.h. The conversions
 * also run in host unit tests; the registers exist on AArch64 only.
 */
#include "arch/timer_hardware.h"

#define NS_PER_SECOND UINT64_C(1000000000)

/*
 * Long division of (to << shift) by from, one bit a turn, until the multiplier
 * fills 63 bits: the kernel has no 128-bit division, and this runs at boot only.
 */
void timer_scale_init(struct timer_scale *scale, uint64_t from, uint64_t to)
{
    uint64_t quotient = to / from, remainder = to % from;
    unsigned shift = 0;
    while (shift < 63 && quotient >> 62 == 0) {
        quotient <<= 1;
        remainder <<= 1;
        if (remainder >= from) {
            remainder -= from;
            quotient |= 1;
        }
        shift++;
    }
    *scale = (struct timer_scale){.multiplier = quotient, .shift = shift};
}

#ifdef __aarch64__

/* CNTV_CTL_EL0 */
#define CONTROL_ENABLE 1

/* CNTKCTL_EL1: EL0 may read the virtual counter */
#define KERNEL_CONTROL_EL0VCTEN (1 << 1)

#define write_register(name, value)                                                                \
    __asm__ volatile("msr " #name ", %x0" ::"rZ"((uint64_t)(value)) : "memory")

static struct timer_scale ticks_to_ns, ns_to_ticks;
static uint64_t frequency;

bool timer_hardware_init(void)
{
    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
    frequency &= UINT32_MAX; /* the upper half is reserved */
    if (frequency == 0)
        return false;
    timer_scale_init(&ticks_to_ns, frequency, NS_PER_SECOND);
    timer_scale_init(&ns_to_ticks, NS_PER_SECOND, frequency);
    return true;
}

void timer_hardware_init_cpu(void)
{
    timer_off();
    write_register(cntkctl_el1, KERNEL_CONTROL_EL0VCTEN);
    __asm__ volatile("isb" ::: "memory");
}

uint64_t timer_frequency(void)
{
    return frequency;
}

uint64_t timer_ns_of(uint64_t ticks)
{
    return timer_scale(&ticks_to_ns, ticks);
}

uint64_t timer_now(void)
{
    uint64_t ticks;
    /* The counter may be read ahead of time by speculation; the barrier keeps it in order. */
    __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(ticks)::"memory");
    return timer_scale(&ticks_to_ns, ticks);
}

void timer_set_deadline(uint64_t deadline)
{
    write_register(cntv_cval_el0, timer_ticks_at(&ns_to_ticks, deadline));
    write_register(cntv_ctl_el0, CONTROL_ENABLE);
    __asm__ volatile("isb" ::: "memory");
}

void timer_off(void)
{
    write_register(cntv_ctl_el0, 0);
    __asm__ volatile("isb" ::: "memory");
}

#endif
