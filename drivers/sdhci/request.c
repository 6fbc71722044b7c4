/*
 * request.c: the queue: the first request's command, its check, and the way back from an error
 * (SDHCI 3.10.1; SD 4.6).
 */
#include "drivers/sdhci/card.h"
#include "drivers/sdhci/sd.h"
#include "lib/errors.h"

#define TRANSFER_TIME                                                                              \
    5000                  /* ms: a card may be busy with a write for half a second (SD 4.6.2.2)    \
                           */
#define COMMAND_TIME 500  /* ms */
#define BUSY_TIME    5000 /* ms, for a card to come to rest */
#define BUSY_PAUSE   10   /* ms */
#define DMA_TRIES    2    /* after so many a request goes by programmed I/O */

static void begin_transfer(struct card *card, const struct card_request *request, uint64_t now)
{
    bool read = request->operation == CARD_READ, many = request->sectors > 1;
    const struct command command = {.index = read   ? many ? SD_READ_MANY : SD_READ_ONE
                                             : many ? SD_WRITE_MANY
                                                    : SD_WRITE_ONE,
                                    .argument = (uint32_t)request->sector *
                                                (card->byte_addressed ? SD_BLOCK_BYTES : 1),
                                    .response = RESPONSE_SHORT,
                                    .read = read,
                                    .stop = many,
                                    .blocks = request->sectors,
                                    .block_bytes = SD_BLOCK_BYTES,
                                    .data = request->data,
                                    .pages = request->tries < DMA_TRIES ? request->pages : NULL};
    card_command(card, CARD_TRANSFER, &command, TRANSFER_TIME, now);
}

static void ask(struct card *card, enum card_state state, uint64_t now)
{
    const struct command command = {
        .index = SD_SEND_STATUS, .argument = card->relative_address, .response = RESPONSE_SHORT};
    card_command(card, state, &command, COMMAND_TIME, now);
}

void card_next(struct card *card, uint64_t now)
{
    struct card_request *request = card->first;
    card->state = CARD_READY;
    card->deadline = 0;
    if (!request)
        return;
    card->patience = now + BUSY_TIME * CARD_MILLISECOND;
    if (request->operation == CARD_FLUSH)
        ask(card, CARD_CHECK, now);
    else
        begin_transfer(card, request, now);
}

/* The first request is over; whoever submits another from `done` finds the card not ready yet, and
 * the next is begun here. */
static void end_request(struct card *card, int error, uint64_t now)
{
    struct card_request *request = card->first;
    card->first = request->next;
    if (!card->first)
        card->last = &card->first;
    card->callbacks->done(request, error);
    card_next(card, now);
}

/* Stops the transfer, whatever became of it: the card may be sending or receiving still. */
static void recover(struct card *card, uint64_t now)
{
    const struct command stop = {.index = SD_STOP, .response = RESPONSE_BUSY, .abort = true};
    if (host_reset_lines(card->host)) { /* all of it then: no DMA must go on */
        host_start(card->host);
        card_identify(card, now);
        return;
    }
    card->patience = now + BUSY_TIME * CARD_MILLISECOND;
    card_command(card, CARD_STOP, &stop, COMMAND_TIME, now);
}

/* The request failed for now: once more when the card is well again, or it is over. A card that
 * says write-protected will say so again. */
static void failed(struct card *card, int error, uint64_t now)
{
    struct card_request *request = card->first;
    if (!host_has_card(card->host)) {
        card->known = false;
        card_is_off(card, -ENOMEDIUM, now);
        return;
    }
    if (error == -EACCES || ++request->tries >= CARD_TRIES) {
        card->first = request->next;
        if (!card->first)
            card->last = &card->first;
        card->callbacks->done(request, error);
    } else {
        card->retries++;
    }
    recover(card, now);
}

/* Errors among the R1 bits that concern this request. The last block of a card may be read with
 * "out of range", as the card had looked at the one behind it when it was stopped (SD 4.3.3). */
static uint32_t errors_in(const struct card *card, uint32_t r1, bool after_stop)
{
    const struct card_request *request = card->first;
    uint32_t errors = r1 & R1_ERRORS;
    if (after_stop && request->operation == CARD_READ &&
        request->sector + request->sectors == card->sectors)
        errors &= ~R1_OUT_OF_RANGE;
    return errors;
}

static void status_failed(struct card *card, uint32_t errors, uint64_t now)
{
    card->errors++;
    card->status_errors = errors;
    failed(card, errors & R1_WRITE_PROTECT ? -EACCES : -EIO, now);
}

/* All data went; what did the card say? A single block's writing is known by asking alone. */
static void transferred(struct card *card, uint64_t now)
{
    const struct host *host = card->host;
    uint32_t errors = errors_in(card, host->response[0], false);
    if (host->command.stop)
        errors |= errors_in(card, host->response[3], true);
    if (errors)
        status_failed(card, errors, now);
    else if (card->first->operation == CARD_WRITE && !host->command.stop)
        ask(card, CARD_CHECK, now);
    else
        end_request(card, 0, now);
}

static bool at_rest(uint32_t r1)
{
    return r1 & R1_READY_FOR_DATA && R1_STATE(r1) == R1_STATE_TRANSFER;
}

static void checked(struct card *card, uint64_t now)
{
    uint32_t r1 = card->host->response[0], errors = errors_in(card, r1, false);
    if (errors)
        status_failed(card, errors, now);
    else if (at_rest(r1))
        end_request(card, 0, now);
    else if (now < card->patience)
        card_pause(card, CARD_CHECK_PAUSE, BUSY_PAUSE, now);
    else
        failed(card, -ETIMEDOUT, now);
}

/* After CMD12: is it ready for the next transfer? What it says of the last one is known. */
static void asked(struct card *card, int error, uint64_t now)
{
    if (!error && at_rest(card->host->response[0]))
        card_next(card, now);
    else if (!error && now < card->patience)
        card_pause(card, CARD_ASK_PAUSE, BUSY_PAUSE, now);
    else
        card_identify(card, now); /* the requests stay: it may be the same card afterwards */
}

void card_request_step(struct card *card, int error, uint64_t now)
{
    switch (card->state) {
    case CARD_STOP: /* a card at rest does not answer it */
        if (error)
            host_reset_lines(card->host);
        ask(card, CARD_ASK, now);
        break;
    case CARD_ASK_PAUSE:
        ask(card, CARD_ASK, now);
        break;
    case CARD_ASK:
        asked(card, error, now);
        break;
    case CARD_CHECK_PAUSE:
        ask(card, CARD_CHECK, now);
        break;
    case CARD_TRANSFER:
    case CARD_CHECK:
        if (error)
            failed(card, error, now);
        else if (card->state == CARD_TRANSFER)
            transferred(card, now);
        else
            checked(card, now);
        break;
    default:
        break;
    }
}
