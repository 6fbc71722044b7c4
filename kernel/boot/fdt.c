/*
 * fdt.c: from a flattened device tree to struct boot_info: one walk over all nodes, then what needs
 * several of them together. tree.c has addresses and interrupts, memory.c the memory.
 *
 * Which devices are known is said by the tables of platform/; how they are described, by Linux'
 * device tree bindings.
 */
#include "boot/fdt.h"
#include "arch/string.h"
#include "boot/tree.h"
#include "debug/console.h"
#include "entry/abi.h"
#include "platform/platform.h"

struct boot_info boot_info;

/* MPIDR_EL1: Aff3 and Aff2..Aff0, as `reg` of a cpu node has them */
#define MPIDR_AFFINITY UINT64_C(0xff00ffffff)

/* Order of the generic timer's interrupts (binding arm,armv8-timer). */
enum { TIMER_SECURE, TIMER_PHYSICAL, TIMER_VIRTUAL, TIMER_HYPERVISOR };

/* Is `text` in a property that is a list of strings? */
static bool has(const void *fdt, int node, const char *property, const char *text)
{
    return fdt_stringlist_search(fdt, node, property, text) >= 0;
}

/* Copies a string that may lack its end to zeroed memory; returns its length before it was cut. */
static size_t copy_string(char *to, size_t size, const void *fdt, int node, const char *property)
{
    int length;
    const char *from = fdt_getprop(fdt, node, property, &length);
    size_t used = from ? strnlen(from, (size_t)length) : 0;
    if (from)
        memcpy(to, from, used < size ? used : size - 1);
    return used;
}

/* ---- /chosen ---- */

static void read_arguments(const struct reading *reading)
{
    char *to = reading->info->arguments;
    size_t size = sizeof reading->info->arguments;
    if (copy_string(to, size, reading->fdt, reading->chosen, "bootargs") >= size) {
        char *blank = strrchr(to, ' '); /* half a word could mean something else */
        *(blank ? blank : to) = '\0';
        kprintf(LOG_WARNING, "boot arguments longer than %zu bytes: cut\n", size - 1);
    }
    boot_arguments_parse(reading->info);
}

/* Mixes bytes so that each of them changes half of the bits (the step of SplitMix64). */
static uint64_t fold(uint64_t seed, const struct reading *reading, const char *property)
{
    int length;
    const uint8_t *bytes = fdt_getprop(reading->fdt, reading->chosen, property, &length);
    for (int i = 0; bytes && i < length; i++) {
        seed = (seed ^ bytes[i]) + UINT64_C(0x9e3779b97f4a7c15);
        seed = (seed ^ seed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        seed = (seed ^ seed >> 27) * UINT64_C(0x94d049bb133111eb);
        seed ^= seed >> 31;
    }
    return seed;
}

static void read_bundle(const struct reading *reading)
{
    uint64_t start = 0, end = 0;
    bool has_start = node_number(reading->fdt, reading->chosen, "linux,initrd-start", &start);
    bool has_end = node_number(reading->fdt, reading->chosen, "linux,initrd-end", &end);
    if (has_start != has_end || end < start)
        kprintf(LOG_WARNING, "device tree: linux,initrd-start and -end make no range\n");
    else
        reading->info->bundle = (struct range){start, end - start};
}

/* ---- CPUs ---- */

/* DTSpec 3.8: `reg` of a cpu node, in cells of /cpus. A "disabled" CPU is one that waits to be
 * started (DTSpec 3.8.1); only "fail" means broken. */
static void visit_cpu(struct reading *reading, int node)
{
    struct boot_info *info = reading->info;
    const void *fdt = reading->fdt;
    int length, cells = fdt_address_cells(fdt, reading->cpus);
    if (!has(fdt, node, "device_type", "cpu") || has(fdt, node, "status", "fail"))
        return;
    const fdt32_t *reg = fdt_getprop(fdt, node, "reg", &length);
    if (!reg || cells < 1 || cells > 2 || length < 4 * cells || info->cpu_count == CPUS_MAX) {
        reading->cpus_left_out++;
        return;
    }
    if (has(fdt, node, "enable-method", "spin-table"))
        node_number(fdt, node, "cpu-release-addr", &info->cpus[info->cpu_count].release);
    info->cpus[info->cpu_count++].mpidr = take_cells(&reg, cells) & MPIDR_AFFINITY;
}

static void finish_cpus(struct reading *reading)
{
    if (reading->cpus_left_out > 0)
        kprintf(LOG_WARNING, "device tree: %u CPUs left out (malformed, or more than %u)\n",
                reading->cpus_left_out, CPUS_MAX);
    if (reading->info->cpu_count == 0)
        reading_fail(reading, "device tree: no CPU in /cpus");
}

/* ---- Devices: interrupt controller, timer, UART ---- */

/* GICv3 lists distributor, redistributor regions, then what GICv2 guests need: not for us. */
static unsigned controller_regs_wanted(const struct reading *reading, int node)
{
    uint64_t regions = 1; /* of GICv2: the CPU interface */
    if (strcmp(reading->controller->compatible, "arm,gic-v3") == 0)
        node_number(reading->fdt, node, "#redistributor-regions", &regions);
    return regions == 0 ? 2 : regions < CONTROLLER_REGS_MAX ? 1 + regions : CONTROLLER_REGS_MAX;
}

static void read_controller(struct reading *reading)
{
    struct boot_info *info = reading->info;
    int node = place_node(&reading->controller_place);
    uint64_t cells = 0;
    if (!reading->controller) {
        reading_fail(reading, "device tree: no interrupt controller that this kernel knows");
        return;
    }
    info->interrupt_controller.compatible = reading->controller->compatible;
    for (unsigned i = 0; i < controller_regs_wanted(reading, node); i++) {
        struct range *regs = &info->interrupt_controller.regs[i];
        if (place_reg(&reading->controller_place, i, regs) != REG_FOUND || regs->size == 0) {
            reading_fail(reading,
                         "device tree: the interrupt controller's reg is too short or malformed");
            break;
        }
        info->interrupt_controller.count = i + 1;
    }
    node_number(reading->fdt, node, "#interrupt-cells", &cells);
    /* 4: a GICv3 with partitioned PPIs; the first three mean the same */
    if (cells == 3 || cells == 4) {
        reading->gic = fdt_get_phandle(reading->fdt, node);
        reading->gic_cells = (int)cells;
    } else {
        reading_fail(reading,
                     "device tree: the interrupt controller's #interrupt-cells is not 3 or 4");
    }
}

/* The binding allows the timer's interrupts in any order when they have names. */
static uint32_t timer_interrupt(const struct reading *reading, const char *name, int otherwise)
{
    int named =
        fdt_stringlist_search(reading->fdt, place_node(&reading->timer), "interrupt-names", name);
    return place_interrupt(&reading->timer, (unsigned)(named >= 0 ? named : otherwise),
                           reading->gic, reading->gic_cells);
}

static void read_timer(struct reading *reading)
{
    if (reading->timer.depth == 0) {
        reading_fail(reading, "device tree: no arm,armv8-timer node");
        return;
    }
    reading->info->timer_virtual = timer_interrupt(reading, "virt", TIMER_VIRTUAL);
    reading->info->timer_physical = timer_interrupt(reading, "phys", TIMER_PHYSICAL);
    if (reading->info->timer_virtual == 0)
        reading_fail(reading,
                     "device tree: the virtual timer does not go to the interrupt controller");
}

/*
 * DTSpec 3.6: a path or an alias, then perhaps a colon and options. The alias is resolved here:
 * libfdt would follow an alias of itself for ever.
 */
static int find_stdout(const struct reading *reading, const char *path, int length)
{
    size_t used = strnlen(path, (size_t)length);
    const char *options = memchr(path, ':', used);
    if (options)
        used = (size_t)(options - path);
    if (used > 0 && path[0] != '/') {
        path = fdt_getprop_namelen(reading->fdt, reading->aliases, path, (int)used, &length);
        used = path ? strnlen(path, (size_t)length) : 0;
    }
    if (used == 0 || path[0] != '/')
        return -FDT_ERR_BADPATH;
    return fdt_path_offset_namelen(reading->fdt, path, (int)used);
}

static void read_uart(const struct reading *reading)
{
    struct boot_info *info = reading->info;
    struct place place = {.fdt = reading->fdt};
    struct range regs;
    int length, i = 0;
    const char *path = fdt_getprop(reading->fdt, reading->chosen, "stdout-path", &length);
    if (!path)
        path = fdt_getprop(reading->fdt, reading->chosen, "linux,stdout-path", &length);
    if (!path)
        return;
    int node = find_stdout(reading, path, length);
    while (node >= 0 && place_node(&place) != node)
        if (!place_next(&place))
            node = -FDT_ERR_NOTFOUND; /* nested too deep */
    while (node >= 0 && uarts[i] && !has(place.fdt, node, "compatible", uarts[i]->compatible))
        i++;
    if (node < 0) {
        kprintf(LOG_WARNING, "device tree: stdout-path leads nowhere\n");
    } else if (!uarts[i]) {
        kprintf(LOG_WARNING, "device tree: stdout-path names a device unknown to this kernel\n");
    } else if (place_reg(&place, 0, &regs) != REG_FOUND || regs.size == 0) {
        kprintf(LOG_WARNING, "device tree: the reg of stdout-path's UART is malformed\n");
    } else {
        info->uart.compatible = uarts[i]->compatible;
        info->uart.regs = regs;
        info->uart.intid = place_interrupt(&place, 0, reading->gic, reading->gic_cells);
    }
}

/* PSCI 0.1 ("arm,psci" alone) has other function numbers and is not supported. */
static void visit_device(struct reading *reading, const struct place *place)
{
    int length, node = place_node(place);
    const char *list = fdt_getprop(reading->fdt, node, "compatible", &length);
    if (!list)
        return;
    for (unsigned i = 0; interrupt_controllers[i] && !reading->controller; i++)
        if (fdt_stringlist_contains(list, length, interrupt_controllers[i]->compatible)) {
            reading->controller = interrupt_controllers[i];
            reading->controller_place = *place;
        }
    if (!reading->timer.depth && fdt_stringlist_contains(list, length, "arm,armv8-timer"))
        reading->timer = *place;
    if (!reading->info->psci && (fdt_stringlist_contains(list, length, "arm,psci-0.2") ||
                                 fdt_stringlist_contains(list, length, "arm,psci-1.0"))) {
        reading->info->psci = has(reading->fdt, node, "method", "hvc")   ? 1
                              : has(reading->fdt, node, "method", "smc") ? 2
                                                                         : 0;
        if (!reading->info->psci)
            kprintf(LOG_WARNING, "device tree: PSCI method is neither hvc nor smc: not used\n");
    }
}

/* ---- The walk ---- */

static void note_fixed_place(struct reading *reading, int node)
{
    const char *name = fdt_get_name(reading->fdt, node, NULL);
    if (strcmp(name, "chosen") == 0)
        reading->chosen = node;
    else if (strcmp(name, "aliases") == 0)
        reading->aliases = node;
    else if (strcmp(name, "cpus") == 0)
        reading->cpus = node;
    else if (strcmp(name, "reserved-memory") == 0)
        reading->reserved_memory = node;
}

/* False: the node is disabled, and what is below it not looked at. */
static bool visit(struct reading *reading, const struct place *place)
{
    int length, node = place_node(place);
    if (place->depth == 1)
        note_fixed_place(reading, node);
    if (place->depth == 2 && place->nodes[1] == reading->cpus)
        visit_cpu(reading, node);
    /* DTSpec 2.3.4: no `status`, or one that says okay. */
    const char *status = fdt_getprop(reading->fdt, node, "status", &length);
    if (status && !fdt_stringlist_contains(status, length, "okay") &&
        !fdt_stringlist_contains(status, length, "ok"))
        return false;
    memory_visit(reading, place);
    if (place->depth > 0)
        visit_device(reading, place);
    return true;
}

/*
 * A walk over the tree is what costs: 100,000 instructions on QEMU's virt, and as much for each
 * search by libfdt from the top.
 */
static void read_all(struct reading *reading)
{
    struct boot_info *info = reading->info;
    struct place place = {.fdt = reading->fdt};
    int deepest = DEPTH_MAX;
    do
        if (place.depth <= deepest)
            deepest = visit(reading, &place) ? DEPTH_MAX : place.depth;
    while (place_next(&place));

    if (!copy_string(info->model, sizeof info->model, reading->fdt, 0, "model"))
        copy_string(info->model, sizeof info->model, reading->fdt, 0, "compatible");
    info->seed = fold(fold(0, reading, "rng-seed"), reading, "kaslr-seed");
    read_arguments(reading); /* may replace the seed */
    read_bundle(reading);
    read_controller(reading);
    read_uart(reading);
    read_timer(reading);
    finish_cpus(reading);
    memory_finish(reading);
}

int fdt_read(const void *fdt, size_t mapped, struct boot_info *info, const char **error)
{
    static char line[96];
    struct reading reading = {.fdt = fdt, .info = info, .gic_cells = 3};
    reading.chosen = reading.aliases = reading.cpus = reading.reserved_memory = -1;
    *info = (struct boot_info){.log_level = LOG_INFO, .tree.start = info->tree.start};

    int result = fdt_check_full(fdt, mapped);
    if (result == 0) {
        info->tree.size = fdt_totalsize(fdt);
        read_all(&reading);
    } else {
        ksnprintf(line, sizeof line, "device tree: %s (%zu bytes mapped)", fdt_strerror(result),
                  mapped);
        reading.error = line;
    }
    *error = reading.error;
    return *error ? -EINVAL : 0;
}
