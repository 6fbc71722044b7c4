/*
 * buddy.h: blocks of 2^order frames out of all memory banks.
 *
 * Three zones by what an address can do: DMA (below 1 GiB, for devices that see
 * no more), LINEAR (always mapped by the kernel), HIGH (only through the frame
 * window; exists when `linear=` is smaller than memory). Kernel structures come
 * from LINEAR or DMA; pages of programs prefer HIGH, then LINEAR, then DMA. With
 * `linear=` below 1 GiB all that lies above it is HIGH, not DMA.
 *
 * Per-CPU caches of single frames stand in front; a frame in a cache is free.
 * Nothing here charges pools (see pool.h) or zeroes memory.
 */
#pragma once
#include "mm/frame.h"

#define ORDERS 11 /* 4 KiB .. 4 MiB */

enum zone { ZONE_DMA, ZONE_LINEAR, ZONE_HIGH, ZONES };

enum frame_use {
    USE_PAGE,   /* any zone, HIGH first */
    USE_KERNEL, /* must be in the linear map */
    USE_DMA,    /* below 1 GiB */
    USES
};

/* Frames below `linear_end` are in the linear map. Call once, before buddy_free_range. */
void buddy_init(frame_number linear_end);

/*
 * Gives [first, first + count) to the allocator; whole range must lie in one bank. At boot only,
 * before other CPUs run. Costs O(blocks). Frame 0 is left out: its number means "none".
 */
void buddy_free_range(frame_number first, frame_number count);

/*
 * A block of 2^order frames, aligned to its size; 0 when there is none (or order >= ORDERS). Its
 * head's descriptor: state FRAME_RAW, order, refs 0, pins 0, no pool; the others' are meaningless
 * (frame.h). Whoever takes a block without pool_alloc_frame or slab_alloc sees to its charge.
 */
frame_number buddy_alloc(unsigned order, enum frame_use use);

/* Takes a block back, order as it was allocated; its head may be in any allocated state.
 * Freeing twice, or with another order, is a kernel bug and is found here. */
void buddy_free(frame_number first, unsigned order);

/* Free frames, caches included. */
uint64_t buddy_free_frames(void);
/* Free blocks of an order in a zone (for /proc/buddyinfo and tests). */
uint64_t buddy_free_blocks(enum zone zone, unsigned order);
/* Returns every CPU's cached frames to the buddy (tests, audits, last resort before ENOMEM). */
void buddy_drain(void);

/* Test hook: fail the n-th allocation from now on, once (0: off). Costs nothing while off. */
void buddy_fail_at(uint64_t n);
