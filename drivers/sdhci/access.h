/*
 * access.h: one register read or written, and the order of that and what DMA sees. Host tests have
 * a model of a controller in its place (tests/unit/stubs/drivers/sdhci/access.h).
 */
#pragma once
#include "drivers/lib/dma.h"
#include <stdint.h>

static inline uint32_t register_read(volatile uint8_t *registers, unsigned offset)
{
    return *(volatile uint32_t *)(registers + offset);
}

static inline void register_write(volatile uint8_t *registers, unsigned offset, uint32_t value)
{
    *(volatile uint32_t *)(registers + offset) = value;
}

/* What was written to memory is there for the DMA that a register begins. */
static inline void access_publish(void)
{
    dma_write_barrier();
}

/* What DMA wrote before a register said so is there for us. */
static inline void access_collect(void)
{
    dma_read_barrier();
}
