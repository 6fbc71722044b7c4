/*
 * sdhci: the driver of SD host controllers. This file finds the controller and joins its parts:
 *
 *     clients ─ rings ─ block_server (drivers/lib) ─ card.c ─ host.c ─ registers
 *
 * Handles: "self"; "pci:0805" with its BAR and interrupt, or "emmc2" with its interrupt (the
 * Raspberry Pi 4's); without either everything is answered with ENXIO. `argument` takes words:
 *
 *     pio          no DMA, even where the controller can
 *     clock=HZ     the clock that the controller divides, where it does not say
 *     force=BITS/N for tests: upon every N-th command with data force these errors, bits (in
 *                  hexadecimal) of the controller's interrupt status
 *     die=STEP/N   for tests: ends in its N-th request, when it is "queued", "running" or "done"
 */
#include "drivers/lib/alarm.h"
#include "drivers/lib/block_server.h"
#include "drivers/lib/device.h"
#include "drivers/lib/pci.h"
#include "drivers/sdhci/arguments.h"
#include "drivers/sdhci/card.h"
#include "drivers/sdhci/registers.h"
#include "lib/errors.h"
#include "lib/layout.h"
#include "lib/log.h"
#include "lib/protocol.h"

#define PCI_NAME   "pci:0805" /* base class: system peripheral; SD host */
#define EMMC2_NAME "emmc2"

#define CONFIG_ADDRESS   LAYOUT_WIRED_END
#define REGISTER_ADDRESS (LAYOUT_WIRED_END + 0x100000)

/* Badges of our notifications. */
#define BADGE_INTERRUPT 1
#define BADGE_ALARM     2

#define DEPTH 8 /* requests that wait in the card's queue, the one under way with them */

static struct host host;
static struct card card;
static handle irq;
static handle device_object;         /* in whose name memory is pinned */
static struct pci_function function; /* config NULL: not behind PCI */
static struct dma_memory descriptors;
static bool has_medium = true; /* what the clients think: at first they wait */

/* Each transfer under way, and the card's request for it. */
static struct {
    struct card_request request;
    struct block_transfer *transfer;
} slots[DEPTH];

static struct arguments arguments;
static uint64_t requests; /* so far */

/* ---- Between block_server and card ---- */

/* The place to die, if the test that is run says so. */
static void step(enum step here)
{
    if (here == arguments.die_at && requests >= arguments.die_after)
        native_exit(1);
}

static void arm(void)
{
    if (card.state == CARD_TRANSFER)
        step(STEP_RUNNING);
    alarm_set(card.deadline);
}

static void start(struct block_transfer *transfer)
{
    struct card_request *request = &slots[transfer->index].request;
    slots[transfer->index].transfer = transfer;
    *request = (struct card_request){.operation = transfer->operation == BLOCK_FLUSH   ? CARD_FLUSH
                                                  : transfer->operation == BLOCK_WRITE ? CARD_WRITE
                                                                                       : CARD_READ,
                                     .sector = transfer->sector,
                                     .sectors = transfer->sectors,
                                     .data = transfer->data,
                                     .pages = transfer->physical};
    requests++;
    step(STEP_QUEUED);
    card_submit(&card, request, time_now());
    arm();
}

static void request_done(struct card_request *request, int error)
{
    for (unsigned i = 0; i < DEPTH; i++)
        if (&slots[i].request == request) {
            if (error)
                log_print(LOG_WARNING, "%s: sectors %lu to %lu: %s (%x)\n", startup_name(),
                          request->sector, request->sector + request->sectors, error_name(error),
                          host.errors | card.status_errors);
            step(STEP_DONE);
            block_server_done(slots[i].transfer, error);
        }
}

static void medium_changed(uint64_t sectors, bool read_only, bool another)
{
    if (!sectors && !has_medium)
        return;
    has_medium = sectors;
    if (sectors)
        log_print(LOG_INFO, "%s: %s card of %lu MiB%s, %u kHz, %s\n", startup_name(),
                  card.byte_addressed ? "SDSC" : "SDHC", sectors >> 11,
                  read_only ? ", write-protected" : "", host.clock_hz / 1000,
                  host.adma2 ? "ADMA2" : "programmed I/O");
    else
        log_print(LOG_WARNING, "%s: no card\n", startup_name());
    block_server_medium(
        sectors, BLOCK_FACT_CACHE | BLOCK_FACT_REMOVABLE | (read_only ? BLOCK_FACT_READ_ONLY : 0),
        another);
}

static const struct card_callbacks callbacks = {.medium = medium_changed, .done = request_done};

static void on_notify(const struct message *message)
{
    if (message->badge == BADGE_INTERRUPT) {
        card_interrupt(&card, time_now());
        irq_acknowledge(irq);
    } else if (message->badge == BADGE_ALARM) {
        card_alarm(&card, time_now());
    }
    arm();
}

/* ---- Where the controller is ---- */

/* Descriptors, and the right to do DMA; without them it is programmed I/O. */
static void prepare_dma(void)
{
    int64_t error = dma_memory_new(&descriptors, device_object, 1);
    if (error < 0) {
        log_print(LOG_WARNING, "%s: no DMA: %s\n", startup_name(), error_name(error));
        return;
    }
    host.descriptors = (uint32_t *)descriptors.data;
    host.descriptors_at = dma_address(&descriptors, 0);
    pci_master(&function, true);
}

static int64_t find_pci(handle self)
{
    volatile void *registers;
    uint64_t bytes;
    int64_t error = pci_open(&function, PCI_NAME, CONFIG_ADDRESS);
    if (!error)
        error = pci_map_bar(&function, 0, REGISTER_ADDRESS, &registers, &bytes);
    if (!error && bytes < SDHCI_BYTES)
        error = -ENXIO;
    if (error)
        return error;
    host.registers = registers;
    device_object = startup_handle(PCI_NAME);
    return device_bind_interrupt(PCI_NAME, self, BADGE_INTERRUPT, 1);
}

/* The Raspberry Pi 4's: 32-bit accesses, gaps between writes, no line that says whether a card is
 * in, and no DMA that this driver uses. */
static int64_t find_emmc2(handle self)
{
    volatile void *registers;
    uint64_t bytes;
    int64_t error = device_map(EMMC2_NAME, REGISTER_ADDRESS, &registers, &bytes);
    if (!error && bytes < SDHCI_BYTES)
        error = -ENXIO;
    if (error)
        return error;
    host.registers = registers;
    host.no_detect = true;
    host.slow_writes = true;
    device_object = startup_handle(EMMC2_NAME);
    return device_bind_interrupt(EMMC2_NAME, self, BADGE_INTERRUPT, 1);
}

/* What a driver that died here had pinned is free when the controller was reset; only then is it
 * told of our memory. */
static int64_t start_controller(void)
{
    int64_t error = host_start(&host);
    if (error)
        return error;
    dma_unpin_all(device_object);
    if (function.config && !arguments.pio)
        prepare_dma();
    return host_start(&host);
}

/* False: there is no controller, or none that works. */
static bool find_controller(handle self)
{
    arguments = arguments_read(startup_argument());
    int64_t found = find_pci(self);
    if (found == -ENXIO && !function.config)
        found = find_emmc2(self);
    if (found < 0) {
        log_print(LOG_NOTICE, "%s: no SD host controller here: %s\n", startup_name(),
                  error_name(found));
        return false;
    }
    irq = (handle)found;
    host.base_hz = arguments.clock_hz;
    host.force_bits = arguments.force_bits;
    host.force_every = arguments.force_every;
    int64_t error = start_controller();
    if (!error)
        error = alarm_init(self, BADGE_ALARM);
    if (error)
        log_print(LOG_ERROR, "%s: the controller cannot be used: %s\n", startup_name(),
                  error_name(error));
    return !error;
}

int main(const struct startup *startup)
{
    static struct block_device device = {
        .depth = DEPTH, .sectors_most = SD_BLOCKS_MOST, .start = start, .on_notify = on_notify};
    (void)startup;
    handle self = startup_handle_needed("self");
    if (!find_controller(self))
        block_server_run(NULL, self);
    device.dma =
        device_object; /* by programmed I/O, too: clients must not take a ring's pages away */
    card_start(&card, &host, &callbacks, time_now());
    arm();
    block_server_run(&device, self);
}
