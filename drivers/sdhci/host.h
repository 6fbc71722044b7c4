/*
 * host.h: an SD host controller: switched on, one command at a time with or without data, its
 * interrupts. It knows nothing of cards (card.h) nor of where the controller is (main.c).
 * Nothing here waits for a card; resets and clocks are waited for, 20 ms at most.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SD_BLOCK_BYTES   512u
#define SD_BLOCKS_MOST   2048u /* of a command: 1 MiB; as many descriptors as fit a page */
#define SD_BLOCKS_A_PAGE 8u
#define HOST_IDENTIFY_HZ 400000u

enum response {
    RESPONSE_NONE,
    RESPONSE_LONG,      /* R2 */
    RESPONSE_UNCHECKED, /* R3: no checksum */
    RESPONSE_SHORT,     /* R1, R6, R7 */
    RESPONSE_BUSY,      /* R1b: the command ends when the card is no longer busy */
};

struct command {
    uint8_t index;
    enum response response;
    bool read;  /* data comes from the card */
    bool stop;  /* CMD12 follows the last block; its response is response[3] */
    bool abort; /* CMD12 itself: a transfer may be under way */
    uint32_t argument;
    uint32_t blocks, block_bytes; /* blocks 0: no data */
    uint8_t *data;                /* blocks * block_bytes, as we see it */
    const uint64_t *pages; /* physical addresses of its pages, from the start of a page; or NULL */
};

/* Set by whoever knows the controller, before host_start; what is below is the host's. */
struct host {
    volatile uint8_t *registers;
    uint32_t base_hz; /* of the clock it divides; 0: as its capabilities say */
    bool no_detect;   /* nothing tells whether a card is in, nor whether it may be written to */
    bool slow_writes; /* writes need a gap while the card's clock is slow */
    uint32_t *descriptors;   /* a page for ADMA2, or NULL: every transfer is by programmed I/O */
    uint64_t descriptors_at; /* … physical */
    uint32_t force_bits;     /* for tests: errors (STATUS_*) that are forced … */
    uint32_t force_every;    /* … upon every so many commands with data; 0: none */

    uint32_t ability, clock_hz;
    bool version_3, high_speed, adma2;
    struct command command;
    uint32_t response[4];
    uint32_t errors; /* STATUS_* bits that the last command failed with */
    bool busy, responded, by_dma;
    uint32_t forced;               /* commands with data since the last that was forced */
    uint8_t *at;                   /* programmed I/O: the next byte */
    uint32_t blocks_left;          /* … and blocks */
    uint64_t commands, interrupts; /* counts since the start */
};

/* Resets the controller and learns what it can; afterwards there is no power on the card, but its
 * coming and going interrupts. 0, -EIO: it does not come out of reset, or says no clock. */
int host_start(struct host *host);

/* Power and the slow clock for identification, one data line. 0 or -EIO. */
int host_power_on(struct host *host);
void host_power_off(struct host *host);

/* The fastest clock that is not above `hz`; four data lines; high-speed timing. 0 or -EIO. */
int host_clock(struct host *host, uint32_t hz);
void host_four_bits(struct host *host);
void host_high_speed(struct host *host);

bool host_has_card(const struct host *host);
bool host_may_write(const struct host *host);

/*
 * Begins a command; its end comes by an interrupt. -EBUSY: the controller's lines are not free
 * (host_reset_lines helps). Data goes by DMA when there are pages that ADMA2 can reach.
 */
int host_begin(struct host *host, const struct command *command);

/* What an interrupt, or a look without one, found. */
enum host_event {
    HOST_NOTHING = 0,
    HOST_DONE = 1,    /* the command is complete: response, data */
    HOST_FAILED = 2,  /* … or ended with `errors`; reset the lines before the next one */
    HOST_CHANGED = 4, /* a card came or went */
};
/* Bits of the above. */
unsigned host_interrupt(struct host *host);

/* What the last command failed with: -ETIMEDOUT (no response, or no data), or -EIO. */
int host_error(const struct host *host);

/* The command under way, if any, is over without a result (SDHCI 3.10.1). 0, or -EIO: the lines do
 * not come out of reset. */
int host_reset_lines(struct host *host);
