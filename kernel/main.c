/*
 * main.c: the story of boot. One line a step, each needing those above it.
 */
#include "arch/asid.h"
#include "arch/cpu.h"
#include "arch/fpu.h"
#include "arch/timer_hardware.h"
#include "arch/translation.h"
#include "boot/boot.h"
#include "debug/console.h"
#include "debug/panic.h"
#include "debug/trace.h"
#include "entry/dispatch.h"
#include "ipc/irq.h"
#include "sched/scheduler.h"
#include "sched/timer.h"
#include "task/reaper.h"
#include "vm/region.h"

_Noreturn void kernel_main(uint64_t tree_physical);
_Noreturn void enter_first(struct thread *thread, uint64_t stack);

/* Caches of every kind of kernel object. */
static void objects_of_all_kinds(void)
{
    handles_init();
    pool_objects_init();
    space_init();
    threads_init();
    endpoints_init();
    irqs_init();
    objects_init();
    regions_init();
}

void kernel_main(uint64_t tree_physical)
{
    struct cpu *cpu = &cpus[0];

    cpu_init(cpu, 0);                              /* panics can be reported from here on */
    discover_board(tree_physical);                 /* what the device tree says; a console */
    asid_init();                                   /* how many spaces a TLB can tell apart */
    banks_init(&boot_info);                        /* frames, buddy, root pool */
    objects_of_all_kinds();                        /* a slab cache for each */
    trace_init(cpu, boot_info.trace);              /* a ring, if the boot arguments ask for it */
    calls_init(cpu);                               /* svc #1 finds its functions */
    scheduler_init(cpu);                           /* nobody runs yet */
    discover_interrupts();                         /* the controller the tree names */
    timer_init(cpu, boot_info.timer_virtual);      /* time ticks */
    reaper_init();                                 /* large things can end */
    struct thread *root = root_start(&boot_info);  /* the first program, out of the bundle */
    translation_deactivate();                      /* no more identity map */
    fpu_enable(false);                             /* until a program uses it */
    cpu->counters.boot_ns = timer_now();           /* how long all this took */
    enter_first(switch_to(cpu, root), cpu->stack); /* leaves for EL0 and is over */
}
