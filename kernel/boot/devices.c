/*
 * devices.c: see devices.h. Which devices are known is said by the tables of
 * platform/; how they are described, by Linux' device tree bindings.
 */
#include "boot/devices.h"
#include "arch/string.h"
#include "boot/tree.h"
#include "debug/console.h"
#include "platform/platform.h"

/* Order of the generic timer's interrupts (binding arm,arch_timer). */
enum { TIMER_SECURE, TIMER_PHYSICAL, TIMER_VIRTUAL, TIMER_HYPERVISOR };

/* What one walk over the tree finds; depth 0 (the root): nothing. */
struct findings {
    const void *fdt;
    struct boot_info *info;
    int stdout_node; /* negative: none */
    const struct interrupt_controller *controller;
    struct place controller_place, timer, uart;
};

/*
 * DTSpec 3.6: a path or an alias, then perhaps a colon and options. The alias is
 * resolved here: libfdt would follow an alias of itself for ever.
 */
static int find_stdout(const void *fdt)
{
    int length, chosen = fdt_path_offset(fdt, "/chosen");
    const char *path = fdt_getprop(fdt, chosen, "stdout-path", &length);
    if (path == NULL)
        path = fdt_getprop(fdt, chosen, "linux,stdout-path", &length);
    if (path == NULL)
        return -FDT_ERR_NOTFOUND;
    size_t used = strnlen(path, (size_t)length);
    const char *options = memchr(path, ':', used);
    if (options != NULL)
        used = (size_t)(options - path);
    if (used > 0 && path[0] != '/') {
        int aliases = fdt_path_offset(fdt, "/aliases");
        path = fdt_getprop_namelen(fdt, aliases, path, (int)used, &length);
        used = path == NULL ? 0 : strnlen(path, (size_t)length);
    }
    if (used == 0 || path[0] != '/')
        return -FDT_ERR_BADPATH;
    return fdt_path_offset_namelen(fdt, path, (int)used);
}

static bool compatible_with(const struct place *place, const char *compatible)
{
    return node_has_string(place->fdt, place_node(place), "compatible", compatible);
}

static void look_for_controller(const struct place *place, struct findings *found)
{
    if (found->controller != NULL ||
        fdt_getprop(place->fdt, place_node(place), "interrupt-controller", NULL) == NULL)
        return;
    for (unsigned i = 0; interrupt_controllers[i] != NULL; i++)
        if (compatible_with(place, interrupt_controllers[i]->compatible)) {
            found->controller = interrupt_controllers[i];
            found->controller_place = *place;
            return;
        }
}

/* Version 0.1 ("arm,psci" alone) has other function numbers and is not supported. */
static void look_for_psci(const struct place *place, struct boot_info *info)
{
    if (!compatible_with(place, "arm,psci-0.2") && !compatible_with(place, "arm,psci-1.0"))
        return;
    if (node_has_string(place->fdt, place_node(place), "method", "hvc"))
        info->psci = 1;
    else if (node_has_string(place->fdt, place_node(place), "method", "smc"))
        info->psci = 2;
    else
        kprintf(LOG_WARNING, "device tree: PSCI method is neither hvc nor smc, PSCI not used\n");
}

static void visit(const struct place *place, void *context)
{
    struct findings *found = context;
    if (place_node(place) == found->stdout_node)
        found->uart = *place;
    if (fdt_getprop(place->fdt, place_node(place), "compatible", NULL) == NULL)
        return;
    look_for_controller(place, found);
    look_for_psci(place, found->info);
    if (found->timer.depth == 0 && compatible_with(place, "arm,armv8-timer"))
        found->timer = *place;
}

/* GICv3 lists distributor, redistributor regions, then CPU interfaces of GICv2, which are not for us. */
static unsigned controller_regs_wanted(const struct findings *found)
{
    uint64_t regions = 1;
    if (strcmp(found->controller->compatible, "arm,gic-v3") != 0)
        return 2; /* distributor and CPU interface */
    node_number(found->fdt, place_node(&found->controller_place), "#redistributor-regions", &regions);
    return regions < CONTROLLER_REGS_MAX ? 1 + (unsigned)regions : CONTROLLER_REGS_MAX;
}

static const char *read_controller(const struct findings *found)
{
    struct boot_info *info = found->info;
    if (found->controller == NULL)
        return "device tree: no interrupt controller that this kernel knows";
    info->interrupt_controller.compatible = found->controller->compatible;
    unsigned wanted = controller_regs_wanted(found);
    for (unsigned i = 0; i < wanted; i++) {
        struct range *regs = &info->interrupt_controller.regs[i];
        if (place_reg(&found->controller_place, i, regs) != REG_FOUND || regs->size == 0)
            return "device tree: the interrupt controller's reg is too short or malformed";
        info->interrupt_controller.count = i + 1;
    }
    return NULL;
}

/* The binding allows the timer's interrupts in any order when they have names. */
static unsigned timer_index(const struct findings *found, const char *name, unsigned otherwise)
{
    int index = fdt_stringlist_search(found->fdt, place_node(&found->timer), "interrupt-names", name);
    return index >= 0 ? (unsigned)index : otherwise;
}

static const char *read_timer(const struct findings *found, uint32_t gic, int gic_cells)
{
    struct boot_info *info = found->info;
    if (found->timer.depth == 0)
        return "device tree: no arm,armv8-timer node";
    info->timer_virtual = place_interrupt(
        &found->timer, timer_index(found, "virt", TIMER_VIRTUAL), gic, gic_cells);
    info->timer_physical = place_interrupt(
        &found->timer, timer_index(found, "phys", TIMER_PHYSICAL), gic, gic_cells);
    if (info->timer_virtual == 0)
        return "device tree: the virtual timer has no interrupt at the interrupt controller";
    return NULL;
}

static void read_uart(const struct findings *found, uint32_t gic, int gic_cells)
{
    struct boot_info *info = found->info;
    if (found->uart.depth == 0)
        return;
    for (unsigned i = 0; uarts[i] != NULL; i++) {
        struct range regs;
        if (!compatible_with(&found->uart, uarts[i]->compatible))
            continue;
        if (place_reg(&found->uart, 0, &regs) != REG_FOUND || regs.size == 0) {
            kprintf(LOG_WARNING, "device tree: the reg of stdout-path's UART is malformed\n");
            return;
        }
        info->uart.compatible = uarts[i]->compatible;
        info->uart.regs = regs;
        info->uart.intid = place_interrupt(&found->uart, 0, gic, gic_cells);
        return;
    }
    kprintf(LOG_WARNING, "device tree: stdout-path names a device that this kernel does not know\n");
}

const char *devices_read(const void *fdt, struct boot_info *info)
{
    struct findings found = {.fdt = fdt, .info = info, .stdout_node = find_stdout(fdt)};
    tree_walk(fdt, visit, &found);

    uint32_t gic = 0;
    uint64_t cells = 0;
    if (found.controller != NULL) {
        gic = fdt_get_phandle(fdt, place_node(&found.controller_place));
        node_number(fdt, place_node(&found.controller_place), "#interrupt-cells", &cells);
    }
    bool readable = cells == 3 || cells == 4; /* 4: a GICv3 with partitioned PPIs */
    read_uart(&found, readable ? gic : 0, readable ? (int)cells : 3);
    const char *error = read_controller(&found);
    if (error == NULL && !readable)
        error = "device tree: the interrupt controller's #interrupt-cells is not 3 or 4";
    return error != NULL ? error : read_timer(&found, gic, (int)cells);
}
