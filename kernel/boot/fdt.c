/*
 * fdt.c: from a flattened device tree to struct boot_info: one walk over all nodes, then what needs
 * several of them together. tree.c has addresses and interrupts, memory.c the memory.
 *
 * Which devices are known is said by the tables of platform/; how they are described, by Linux'
 * device tree bindings.
 */
#include "boot/fdt.h"
#include "boot/tree.h"
#include "debug/console.h"
#include "entry/abi.h"
#include "platform/platform.h"

/* MPIDR_EL1: Aff3 and Aff2..Aff0, as `reg` of a cpu node has them */
#define MPIDR_AFFINITY UINT64_C(0xff00ffffff)

struct boot_info boot_info;

/* State of one fdt_read. */
static const void *fdt;
static struct boot_info *info;
static const char *first_error;
static const struct interrupt_controller *controller; /* NULL: none found yet */
static struct place controller_place, timer;          /* timer.depth 0: none found yet */
static unsigned cpus_left_out;
static uint32_t gic; /* the controller's phandle; 0: no interrupt can be its own */
static int gic_cells;

/* Nodes below the root that others are told by; negative: absent. */
enum { CHOSEN, ALIASES, CPUS, RESERVED_MEMORY, FIXED_NODES };
static const char *const fixed_names[] = {"chosen", "aliases", "cpus", "reserved-memory"};
static int fixed[FIXED_NODES];

/* What nearly everybody asks of a node that is visited: lists of strings; data NULL: absent. */
enum { COMPATIBLE, DEVICE_TYPE, STATUS, LISTS };
static const char *const list_names[] = {"compatible", "device_type", "status"};
static struct list {
    const char *data;
    int length;
} lists[LISTS];

/* Notes the first error, if it is one; reading goes on, for the UART's sake. */
static void fail(const char *what)
{
    first_error = first_error ? first_error : what;
}

static void warn(const char *what)
{
    kprintf(LOG_WARNING, "device tree: %s\n", what);
}

/* Is `text` in a property that is a list of strings? */
static bool has(int node, const char *property, const char *text)
{
    return fdt_stringlist_search(fdt, node, property, text) >= 0;
}

/* The same for the node that is visited. */
static bool is(int list, const char *text)
{
    return lists[list].data && fdt_stringlist_contains(lists[list].data, lists[list].length, text);
}

/* DTSpec 3.8: `reg` of a cpu node, in cells of /cpus. A "disabled" CPU is one that waits to be
 * started (DTSpec 3.8.1); only "fail" means broken. */
static void visit_cpu(int node)
{
    int length, cells = tree_cells(fdt, fixed[CPUS], "#address-cells", 2);
    const fdt32_t *reg = fdt_getprop(fdt, node, "reg", &length);
    if (!is(DEVICE_TYPE, "cpu") || is(STATUS, "fail"))
        return;
    if (!reg || cells < 1 || cells > 2 || length < 4 * cells || info->cpu_count == CPUS_MAX) {
        cpus_left_out++;
        return;
    }
    if (has(node, "enable-method", "spin-table"))
        node_number(fdt, node, "cpu-release-addr", &info->cpus[info->cpu_count].release);
    info->cpus[info->cpu_count++].mpidr = take_cells(&reg, cells) & MPIDR_AFFINITY;
}

/* PSCI 0.1 ("arm,psci" alone) has other function numbers and is not supported. */
static void visit_device(const struct place *place)
{
    int node = node_of(place);
    for (unsigned i = 0; interrupt_controllers[i] && !controller; i++)
        if (is(COMPATIBLE, interrupt_controllers[i]->compatible)) {
            controller = interrupt_controllers[i];
            controller_place = *place;
        }
    if (!timer.depth && is(COMPATIBLE, "arm,armv8-timer"))
        timer = *place;
    if (!info->psci && (is(COMPATIBLE, "arm,psci-0.2") || is(COMPATIBLE, "arm,psci-1.0"))) {
        info->psci = has(node, "method", "hvc") ? 1 : has(node, "method", "smc") ? 2 : 0;
        if (!info->psci)
            warn("PSCI method is neither hvc nor smc: not used");
    }
}

/* False: the node is disabled, and what is below it not looked at. */
static bool visit(const struct place *place)
{
    int at, node = node_of(place);
    for (int i = 0; i < FIXED_NODES && place->depth == 1; i++)
        if (strcmp(fdt_get_name(fdt, node, NULL), fixed_names[i]) == 0)
            fixed[i] = node;
    memset(lists, 0, sizeof lists);
    fdt_for_each_property_offset(at, fdt, node)
    {
        const char *name;
        struct list list;
        list.data = fdt_getprop_by_offset(fdt, at, &name, &list.length);
        for (int i = 0; i < LISTS; i++)
            if (strcmp(name, list_names[i]) == 0)
                lists[i] = list;
    }
    if (place->depth == 2 && place->nodes[1] == fixed[CPUS])
        visit_cpu(node);
    if (lists[STATUS].data && !is(STATUS, "okay") && !is(STATUS, "ok"))
        return false; /* DTSpec 2.3.4 */
    /* DTSpec 3.4: memory nodes are children of the root. DTSpec 3.5: so is /reserved-memory; what
     * in it has a size and no reg asks for memory to be found for some device; no driver here does,
     * so there is nothing to keep. */
    if (place->depth == 1 && is(DEVICE_TYPE, "memory"))
        fail(memory_visit(info, place, false));
    if (place->depth == 2 && place->nodes[1] == fixed[RESERVED_MEMORY])
        fail(memory_visit(info, place, true));
    if (place->depth > 0)
        visit_device(place);
    return true;
}

/* Copies a string that may lack its end to zeroed memory; returns its length before it was cut. */
static size_t copy_string(char *to, size_t size, int node, const char *property)
{
    int length;
    const char *from = fdt_getprop(fdt, node, property, &length);
    size_t used = from ? strnlen(from, (size_t)length) : 0;
    if (from)
        memcpy(to, from, used < size ? used : size - 1);
    return used;
}

static void read_arguments(void)
{
    char *to = info->arguments;
    const size_t size = sizeof info->arguments;
    if (copy_string(to, size, fixed[CHOSEN], "bootargs") >= size) {
        char *blank = strrchr(to, ' '); /* half a word could mean something else */
        *(blank ? blank : to) = '\0';
        kprintf(LOG_WARNING, "boot arguments longer than %zu bytes: cut\n", size - 1);
    }
    boot_arguments_parse(info);
}

/* Mixes bytes so that each of them changes half of the bits (the step of SplitMix64). */
static void fold_seed(const char *property)
{
    int length;
    const uint8_t *bytes = fdt_getprop(fdt, fixed[CHOSEN], property, &length);
    for (int i = 0; bytes && i < length; i++) {
        uint64_t seed = (info->seed ^ bytes[i]) + UINT64_C(0x9e3779b97f4a7c15);
        seed = (seed ^ seed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        seed = (seed ^ seed >> 27) * UINT64_C(0x94d049bb133111eb);
        info->seed = seed ^ seed >> 31;
    }
}

static void read_bundle(void)
{
    uint64_t start = 0, end = 0;
    bool has_start = node_number(fdt, fixed[CHOSEN], "linux,initrd-start", &start);
    bool has_end = node_number(fdt, fixed[CHOSEN], "linux,initrd-end", &end);
    if (has_start != has_end || end < start)
        warn("linux,initrd-start and -end make no range");
    else
        info->bundle = (struct range){start, end - start};
}

static void read_controller(void)
{
    int node = node_of(&controller_place);
    uint64_t cells = 0, regs = 1;
    if (!controller) {
        fail("no interrupt controller that this kernel knows");
        return;
    }
    info->interrupt_controller.compatible = controller->compatible;
    /* Distributor and, of GICv2, the CPU interface; GICv3 lists redistributor regions, then what
     * GICv2 guests need: not for us. */
    if (strcmp(controller->compatible, "arm,gic-v3") == 0)
        node_number(fdt, node, "#redistributor-regions", &regs);
    regs = regs == 0 ? 2 : regs < CONTROLLER_REGS_MAX ? 1 + regs : CONTROLLER_REGS_MAX;
    for (unsigned i = 0; i < regs; i++) {
        struct range *range = &info->interrupt_controller.regs[i];
        if (place_reg(&controller_place, i, range) != REG_FOUND || range->size == 0) {
            fail("the interrupt controller's reg is too short or malformed");
            break;
        }
        info->interrupt_controller.count = i + 1;
    }
    node_number(fdt, node, "#interrupt-cells", &cells);
    /* 4: a GICv3 with partitioned PPIs; the first three mean the same */
    if (cells != 3 && cells != 4) {
        fail("the interrupt controller's #interrupt-cells is not 3 or 4");
        return;
    }
    gic = fdt_get_phandle(fdt, node);
    gic_cells = (int)cells;
}

/* The binding (arm,armv8-timer) has secure, physical, virtual and hypervisor timer in this order,
 * and allows any other when they have names. */
static uint32_t timer_interrupt(const char *name, int otherwise)
{
    int named = fdt_stringlist_search(fdt, node_of(&timer), "interrupt-names", name);
    return place_interrupt(&timer, (unsigned)(named >= 0 ? named : otherwise), gic, gic_cells);
}

/* DTSpec 3.6: a path or an alias, then perhaps a colon and options. The alias is resolved here:
 * libfdt would follow an alias of itself for ever. */
static int find_stdout(const char *path, int length)
{
    size_t used = strnlen(path, (size_t)length);
    const char *options = memchr(path, ':', used);
    used = options ? (size_t)(options - path) : used;
    if (used > 0 && path[0] != '/') {
        path = fdt_getprop_namelen(fdt, fixed[ALIASES], path, (int)used, &length);
        used = path ? strnlen(path, (size_t)length) : 0;
    }
    return used > 0 && path[0] == '/' ? fdt_path_offset_namelen(fdt, path, (int)used) : -1;
}

static void read_uart(void)
{
    struct place place = {.fdt = fdt};
    struct range regs;
    int length, i = 0;
    const char *path = fdt_getprop(fdt, fixed[CHOSEN], "stdout-path", &length);
    if (!path)
        path = fdt_getprop(fdt, fixed[CHOSEN], "linux,stdout-path", &length);
    if (!path)
        return;
    int node = find_stdout(path, length);
    while (node >= 0 && node_of(&place) != node)
        if (!place_next(&place))
            node = -1; /* nested too deep */
    while (node >= 0 && uarts[i] && !has(node, "compatible", uarts[i]->compatible))
        i++;
    if (node < 0) {
        warn("stdout-path leads nowhere");
    } else if (!uarts[i]) {
        warn("stdout-path names a device unknown to this kernel");
    } else if (place_reg(&place, 0, &regs) != REG_FOUND || regs.size == 0) {
        warn("the reg of stdout-path's UART is malformed");
    } else {
        info->uart.compatible = uarts[i]->compatible;
        info->uart.regs = regs;
        info->uart.intid = place_interrupt(&place, 0, gic, gic_cells);
    }
}

static void read_timer(void)
{
    if (!timer.depth) {
        fail("no arm,armv8-timer node");
        return;
    }
    info->timer_physical = timer_interrupt("phys", 1);
    info->timer_virtual = timer_interrupt("virt", 2);
    if (!info->timer_virtual)
        fail("the virtual timer does not go to the interrupt controller");
}

/* A walk over the tree is what costs: 100,000 instructions on QEMU's virt, and as much for each
 * search by libfdt from the top. */
static void read_all(void)
{
    struct place place = {.fdt = fdt};
    int deepest = DEPTH_MAX;
    do
        if (place.depth <= deepest)
            deepest = visit(&place) ? DEPTH_MAX : place.depth;
    while (place_next(&place));
    if (!copy_string(info->model, sizeof info->model, 0, "model"))
        copy_string(info->model, sizeof info->model, 0, "compatible");
    fold_seed("rng-seed");
    fold_seed("kaslr-seed");
    read_arguments(); /* may replace the seed */
    read_bundle();
    read_controller();
    read_uart();
    read_timer();
    if (cpus_left_out > 0)
        kprintf(LOG_WARNING, "device tree: %u CPUs left out (malformed, or more than %u)\n",
                cpus_left_out, CPUS_MAX);
    if (info->cpu_count == 0)
        fail("no CPU in /cpus");
    fail(memory_finish(info, fdt));
}

int fdt_read(const void *tree, size_t mapped, struct boot_info *to, const char **error)
{
    int result = fdt_check_full(tree, mapped);
    fdt = tree, info = to;
    *info = (struct boot_info){.log_level = LOG_INFO, .tree.start = to->tree.start};
    first_error = NULL, controller = NULL, timer.depth = 0, cpus_left_out = 0, gic = 0,
    gic_cells = 3;
    memset(fixed, -1, sizeof fixed);
    fail(result == 0 ? NULL : fdt_strerror(result));
    if (result == 0) {
        info->tree.size = fdt_totalsize(fdt);
        read_all();
    }
    *error = first_error;
    return first_error ? -EINVAL : 0;
}
