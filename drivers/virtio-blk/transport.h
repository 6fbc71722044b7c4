/*
 * transport.h: how a virtio device is reached, whatever bus it is on ("Virtio" is the Virtual I/O
 * Device specification 1.1). Two transports: MMIO (§4.2, also the legacy interface) and PCI (§4.1,
 * modern alone).
 */
#pragma once
#include "lib/native.h"
#include <stdbool.h>

/* Device status (§2.1). */
#define STATUS_ACKNOWLEDGE 1
#define STATUS_DRIVER      2
#define STATUS_DRIVER_OK   4
#define STATUS_FEATURES_OK 8
#define STATUS_NEEDS_RESET 64
#define STATUS_FAILED      128

/* Features of every device (§6). */
#define FEATURE_INDIRECT (1ul << 28)
#define FEATURE_VERSION  (1ul << 32) /* not a legacy device */

/* What an interrupt was about (§4.1.4.5, §4.2.2). */
#define INTERRUPT_QUEUE  1
#define INTERRUPT_CONFIG 2

/* Where the parts of queue 0 lie, as bus addresses. All in one page. */
struct queue_place {
    uint64_t descriptors, available, used;
    unsigned size;  /* entries */
    unsigned align; /* of `used` behind `available`: the legacy interface computes it */
};

struct transport {
    const char *device;         /* the manifest's name of it: "pci:1af4:1042" */
    handle dma;                 /* its object, to pin memory for it */
    bool legacy;                /* little but what §7.4 describes */
    uint64_t (*features)(void); /* that the device offers */
    void (*accept)(uint64_t features);
    uint8_t (*status)(void);
    void (*set_status)(uint8_t status); /* 0: reset; returns when that is done */
    unsigned (*queue_size_most)(void);  /* of queue 0; 0: it has none */
    void (*set_queue)(const struct queue_place *place);
    void (*kick)(void);                  /* queue 0 has requests */
    unsigned (*interrupts)(void);        /* INTERRUPT_*, acknowledged */
    uint32_t (*config)(unsigned offset); /* 32 bits of the device's own configuration */
    uint32_t (*config_generation)(void);
};

/* NULL: the board has no such device, or what is there is no block device that can be used (a line
 * in the log says why). */
const struct transport *mmio_open(void);
const struct transport *pci_transport_open(void);
