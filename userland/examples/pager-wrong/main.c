/*
 * pager-wrong: a pager with a mistake, to see what the system says of it. It serves
 * a hundred faults as ../pager does and then supplies another page than was asked for.
 */
#include "lib/pager.h"
#include "lib/startup.h"

static uint64_t served;

static struct supply answer(const struct fault *fault)
{
    struct fault other = *fault;
    if (++served > 100) {
        other.index++; /* the mistake: the program waits for the page before this one */
        return SUPPLY_ZEROS(&other, SUPPLY_WRITABLE);
    }
    return fault->cow ? SUPPLY_A_COPY(fault) : SUPPLY_ZEROS(fault, SUPPLY_WRITABLE);
}

int main(const struct startup *startup)
{
    (void)startup;
    pager_loop(startup_handle_needed("self"), answer, &(struct server_operations){0});
}
