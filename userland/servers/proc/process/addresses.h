/*
 * addresses.h: where the parts of a program go, as Linux places them on AArch64
 * (arch/arm64/mm/mmap.c, fs/binfmt_elf.c): from the top the stack, a gap that it may grow into, the
 * range of mmap; the program two thirds up; brk some way behind it. Each is moved by a random
 * distance, unless the process said ADDR_NO_RANDOMIZE (personality(2)).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define STACK_TOP         0xfffffffff000UL /* nothing of a program is above */
#define PROGRAM_BASE      0xaaaaaaa00000UL /* of position-independent programs */
#define RANDOM_PAGES      (1UL << 18)      /* how far things are moved: 1 GiB */
#define ADDR_NO_RANDOMIZE 0x0040000

struct addresses {
    uint64_t stack_top;   /* end of the stack's mapping */
    uint64_t stack_texts; /* where its contents end, at most a page lower; a multiple of 16 */
    uint64_t mmap_top;    /* the stack can grow down to here */
    uint64_t program;     /* base of a position-independent program; a whole page */
    uint64_t brk_gap;     /* from the end of the program to brk; whole pages */
};

/* `stack_limit`: RLIMIT_STACK, in bytes. */
struct addresses addresses_choose(uint64_t stack_limit, bool random);
