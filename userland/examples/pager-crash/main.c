/*
 * pager-crash: a pager with a mistake, to see what the system says of it. It serves
 * a hundred faults as ../pager does and then uses a table that was never made.
 */
#include "lib/pager.h"
#include "lib/startup.h"

uint64_t *visits; /* of each page: the mistake is that nothing is ever allocated for it */
static uint64_t served;

static struct supply answer(const struct fault *fault)
{
    if (++served > 100)
        visits[fault->index]++; /* writes to address 8 * index, where nothing is mapped */
    return fault->cow ? SUPPLY_A_COPY(fault) : SUPPLY_ZEROS(fault, SUPPLY_WRITABLE);
}

int main(const struct startup *startup)
{
    (void)startup;
    pager_loop(startup_handle_needed("self"), answer, &(struct server_operations){0});
}
