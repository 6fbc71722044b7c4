/*
 * pci_transport.c: virtio over PCI (Virtio 1.1 §4.1): the parts of the interface lie in BARs, where
 * vendor capabilities of the configuration space say. Of a transitional device the modern interface
 * is used.
 */
#include "drivers/lib/pci.h"
#include "lib/errors.h"
#include "lib/layout.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/startup.h"
#include "transport.h"

#define CONFIG_SPACE LAYOUT_WIRED_END
#define BAR(n)       (LAYOUT_WIRED_END + ((n) + 1ul) * 0x200000000)

/* struct virtio_pci_cap (§4.1.4). */
#define CAPABILITY_TYPE       3
#define CAPABILITY_BAR        4
#define CAPABILITY_OFFSET     8
#define CAPABILITY_LENGTH     12
#define CAPABILITY_MULTIPLIER 16 /* of TYPE_NOTIFY */
#define TYPE_COMMON           1
#define TYPE_NOTIFY           2
#define TYPE_ISR              3
#define TYPE_DEVICE           4
#define TYPES                 5

/* struct virtio_pci_common_cfg (§4.1.4.3). */
struct common {
    uint32_t device_feature_select, device_feature;
    uint32_t driver_feature_select, driver_feature;
    uint16_t msix_config, queues;
    uint8_t device_status, config_generation;
    uint16_t queue_select, queue_size, queue_msix_vector, queue_enable, queue_notify_offset;
    uint32_t queue_descriptors[2], queue_available[2], queue_used[2];
};

static const char *const names[] = {"pci:1af4:1042", "pci:1af4:1001"}; /* modern, transitional */

static struct pci_function function;
static volatile uint8_t *parts[TYPES];
static uint32_t notify_multiplier;
static volatile uint16_t *notify_register;

#define COMMON ((volatile struct common *)parts[TYPE_COMMON])

static uint64_t features(void)
{
    COMMON->device_feature_select = 0;
    uint64_t low = COMMON->device_feature;
    COMMON->device_feature_select = 1;
    return low | (uint64_t)COMMON->device_feature << 32;
}

static void accept(uint64_t wanted)
{
    COMMON->driver_feature_select = 0;
    COMMON->driver_feature = (uint32_t)wanted;
    COMMON->driver_feature_select = 1;
    COMMON->driver_feature = (uint32_t)(wanted >> 32);
}

static uint8_t status(void)
{
    return COMMON->device_status;
}

/* A reset is done when it reads as 0 (§4.1.4.3.2). DMA is on from then. */
static void set_status(uint8_t wanted)
{
    COMMON->device_status = wanted;
    while (!wanted && COMMON->device_status)
        ;
    if (!wanted)
        pci_master(&function, true);
}

static unsigned queue_size_most(void)
{
    COMMON->queue_select = 0;
    return COMMON->queue_size;
}

static void write_address(volatile uint32_t *at, uint64_t address)
{
    at[0] = (uint32_t)address;
    at[1] = (uint32_t)(address >> 32);
}

static void set_queue(const struct queue_place *place)
{
    COMMON->queue_select = 0;
    COMMON->queue_size = (uint16_t)place->size;
    write_address(COMMON->queue_descriptors, place->descriptors);
    write_address(COMMON->queue_available, place->available);
    write_address(COMMON->queue_used, place->used);
    notify_register =
        (volatile uint16_t *)(parts[TYPE_NOTIFY] + COMMON->queue_notify_offset * notify_multiplier);
    COMMON->queue_enable = 1;
}

static void kick(void)
{
    *notify_register = 0;
}

/* Reading it acknowledges (§4.1.4.5). */
static unsigned interrupts(void)
{
    return *parts[TYPE_ISR];
}

static uint32_t config(unsigned offset)
{
    return *(volatile uint32_t *)(parts[TYPE_DEVICE] + offset);
}

static uint32_t config_generation(void)
{
    return COMMON->config_generation;
}

static struct transport transport = {
    .features = features,
    .accept = accept,
    .status = status,
    .set_status = set_status,
    .queue_size_most = queue_size_most,
    .set_queue = set_queue,
    .kick = kick,
    .interrupts = interrupts,
    .config = config,
    .config_generation = config_generation,
};

/* The BAR's registers, mapped when first asked for; NULL: it cannot be had. */
static volatile uint8_t *bar_at(unsigned bar, uint32_t offset, uint32_t length)
{
    static struct bar {
        volatile void *registers;
        uint64_t bytes;
    } bars[PCI_BARS];
    if (bar >= PCI_BARS)
        return NULL;
    struct bar *it = &bars[bar];
    if (!it->registers && pci_map_bar(&function, bar, BAR(bar), &it->registers, &it->bytes) < 0)
        return NULL;
    if (offset > it->bytes || length > it->bytes - offset)
        return NULL;
    return (volatile uint8_t *)it->registers + offset;
}

/* The first usable one of each type counts (§4.1.4.1). */
static bool find_parts(void)
{
    unsigned at = 0;
    while ((at = pci_capability(&function, PCI_CAPABILITY_VENDOR, at))) {
        unsigned type = pci_read8(&function, at + CAPABILITY_TYPE);
        if (type >= TYPES || parts[type])
            continue;
        parts[type] = bar_at(pci_read8(&function, at + CAPABILITY_BAR),
                             pci_read32(&function, at + CAPABILITY_OFFSET),
                             pci_read32(&function, at + CAPABILITY_LENGTH));
        if (type == TYPE_NOTIFY)
            notify_multiplier = pci_read32(&function, at + CAPABILITY_MULTIPLIER);
    }
    return parts[TYPE_COMMON] && parts[TYPE_NOTIFY] && parts[TYPE_ISR] && parts[TYPE_DEVICE];
}

const struct transport *pci_transport_open(void)
{
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        if (pci_open(&function, names[i], CONFIG_SPACE) < 0)
            continue;
        transport.device = names[i];
        transport.dma = startup_handle(names[i]);
        if (find_parts())
            return &transport;
        log_print(LOG_ERROR, "%s: %s has not the modern virtio interface\n", startup_name(),
                  names[i]);
        return NULL;
    }
    return NULL;
}
