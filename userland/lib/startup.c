/*
 * startup.c: from the first instruction to main(), the startup block, and the end.
 */
#include "lib/startup.h"
#include "lib/log.h"
#include "lib/memory.h"

const struct startup *startup_block;

const struct startup_handle *startup_find(const char *name)
{
    for (uint32_t i = 0; startup_block && i < startup_block->count; i++)
        if (!strcmp(startup_block->handles[i].name, name))
            return &startup_block->handles[i];
    return NULL;
}

handle startup_handle(const char *name)
{
    const struct startup_handle *found = startup_find(name);
    return found ? found->handle : HANDLE_NONE;
}

handle startup_handle_needed(const char *name)
{
    handle found = startup_handle(name);
    if (!found) {
        log_print(LOG_ERROR, "%s: the manifest gives no handle \"%s\", which this server needs\n",
                  startup_name(), name);
        native_exit(1);
    }
    return found;
}

const char *startup_argument(void)
{
    return startup_block ? (const char *)&startup_block->handles[startup_block->count] : "";
}

const char *startup_name(void)
{
    return startup_block ? startup_block->name : "root";
}

_Noreturn void native_exit(int status)
{
    log_print(status ? LOG_ERROR : LOG_NOTICE, "%s: ended with status %d\n", startup_name(),
              status);
    for (;;) {
        space_ctl(HANDLE_SPACE, SPACE_KILL, 0, 0);
        thread_ctl(HANDLE_THREAD, THREAD_KILL, 0, 0, 0);
        __builtin_trap(); /* without the right to end itself: an exception does it */
    }
}

/* Called by start.S. */
_Noreturn void native_start(const struct startup *startup);
_Noreturn void native_start(const struct startup *startup)
{
    startup_block = startup;
    native_exit(main(startup));
}
