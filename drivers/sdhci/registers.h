/*
 * registers.h: the registers of an SD host controller that the driver uses ("SDHCI" in this folder:
 * SD Host Controller Simplified Specification 3.00). All are reached as 32-bit words, so several of
 * the specification's registers share one here: some controllers know no other access.
 */
#pragma once

#define SDHCI_BLOCK    0x04 /* block size, 12 bits, and block count, 16 bits from bit 16 */
#define SDHCI_ARGUMENT 0x08
#define SDHCI_COMMAND                                                                              \
    0x0c /* transfer mode and, from bit 16, command: writing it begins the command */
#define SDHCI_RESPONSE 0x10 /* four words */
#define SDHCI_DATA     0x20 /* the buffer's port */
#define SDHCI_PRESENT  0x24
#define SDHCI_CONTROL  0x28 /* host, power, block gap, wakeup control: eight bits each */
#define SDHCI_CLOCK    0x2c /* clock, 16 bits; time-out, 8 bits; software reset, 8 bits */
#define SDHCI_STATUS   0x30 /* normal and, from bit 16, error interrupts; 1 clears */
#define SDHCI_ENABLE   0x34 /* … which of them become status */
#define SDHCI_SIGNAL   0x38 /* … which of those interrupt */
#define SDHCI_ABILITY  0x40 /* capabilities, low half */
#define SDHCI_FORCE    0x50 /* force event: errors that did not happen, for tests */
#define SDHCI_ADMA     0x58 /* physical address of the descriptors */
#define SDHCI_VERSION  0xfc /* specification version in bits 16 to 23: 2 and up: 3.00 */
#define SDHCI_BYTES    0x100

/* Transfer mode (2.2.5). */
#define MODE_DMA       (1u << 0)
#define MODE_COUNT     (1u << 1)
#define MODE_AUTO_STOP (1u << 2) /* CMD12 after the last block */
#define MODE_READ      (1u << 4)
#define MODE_MANY      (1u << 5)

/* Command (2.2.6). */
#define COMMAND_LONG        (1u << 16) /* response of 136 bits */
#define COMMAND_SHORT       (2u << 16) /* … of 48 */
#define COMMAND_BUSY        (3u << 16) /* … of 48, then the card may be busy */
#define COMMAND_CHECK_CRC   (1u << 19)
#define COMMAND_CHECK_INDEX (1u << 20)
#define COMMAND_HAS_DATA    (1u << 21)
#define COMMAND_ABORT       (3u << 22)
#define COMMAND_INDEX(n)    ((uint32_t)(n) << 24)

/* Present state (2.2.9). */
#define PRESENT_COMMAND_INHIBIT (1u << 0)
#define PRESENT_DATA_INHIBIT    (1u << 1)
#define PRESENT_CAN_WRITE       (1u << 10) /* the buffer has room for a block */
#define PRESENT_CAN_READ        (1u << 11) /* … has a block */
#define PRESENT_CARD            (1u << 16)
#define PRESENT_STABLE          (1u << 17)
#define PRESENT_WRITE_ENABLED   (1u << 19)

/* Host control and power control (2.2.10, 2.2.11). */
#define CONTROL_FOUR_BITS  (1u << 1)
#define CONTROL_HIGH_SPEED (1u << 2)
#define CONTROL_DMA_MASK   (3u << 3)
#define CONTROL_DMA_ADMA2  (2u << 3) /* descriptors with 32-bit addresses */
#define CONTROL_POWER_ON   (1u << 8)
#define CONTROL_POWER_3_3V (7u << 9)

/* Clock, time-out, software reset (2.2.14 to 2.2.16). */
#define CLOCK_INTERNAL      (1u << 0)
#define CLOCK_STABLE        (1u << 1)
#define CLOCK_CARD          (1u << 2)
#define CLOCK_DIVISOR(n)    (((n)&0xffu) << 8 | ((n) >> 8 & 3u) << 6)
#define CLOCK_DIVISOR_MASK  0xffc0u
#define CLOCK_TIMEOUT_MOST  (14u << 16) /* 2^27 cycles of the time-out clock */
#define CLOCK_RESET_ALL     (1u << 24)
#define CLOCK_RESET_COMMAND (1u << 25)
#define CLOCK_RESET_DATA    (1u << 26)

/* Interrupts (2.2.17, 2.2.18). */
#define STATUS_COMMAND      (1u << 0) /* the command has its response */
#define STATUS_TRANSFER     (1u << 1) /* all data is there, or the card no longer busy */
#define STATUS_CAN_WRITE    (1u << 4)
#define STATUS_CAN_READ     (1u << 5)
#define STATUS_INSERTED     (1u << 6)
#define STATUS_REMOVED      (1u << 7)
#define STATUS_ERROR        (1u << 15)
#define STATUS_NO_RESPONSE  (1u << 16) /* to the command, in 64 clocks */
#define STATUS_COMMAND_CRC  (1u << 17)
#define STATUS_DATA_TIMEOUT (1u << 20)
#define STATUS_DATA_CRC     (1u << 21)
#define STATUS_ERRORS       0xffff0000u
#define STATUS_WANTED                                                                              \
    (STATUS_COMMAND | STATUS_TRANSFER | STATUS_INSERTED | STATUS_REMOVED |                         \
     0x03ff0000u) /* all standard errors */

/* Capabilities (2.2.25). */
#define ABILITY_CLOCK_MHZ_2(ability) ((ability) >> 8 & 0x3f) /* base clock; 2.00 and older */
#define ABILITY_CLOCK_MHZ_3(ability) ((ability) >> 8 & 0xff)
#define ABILITY_ADMA2                (1u << 19)
#define ABILITY_HIGH_SPEED           (1u << 21)

/* An ADMA2 descriptor: attributes, length and address (1.13.4). */
#define ADMA2_VALID        (1u << 0)
#define ADMA2_END          (1u << 1)
#define ADMA2_TRANSFER     (2u << 4)
#define ADMA2_LENGTH_SHIFT 16
#define ADMA2_LENGTH_MOST  32768 /* 0 would mean 65536 */
