// sources: tests/unit/device_tree.c kernel/boot/fdt.c kernel/boot/memory.c
// sources: kernel/boot/tree.c kernel/boot/arguments.c
// sources: kernel/debug/console.c kernel/debug/printf.c platform/platform.c
// flags: -lfdt
/*
 * Device trees that are wrong: the trees of dts/unit damaged on purpose, each in
 * one way, then at random. Either the rest is read, with a warning, or there is
 * one line that says what is missing. The sanitizers see to the rest.
 */
#include "device_tree.h"
#include "entry/abi.h"
#include <stdio.h>

static void *tree;

/* Reads the tree, frees it, and expects this message. */
static void refused(const char *message)
{
    int result = read_tree(tree, ROOM);
    free(tree);
    if (result != -EINVAL || strstr(error, message) == NULL)
        printf("# fdt_read: %d, %s\n", result, error);
    CHECK_EQUAL(result, -EINVAL);
    CHECK(strstr(error, message) != NULL);
}

/* Reads the tree, frees it, and expects this warning. */
static void read_with_warning(const char *warning)
{
    int result = read_tree(tree, ROOM);
    free(tree);
    if (result != 0)
        printf("# fdt_read: %s\n", error);
    CHECK_EQUAL(result, 0);
    if (strstr(printed, warning) == NULL)
        printf("# printed: %s\n", printed);
    CHECK(strstr(printed, warning) != NULL);
}

TEST(a_tree_that_is_none_or_not_all_there)
{
    tree = compile("banks");
    CHECK_EQUAL(read_tree(tree, ROOM - 1), -EINVAL);
    CHECK(strstr(error, "FDT_ERR_TRUNCATED") != NULL);
    CHECK_EQUAL(read_tree(tree, 16), -EINVAL);
    CHECK_EQUAL(read_tree(tree, 0), -EINVAL);
    memset(tree, 0, 4);
    refused("FDT_ERR_BADMAGIC");
}

TEST(no_memory)
{
    tree = compile("nested");
    fdt_del_node(tree, node_at(tree, "/memory"));
    refused("no memory");
    CHECK(info.uart.regs.size != 0); /* so that the line can be printed */
}

TEST(memory_with_half_an_entry)
{
    tree = compile("nested");
    set_cells(tree, "/memory", "reg", 3, (uint32_t[]){1, 0, 0});
    refused("memory node is malformed");
}

TEST(memory_that_wraps_around)
{
    tree = compile("nested");
    set_cells(tree, "/memory", "reg", 4, (uint32_t[]){0xffffffff, 0xfffff000, 0, 0x2000});
    refused("memory node is malformed");
}

TEST(memory_beyond_48_bits_is_left_out)
{
    tree = compile("nested");
    set_cells(tree, "/memory", "reg", 8,
              (uint32_t[]){0x10000, 0, 1, 0, 0xffff, 0xfffff000, 0, 0x2000});
    remove_property(tree, "/chosen", "linux,initrd-start");
    remove_property(tree, "/chosen", "linux,initrd-end");
    int result = read_tree(tree, ROOM);
    free(tree);
    CHECK_EQUAL(result, 0);
    CHECK_EQUAL(info.memory_count, 1);
    check_range(info.memory[0], UINT64_C(0xfffffffff000), 0x1000);
}

TEST(cells_of_three_and_of_five)
{
    tree = compile("nested");
    set_cells(tree, "/", "#address-cells", 1, (uint32_t[]){3});
    refused("malformed");
    tree = compile("nested");
    set_cells(tree, "/", "#size-cells", 1, (uint32_t[]){5});
    refused("malformed");
    tree = compile("nested");
    set_cells(tree, "/cpus", "#address-cells", 1, (uint32_t[]){0xffffffff});
    refused("no CPU");
}

TEST(more_memory_ranges_than_there_is_room_for)
{
    uint32_t reg[4 * 40];
    for (uint32_t i = 0; i < 40; i++)
        memcpy(reg + 4 * i, (uint32_t[]){1, i * 0x10000, 0, 0x8000}, 16);
    tree = compile("nested");
    set_cells(tree, "/memory", "reg", 4 * 40, reg);
    read_with_warning("not used: more than 32");
    CHECK_EQUAL(info.memory_count, 32);
}

TEST(more_reservations_than_there_is_room_for)
{
    tree = compile("banks");
    for (uint64_t i = 0; i < 33; i++)
        CHECK(fdt_add_mem_rsv(tree, 0x50000000 + i * 0x10000, 0x1000) == 0);
    refused("more separate reservations");
}

TEST(a_reservation_that_cannot_be_read)
{
    tree = compile("banks");
    set_cells(tree, "/reserved-memory/nvram", "reg", 2, (uint32_t[]){0, 1});
    refused("/reserved-memory is malformed");
    tree = compile("banks");
    remove_property(tree, "/reserved-memory", "ranges");
    refused("/reserved-memory is malformed");
}

TEST(no_interrupt_controller)
{
    tree = compile("banks");
    set_string(tree, "/soc/interrupt-controller@40041000", "compatible", "example,gic");
    refused("no interrupt controller");
    CHECK(info.uart.regs.size != 0);
    CHECK_EQUAL(info.uart.intid, 0);
}

TEST(an_interrupt_controller_without_its_registers)
{
    tree = compile("banks");
    set_cells(tree, "/soc/interrupt-controller@40041000", "reg", 2,
              (uint32_t[]){0x40041000, 0x1000});
    refused("reg is too short");
    tree = compile("banks");
    set_cells(tree, "/soc", "ranges", 4, (uint32_t[]){0x7e000000, 0, 0xfe000000, 0x01800000});
    refused("reg is too short or malformed");
}

TEST(an_interrupt_controller_with_one_cell)
{
    tree = compile("banks");
    set_cells(tree, "/soc/interrupt-controller@40041000", "#interrupt-cells", 1, (uint32_t[]){1});
    refused("#interrupt-cells");
}

TEST(no_timer_or_one_that_cannot_interrupt)
{
    tree = compile("banks");
    fdt_del_node(tree, node_at(tree, "/timer"));
    refused("no arm,armv8-timer");
    tree = compile("banks");
    set_cells(tree, "/timer", "interrupts", 6, (uint32_t[]){1, 13, 4, 1, 14, 4});
    refused("virtual timer");
    tree = compile("banks");
    set_cells(tree, "/timer", "interrupts", 9, (uint32_t[]){1, 13, 4, 1, 14, 4, 1, 16, 4});
    refused("virtual timer");
}

TEST(no_cpu_that_can_be_named)
{
    tree = compile("nested");
    fdt_del_node(tree, node_at(tree, "/cpus"));
    refused("no CPU");
    tree = compile("nested");
    set_cells(tree, "/cpus/cpu", "reg", 1, (uint32_t[]){1});
    refused("no CPU");
}

TEST(more_cpus_than_there_is_room_for)
{
    tree = compile("nested");
    for (int i = 0; i < CPUS_MAX; i++) {
        char name[16], path[32];
        snprintf(name, sizeof name, "cpu@%x", i);
        snprintf(path, sizeof path, "/cpus/%s", name);
        CHECK(fdt_add_subnode(tree, node_at(tree, "/cpus"), name) >= 0);
        set_string(tree, path, "device_type", "cpu");
        set_cells(tree, path, "reg", 2, (uint32_t[]){0, (uint32_t)i});
    }
    read_with_warning("1 CPUs left out");
    CHECK_EQUAL(info.cpu_count, CPUS_MAX);
}

TEST(a_console_that_leads_nowhere)
{
    static const char *const paths[] = {"",          ":115200",       "loop", "serial9",
                                        "/soc/none", "relative/path", "/",    "indirect"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        tree = compile("banks");
        set_string(tree, "/aliases", "loop", "loop");
        set_string(tree, "/aliases", "indirect", "serial0");
        set_string(tree, "/chosen", "stdout-path", paths[i]);
        read_with_warning("stdout-path");
        CHECK_EQUAL(info.uart.regs.size, 0);
    }
}

TEST(no_console_is_no_mistake)
{
    tree = compile("banks");
    fdt_del_node(tree, node_at(tree, "/chosen"));
    CHECK_EQUAL(read_tree(tree, ROOM), 0);
    free(tree);
    CHECK(printed[0] == '\0');
    CHECK_EQUAL(info.uart.regs.size, 0);
    CHECK_EQUAL(info.bundle.size, 0);
    CHECK_EQUAL(info.seed, 0);
    CHECK(info.arguments[0] == '\0');
}

TEST(strings_without_an_end)
{
    tree = compile("banks");
    int chosen = node_at(tree, "/chosen");
    CHECK(fdt_setprop(tree, chosen, "bootargs", "loglevel=2!", 10) == 0);
    CHECK(fdt_setprop(tree, node_at(tree, "/chosen"), "stdout-path", "serial0", 7) == 0);
    CHECK(fdt_setprop(tree, 0, "model", "Mk", 1) == 0);
    int result = read_tree(tree, ROOM);
    free(tree);
    CHECK_EQUAL(result, 0);
    CHECK(strcmp(info.arguments, "loglevel=2") == 0);
    CHECK(strcmp(info.model, "M") == 0);
    CHECK(strcmp(info.uart.compatible, "arm,pl011") == 0);
}

TEST(arguments_too_long_are_cut_between_words)
{
    char arguments[2001];
    memset(arguments, 'x', sizeof arguments - 1);
    arguments[2000] = '\0';
    memcpy(arguments + 1005, " linear=1M mem=640M ", 20);
    tree = compile("banks");
    set_string(tree, "/chosen", "bootargs", arguments);
    read_with_warning("longer than 1023 bytes");
    CHECK_EQUAL(strlen(info.arguments), 1015);
    CHECK_EQUAL(info.linear_limit, 1 << 20);
    CHECK_EQUAL(info.memory_limit, 0); /* not 640: the limit falls before the M */
}

TEST(a_bundle_that_is_nowhere)
{
    tree = compile("banks");
    set_cells(tree, "/chosen", "linux,initrd-end", 1, (uint32_t[]){0x02000000});
    read_with_warning("make no range");
    CHECK_EQUAL(info.bundle.size, 0);
    tree = compile("banks");
    remove_property(tree, "/chosen", "linux,initrd-start");
    read_with_warning("make no range");
    tree = compile("banks");
    set_cells(tree, "/chosen", "linux,initrd-end", 1, (uint32_t[]){0x3b500000});
    read_with_warning("outside of memory");
    CHECK_EQUAL(info.bundle.size, 0);
}

TEST(nodes_nested_too_deep_are_not_looked_at)
{
    char path[512] = "";
    tree = compile("banks");
    for (int i = 0; i < 40; i++) {
        CHECK(fdt_add_subnode(tree, node_at(tree, path[0] != '\0' ? path : "/"), "deep") >= 0);
        strcat(path, "/deep");
        if (i >= 15) /* the root is level 0, this one 16 */
            set_string(tree, path, "compatible", "arm,gic-v3");
    }
    set_string(tree, "/chosen", "stdout-path", path);
    read_with_warning("leads nowhere");
    CHECK(strcmp(info.interrupt_controller.compatible, "arm,gic-400") == 0);
}

TEST(nodes_below_a_disabled_one_are_not_looked_at)
{
    tree = compile("banks");
    set_string(tree, "/soc", "status", "disabled");
    refused("no interrupt controller");
}

/* ---- At random ---- */

/* Whatever was read of a damaged tree must still be what fdt.h promises. */
static void check_promises(void)
{
    CHECK(info.memory_count >= 1 && info.memory_count <= RANGES_MAX);
    CHECK(info.reserved_count >= 1 && info.reserved_count <= RANGES_MAX);
    CHECK(info.cpu_count >= 1 && info.cpu_count <= CPUS_MAX);
    uint64_t end = 0;
    for (unsigned i = 0; i < info.memory_count; i++) {
        CHECK(info.memory[i].size > 0 && info.memory[i].start >= end);
        CHECK((info.memory[i].start | info.memory[i].size) % PAGE_SIZE == 0);
        end = info.memory[i].start + info.memory[i].size;
        CHECK(end <= UINT64_C(1) << 48);
    }
    CHECK(info.interrupt_controller.count >= 2 && info.interrupt_controller.count <= 4);
    CHECK(info.timer_virtual >= 16 && info.timer_virtual < 1020 && info.uart.intid < 1020);
    CHECK(memchr(info.model, 0, sizeof info.model) != NULL);
    CHECK(memchr(info.arguments, 0, sizeof info.arguments) != NULL);
    CHECK(info.tree.start == TREE_ADDRESS);
}

/* Small values, all ones and powers of two find more than any byte does. */
static uint8_t random_byte(void)
{
    switch (unit_random_below(4)) {
    case 0:
        return 0;
    case 1:
        return 0xff;
    case 2:
        return (uint8_t)(1 << unit_random_below(8));
    default:
        return (uint8_t)unit_random();
    }
}

static void damage(uint8_t *bytes, size_t size)
{
    for (uint64_t i = unit_random_below(4) + 1; i > 0; i--)
        bytes[unit_random_below(size)] = random_byte();
}

static void read_damaged(const char *name)
{
    unsigned accepted = 0, rounds = 10000;
    void *original = compile(name);
    fdt_pack(original);
    size_t whole = fdt_totalsize(original);
    for (unsigned i = 0; i < rounds; i++) {
        size_t size = unit_random_below(8) == 0 ? unit_random_below(whole) : whole;
        uint8_t *copy = malloc(size + 1);
        memcpy(copy, original, size);
        if (size > 0)
            damage(copy, size);
        copy = realloc(copy, size > 0 ? size : 1);
        int result = read_tree(copy, size);
        CHECK(result == 0 || result == -EINVAL);
        CHECK((result == 0) == (error == NULL));
        if (result == 0)
            check_promises();
        accepted += result == 0;
        free(copy);
    }
    free(original);
    CHECK(accepted > rounds / 10 && accepted < rounds); /* else this test tests one thing only */
}

TEST(banks_damaged_at_random)
{
    read_damaged("banks");
}

TEST(nested_damaged_at_random)
{
    read_damaged("nested");
}
