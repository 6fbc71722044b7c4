/*
 * queue.h: virtqueue 0 of a block device (Virtio 1.1 §2.6, split), with a fixed place for each
 * request that may be under way: its header and status, and its descriptors.
 */
#pragma once
#include "drivers/lib/block_server.h"
#include "transport.h"

#define QUEUE_DEPTH_MOST 32 /* queue_depth is not more */

/* Memory of the queue, pinned for the device for good. After that, queue_depth and queue_segments
 * say how many requests can be under way and of how many pages each. `indirect`: descriptors are in
 * tables of their own (FEATURE_INDIRECT was accepted). 0, -ENXIO (the device has no queue), -ENOMEM
 * and others. */
int64_t queue_make(const struct transport *transport, bool indirect, unsigned segments_most);
extern unsigned queue_depth, queue_segments;

/* For tests: one request in so many is such that the device breaks down over it; 0: none. */
extern unsigned queue_break_every;

/* Empties the queue and tells the device where it is; after each reset. */
void queue_reset(void);

/* Adds a request for this transfer: `type` of §5.2.6. The device sees it when kicked. */
void queue_add(const struct block_transfer *transfer, uint32_t type);

/* Tells the device that requests were added, unless it does not want to know. */
void queue_kick(void);

/* The next one that the device is done with: its transfer's index and status. False: none. What the
 * device says of no transfer that can be is passed over. */
bool queue_next(unsigned *index, uint8_t *status);
