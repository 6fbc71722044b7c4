/*
 * pager.c: what happens when the kernel refuses an answer to a fault.
 */
#include "lib/pager.h"
#include "lib/log.h"
#include "lib/startup.h"

static const char *const supply_names[] = {[SUPPLY_ZERO] = "zeros",
                                           [SUPPLY_COPY] = "a copy",
                                           [SUPPLY_MOVE] = "a moved page",
                                           [SUPPLY_UPGRADE] = "an upgrade",
                                           [SUPPLY_FAIL] = "an error"};

static const char *supply_name(uint64_t how)
{
    how &= 0xff;
    return how < sizeof supply_names / sizeof *supply_names ? supply_names[how]
                                                            : "something unknown";
}

static void name_mistake(const struct refusal *refusal, const char *file)
{
    const struct supply *supply = &refusal->supply;
    log_print(LOG_ERROR,
              "%s: wrong answer at %s:%u: request 0x%lx, object 0x%lx, page 0x%lx: "
              "%s for %lu page(s) from 0x%lx refused: %s\n",
              startup_name(), file, supply->line, refusal->request, refusal->cookie, refusal->index,
              supply_name(supply->how), supply->pages, supply->index, error_name(refusal->error));
}

/* What is supplied in place of the refused answer. False: nothing, nobody waits any more. */
static bool supply_instead(const struct refusal *refusal, const char *file, struct supply *instead)
{
    switch (refusal->error) {
    case -ESTALE: /* the faulter has ended, or the answer came after the deadline */
    case -EINTR:  /* answered; only the receive was interrupted */
        return false;
    case -EAGAIN: /* the page changed underneath: it is shared again, or somebody else filled it */
        *instead = SUPPLY_A_COPY(refusal);
        return (refusal->supply.how & 0xff) == SUPPLY_UPGRADE;
    case -ENOMEM: /* the pool of whoever faulted is exhausted: its own affair */
        *instead = SUPPLY_NOTHING(refusal, ENOMEM);
        return true;
    default:
        name_mistake(refusal, file);
        *instead = SUPPLY_NOTHING(refusal, EFAULT);
        return true;
    }
}

void pager_recover(handle endpoint, const struct refusal *refusal, refusal_handler *told,
                   const char *file, struct message *next)
{
    struct refusal now = *refusal;
    struct supply instead;
    while (now.error && supply_instead(&now, file, &instead)) {
        now.error = page_supply_only(now.request, instead.how, instead.index, instead.pages,
                                     instead.source, instead.source_index);
        now.supply = instead;
        if ((instead.how & 0xff) == SUPPLY_FAIL)
            break; /* nothing less can be supplied */
    }
    if (told)
        told(refusal, now.error ? NULL : &instead);
    server_receive(endpoint, next);
}

void pager_other(handle endpoint, const struct server_operations *operations,
                 struct message *message)
{
    while (message_kind(message) != KIND_FAULT) {
        int64_t tag = server_dispatch(operations, message);
        server_next(endpoint, tag, message);
    }
}
