/*
 * block_server.h: a block device's driver but for the hardware: protocols/block.def over rings,
 * partitions by badge, bounds, turns among clients, requests larger than the device takes at once.
 *
 * The hardware's side is a struct block_device. It does transfers, at most `depth` at a time:
 *
 *     server                              hardware
 *     start(transfer)              →      begins it; returns at once
 *     …                            ←      its interrupt: on_notify(message) is called
 *     block_server_done(transfer)  ←      with the result, from on_notify or start itself
 *
 *   static const struct block_device device = {.depth = 1, .sectors_most = 1024, .start = start,
 *                                              .on_notify = on_notify};
 *   block_server_medium(sectors, facts, true);   as soon as it is known
 *   block_server_run(&device, self);             or (NULL, self) where there is no such device
 */
#pragma once
#include "drivers/lib/dma.h"
#include "lib/block.h"
#include <stdbool.h>

/* One thing for the hardware to do. Valid until block_server_done(). */
struct block_transfer {
    uint32_t operation;       /* BLOCK_READ, BLOCK_WRITE or BLOCK_FLUSH (lib/protocol.h) */
    uint32_t sectors;         /* 1 … sectors_most; FLUSH: 0 */
    uint64_t sector;          /* of the whole device; they all exist */
    uint8_t *data;            /* mapped, begins a page: for PIO */
    const uint64_t *physical; /* of each page from there on; NULL where `dma` is HANDLE_NONE */
    unsigned index;           /* less than depth; no other transfer that is under way has it */
};

struct block_device {
    unsigned depth;        /* transfers at a time, at least 1 */
    uint32_t sectors_most; /* in a transfer: a multiple of BLOCK_PAGE_SECTORS, not 0 */
    handle dma;            /* device object, to pin clients' pages in its name, for PIO, too */
    /* Begins a transfer. FLUSH comes only where the facts say BLOCK_FACT_CACHE. */
    void (*start)(struct block_transfer *transfer);
    /* Those that could be were started: for devices that are told of many at once. NULL: nothing.
     */
    void (*started)(void);
    /* A notification received at `self` with a badge of the driver's own (not bit 63). */
    void (*on_notify)(const struct message *message);
};

/* A transfer has ended: error 0, or a negated errno: -EIO, -ENOMEDIUM, -ETIMEDOUT, -EACCES. */
void block_server_done(struct block_transfer *transfer, int64_t error);

/*
 * The device has this many sectors now; 0: no medium is in (the hardware ends transfers that are
 * under way by itself). `another`: it may be another medium than before; rings of clients that knew
 * the old one answer ESTALE then, so that nothing meant for it is written to this one. The
 * partition table is read anew; calls of clients wait for it, and for the first time that this is
 * called. Also before block_server_run().
 */
void block_server_medium(uint64_t sectors, uint64_t facts, bool another);

/* Serves at `self`. `device` stays the caller's; NULL: everything is answered with ENXIO. */
_Noreturn void block_server_run(const struct block_device *device, handle self);
