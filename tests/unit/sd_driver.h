/*
 * sd_driver.h: the SD driver's core on sd_model.c, and who uses it: what tests of both need.
 */
#pragma once
#include "lib/errors.h"
#include "sd_model.h"
#include <stdlib.h>
#include <string.h>

#define SECOND 1000000000ul

extern struct host host;
extern struct card card;
extern uint8_t contents[SD_MODEL_SECTORS][512]; /* what the card should have */

/* What the driver's user was told. */
extern uint64_t medium_sectors;
extern bool medium_read_only, medium_another;
extern unsigned mediums;

/* A request as its user has it. */
struct wish {
    struct card_request request;
    uint64_t pages[SD_BLOCKS_MOST / SD_BLOCKS_A_PAGE];
    unsigned done;
    int error;
};

/* Lets time and interrupts run until nothing is due any more, or `until` has come. */
void run(uint64_t until);

/* Until requests and identification are over; a card that does not work is tried again later only.
 */
void settle(void);

/* The driver begins with the model as it is; contents and card are the same. */
void start_with(bool dma);
/* The same with a controller that does not know of cards coming and going, and needs gaps. */
void start_undetected(void);
/* The same as the first, with a card of this kind, which is identified. */
void start(enum sd_model_kind kind);

/* Data lies at page `first` of the memory that DMA reaches, each second page left out where
 * `scattered` (then it is for DMA alone). */
void submit(struct wish *wish, enum card_operation operation, uint64_t sector, uint32_t sectors,
            unsigned first, bool scattered);
/* A write of patterns that `contents` has, too. */
void submit_write(struct wish *wish, uint64_t sector, uint32_t sectors, unsigned first,
                  unsigned seed);
/* Did it read what it should? */
bool has_contents(const struct wish *wish);
