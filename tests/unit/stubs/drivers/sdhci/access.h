/* access.h: registers are a model's (tests/unit/sd_model.c). */
#pragma once
#include <stdint.h>

uint32_t register_read(volatile uint8_t *registers, unsigned offset);
void register_write(volatile uint8_t *registers, unsigned offset, uint32_t value);

static inline void access_publish(void)
{
}

static inline void access_collect(void)
{
}
