/*
 * dma.h: memory that a device reaches by itself. Pages are pinned in the name of the device's
 * object
 * (`device`: handle with RIGHT_MANAGE): whoever dies, they are nobody else's before the device was
 * reset. Physical addresses are bus addresses on the boards there are.
 */
#pragma once
#include "lib/native.h"

/* Pages of somebody's wired object. */
struct dma_pages {
    uint64_t *physical; /* of each page */
    uint64_t count;     /* pages that are pinned */
    uint64_t first_pin;
    handle device;
};

/* Pins pages first … first + count - 1 of `object` (READ and WRITE); count may be 0. 0, or -ENOMEM,
 * -EINVAL and other errors of dma_pin; then nothing is pinned. */
int64_t dma_pages_pin(struct dma_pages *pages, handle device, handle object, uint64_t first,
                      uint64_t count);

/* The device was told nothing of them any more. Also for all zeroes. */
void dma_pages_unpin(struct dma_pages *pages);

/* A driver's own memory: mapped, zeroed, pinned; pages lie anywhere, each for itself. */
struct dma_memory {
    uint8_t *data;
    struct dma_pages pages;
    handle object;
};

/* 0, or -ENOMEM and other errors; then there is nothing. */
int64_t dma_memory_new(struct dma_memory *memory, handle device, uint64_t pages);

/* The device was told nothing of it any more. */
void dma_memory_free(struct dma_memory *memory);

/* Where the device finds byte `offset` of the memory. */
native_inline uint64_t dma_address(const struct dma_memory *memory, uint64_t offset)
{
    return memory->pages.physical[offset / PAGE_SIZE] + offset % PAGE_SIZE;
}

/*
 * Barriers between memory that a device reads or writes and its registers (Arm ARM B2.3, "Data
 * Memory Barrier"): the device is an observer in the outer shareable domain.
 */
native_inline void dma_write_barrier(void) /* stores before, stores after (registers, too) */
{
    __asm__ volatile("dmb oshst" ::: "memory");
}
native_inline void dma_read_barrier(void) /* loads before; loads and stores after */
{
    __asm__ volatile("dmb oshld" ::: "memory");
}
native_inline void dma_barrier(void) /* all before, all after */
{
    __asm__ volatile("dmb osh" ::: "memory");
}
