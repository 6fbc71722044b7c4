/*
 * pager-silent: a pager with a mistake, to see what the system says of it. It serves
 * a hundred faults as ../pager does, takes one more message and never answers it.
 */
#include "lib/pager.h"
#include "lib/startup.h"

static uint64_t served;

static struct supply answer(const struct fault *fault)
{
    while (++served > 100)
        sleep_until(UINT64_MAX); /* the mistake: waits for what never comes */
    return fault->cow ? SUPPLY_A_COPY(fault) : SUPPLY_ZEROS(fault, SUPPLY_WRITABLE);
}

int main(const struct startup *startup)
{
    (void)startup;
    pager_loop(startup_handle_needed("self"), answer, &(struct server_operations){0});
}
