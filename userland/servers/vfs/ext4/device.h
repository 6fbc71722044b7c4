/*
 * device.h: the block device beneath a file system, as the layers above see it: a ring to a driver
 * on the target, an image in memory or in a file on the host.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define BLOCK_BYTES 4096

struct device {
    /* Reads `count` blocks from `block` on to pages[0 … count - 1]; waits. 0 or a negated errno. */
    int64_t (*read)(struct device *device, uint64_t block, uint32_t count, void *const *pages);
    /* Begins to write; the pages may change as soon as it returns. What goes wrong later is said
     * by the next flush. */
    int64_t (*write)(struct device *device, uint64_t block, uint32_t count, void *const *pages);
    /* All that was begun is on the medium after 0. Otherwise any part of it may be. */
    int64_t (*flush)(struct device *device);
    uint64_t blocks;
    uint32_t run_most; /* blocks in one request, 1 or more */
    bool read_only;
};
