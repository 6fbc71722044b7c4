/*
 * pager-endless: a pager with a mistake, to see what the system says of it. It serves
 * a hundred faults as ../pager does and then looks for something that is never there.
 */
#include "lib/pager.h"
#include "lib/startup.h"

static volatile bool ready; /* the mistake: nobody ever sets it */
static uint64_t served;

static struct supply answer(const struct fault *fault)
{
    while (++served > 100 && !ready)
        continue;
    return fault->cow ? SUPPLY_A_COPY(fault) : SUPPLY_ZEROS(fault, SUPPLY_WRITABLE);
}

int main(const struct startup *startup)
{
    (void)startup;
    pager_loop(startup_handle_needed("self"), answer, &(struct server_operations){0});
}
