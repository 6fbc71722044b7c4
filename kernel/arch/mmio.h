/*
 * mmio.h: reading and writing device registers: mmio_read32, mmio_write32, mmio_read64,
 * mmio_write64.
 *
 * One plain load or store each, never merged, split or repeated by the compiler, and never with
 * write-back of the address: a hypervisor that emulates the device can decode nothing else (Arm
 * ARM, ISS encoding of a Data Abort, ISV). The memory must be mapped as Device; accesses to one
 * device then stay in program order, and no barrier is in here. Who wants ordinary memory to be
 * seen first (an interrupt to another CPU, DMA) puts its own.
 */
#pragma once
#include <stdint.h>

#ifdef __aarch64__
#define MMIO_LOAD(value, address, size)                                                            \
    __asm__ volatile("ldr %" size "0, [%1]" : "=r"(value) : "r"(address) : "memory")
#define MMIO_STORE(value, address, size)                                                           \
    __asm__ volatile("str %" size "0, [%1]" ::"rZ"(value), "r"(address) : "memory")
#else /* host unit tests: an array plays the device */
#define MMIO_LOAD(value, address, size)  value = *(volatile __typeof__(value) *)address
#define MMIO_STORE(value, address, size) *(volatile __typeof__(value) *)address = value
#endif
#define MMIO(bits, size)                                                                           \
    static inline uint##bits##_t mmio_read##bits(uintptr_t address)                                \
    {                                                                                              \
        uint##bits##_t value;                                                                      \
        MMIO_LOAD(value, address, size);                                                           \
        return value;                                                                              \
    }                                                                                              \
    static inline void mmio_write##bits(uintptr_t address, uint##bits##_t value)                   \
    {                                                                                              \
        MMIO_STORE(value, address, size);                                                          \
    }
MMIO(32, "w")
MMIO(64, "x")
