/*
 * identify.c: from power to a card that is selected, four data lines wide, as fast as both sides
 * are (SD 4.2, 4.3.10; SDHCI 3.6). One step a command.
 */
#include "drivers/sdhci/card.h"
#include "drivers/sdhci/sd.h"
#include "lib/errors.h"

#define IDENTIFY_TRIES   3
#define SUPPLY_SETTLES   10   /* ms; SD 6.4.1.1: 1 ms, and 74 clocks */
#define COMMAND_TIME     500  /* ms */
#define CONDITIONS_TIME  1000 /* ms, until ACMD41 says ready (SD 4.2.3) */
#define CONDITIONS_PAUSE 10   /* ms */
#define NORMAL_HZ        25000000u
#define HIGH_SPEED_HZ    50000000u

static void simple(struct card *card, enum card_state state, uint8_t index, uint32_t argument,
                   enum response response, uint64_t now)
{
    const struct command command = {.index = index, .argument = argument, .response = response};
    card_command(card, state, &command, COMMAND_TIME, now);
}

static void prefix(struct card *card, enum card_state state, uint64_t now)
{
    simple(card, state, SD_APP, card->relative_address, RESPONSE_SHORT, now);
}

void card_identify(struct card *card, uint64_t now)
{
    card->relative_address = 0;
    card->version_1 = false;
    host_reset_lines(card->host);
    if (host_power_on(card->host))
        card_is_off(card, -EIO, now);
    else
        card_pause(card, CARD_POWER, SUPPLY_SETTLES, now);
}

/* A step failed: from the beginning, or it is no card of ours. */
static void give_up(struct card *card, uint64_t now)
{
    if (++card->identify_tries < IDENTIFY_TRIES && host_has_card(card->host)) {
        card_identify(card, now);
        return;
    }
    card->identify_tries = 0;
    card_is_off(card, host_has_card(card->host) ? -EIO : -ENOMEDIUM, now);
}

/* CMD8: cards of version 1 do not answer it. Another pattern than ours: a card for another voltage.
 */
static void voltage_answered(struct card *card, int error, uint64_t now)
{
    card->version_1 = error == -ETIMEDOUT;
    if (card->version_1) {
        host_reset_lines(card->host);
    } else if (error || (card->host->response[0] & SD_IF_COND_MASK) != SD_IF_COND) {
        give_up(card, now);
        return;
    }
    card->patience = now + CONDITIONS_TIME * CARD_MILLISECOND;
    prefix(card, CARD_PREFIX, now);
}

static void conditions_answered(struct card *card, uint64_t now)
{
    uint32_t conditions = card->host->response[0];
    if (conditions & SD_CONDITIONS_READY) {
        card->byte_addressed = !(conditions & SD_CONDITIONS_HIGH);
        simple(card, CARD_IDENTITY, SD_ALL_SEND_CID, 0, RESPONSE_LONG, now);
    } else if (now < card->patience) {
        card_pause(card, CARD_CONDITIONS_PAUSE, CONDITIONS_PAUSE, now);
    } else {
        give_up(card, now);
    }
}

/* CID: is it the card that was here before? */
static void identity_answered(struct card *card, uint64_t now)
{
    bool same = card->known;
    for (unsigned i = 0; i < 4; i++) {
        same = same && card->identity[i] == card->host->response[i];
        card->identity[i] = card->host->response[i];
    }
    card->known = same;
    simple(card, CARD_ADDRESS, SD_SEND_ADDRESS, 0, RESPONSE_SHORT, now);
}

/* CSD (SD 5.3): how large, and may it be written to. */
static bool read_specifics(struct card *card)
{
    const uint32_t *csd = card->host->response;
    uint64_t sectors, size;
    switch (sd_bits(csd, 127, 126)) {
    case 0:
        size = sd_bits(csd, 83, 80); /* log2 of the length of a block, 9 to 11 */
        if (size < 9 || size > 11)
            return false;
        sectors = (uint64_t)(sd_bits(csd, 73, 62) + 1) << (sd_bits(csd, 49, 47) + 2 + size - 9);
        break;
    case 1:
        sectors = (uint64_t)(sd_bits(csd, 69, 48) + 1) << 10;
        break;
    default:
        return false;
    }
    card->known = card->known && card->sectors == sectors;
    card->sectors = sectors;
    card->read_only = sd_bits(csd, 13, 12) != 0;          /* permanently, or for the time being */
    return !card->byte_addressed || sectors <= 1ul << 23; /* 4 GiB in bytes */
}

static void switch_speed(struct card *card, uint64_t now)
{
    const struct command command = {.index = SD_SWITCH,
                                    .argument = SD_SWITCH_HIGH_SPEED,
                                    .response = RESPONSE_SHORT,
                                    .read = true,
                                    .blocks = 1,
                                    .block_bytes = SD_SWITCH_BYTES,
                                    .data = card->switched};
    card_command(card, CARD_SPEED, &command, COMMAND_TIME, now);
}

static void finish(struct card *card, uint64_t now)
{
    bool another = !card->known;
    card->known = true;
    card_is_ready(card, another, now);
}

/* Four data lines are there. Cards that know no CMD6, or fail it, stay at the usual speed. */
static void width_answered(struct card *card, uint64_t now)
{
    host_four_bits(card->host);
    if (host_clock(card->host, NORMAL_HZ))
        give_up(card, now);
    else if (card->host->high_speed)
        switch_speed(card, now);
    else
        finish(card, now);
}

static void speed_answered(struct card *card, int error, uint64_t now)
{
    if (error)
        host_reset_lines(card->host);
    if (!error && (card->switched[SD_SWITCH_RESULT] & 15) == 1) {
        host_high_speed(card->host);
        if (host_clock(card->host, HIGH_SPEED_HZ)) {
            give_up(card, now);
            return;
        }
    }
    finish(card, now);
}

/* From here on a step's failure is the card's. */
static void step_answered(struct card *card, uint64_t now)
{
    switch (card->state) {
    case CARD_POWER:
        simple(card, CARD_RESET, SD_GO_IDLE, 0, RESPONSE_NONE, now);
        break;
    case CARD_RESET:
        simple(card, CARD_VOLTAGE, SD_SEND_IF_COND, SD_IF_COND, RESPONSE_SHORT, now);
        break;
    case CARD_CONDITIONS_PAUSE:
        prefix(card, CARD_PREFIX, now);
        break;
    case CARD_PREFIX:
        simple(card, CARD_CONDITIONS, SD_APP_CONDITIONS,
               SD_CONDITIONS_VOLTAGES | (card->version_1 ? 0 : SD_CONDITIONS_HIGH),
               RESPONSE_UNCHECKED, now);
        break;
    case CARD_CONDITIONS:
        conditions_answered(card, now);
        break;
    case CARD_IDENTITY:
        identity_answered(card, now);
        break;
    case CARD_ADDRESS:
        card->relative_address = card->host->response[0] & R6_ADDRESS;
        simple(card, CARD_SPECIFICS, SD_SEND_CSD, card->relative_address, RESPONSE_LONG, now);
        break;
    case CARD_SPECIFICS:
        if (read_specifics(card))
            simple(card, CARD_SELECT, SD_SELECT, card->relative_address, RESPONSE_BUSY, now);
        else
            give_up(card, now);
        break;
    case CARD_SELECT:
        simple(card, CARD_BLOCK_SIZE, SD_SET_BLOCK_LEN, SD_BLOCK_BYTES, RESPONSE_SHORT, now);
        break;
    case CARD_BLOCK_SIZE:
        prefix(card, CARD_WIDTH_PREFIX, now);
        break;
    case CARD_WIDTH_PREFIX:
        simple(card, CARD_WIDTH, SD_APP_WIDTH, SD_WIDTH_FOUR_BITS, RESPONSE_SHORT, now);
        break;
    case CARD_WIDTH:
        width_answered(card, now);
        break;
    default:
        break;
    }
}

void card_identify_step(struct card *card, int error, uint64_t now)
{
    if (card->state == CARD_VOLTAGE)
        voltage_answered(card, error, now);
    else if (card->state == CARD_SPEED)
        speed_answered(card, error, now);
    else if (error)
        give_up(card, now);
    else
        step_answered(card, now);
}
