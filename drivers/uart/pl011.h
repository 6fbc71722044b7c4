/*
 * pl011.h: the registers of the Arm PrimeCell UART that the driver uses (Arm
 * DDI 0183, 3.3). Baud rate and wires are as the firmware left them.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct pl011 {
    volatile uint32_t data;          /* DR: bits 8..11 of a read are receive errors */
    volatile uint32_t receive_error; /* RSR */
    uint32_t reserved[4];
    volatile const uint32_t flags; /* FR */
    uint32_t reserved_too;
    volatile uint32_t low_power;
    volatile uint32_t baud_integer, baud_fraction;
    volatile uint32_t line;    /* LCR_H */
    volatile uint32_t control; /* CR */
    volatile uint32_t fifo_levels;
    volatile uint32_t interrupt_mask; /* IMSC: 1 lets it through */
    volatile const uint32_t interrupt_raw, interrupt_masked;
    volatile uint32_t interrupt_clear; /* ICR */
};

#define PL011_FLAGS_RECEIVE_EMPTY  (1u << 4)
#define PL011_FLAGS_TRANSMIT_FULL  (1u << 5)
#define PL011_FLAGS_TRANSMIT_EMPTY (1u << 7)

#define PL011_FIFO_BYTES 16 /* the smallest there is with the FIFO on: later ones have 32 */

#define PL011_LINE_FIFO  (1u << 4)
#define PL011_LINE_8BITS (3u << 5)

#define PL011_CONTROL_ENABLE   (1u << 0)
#define PL011_CONTROL_TRANSMIT (1u << 8)
#define PL011_CONTROL_RECEIVE  (1u << 9)

#define PL011_INTERRUPT_RECEIVE (1u << 4) /* the FIFO reached its level */
#define PL011_INTERRUPT_TIMEOUT (1u << 6) /* characters wait, and no more came for 32 bit times */
#define PL011_INTERRUPTS_ALL    0x7ffu

#define PL011_DATA_BREAK (1u << 10)
