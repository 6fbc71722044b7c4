/*
 * uarts.c: early output through the UARTs there are. Baud rate and line settings are the
 * firmware's; the driver server sets its own.
 */
#include "arch/mmio.h"
#include "platform/platform.h"

/* Arm PrimeCell UART (Arm DDI 0183, PL011 TRM), 3.2: registers */
#define PL011_DATA    0x00
#define PL011_FLAGS   0x18
#define PL011_CONTROL 0x30

#define FLAGS_TRANSMIT_FULL (1 << 5)
#define CONTROL_ENABLES     (1 << 0 | 1 << 8) /* UART, transmitter */

static void pl011_put(uintptr_t regs, char c)
{
    /* Reset leaves it off, and started without firmware nobody has switched it on. */
    uint32_t control = mmio_read32(regs + PL011_CONTROL);
    if ((control & CONTROL_ENABLES) != CONTROL_ENABLES)
        mmio_write32(regs + PL011_CONTROL, control | CONTROL_ENABLES);
    while (mmio_read32(regs + PL011_FLAGS) & FLAGS_TRANSMIT_FULL)
        ;
    mmio_write32(regs + PL011_DATA, (uint8_t)c);
}

/*
 * The mini-UART of Broadcom's BCM2835 and its successors (BCM2835 ARM Peripherals, 2.2): an 8250
 * with 32-bit registers. Its baud rate follows the core clock, so the divisor is left alone.
 */
#define AUX_DATA        0x00
#define AUX_LINE_STATUS 0x14

#define LINE_STATUS_TRANSMIT_ROOM (1 << 5)

static void bcm2835_aux_put(uintptr_t regs, char c)
{
    while (!(mmio_read32(regs + AUX_LINE_STATUS) & LINE_STATUS_TRANSMIT_ROOM))
        ;
    mmio_write32(regs + AUX_DATA, (uint8_t)c);
}

const struct uart uart_pl011 = {"arm,pl011", "pl011", pl011_put};
const struct uart uart_bcm2835_aux = {"brcm,bcm2835-aux-uart", "8250", bcm2835_aux_put};
