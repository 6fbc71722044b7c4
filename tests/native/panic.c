/*
 * panic.c: asks the kernel to panic, in the way that `how=` says, after some work
 * that leaves traces. It never returns; the host looks at what was printed.
 */
#include "lib/startup.h"
#include "support.h"

int main(const struct startup *startup)
{
    (void)startup;
    handle note = create_notification(1, 0);

    for (unsigned i = 0; i < 20; i++)
        notify(note, 1);
    debug(HANDLE_SYSTEM, DEBUG_PANIC, argument("how", 0), 0);
    say("the kernel did not panic\n");
    finish();
}
