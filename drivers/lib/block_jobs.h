/*
 * block_jobs.h: what the parts of the block server share. Not for drivers.
 */
#pragma once
#include "drivers/lib/block_server.h"
#include "drivers/lib/partitions.h"
#include "lib/ring_server.h"

struct block_state {
    const struct block_device *device; /* NULL: there is none */
    struct ring_server rings;
    uint64_t sectors; /* of the medium; 0: none is in */
    uint64_t facts;
    uint64_t generation; /* counts media */
    struct partitions partitions;
    bool told;            /* what medium there is, by the hardware: until then clients wait */
    bool probing;         /* the partition table is not known yet: clients wait */
    bool probe_under_way; /* its sector is being read */
    bool probe_again;     /* … of a medium that has gone since */
};
extern struct block_state the_block;

/* What a ring's owner points to. */
struct block_client {
    uint64_t generation;    /* of the medium that was in when it came */
    struct dma_pages pages; /* of the whole ring; none without DMA */
};

/* Makes room for jobs. 0, or -ENOMEM and others. */
int64_t block_jobs_begin(void);

/* Takes requests and begins transfers, as many as there is room for. */
void block_jobs_run(void);

/* block_server.c: the first sector was read, or that failed. */
void block_table_read(const uint8_t *mbr, int64_t error);
