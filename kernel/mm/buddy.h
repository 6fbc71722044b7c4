/*
 * buddy.h: blocks of 2^order frames out of all memory banks.
 *
 * Three zones by what an address can do: HIGH (only through the frame window;
 * exists when `linear=` is smaller than memory), LINEAR (always mapped by the
 * kernel), DMA (mapped, and below 1 GiB for devices that see no more). A use is
 * served by its own zone or one after it, in this order.
 *
 * In front stand caches of single frames; a frame in a cache is free. A CPU touches
 * only its own: those of others are counted as free, but cannot be taken from here.
 * (With several CPUs running, whoever drains has to ask them by interrupt.)
 * Nothing here charges pools (see pool.h) or zeroes memory.
 */
#pragma once
#include "entry/abi.h"
#include "mm/frame.h"

#define ORDERS MEMORY_ORDERS /* 4 KiB .. 4 MiB */

enum zone { ZONE_HIGH, ZONE_LINEAR, ZONE_DMA, ZONES = MEMORY_ZONES };

enum frame_use {
    USE_PAGE = ZONE_HIGH,     /* any zone */
    USE_KERNEL = ZONE_LINEAR, /* must be in the linear map */
    USE_DMA = ZONE_DMA,       /* below 1 GiB */
    USES
};

/* One CPU's caches (struct cpu has them): lists of free single frames. */
struct frame_caches {
    struct frame_cache {
        struct frame *first;
        uint64_t count;
    } of[ZONES], *first[USES]; /* first: of the first zone of a use that has memory */
};

/* Frames below `linear_end` are in the linear map. Splits banks so that each lies in one zone. Call
 * once, after the last frame_add_bank and before buddy_free_range. */
void buddy_init(frame_number linear_end);

/* Gives [first, first + count) to the allocator; whole range must lie in memory banks. At boot
 * only, before other CPUs run. Costs O(blocks). Frame 0 is left out: its number means "none". */
void buddy_free_range(frame_number first, frame_number count);

/*
 * A block of 2^order frames, aligned to its size; 0 when there is none (or order >= ORDERS). Its
 * head's descriptor: state FRAME_RAW, order, refs 0, pins 0, no pool; the others' are meaningless
 * (frame.h). Whoever takes a block without pool_alloc or slab_alloc sees to its charge.
 */
frame_number buddy_alloc(unsigned order, enum frame_use use);
/* Takes a block back, order as it was allocated; its head may be in any allocated state.
 * Freeing twice, or with another order, is a kernel bug and is found here. */
void buddy_free(frame_number first, unsigned order);

/* Free frames, all caches included. */
uint64_t buddy_free_frames(void);
/* What there is of a zone, and how it is cut: for people. */
struct zone_facts buddy_zone_facts(enum zone zone);
/* Returns this CPU's cached frames to the buddy (tests; blocks are so found before ENOMEM). */
void buddy_drain(void);
/* Test hook: fail this CPU's n-th allocation from now on, of a frame, a block or a slab object,
 * once (0: off). Returns what was left of the last n: 0 when that failure has happened. */
uint64_t buddy_fail_at(uint64_t n);
/* Counts an allocation; true when it is the one that shall fail. */
bool buddy_fail_now(void);
