/*
 * server.h: what the native half of the pager of files has in common.
 */
#pragma once
#include "lib/native.h"
#include "lib/ring_client.h"
#include "lib/ring_server.h"

extern handle self;               /* endpoint: pager of all its objects */
extern handle page_pool;          /* what pages and slots of files are charged to */
extern struct ring_server rings;  /* the clients' */
extern struct ring_client device; /* the block driver's ring, with the data pages */

/* ---- device.c ---- */

#define DEVICE_BADGE 0x4445564943 /* of its notification */

/* Opens the ring at the block driver, if it is not open. 0 or a negated errno: ENXIO: there is no
 * such device. */
int64_t device_open(void);
/* A notification with DEVICE_BADGE: completions, the driver's death, a tick. */
void device_notified(uint64_t bits);
/* Makes the helper that ticks. 0, -ENOMEM, -EMFILE. */
int64_t device_begin(void);
