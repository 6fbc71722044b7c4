/*
 * A pager from nothing: it stands behind a Linux program that knows nothing of it
 * and supplies every page of its memory. Copy this folder to begin your own;
 * README.md beside it goes through it line by line.
 */
#include "lib/log.h"
#include "lib/pager.h"
#include "lib/startup.h"

/* One page fault comes in, one answer goes out. */
static struct supply answer(const struct fault *fault)
{
    if (fault->cow && fault->sole)
        return SUPPLY_UPGRADED(fault); /* it is this program's alone already: let it write */
    if (fault->cow)
        return SUPPLY_A_COPY(fault); /* somebody else sees that page too: write to a copy */
    if (fault->write)
        return SUPPLY_ZEROS(fault, SUPPLY_WRITABLE); /* a frame of zeros */
    return SUPPLY_ZEROS(fault, 0); /* only read so far: the zero page that everybody shares */
}

/* Messages other than faults: none is understood, the library answers ENOSYS. */
static const struct server_operations operations = {0};

int main(const struct startup *startup)
{
    log_print(LOG_INFO, "%s: a pager of my own\n", startup->name);
    pager_loop(startup_handle_needed("self"), answer, &operations);
}
