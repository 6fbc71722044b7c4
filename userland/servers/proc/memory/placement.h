/*
 * placement.h: where exec puts the parts of a program: at addresses that cannot be guessed, unless
 * the program or the manifest wants the same ones each time.
 */
#pragma once
#include <stdint.h>

struct thread;

struct placement {
    uint64_t program;      /* where a position-independent program begins */
    uint64_t heap_gap;     /* bytes between the program and its heap */
    uint64_t mmap_top;     /* mmap works downward from here */
    uint64_t stack_top;    /* where the stack's mapping ends, */
    uint64_t stack_offset; /* … and how far below that it begins, 0..8 KiB, a multiple of 16 */
};

/* /proc/sys/kernel/randomize_va_space: 0 nothing, 1 all but the heap, 2 all. */
extern uint32_t placement_random;

/* For a program that this thread executes: by its personality and RLIMIT_STACK. */
struct placement placement_choose(const struct thread *thread);
