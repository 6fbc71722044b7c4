/*
 * Host stand-in for the kernel's arch/memory.h: the linear map is an arena of real
 * memory that stands for frames from ARENA_FIRST on (arena.c: list it as a source).
 */
#pragma once
#define frame_address kernel_frame_address
#define address_frame kernel_address_frame
#include_next "arch/memory.h"
#undef frame_address
#undef address_frame
#undef FIXMAP_BASE
#define FIXMAP_BASE 1 /* frame windows are anywhere */

#define ARENA_FIRST  ((frame_number)0x40000) /* 1 GiB, where RAM of QEMU virt begins */
#define ARENA_FRAMES ((frame_number)4096)    /* 16 MiB */

/* The address of a frame of the arena, and back; anything else ends the test program. */
void *frame_address(frame_number number);
frame_number address_frame(const void *address);
