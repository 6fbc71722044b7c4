/*
 * partitions.h: the partition table of a device, from its first sector (MBR).
 */
#pragma once
#include "lib/block.h"
#include <stdbool.h>
#include <stdint.h>

struct partition {
    uint64_t first, sectors; /* sectors 0: there is none of this number */
};

struct partitions {
    struct partition at[1 + BLOCK_PARTITIONS]; /* by badge: 0 is the whole device */
    unsigned wrong; /* entries that were left out: bit n for partition n */
};

/*
 * Reads the table of a device of this many sectors. `mbr` is its first sector, or NULL: then, as
 * without the signature 55 aa, there is the whole device alone. An entry that begins at sector 0,
 * reaches beyond the end, or overlaps one before it is left out.
 */
void partitions_read(struct partitions *partitions, const uint8_t *mbr, uint64_t sectors);

/* Does partition `badge` have these sectors, at least one? *first: where they begin on the device.
 * False also for a badge that there is no partition for. */
bool partitions_find(const struct partitions *partitions, uint64_t badge, uint64_t sector,
                     uint64_t sectors, uint64_t *first);
