/*
 * mmio.h: reading and writing device registers.
 *
 * One plain load or store each, never merged, split or repeated by the
 * compiler, and never with write-back of the address: a hypervisor that
 * emulates the device can decode nothing else (Arm ARM, ISS encoding of a Data
 * Abort, ISV). The memory must be mapped as Device; accesses to one device
 * then stay in program order, and no barrier is in here. Who wants ordinary
 * memory to be seen first (an interrupt to another CPU, DMA) puts its own.
 */
#pragma once
#include <stdint.h>

#ifdef __aarch64__
static inline uint32_t mmio_read32(uintptr_t address)
{
    uint32_t value;
    __asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return value;
}
static inline void mmio_write32(uintptr_t address, uint32_t value)
{
    __asm__ volatile("str %w0, [%1]" ::"rZ"(value), "r"(address) : "memory");
}
static inline uint64_t mmio_read64(uintptr_t address)
{
    uint64_t value;
    __asm__ volatile("ldr %0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return value;
}
static inline void mmio_write64(uintptr_t address, uint64_t value)
{
    __asm__ volatile("str %x0, [%1]" ::"rZ"(value), "r"(address) : "memory");
}
#else /* host unit tests: an array plays the device */
static inline uint32_t mmio_read32(uintptr_t address)
{
    return *(volatile uint32_t *)address;
}
static inline void mmio_write32(uintptr_t address, uint32_t value)
{
    *(volatile uint32_t *)address = value;
}
static inline uint64_t mmio_read64(uintptr_t address)
{
    return *(volatile uint64_t *)address;
}
static inline void mmio_write64(uintptr_t address, uint64_t value)
{
    *(volatile uint64_t *)address = value;
}
#endif
