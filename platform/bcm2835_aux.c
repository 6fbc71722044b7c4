/*
 * bcm2835_aux.c: early output through the mini-UART of Broadcom's BCM2835 and
 * its successors (BCM2835 ARM Peripherals, 2.2): an 8250 with 32-bit registers.
 * Enabled and clocked by the firmware; its baud rate follows the core clock, so
 * the divisor is left alone.
 */
#include "arch/mmio.h"
#include "platform/platform.h"

#define DATA        0x00
#define LINE_STATUS 0x14

#define LINE_STATUS_TRANSMIT_ROOM (1 << 5)

static void bcm2835_aux_put(uintptr_t regs, char c)
{
    while (!(mmio_read32(regs + LINE_STATUS) & LINE_STATUS_TRANSMIT_ROOM))
        ;
    mmio_write32(regs + DATA, (uint8_t)c);
}

const struct uart uart_bcm2835_aux = {
    .compatible = "brcm,bcm2835-aux-uart",
    .kind = "8250",
    .put = bcm2835_aux_put,
};
