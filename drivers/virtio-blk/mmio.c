/*
 * mmio.c: virtio over memory-mapped registers (Virtio 1.1 §4.2), and its legacy interface (§4.2.4),
 * in which the queue is one run of memory given by page number.
 */
#include "drivers/lib/device.h"
#include "lib/errors.h"
#include "lib/layout.h"
#include "lib/log.h"
#include "transport.h"

#define DEVICE_NAME "virtio-mmio:2" /* type 2: a block device (§5) */
#define REGISTERS   LAYOUT_WIRED_END

/* Offsets of registers (§4.2.2, §4.2.4), as words. */
enum {
    MAGIC = 0x000 / 4,
    VERSION = 0x004 / 4,
    DEVICE_ID = 0x008 / 4,
    DEVICE_FEATURES = 0x010 / 4,
    DEVICE_FEATURES_SELECT = 0x014 / 4,
    DRIVER_FEATURES = 0x020 / 4,
    DRIVER_FEATURES_SELECT = 0x024 / 4,
    LEGACY_PAGE_SIZE = 0x028 / 4,
    QUEUE_SELECT = 0x030 / 4,
    QUEUE_SIZE_MOST = 0x034 / 4,
    QUEUE_SIZE = 0x038 / 4,
    LEGACY_QUEUE_ALIGN = 0x03c / 4,
    LEGACY_QUEUE_PAGE = 0x040 / 4,
    QUEUE_READY = 0x044 / 4,
    QUEUE_NOTIFY = 0x050 / 4,
    INTERRUPT_STATUS = 0x060 / 4,
    INTERRUPT_ACKNOWLEDGE = 0x064 / 4,
    STATUS = 0x070 / 4,
    QUEUE_DESCRIPTORS = 0x080 / 4, /* low half; the high one follows */
    QUEUE_AVAILABLE = 0x090 / 4,
    QUEUE_USED = 0x0a0 / 4,
    CONFIG_GENERATION = 0x0fc / 4,
    CONFIG = 0x100 / 4,
};

#define MAGIC_VALUE    0x74726976 /* "virt" */
#define VERSION_LEGACY 1
#define VERSION_1      2
#define TYPE_BLOCK     2

static volatile uint32_t *registers;
static struct transport transport;

static uint64_t features(void)
{
    registers[DEVICE_FEATURES_SELECT] = 0;
    uint64_t low = registers[DEVICE_FEATURES];
    registers[DEVICE_FEATURES_SELECT] = 1;
    return low | (uint64_t)registers[DEVICE_FEATURES] << 32;
}

static void accept(uint64_t wanted)
{
    registers[DRIVER_FEATURES_SELECT] = 0;
    registers[DRIVER_FEATURES] = (uint32_t)wanted;
    registers[DRIVER_FEATURES_SELECT] = 1;
    registers[DRIVER_FEATURES] = (uint32_t)(wanted >> 32);
}

static uint8_t status(void)
{
    return (uint8_t)registers[STATUS];
}

static void set_status(uint8_t wanted)
{
    registers[STATUS] = wanted;
    if (!wanted && transport.legacy)
        registers[LEGACY_PAGE_SIZE] = PAGE_SIZE;
}

static unsigned queue_size_most(void)
{
    registers[QUEUE_SELECT] = 0;
    return registers[QUEUE_SIZE_MOST];
}

static void write_address(unsigned at, uint64_t address)
{
    registers[at] = (uint32_t)address;
    registers[at + 1] = (uint32_t)(address >> 32);
}

static void set_queue(const struct queue_place *place)
{
    registers[QUEUE_SELECT] = 0;
    registers[QUEUE_SIZE] = place->size;
    if (transport.legacy) {
        registers[LEGACY_QUEUE_ALIGN] = place->align;
        registers[LEGACY_QUEUE_PAGE] = (uint32_t)(place->descriptors / PAGE_SIZE);
        return;
    }
    write_address(QUEUE_DESCRIPTORS, place->descriptors);
    write_address(QUEUE_AVAILABLE, place->available);
    write_address(QUEUE_USED, place->used);
    registers[QUEUE_READY] = 1;
}

static void kick(void)
{
    registers[QUEUE_NOTIFY] = 0;
}

static unsigned interrupts(void)
{
    unsigned causes = registers[INTERRUPT_STATUS];
    registers[INTERRUPT_ACKNOWLEDGE] = causes;
    return causes;
}

static uint32_t config(unsigned offset)
{
    return registers[CONFIG + offset / 4];
}

static uint32_t config_generation(void)
{
    return transport.legacy ? 0 : registers[CONFIG_GENERATION];
}

static struct transport transport = {
    .device = DEVICE_NAME,
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

const struct transport *mmio_open(void)
{
    volatile void *mapped;
    int64_t error = device_map(DEVICE_NAME, REGISTERS, &mapped, NULL);
    if (error == -ENXIO)
        return NULL;
    registers = mapped;
    transport.dma = startup_handle(DEVICE_NAME);
    if (error < 0 || registers[MAGIC] != MAGIC_VALUE || registers[DEVICE_ID] != TYPE_BLOCK ||
        (registers[VERSION] != VERSION_LEGACY && registers[VERSION] != VERSION_1)) {
        log_print(LOG_ERROR, "%s: " DEVICE_NAME " is no block device that can be used\n",
                  startup_name());
        return NULL;
    }
    transport.legacy = registers[VERSION] == VERSION_LEGACY;
    return &transport;
}
