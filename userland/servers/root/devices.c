/*
 * devices.c: see devices.h. board.c says where devices are, pci.c gives a function its addresses.
 */
#include "devices.h"
#include "lib/log.h"
#include "lib/manifest_words.h"
#include "lib/memory.h"
#include "lib/wired.h"
#include "pci.h"

/* Where root sees what it looks at; the bundle and a server's pages are elsewhere. */
#define TREE_ADDRESS   0xa00000000000
#define ECAM_ADDRESS   0xa10000000000
#define DEVICE_ADDRESS 0xa20000000000

#define VIRTIO_PREFIX "virtio-mmio:"
#define VIRTIO_MAGIC  0x74726976 /* Virtio 1.1 §4.2.2 */
#define VIRTIO_TYPE   0x008 / 4
#define VIRTIO_STATUS 0x070 / 4 /* 0 resets the device */

struct device {
    struct device *next; /* of all that were given */
    struct device_part *parts;
    struct device_part **last;
    struct range registers;     /* physical, of what has them in the tree */
    struct pci_taken *function; /* NULL: not PCI */
    bool virtio;
};

static struct device *devices;
static struct device none; /* what a line is asked for again that names no device of this board */
static struct pci_bus bus;

static _Noreturn void refuse(const struct manifest_grant *grant, const char *why, int64_t error)
{
    die("manifest:%u: device \"%s\": %s%s%s", grant->line, grant->name, why, error ? ": " : "",
        error ? error_name(error) : "");
}

/* ---- Parts ---- */

static void add_part(const struct manifest_grant *grant, struct device *device, const char *suffix,
                     int64_t object, uint64_t rights, const struct range *registers)
{
    struct device_part *part = wired_alloc(sizeof *part);
    if (object < 0 || !part)
        refuse(grant, suffix, part ? object : -ENOMEM);
    *part = (struct device_part){.object = (handle)object, .rights = rights};
    text_copy(part->suffix, sizeof part->suffix, suffix);
    if (registers) {
        part->offset = (uint32_t)(registers->start % PAGE_SIZE);
        part->bytes = registers->size;
    }
    *device->last = part;
    device->last = &part->next;
}

static void add_registers(const struct manifest_grant *grant, struct device *device,
                          const char *suffix, const struct range *registers, uint64_t rights)
{
    uint64_t skip = registers->start % PAGE_SIZE;
    uint64_t pages = (skip + registers->size + PAGE_SIZE - 1) / PAGE_SIZE;
    add_part(grant, device, suffix, create_device(HANDLE_SYSTEM, registers->start - skip, pages),
             RIGHT_READ | RIGHT_WRITE | rights, registers);
}

/* A line that another device has cannot be had as well: drivers share nothing. Such a device goes
 * without, and its driver must say whether it can. */
static void add_interrupt(const struct manifest_grant *grant, struct device *device, uint32_t intid)
{
    int64_t irq = intid ? create_irq(HANDLE_SYSTEM, intid) : -ENOENT;
    if (irq == -EBUSY)
        log_print(LOG_WARNING, "manifest:%u: device %s: its interrupt %u is another device's\n",
                  grant->line, grant->name, intid);
    if (irq == -EBUSY || irq == -ENOENT)
        return;
    add_part(grant, device, ".irq", irq, RIGHT_MANAGE, NULL);
}

static struct device *new_device(const struct manifest_grant *grant)
{
    struct device *device = wired_alloc(sizeof *device);
    if (!device)
        refuse(grant, "no memory", 0);
    *device = (struct device){.next = devices, .last = &device->parts};
    devices = device;
    return device;
}

/* ---- The console ---- */

static struct device *find_uart(const struct manifest_grant *grant)
{
    const struct boot_facts *facts = &the_system.facts;
    struct range registers = {facts->console_base, PAGE_SIZE};
    if (!facts->console_base)
        refuse(grant, "this board's device tree names no console UART", 0);
    if (strcmp(facts->console_kind, "pl011"))
        refuse(grant, "this board's console UART is of another kind than pl011", 0);
    struct device *device = new_device(grant);
    add_registers(grant, device, "", &registers, 0);
    add_interrupt(grant, device, (uint32_t)facts->console_irq);
    return device;
}

/* ---- What the tree describes ---- */

/* The device tree, mapped when it is first wanted. */
static const void *tree(const struct manifest_grant *grant)
{
    static bool mapped;
    const struct boot_facts *facts = &the_system.facts;
    uint64_t pages = (facts->tree_offset + facts->tree_bytes + PAGE_SIZE - 1) / PAGE_SIZE;
    int64_t error = 0;
    if (!mapped)
        error = region_map(HANDLE_SPACE, TREE_ADDRESS, pages, MAP_READ | MAP_POPULATE, HANDLE_TREE,
                           0, 0, 0);
    if (error < 0)
        refuse(grant, "cannot map the device tree", error);
    mapped = true;
    return (const void *)(TREE_ADDRESS + facts->tree_offset);
}

static bool was_given(const struct range *registers)
{
    const struct device *device = devices;
    while (device && device->registers.start != registers->start)
        device = device->next;
    return device;
}

/* The registers themselves, for a look. */
static volatile uint32_t *look(const struct manifest_grant *grant, const struct range *registers)
{
    uint64_t skip = registers->start % PAGE_SIZE;
    int64_t object = create_device(HANDLE_SYSTEM, registers->start - skip, 1);
    int64_t error = object < 0 ? object
                               : region_map(HANDLE_SPACE, DEVICE_ADDRESS, 1, MAP_READ | MAP_WRITE,
                                            (handle)object, 0, 0, 0);
    if (error < 0)
        refuse(grant, "cannot map its registers", error);
    handle_close((handle)object);
    return (volatile uint32_t *)(DEVICE_ADDRESS + skip);
}

static void look_away(void)
{
    region_unmap(HANDLE_SPACE, DEVICE_ADDRESS, 1, 0);
}

static struct device *give_memory_mapped(const struct manifest_grant *grant,
                                         const struct range *registers, uint32_t intid)
{
    struct device *device = new_device(grant);
    device->registers = *registers;
    add_registers(grant, device, "", registers, RIGHT_MANAGE);
    add_interrupt(grant, device, intid);
    return device;
}

static struct device *find_compatible(const struct manifest_grant *grant, const char *compatible)
{
    struct range registers;
    uint32_t intid;
    if (!board_device(tree(grant), compatible, 0, &registers, &intid) || was_given(&registers))
        return NULL;
    return give_memory_mapped(grant, &registers, intid);
}

/* Transports are 512 bytes, eight to a page: the driver sees its neighbours, too. */
static struct device *find_virtio(const struct manifest_grant *grant)
{
    struct range registers;
    uint64_t type;
    uint32_t intid;
    if (manifest_number(grant->name + strlen(VIRTIO_PREFIX), &type) || !type)
        refuse(grant, "virtio-mmio: needs a number, of the type of device", 0);
    for (unsigned i = 0; board_device(tree(grant), "virtio,mmio", i, &registers, &intid); i++) {
        if (was_given(&registers))
            continue;
        volatile uint32_t *transport = look(grant, &registers);
        bool fits = transport[0] == VIRTIO_MAGIC && transport[VIRTIO_TYPE] == type;
        look_away();
        if (!fits)
            continue;
        struct device *device = give_memory_mapped(grant, &registers, intid);
        device->virtio = true;
        return device;
    }
    return NULL;
}

/* ---- PCI ---- */

static bool open_bus(const struct manifest_grant *grant)
{
    if (bus.ecam)
        return true;
    if (!board_pci_host(tree(grant), &bus.host) || bus.host.ecam.start % PAGE_SIZE)
        return false;
    uint64_t pages = bus.host.ecam.size / PAGE_SIZE;
    int64_t object = create_device(HANDLE_SYSTEM, bus.host.ecam.start, pages);
    int64_t error = object < 0 ? object
                               : region_map(HANDLE_SPACE, ECAM_ADDRESS, pages, MAP_READ | MAP_WRITE,
                                            (handle)object, 0, 0, 0);
    if (error < 0)
        refuse(grant, "cannot map the PCI host", error);
    handle_close((handle)object);
    bus.ecam = (volatile uint8_t *)ECAM_ADDRESS;
    pci_silence_all(&bus);
    return true;
}

static struct device *find_function(const struct manifest_grant *grant)
{
    struct pci_taken *function = open_bus(grant) ? pci_take(&bus, grant->name) : NULL;
    if (!function)
        return NULL;
    struct range config = {function->config_physical, PCI_CONFIG_BYTES};
    struct device *device = new_device(grant);
    device->function = function;
    add_registers(grant, device, "", &config, RIGHT_MANAGE);
    for (unsigned bar = 0; bar < PCI_BARS; bar++) {
        char suffix[8];
        format_text(suffix, sizeof suffix, ".bar%u", bar);
        if (function->bars[bar].size)
            add_registers(grant, device, suffix, &function->bars[bar], 0);
    }
    if (function->pin)
        add_interrupt(grant, device,
                      board_pci_interrupt(tree(grant), function->function >> 3,
                                          function->function & 7, function->pin));
    return device;
}

/* ---- All of them ---- */

static struct device *find_device(const struct manifest_grant *grant)
{
    if (!strcmp(grant->name, "uart"))
        return find_uart(grant);
    if (!strcmp(grant->name, "emmc2"))
        return find_compatible(grant, "brcm,bcm2711-emmc2");
    if (pci_is_name(grant->name))
        return find_function(grant);
    if (!strncmp(grant->name, VIRTIO_PREFIX, strlen(VIRTIO_PREFIX)))
        return find_virtio(grant);
    refuse(grant,
           "no such name (there are: uart, emmc2, pci:CLASS, pci:VENDOR:DEVICE, "
           "virtio-mmio:TYPE)",
           0);
}

const struct device_part *device_parts(struct manifest_grant *grant)
{
    if (!grant->owner) {
        grant->owner = find_device(grant);
        if (!grant->owner) {
            log_print(LOG_INFO, "manifest:%u: this board has no %s\n", grant->line, grant->name);
            grant->owner = &none;
        }
    }
    return ((struct device *)grant->owner)->parts;
}

void device_silence(const struct manifest_grant *grant)
{
    const struct device *device = grant->owner;
    if (!device)
        return;
    if (device->function)
        pci_master(&device->function->config, false);
    if (device->virtio) {
        look(grant, &device->registers)[VIRTIO_STATUS] = 0;
        look_away();
    }
}
