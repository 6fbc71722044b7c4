/*
 * disk.h: the device of a file system: a ring to a block driver.
 */
#pragma once
#include "ext4/device.h"
#include "lib/ring_client.h"

#define DISK_ENTRIES 32 /* of its ring */

struct disk {
    struct device device;
    struct ring_client ring;
    handle notification;
    struct ring_request sent[DISK_ENTRIES]; /* by tag: under way; operation 0: none */
    uint32_t pages_busy;                    /* data pages of writes under way, from page 0 on */
    int64_t late;                           /* the first error of a write since the last flush */
};

/* Opens a ring to the driver. 0, or its error: -ENXIO, -ENOMEDIUM: there is no such device. */
int64_t disk_open(struct disk *disk, handle driver);
void disk_close(struct disk *disk);
