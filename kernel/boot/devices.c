/*
 * devices.c: the four devices the kernel needs itself: firmware (PSCI),
 * interrupt controller, timer, and the UART of stdout-path. Which ones are known
 * is said by the tables of platform/; how they are described, by Linux' device
 * tree bindings.
 */
#include "arch/string.h"
#include "boot/reading.h"
#include "debug/console.h"
#include "platform/platform.h"

/* Order of the generic timer's interrupts (binding arm,arch_timer). */
enum { TIMER_SECURE, TIMER_PHYSICAL, TIMER_VIRTUAL, TIMER_HYPERVISOR };

static void look_for_controller(struct reading *reading, const struct node *node)
{
    for (unsigned i = 0; interrupt_controllers[i] != NULL; i++)
        if (property_has(&node->compatible, interrupt_controllers[i]->compatible)) {
            reading->controller = interrupt_controllers[i];
            reading->controller_place = node->place;
            return;
        }
}

/* Version 0.1 ("arm,psci" alone) has other function numbers and is not supported. */
static void look_for_psci(struct reading *reading, const struct node *node)
{
    int offset = place_node(&node->place);
    if (!property_has(&node->compatible, "arm,psci-0.2") &&
        !property_has(&node->compatible, "arm,psci-1.0"))
        return;
    if (node_has_string(reading->fdt, offset, "method", "hvc"))
        reading->info->psci = 1;
    else if (node_has_string(reading->fdt, offset, "method", "smc"))
        reading->info->psci = 2;
    else
        kprintf(LOG_WARNING, "device tree: PSCI method is neither hvc nor smc: not used\n");
}

void devices_visit(struct reading *reading, const struct node *node)
{
    if (node->compatible.data == NULL || !node_enabled(node) || node->place.depth == 0)
        return;
    if (reading->controller == NULL)
        look_for_controller(reading, node);
    if (reading->info->psci == 0)
        look_for_psci(reading, node);
    if (reading->timer.depth == 0 && property_has(&node->compatible, "arm,armv8-timer"))
        reading->timer = node->place;
}

/* GICv3 lists distributor, redistributor regions, then what GICv2 guests need: not for us. */
static unsigned controller_regs_wanted(const struct reading *reading)
{
    uint64_t regions = 1;
    if (strcmp(reading->controller->compatible, "arm,gic-v3") != 0)
        return 2; /* distributor and CPU interface */
    node_number(reading->fdt, place_node(&reading->controller_place), "#redistributor-regions",
                &regions);
    if (regions == 0 || regions >= CONTROLLER_REGS_MAX)
        return regions == 0 ? 2 : CONTROLLER_REGS_MAX;
    return 1 + (unsigned)regions;
}

static void read_controller(struct reading *reading)
{
    struct boot_info *info = reading->info;
    unsigned wanted = controller_regs_wanted(reading);
    info->interrupt_controller.compatible = reading->controller->compatible;
    for (unsigned i = 0; i < wanted; i++) {
        struct range regs;
        if (place_reg(&reading->controller_place, i, &regs) != REG_FOUND || regs.size == 0) {
            reading_fail(reading,
                         "device tree: the interrupt controller's reg is too short or malformed");
            return;
        }
        info->interrupt_controller.regs[i] = regs;
        info->interrupt_controller.count = i + 1;
    }
}

/* The binding allows the timer's interrupts in any order when they have names. */
static uint32_t timer_interrupt(const struct reading *reading, const char *name, unsigned otherwise,
                                uint32_t gic, int cells)
{
    int index =
        fdt_stringlist_search(reading->fdt, place_node(&reading->timer), "interrupt-names", name);
    return place_interrupt(&reading->timer, index >= 0 ? (unsigned)index : otherwise, gic, cells);
}

static void read_timer(struct reading *reading, uint32_t gic, int cells)
{
    struct boot_info *info = reading->info;
    if (reading->timer.depth == 0) {
        reading_fail(reading, "device tree: no arm,armv8-timer node");
        return;
    }
    info->timer_virtual = timer_interrupt(reading, "virt", TIMER_VIRTUAL, gic, cells);
    info->timer_physical = timer_interrupt(reading, "phys", TIMER_PHYSICAL, gic, cells);
    if (info->timer_virtual == 0)
        reading_fail(reading,
                     "device tree: the virtual timer does not go to the interrupt controller");
}

/*
 * DTSpec 3.6: a path or an alias, then perhaps a colon and options. The alias is
 * resolved here: libfdt would follow an alias of itself for ever.
 */
static int find_stdout(const void *fdt, int aliases, const char *path, int length)
{
    size_t used = strnlen(path, (size_t)length);
    const char *options = memchr(path, ':', used);
    if (options != NULL)
        used = (size_t)(options - path);
    if (used > 0 && path[0] != '/') {
        path = fdt_getprop_namelen(fdt, aliases, path, (int)used, &length);
        used = path == NULL ? 0 : strnlen(path, (size_t)length);
    }
    if (used == 0 || path[0] != '/')
        return -FDT_ERR_BADPATH;
    return fdt_path_offset_namelen(fdt, path, (int)used);
}

static void read_uart(const struct reading *reading, uint32_t gic, int cells)
{
    struct boot_info *info = reading->info;
    struct place place;
    struct range regs;
    int length;
    const char *path = fdt_getprop(reading->fdt, reading->chosen, "stdout-path", &length);
    if (path == NULL)
        path = fdt_getprop(reading->fdt, reading->chosen, "linux,stdout-path", &length);
    if (path == NULL)
        return;
    int node = find_stdout(reading->fdt, reading->aliases, path, length);
    if (node < 0 || !tree_place(reading->fdt, node, &place)) {
        kprintf(LOG_WARNING, "device tree: stdout-path leads nowhere\n");
        return;
    }
    unsigned i = 0;
    while (uarts[i] != NULL &&
           !node_has_string(reading->fdt, node, "compatible", uarts[i]->compatible))
        i++;
    if (uarts[i] == NULL) {
        kprintf(LOG_WARNING, "device tree: stdout-path names a device unknown to this kernel\n");
    } else if (place_reg(&place, 0, &regs) != REG_FOUND || regs.size == 0) {
        kprintf(LOG_WARNING, "device tree: the reg of stdout-path's UART is malformed\n");
    } else {
        info->uart.compatible = uarts[i]->compatible;
        info->uart.regs = regs;
        info->uart.intid = place_interrupt(&place, 0, gic, cells);
    }
}

void devices_finish(struct reading *reading)
{
    uint32_t gic = 0;
    uint64_t cells = 0;
    if (reading->controller == NULL) {
        reading_fail(reading, "device tree: no interrupt controller that this kernel knows");
    } else {
        int node = place_node(&reading->controller_place);
        gic = fdt_get_phandle(reading->fdt, node);
        node_number(reading->fdt, node, "#interrupt-cells", &cells);
        read_controller(reading);
        /* 4: a GICv3 with partitioned PPIs; the first three mean the same */
        if (cells != 3 && cells != 4)
            reading_fail(reading, "device tree: the interrupt controller's #interrupt-cells is "
                                  "not 3 or 4");
    }
    if (cells != 3 && cells != 4)
        gic = 0, cells = 3; /* no interrupt is its own, then */
    read_uart(reading, gic, (int)cells);
    read_timer(reading, gic, (int)cells);
}
