#include "lib/lifeline.h"

/* The space's first table, and what the kernel's objects take of others. */
#define LIFELINE_FRAMES 4

int64_t lifeline_new(handle *lifeline)
{
    *lifeline = HANDLE_NONE;
    int64_t pool = create_pool(HANDLE_POOL, 0, LIFELINE_FRAMES);
    if (pool < 0)
        return pool;
    int64_t space = space_create((handle)pool, LEVEL_PROGRAM, HANDLE_NONE, 0);
    handle_close((handle)pool); /* lives on with what is charged to it */
    if (space < 0)
        return space;
    *lifeline = (handle)space;
    return 0;
}

void lifeline_end(handle *lifeline)
{
    if (!*lifeline)
        return;
    space_ctl(*lifeline, SPACE_KILL, 0, 0);
    handle_close(*lifeline);
    *lifeline = HANDLE_NONE;
}

int64_t lifeline_watch(handle lifeline, handle notification, uint64_t bits)
{
    return space_ctl(lifeline, SPACE_WATCH, notification, bits);
}

bool lifeline_ended(handle lifeline)
{
    struct space_statistics unused;
    return space_statistics(lifeline, &unused) < 0;
}
