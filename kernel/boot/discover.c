#include "arch/timer_hardware.h"
#include "arch/translation.h"
#include "boot/boot.h"
#include "debug/console.h"
#include "debug/panic.h"
#include "platform/platform.h"

void discover_board(uint64_t tree_physical)
{
    const char *error = NULL;
    uint64_t mapped;
    const void *tree = fixmap_tree(tree_physical, &mapped);
    boot_info.tree.start = tree_physical;
    int failed = fdt_read(tree, mapped, &boot_info, &error);
    if (boot_info.uart.regs.size) {
        void *regs = fixmap_device(boot_info.uart.regs.start, boot_info.uart.regs.size);
        console_set_runner(boot_info.runner);
        console_set_level(boot_info.log_level);
        console_init(boot_info.uart.compatible, (uintptr_t)regs);
    }
    if (failed)
        panic("device tree: %s (%lu bytes mapped)", error, mapped);
    platform_find(tree);
    timer_hardware_init();
    kprintf(LOG_NOTICE, "Pagoda on %s: %s, %u CPUs, %s\n", board->name, boot_info.model,
            boot_info.cpu_count, boot_info.interrupt_controller.compatible);
}

void discover_interrupts(void)
{
    uintptr_t regs[CONTROLLER_REGS_MAX];

    for (unsigned i = 0; i < boot_info.interrupt_controller.count; i++)
        regs[i] = (uintptr_t)fixmap_device(boot_info.interrupt_controller.regs[i].start,
                                           boot_info.interrupt_controller.regs[i].size);
    platform_interrupt_controller(boot_info.interrupt_controller.compatible);
    if (!interrupts->init(regs, boot_info.interrupt_controller.count) || !interrupts->init_cpu(0))
        panic("the interrupt controller cannot be used");
    timer_hardware_init_cpu();
}
