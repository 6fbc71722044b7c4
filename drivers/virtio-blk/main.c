/*
 * virtio-blk: the driver of virtio block devices (Virtio 1.1 §5.2), over MMIO or PCI. Clients and
 * partitions are drivers/lib's; here a transfer becomes a request in the device's queue.
 *
 * Handles: "self", and one device of "pci:1af4:1042", "pci:1af4:1001", "virtio-mmio:2" with its
 * interrupt. On a board with none of them clients get ENXIO. Argument, for tests: "break=N", see
 * queue_break_every, and die=STEP/N (lib/step.h).
 */
#include "drivers/lib/device.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/protocol.h"
#include "lib/step.h"
#include "queue.h"

#define INTERRUPT_BADGE 1

/* Features (§5.2.3) and configuration (§5.2.4). */
#define FEATURE_SEGMENTS  (1ul << 2)
#define FEATURE_READ_ONLY (1ul << 5)
#define FEATURE_FLUSH     (1ul << 9)
#define CONFIG_CAPACITY   0 /* 64 bits, sectors */
#define CONFIG_SEGMENTS   12
#define SEGMENTS_UNSAID   1 /* pages a request, of a device that does not say */
#define PAGES_SECTORS(n)  ((n)*BLOCK_PAGE_SECTORS)

/* Requests (§5.2.6). */
#define TYPE_READ  0
#define TYPE_WRITE 1
#define TYPE_FLUSH 4
#define STATUS_OK  0

static const struct transport *transport;
static uint64_t features; /* accepted */
static uint64_t sectors;
static handle irq;
static struct block_transfer *under_way[QUEUE_DEPTH_MOST]; /* by index */
static unsigned running;
static bool to_kick;

/* ---- The device ---- */

/* 64 bits may change between their halves (§2.4.1). */
static uint64_t read_capacity(void)
{
    uint32_t before;
    uint64_t capacity;
    do {
        before = transport->config_generation();
        capacity = transport->config(CONFIG_CAPACITY);
        capacity |= (uint64_t)transport->config(CONFIG_CAPACITY + 4) << 32;
    } while (transport->config_generation() != before);
    return capacity;
}

/* §3.1.1, up to the queue. False: the device does not agree. */
static bool negotiate(void)
{
    uint64_t offered, wanted = FEATURE_INDIRECT | FEATURE_SEGMENTS | FEATURE_READ_ONLY |
                               FEATURE_FLUSH | (transport->legacy ? 0 : FEATURE_VERSION);
    transport->set_status(0);
    transport->set_status(STATUS_ACKNOWLEDGE);
    transport->set_status(STATUS_ACKNOWLEDGE | STATUS_DRIVER);
    offered = transport->features();
    features = offered & wanted;
    transport->accept(features);
    if (transport->legacy)
        return true;
    transport->set_status(STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK);
    return features & FEATURE_VERSION && transport->status() & STATUS_FEATURES_OK;
}

static void device_go(void)
{
    queue_reset();
    transport->set_status(STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_DRIVER_OK |
                          (transport->legacy ? 0 : STATUS_FEATURES_OK));
    sectors = read_capacity();
}

static void report_medium(void)
{
    block_server_medium(sectors,
                        (features & FEATURE_READ_ONLY ? BLOCK_FACT_READ_ONLY : 0) |
                            (features & FEATURE_FLUSH ? BLOCK_FACT_CACHE : 0),
                        false);
}

/* ---- Transfers ---- */

static void start(struct block_transfer *transfer)
{
    static const uint32_t types[] = {TYPE_READ, TYPE_WRITE, TYPE_FLUSH};
    step("queued");
    under_way[transfer->index] = transfer;
    queue_add(transfer, types[transfer->operation - BLOCK_READ]);
    running++;
    to_kick = true;
}

static void finish(unsigned index, int64_t error)
{
    struct block_transfer *transfer = under_way[index];
    if (!transfer)
        return; /* nothing of that number is under way: the device is wrong */
    step("done");
    under_way[index] = NULL;
    running--;
    block_server_done(transfer, error);
}

/* The device cannot go on (§2.1.2): what it had fails, then it begins anew. */
static void start_over(void)
{
    log_print(LOG_ERROR, "%s: the device needs a reset; %u requests fail\n", startup_name(),
              running);
    bool agreed = negotiate();
    for (unsigned i = 0; i < queue_depth; i++)
        finish(i, -EIO);
    if (agreed)
        device_go();
    else
        sectors = 0;
    report_medium();
}

static void configuration_changed(void)
{
    uint64_t now = read_capacity();
    if (transport->status() & STATUS_NEEDS_RESET) {
        start_over();
    } else if (now != sectors) {
        log_print(LOG_NOTICE, "%s: %lu sectors now, %lu before\n", startup_name(), now, sectors);
        sectors = now;
        report_medium();
    }
}

/* The interrupt. Its cause is taken before the queue is looked at: what comes behind the last look
 * interrupts again. */
static void on_notify(const struct message *message)
{
    unsigned index;
    uint8_t status;
    (void)message;
    unsigned causes = transport->interrupts();
    while (queue_next(&index, &status))
        finish(index, status == STATUS_OK ? 0 : -EIO);
    if (causes & INTERRUPT_CONFIG)
        configuration_changed();
    irq_acknowledge(irq);
}

/* Once for all that were started together. */
static void started(void)
{
    if (to_kick)
        queue_kick();
    if (to_kick)
        step("running");
    to_kick = false;
}

/* ---- The beginning ---- */

static struct block_device device = {.start = start, .started = started, .on_notify = on_notify};

static void give_up(const char *what, int64_t error)
{
    transport->set_status(STATUS_FAILED);
    log_print(LOG_ERROR, "%s: %s: %s: %s\n", startup_name(), transport->device, what,
              error_name(error));
}

/* False: there is none, or it cannot be used, which the log says then. */
static bool open_device(handle self)
{
    transport = pci_transport_open();
    if (!transport)
        transport = mmio_open();
    if (!transport) {
        log_print(LOG_NOTICE, "%s: no virtio block device on this board\n", startup_name());
        return false;
    }
    int64_t error = negotiate() ? 0 : -ENXIO;
    dma_unpin_all(transport->dma); /* of one who died here before: the device is reset */
    unsigned segments = features & FEATURE_SEGMENTS ? transport->config(CONFIG_SEGMENTS) : 0;
    if (!error)
        error = queue_make(transport, features & FEATURE_INDIRECT,
                           segments ? segments : SEGMENTS_UNSAID);
    if (error < 0) {
        give_up("cannot be used", error);
        return false;
    }
    int64_t line = device_bind_interrupt(transport->device, self, INTERRUPT_BADGE, 1);
    if (line < 0) {
        give_up("no interrupt", line);
        return false;
    }
    irq = (handle)line;
    return true;
}

static void read_argument(void)
{
    static const char prefix[] = "break=";
    char text[64];
    const char *digit = text + sizeof prefix - 1;
    steps_begin();
    if (!argument_word(text, sizeof text))
        return;
    if (strncmp(text, prefix, sizeof prefix - 1)) {
        log_print(LOG_WARNING, "%s: not an argument of this driver: %s\n", startup_name(), text);
        return;
    }
    for (; *digit >= '0' && *digit <= '9'; digit++)
        queue_break_every = queue_break_every * 10 + (unsigned)(*digit - '0');
}

int main(const struct startup *startup)
{
    handle self = startup_handle_needed("self");
    if (!open_device(self))
        block_server_run(NULL, self);
    (void)startup;
    read_argument();
    device.depth = queue_depth;
    device.sectors_most = PAGES_SECTORS(queue_segments);
    device.dma = transport->dma;
    device_go();
    report_medium();
    log_print(LOG_NOTICE, "%s: %s: %lu sectors, %u requests of %u KiB at a time\n", startup_name(),
              transport->device, sectors, queue_depth, device.sectors_most / 2);
    block_server_run(&device, self);
}
