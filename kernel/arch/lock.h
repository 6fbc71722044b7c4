/*
 * lock.h: a named spin lock. Taken only with interrupts masked (the kernel always
 * runs so), held for a bounded number of instructions, never across a message.
 * Order: space, object, endpoint, thread, run queue, pool, buddy, console.
 */
#pragma once
#include <stdint.h>

struct lock {
    uint32_t taken;
};

/* CPUs that run programs. As long as it is one, masked interrupts keep everybody else out, and a
 * lock is its name alone. */
#define CPUS_RUNNING 1

#ifdef __aarch64__
/* Arm ARM K13.3.1: load-acquire exclusive spins, store-release frees; no barrier needed besides. */
static inline void lock_take(struct lock *lock)
{
    uint32_t seen, failed;
    if (CPUS_RUNNING == 1)
        return;
    __asm__ volatile("1: ldaxr %w0, %2\n"
                     "   cbnz  %w0, 1b\n"
                     "   stxr  %w1, %w3, %2\n"
                     "   cbnz  %w1, 1b"
                     : "=&r"(seen), "=&r"(failed), "+Q"(lock->taken)
                     : "r"(1)
                     : "memory");
}
static inline void lock_release(struct lock *lock)
{
    if (CPUS_RUNNING > 1)
        __asm__ volatile("stlr wzr, %0" : "=Q"(lock->taken)::"memory");
}
#else /* host unit tests run one thread */
static inline void lock_take(struct lock *lock)
{
    lock->taken = 1;
}
static inline void lock_release(struct lock *lock)
{
    lock->taken = 0;
}
#endif
