/*
 * pager-silent: a pager with a mistake, to see what the system says of it. It serves
 * a hundred faults as ../pager does and from then on takes messages without answering.
 */
#include "lib/pager.h"
#include "lib/startup.h"

static handle self;
static uint64_t served;

static struct supply answer(const struct fault *fault)
{
    struct message message;
    while (++served > 100)
        recv(self, 0, &message); /* the mistake: waits for another message, answers none */
    return fault->cow ? SUPPLY_A_COPY(fault) : SUPPLY_ZEROS(fault, SUPPLY_WRITABLE);
}

int main(const struct startup *startup)
{
    (void)startup;
    self = startup_handle_needed("self");
    pager_loop(self, answer, &(struct server_operations){0});
}
