/*
 * sd.h: commands, responses and registers of SD cards ("SD": SD Physical Layer Simplified
 * Specification 3.01).
 */
#pragma once
#include <stdint.h>

#define SD_GO_IDLE        0
#define SD_ALL_SEND_CID   2
#define SD_SEND_ADDRESS   3
#define SD_SWITCH         6
#define SD_SELECT         7
#define SD_SEND_IF_COND   8
#define SD_SEND_CSD       9
#define SD_STOP           12
#define SD_SEND_STATUS    13
#define SD_SET_BLOCK_LEN  16
#define SD_READ_ONE       17
#define SD_READ_MANY      18
#define SD_WRITE_ONE      24
#define SD_WRITE_MANY     25
#define SD_APP            55 /* the next command is an application's */
#define SD_APP_WIDTH      6
#define SD_APP_CONDITIONS 41

/* CMD8 (4.3.13): 2.7 to 3.6 V, and a pattern that comes back. */
#define SD_IF_COND      0x1aa
#define SD_IF_COND_MASK 0xfff

/* ACMD41 (4.2.3, 5.1): 2.7 to 3.6 V. */
#define SD_CONDITIONS_VOLTAGES 0x00ff8000u
#define SD_CONDITIONS_HIGH     (1u << 30) /* sent: we know SDHC; answered: it is one */
#define SD_CONDITIONS_READY    (1u << 31)

#define SD_WIDTH_FOUR_BITS 2

/* CMD6 (4.3.10): group 1, access mode. */
#define SD_SWITCH_HIGH_SPEED 0x80fffff1u
#define SD_SWITCH_BYTES      64
#define SD_SWITCH_RESULT     16 /* byte whose low half is the function that group 1 has now */

/* R1 (4.10.1): what says that something went wrong. Not 25 (locked) nor 3 (authentication). */
#define R1_OUT_OF_RANGE   (1u << 31)
#define R1_WRITE_PROTECT  (1u << 26)
#define R1_ERRORS         0xfdf98000u
#define R1_READY_FOR_DATA (1u << 8)
#define R1_STATE(r1)      ((r1) >> 9 & 15)
#define R1_STATE_TRANSFER 4

#define R6_ADDRESS 0xffff0000u

/* Bits high … low of a 128-bit register out of R2, which the controller gives without its lowest
 * eight (SDHCI 2.2.7). At most 32 bits. */
static inline uint32_t sd_bits(const uint32_t response[4], unsigned high, unsigned low)
{
    unsigned shift = low - 8, width = high - low + 1;
    uint64_t two = response[shift / 32];
    if (shift / 32 < 3)
        two |= (uint64_t)response[shift / 32 + 1] << 32;
    return (uint32_t)(two >> shift % 32 & ((1ull << width) - 1));
}
