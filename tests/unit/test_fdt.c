// sources: tests/unit/device_tree.c kernel/boot/fdt.c kernel/boot/memory.c
// sources: kernel/boot/tree.c kernel/boot/arguments.c
// sources: kernel/debug/console.c kernel/debug/printf.c platform/platform.c
// flags: -lfdt
/*
 * Sound device trees in, struct boot_info out: QEMU's own and two from dts/unit.
 */
#include "device_tree.h"
#include "entry/abi.h"
#include "platform/platform.h"
#include <stdio.h>

/* ---- Whole boards ---- */

static void check_virt(const char *version, const char *compatible)
{
    char command[256];
    size_t size;
    if (system("command -v qemu-system-aarch64 >/dev/null") != 0) {
        printf("# qemu-system-aarch64 is missing: its tree was not read\n");
        return;
    }
    snprintf(command, sizeof command,
             "f=$(mktemp) && timeout 30 qemu-system-aarch64 -M virt,gic-version=%s,dumpdtb=$f "
             "-cpu cortex-a72 -m 4G -smp 4 -nic none 2>/dev/null && cat $f && rm $f",
             version);
    void *tree = output_of(command, &size);
    if (read_tree(tree, size) != 0)
        printf("# fdt_read: %s\n", error);
    CHECK(error == NULL);
    CHECK(strcmp(info.model, "linux,dummy-virt") == 0);
    CHECK_EQUAL(info.memory_count, 1);
    check_range(info.memory[0], 0x40000000, UINT64_C(4) << 30);
    CHECK_EQUAL(info.reserved_count, 1);
    check_range(info.reserved[0], TREE_ADDRESS, fdt_totalsize(tree));
    CHECK_EQUAL(info.cpu_count, 4);
    CHECK_EQUAL(info.cpus[3].mpidr, 3);
    CHECK_EQUAL(info.cpus[3].release, 0);
    CHECK_EQUAL(info.psci, 1);
    CHECK(strcmp(info.interrupt_controller.compatible, compatible) == 0);
    CHECK_EQUAL(info.interrupt_controller.count, 2);
    check_range(info.interrupt_controller.regs[0], 0x08000000, 0x10000);
    CHECK_EQUAL(info.timer_virtual, 27);
    CHECK_EQUAL(info.timer_physical, 30);
    CHECK(strcmp(info.uart.compatible, "arm,pl011") == 0);
    check_range(info.uart.regs, 0x09000000, 0x1000);
    CHECK_EQUAL(info.uart.intid, 33);
    CHECK(info.seed != 0);
    CHECK(strcmp(platform_find(tree)->name, "QEMU virt") == 0);
    CHECK(printed[0] == '\0');
    free(tree);
}

TEST(virt_with_gic_v2)
{
    check_virt("2", "arm,cortex-a15-gic");
    if (info.interrupt_controller.count == 2)
        check_range(info.interrupt_controller.regs[1], 0x08010000, 0x10000);
}

TEST(virt_with_gic_v3)
{
    check_virt("3", "arm,gic-v3");
    if (info.interrupt_controller.count == 2)
        check_range(info.interrupt_controller.regs[1], 0x080a0000, 0xf60000);
}

TEST(banks_are_sorted_and_merged_and_cut_to_pages)
{
    void *tree = compile("banks");
    CHECK_EQUAL(read_tree(tree, ROOM), 0);
    CHECK_EQUAL(info.memory_count, 3);
    check_range(info.memory[0], 0, 0x3b400000);
    check_range(info.memory[1], 0x3c000000, 0x40000000);
    check_range(info.memory[2], UINT64_C(0x100000000), 0x80000000);
    check_range(info.bundle, 0x02000100, 0x2f00);
    CHECK_EQUAL(info.reserved_count, 6);
    check_range(info.reserved[0], 0, 0x1000);          /* spin table */
    check_range(info.reserved[1], 0x02000000, 0x3000); /* bundle */
    check_range(info.reserved[2], 0x3b3ff000, 0x2000); /* memreserve over a page boundary */
    check_range(info.reserved[3], 0x3ef60000, 0x1000);
    check_range(info.reserved[4], 0x3ef62000, 0x1000);
    check_range(info.reserved[5], TREE_ADDRESS, ROOM);
    free(tree);
}

TEST(devices_of_a_bus_with_ranges)
{
    void *tree = compile("banks");
    CHECK_EQUAL(read_tree(tree, ROOM), 0);
    CHECK(strcmp(info.model, "Example board with banks") == 0);
    CHECK(strcmp(info.arguments, "loglevel=4 hello") == 0);
    CHECK_EQUAL(info.log_level, 4);
    CHECK(strcmp(info.interrupt_controller.compatible, "arm,gic-400") == 0);
    CHECK_EQUAL(info.interrupt_controller.count, 2);
    check_range(info.interrupt_controller.regs[0], 0xff841000, 0x1000);
    check_range(info.interrupt_controller.regs[1], 0xff842000, 0x2000);
    CHECK(strcmp(info.uart.compatible, "brcm,bcm2835-aux-uart") == 0);
    check_range(info.uart.regs, 0xfe215040, 0x40);
    CHECK_EQUAL(info.uart.intid, 125);
    CHECK_EQUAL(info.psci, 0);
    CHECK(strcmp(platform_find(tree)->name, "generic") == 0);
    free(tree);
}

TEST(cpus_of_a_spin_table)
{
    void *tree = compile("banks");
    CHECK_EQUAL(read_tree(tree, ROOM), 0);
    CHECK_EQUAL(info.cpu_count, 3);
    CHECK_EQUAL(info.cpus[0].release, 0xd8);
    CHECK_EQUAL(info.cpus[1].mpidr, 1);
    CHECK_EQUAL(info.cpus[1].release, 0xe0);
    CHECK_EQUAL(info.cpus[2].mpidr, 0x103);
    CHECK_EQUAL(info.cpus[2].release, 0); /* starts by PSCI */
    free(tree);
}

TEST(buses_inside_buses)
{
    void *tree = compile("nested");
    CHECK_EQUAL(read_tree(tree, ROOM), 0);
    CHECK_EQUAL(info.interrupt_controller.count, 3); /* distributor and two regions, no more */
    check_range(info.interrupt_controller.regs[0], UINT64_C(0x2000000000), 0x10000);
    check_range(info.interrupt_controller.regs[2], UINT64_C(0x2000100000), 0x80000);
    check_range(info.uart.regs, UINT64_C(0x2008000040), 0x40);
    CHECK_EQUAL(info.uart.intid, 37);
    CHECK_EQUAL(info.timer_virtual, 27); /* by name, not by place */
    CHECK_EQUAL(info.timer_physical, 30);
    CHECK_EQUAL(info.psci, 2);
    CHECK_EQUAL(info.cpus[0].mpidr, UINT64_C(0x100000203));
    check_range(info.bundle, UINT64_C(0x100000000), 0x2345);
    CHECK(info.seed != 0);
    free(tree);
}

TEST(a_uart_behind_a_bus_without_ranges_is_no_uart)
{
    void *tree = compile("nested");
    set_string(tree, "/chosen", "stdout-path", "/outer/unmapped/serial@80");
    CHECK_EQUAL(read_tree(tree, ROOM), 0);
    CHECK_EQUAL(info.uart.regs.size, 0);
    CHECK(strstr(printed, "malformed") != NULL);
    free(tree);
}

TEST(an_interrupt_of_another_controller_is_none)
{
    void *tree = compile("nested");
    remove_property(tree, "/outer/inner/serial", "interrupts-extended");
    set_cells(tree, "/outer/inner/serial", "interrupts", 3,
              (uint32_t[]){0, 5, 4}); /* looks like SPI 5 */
    CHECK_EQUAL(read_tree(tree, ROOM), 0);
    CHECK(info.uart.regs.size != 0);
    CHECK_EQUAL(info.uart.intid, 0);
    free(tree);
}

/* ---- mem= ---- */

TEST(mem_keeps_the_lowest_bytes_and_the_bundle_and_tree)
{
    void *tree = compile("banks");
    set_string(tree, "/chosen", "bootargs", "mem=16M");
    CHECK_EQUAL(read_tree(tree, ROOM), 0);
    CHECK_EQUAL(info.memory_count, 3);
    check_range(info.memory[0], 0, 0x01000000);
    check_range(info.memory[1], 0x02000000, 0x3000);
    check_range(info.memory[2], TREE_ADDRESS, ROOM);
    set_string(tree, "/chosen", "bootargs", "mem=1G");
    CHECK_EQUAL(read_tree(tree, ROOM), 0);
    CHECK_EQUAL(info.memory_count, 3);
    check_range(info.memory[1], 0x3c000000, 0x40000000 - 0x3b400000);
    set_string(tree, "/chosen", "bootargs", "mem=100G");
    CHECK_EQUAL(read_tree(tree, ROOM), 0);
    check_range(info.memory[2], UINT64_C(0x100000000), 0x80000000);
    free(tree);
}

TEST(mem_may_not_leave_nothing)
{
    void *tree = compile("banks");
    set_string(tree, "/chosen", "bootargs", "mem=4095");
    CHECK_EQUAL(read_tree(tree, ROOM), -EINVAL);
    CHECK(strstr(error, "mem= leaves no memory") != NULL);
    free(tree);
}
