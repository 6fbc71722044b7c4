/*
 * card.c: see card.h. Which state's step is next, and what is common to all of them.
 */
#include "drivers/sdhci/card.h"
#include "lib/errors.h"

#define RETRY_FIRST                                                                                \
    (1000 * CARD_MILLISECOND)         /* a card that does not work is left alone so long,          \
                                       */
#define RETRY_LAST (64 * RETRY_FIRST) /* … and doubly so each time, up to here */

static bool is_identifying(const struct card *card)
{
    return card->state > CARD_OFF && card->state < CARD_READY;
}

static void step(struct card *card, int error, uint64_t now)
{
    card->deadline = 0;
    if (error)
        card->errors++;
    if (is_identifying(card))
        card_identify_step(card, error, now);
    else if (card->state > CARD_READY)
        card_request_step(card, error, now);
}

/* A command that cannot begin leaves an alarm that is due at once: a step never calls the next. */
void card_command(struct card *card, enum card_state state, const struct command *command,
                  uint64_t milliseconds, uint64_t now)
{
    card->state = state;
    card->deadline = now + milliseconds * CARD_MILLISECOND;
    if (host_begin(card->host, command))
        card->deadline = now;
}

void card_pause(struct card *card, enum card_state state, uint64_t milliseconds, uint64_t now)
{
    card->state = state;
    card->deadline = now + milliseconds * CARD_MILLISECOND;
}

void card_fail_all(struct card *card, int error)
{
    struct card_request *request = card->first;
    card->first = NULL;
    card->last = &card->first;
    while (request) {
        struct card_request *next = request->next;
        card->callbacks->done(request, error);
        request = next;
    }
}

void card_is_off(struct card *card, int error, uint64_t now)
{
    card->state = CARD_OFF;
    card->deadline = 0;
    if (card->host->no_detect)
        card->known = false;         /* it may have been taken out */
    if (host_has_card(card->host)) { /* or nobody knows whether it has */
        card->deadline = now + card->retry_after;
        if (card->retry_after < RETRY_LAST)
            card->retry_after *= 2;
    }
    host_reset_lines(card->host);
    host_power_off(card->host);
    card->callbacks->medium(0, false, false);
    card_fail_all(card, error);
}

void card_is_ready(struct card *card, bool another, uint64_t now)
{
    card->state = CARD_READY;
    card->deadline = 0;
    card->identify_tries = 0;
    card->retry_after = RETRY_FIRST;
    card->read_only |= !host_may_write(card->host);
    if (another)
        card_fail_all(card, -ENOMEDIUM);
    card->callbacks->medium(card->sectors, card->read_only, another);
    if (card->state == CARD_READY) /* the client may have begun at once */
        card_next(card, now);
}

/* The card that the client knows is gone for good: whatever comes next is another one, even if it
 * looks the same, for it may have been written to elsewhere. */
static void changed(struct card *card, uint64_t now)
{
    bool has_card = host_has_card(card->host);
    if (!has_card || card->state != CARD_OFF) {
        card->known = false;
        card_is_off(card, -ENOMEDIUM, now);
    }
    card->identify_tries = 0;
    card->retry_after = RETRY_FIRST;
    if (has_card)
        card_identify(card, now);
}

void card_start(struct card *card, struct host *host, const struct card_callbacks *callbacks,
                uint64_t now)
{
    *card = (struct card){
        .host = host, .callbacks = callbacks, .last = &card->first, .retry_after = RETRY_FIRST};
    if (host_has_card(host))
        card_identify(card, now);
    else
        card_is_off(card, -ENOMEDIUM, now);
}

void card_submit(struct card *card, struct card_request *request, uint64_t now)
{
    if (request->operation == CARD_WRITE && card->read_only) {
        card->callbacks->done(request, -EACCES);
        return;
    }
    request->next = NULL;
    request->tries = 0;
    *card->last = request;
    card->last = &request->next;
    if (card->state == CARD_READY)
        card_next(card, now);
    else if (card->state == CARD_OFF)
        card_fail_all(card, -ENOMEDIUM);
}

void card_interrupt(struct card *card, uint64_t now)
{
    unsigned events = host_interrupt(card->host);
    if (events & HOST_CHANGED)
        changed(card, now);
    else if (events & HOST_FAILED)
        step(card, host_error(card->host), now);
    else if (events & HOST_DONE)
        step(card, 0, now);
}

/* A pause is over; or a command has not ended in time, or could not begin. An interrupt that comes
 * late and the alarm may pass each other: so the controller is asked first. */
void card_alarm(struct card *card, uint64_t now)
{
    if (!card->deadline || now < card->deadline)
        return;
    if (card->state == CARD_OFF) {
        card_identify(card, now);
        return;
    }
    if (!card->host->busy && (card->state == CARD_POWER || card->state == CARD_CONDITIONS_PAUSE ||
                              card->state == CARD_CHECK_PAUSE || card->state == CARD_ASK_PAUSE)) {
        step(card, 0, now);
        return;
    }
    card_interrupt(card, now);
    if (card->deadline && now >= card->deadline) {
        host_reset_lines(card->host);
        step(card, -ETIMEDOUT, now);
    }
}
