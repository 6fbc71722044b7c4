#include "arch/timer_hardware.h"
#include "arch/cpu.h"

#define NS_PER_SECOND UINT64_C(1000000000)

/* Long division of (to << shift) by from, one bit a turn, until the multiplier fills 63 bits: the
 * kernel has no 128-bit division, and this runs at boot only. */
void timer_scale_init(struct timer_scale *scale, uint64_t from, uint64_t to)
{
    uint64_t remainder = to % from;
    *scale = (struct timer_scale){.multiplier = to / from};
    for (; scale->shift < 63 && scale->multiplier >> 62 == 0; scale->shift++) {
        bool one = remainder >= from - remainder;
        remainder = 2 * remainder - (one ? from : 0);
        scale->multiplier = 2 * scale->multiplier + one;
    }
}

#ifdef __aarch64__ /* the conversions also run in host unit tests */

/* CNTV_CTL_EL0 */
#define CONTROL_ENABLE 1

/* CNTKCTL_EL1: EL0 may read the virtual counter */
#define KERNEL_CONTROL_EL0VCTEN (1 << 1)

static struct timer_scale ticks_to_ns, ns_to_ticks;

bool timer_hardware_init(void)
{
    uint64_t frequency = (uint32_t)read_register(cntfrq_el0); /* the upper half is reserved */
    if (frequency == 0)
        return false;
    timer_scale_init(&ticks_to_ns, frequency, NS_PER_SECOND);
    timer_scale_init(&ns_to_ticks, NS_PER_SECOND, frequency);
    return true;
}

void timer_hardware_init_cpu(void)
{
    write_register(cntkctl_el1, KERNEL_CONTROL_EL0VCTEN);
    timer_off();
}

uint64_t timer_ns_of(uint64_t ticks)
{
    return timer_scale(&ticks_to_ns, ticks);
}

uint64_t timer_now(void)
{
    /* The counter may be read ahead of time by speculation; the barrier keeps it in order. */
    instruction_barrier();
    return timer_scale(&ticks_to_ns, read_register(cntvct_el0));
}

void timer_set_deadline(uint64_t deadline)
{
    write_register(cntv_cval_el0, timer_ticks_at(&ns_to_ticks, deadline));
    write_register(cntv_ctl_el0, CONTROL_ENABLE);
    instruction_barrier();
}

void timer_off(void)
{
    write_register(cntv_ctl_el0, 0);
    instruction_barrier();
}
#endif
