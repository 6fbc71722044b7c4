/*
 * pl011.c: early output through an Arm PrimeCell UART (Arm DDI 0183, PL011 TRM).
 * The baud rate and line settings are the firmware's; the driver server sets its own.
 */
#include "arch/mmio.h"
#include "platform/platform.h"

/* DDI 0183 3.2: registers */
#define DATA    0x00
#define FLAGS   0x18
#define CONTROL 0x30

#define FLAGS_TRANSMIT_FULL     (1 << 5)
#define CONTROL_ENABLE          (1 << 0)
#define CONTROL_TRANSMIT_ENABLE (1 << 8)

static void pl011_put(uintptr_t regs, char c)
{
    /* Reset leaves it off, and started without firmware nobody has switched it on. */
    uint32_t control = mmio_read32(regs + CONTROL);
    uint32_t wanted = control | CONTROL_ENABLE | CONTROL_TRANSMIT_ENABLE;
    if (control != wanted)
        mmio_write32(regs + CONTROL, wanted);
    while (mmio_read32(regs + FLAGS) & FLAGS_TRANSMIT_FULL)
        ;
    mmio_write32(regs + DATA, (uint8_t)c);
}

const struct uart uart_pl011 = {
    .compatible = "arm,pl011",
    .kind = "pl011",
    .put = pl011_put,
};
