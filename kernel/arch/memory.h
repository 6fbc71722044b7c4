/*
 * memory.h: where things are in the kernel's half of the address space, and how
 * frames are turned into addresses.
 *
 *   0xffff000000000000  linear map: LINEAR_BASE + physical address, up to linear_end
 *   0xffffff8000000000  kernel image (at most 2 MiB): text RX, rodata R, data RW
 *   0xffffff8080000000  vmap window: one guarded stack for each CPU
 *   0xffffff80c0000000  fixmap: device registers, device tree, frame windows
 */
#pragma once

#define LINEAR_BASE 0xffff000000000000
#define KERNEL_BASE 0xffffff8000000000
#define VMAP_BASE   0xffffff8080000000
#define FIXMAP_BASE 0xffffff80c0000000

#define STACK_SIZE 0x4000 /* bytes of a CPU's kernel stack */
#define USER_END   0x0001000000000000

#ifndef __ASSEMBLER__
#include "mm/frame.h"
#include <stdint.h>

extern char image_start[], text_end[], rodata_end[], data_end[], image_end[];
extern uint64_t image_physical; /* physical address of image_start */
extern frame_number linear_end; /* first frame beyond the linear map */

/* Physical address of something inside the kernel image. */
static inline uint64_t image_to_physical(const void *address)
{
    return (uint64_t)address - KERNEL_BASE + image_physical;
}

/* Kernel address of a frame of the linear map (frame < linear_end). */
static inline void *frame_address(frame_number number)
{
    return (void *)(LINEAR_BASE + (number << 12));
}

/* The frame behind an address of the linear map. */
static inline frame_number address_frame(const void *address)
{
    return ((uint64_t)address - LINEAR_BASE) >> 12;
}
#endif
