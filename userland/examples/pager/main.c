/*
 * pager: a user's own pager, from nothing. It stands behind an unmodified Linux
 * program and decides what each page of that program's memory is. Copy this folder
 * to begin your own; ../README.md says how to build and run it.
 */
#include "lib/log.h"     /* log_print: a line in the system's log */
#include "lib/pager.h"   /* struct fault, SUPPLY_…, pager_loop */
#include "lib/startup.h" /* what the manifest gave us: handles by name */

/* How many faults were served: a policy may remember whatever it likes. */
static uint64_t served;

/*
 * The policy. The program touched a page that is not there as it needs it, and
 * stands still. The kernel made a message of that: `fault`. What we return is the
 * page; the kernel makes it, and the program goes on as if nothing had happened.
 */
static struct supply answer(const struct fault *fault)
{
    served++;
    /* A readable page is there and the program wants to write it (copy on write). */
    if (fault->cow) {
        /* Nobody else sees that page: it need not be copied, only made writable. */
        if (fault->sole)
            return SUPPLY_UPGRADED(fault);
        /* It is shown from the program's file, or shared: write to a copy. */
        return SUPPLY_A_COPY(fault);
    }
    /* Nothing is there yet and it is written to: a frame of its own, full of zeros. */
    if (fault->write)
        return SUPPLY_ZEROS(fault, SUPPLY_WRITABLE);
    /* Only read so far: the one zero page that everybody shares costs no memory.
     * The first write comes back to us as another fault. */
    return SUPPLY_ZEROS(fault, 0);
}

/* Anything but a fault is refused for us, with ENOSYS: we speak no protocol. */
static const struct server_operations operations = {0};

int main(const struct startup *startup)
{
    log_print(LOG_NOTICE, "%s: at your service\n", startup->name);
    /* "self" is our own endpoint: where the kernel sends the faults. The loop
     * receives one, calls answer(), and answers and receives in one kernel call. */
    pager_loop(startup_handle_needed("self"), answer, &operations);
}
