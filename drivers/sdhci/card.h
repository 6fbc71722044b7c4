/*
 * card.h: an SD memory card behind a host controller: identified when it comes (SDSC below 2 GiB,
 * SDHC and SDXC above), then read and written, one request after the other. A machine of states
 * that interrupts and an alarm drive: nothing here waits.
 *
 * "SD" is the SD Physical Layer Simplified Specification 3.01, "SDHCI" the host controller's.
 *
 * What goes wrong is tried again: lines reset, the transfer stopped, the card asked how it is
 * (CMD12, CMD13), identified anew where it does not answer. After CARD_TRIES a request ends with
 * its error and the next one begins. A card that cannot even be identified counts as none, and is
 * tried again after a second, then less and less often.
 */
#pragma once
#include "drivers/sdhci/host.h"

#define CARD_TRIES 4

enum card_operation { CARD_READ, CARD_WRITE, CARD_FLUSH };

/* Belongs to the card until `done`. */
struct card_request {
    struct card_request *next;
    enum card_operation operation;
    uint64_t sector;
    uint32_t sectors;      /* 1 to SD_BLOCKS_MOST; FLUSH: 0 */
    uint8_t *data;         /* as we see it */
    const uint64_t *pages; /* physical addresses; NULL: no DMA */
    unsigned tries;
};

enum card_state {
    CARD_OFF,        /* no card, or none that works */
    CARD_POWER,      /* its supply settles */
    CARD_RESET,      /* CMD0 */
    CARD_VOLTAGE,    /* CMD8 */
    CARD_PREFIX,     /* CMD55 before ACMD41 */
    CARD_CONDITIONS, /* ACMD41 */
    CARD_CONDITIONS_PAUSE,
    CARD_IDENTITY,   /* CMD2 */
    CARD_ADDRESS,    /* CMD3 */
    CARD_SPECIFICS,  /* CMD9 */
    CARD_SELECT,     /* CMD7 */
    CARD_BLOCK_SIZE, /* CMD16 */
    CARD_WIDTH_PREFIX,
    CARD_WIDTH,    /* ACMD6 */
    CARD_SPEED,    /* CMD6 */
    CARD_READY,    /* nothing under way */
    CARD_TRANSFER, /* a request's own command */
    CARD_CHECK,    /* CMD13 before a request is over */
    CARD_CHECK_PAUSE,
    CARD_STOP, /* after an error: CMD12 */
    CARD_ASK,  /* … and CMD13 */
    CARD_ASK_PAUSE,
};

/* What main.c is told. */
struct card_callbacks {
    /* A card is ready (sectors, 512 bytes each, not 0) or gone (0). another: it is not the one that
     * was there before. */
    void (*medium)(uint64_t sectors, bool read_only, bool another);
    /* The request is over; 0, -EIO, -ETIMEDOUT, -ENOMEDIUM or -EACCES (write-protected). It may
     * submit the next one. */
    void (*done)(struct card_request *request, int error);
};

/* The counts are since the start: for the log and for tests. */
struct card {
    struct host *host;
    const struct card_callbacks *callbacks;
    enum card_state state;
    uint64_t deadline; /* card_alarm is wanted at this time; 0: no alarm */
    uint64_t patience; /* until when a state that asks again does so */
    struct card_request *first, **last;
    uint32_t relative_address; /* RCA, in bits 16 to 31 as commands want it */
    uint32_t identity[4];      /* CID */
    uint64_t sectors;
    bool known; /* identity is that of the card the client knows */
    bool byte_addressed, version_1, read_only;
    unsigned identify_tries;
    uint64_t retry_after;             /* ns until a card that does not work is tried again */
    uint64_t errors, retries;         /* commands that failed; requests begun again */
    uint32_t status_errors;           /* R1 bits of the last failure */
    _Alignas(4) uint8_t switched[64]; /* answer of CMD6 */
};

/* Everything begins: with a card in, it is identified. `callbacks->medium` is called when it is
 * known what is there, perhaps at once. */
void card_start(struct card *card, struct host *host, const struct card_callbacks *callbacks,
                uint64_t now);

/* Adds a request. It is the caller's to see that its sectors exist. */
void card_submit(struct card *card, struct card_request *request, uint64_t now);

/* An interrupt of the controller; the deadline has come. Afterwards look at card->deadline. */
void card_interrupt(struct card *card, uint64_t now);
void card_alarm(struct card *card, uint64_t now);

/* ---- Shared by identify.c and request.c alone ---- */

#define CARD_MILLISECOND 1000000ul

/* Begins a command in this state, with so long for it. Its failure to begin is one like others. */
void card_command(struct card *card, enum card_state state, const struct command *command,
                  uint64_t milliseconds, uint64_t now);
/* Waits in this state. */
void card_pause(struct card *card, enum card_state state, uint64_t milliseconds, uint64_t now);

/* identify.c: from the beginning; on, when a step's command ended (error 0) or failed. */
void card_identify(struct card *card, uint64_t now);
void card_identify_step(struct card *card, int error, uint64_t now);

/* request.c: the first request in the queue, when the card is CARD_READY; on, as above. */
void card_next(struct card *card, uint64_t now);
void card_request_step(struct card *card, int error, uint64_t now);
/* All requests fail with this. */
void card_fail_all(struct card *card, int error);
/* The card in the controller works, or does not (-EIO), or there is none (-ENOMEDIUM). */
void card_is_ready(struct card *card, bool another, uint64_t now);
void card_is_off(struct card *card, int error, uint64_t now);
