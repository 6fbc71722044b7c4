/*
 * fork.c: the memory of a child. The kernel shares the pages (region_clone); here is only what
 * chooses addresses.
 */
#include "lib/memory.h"
#include "lib/wired.h"
#include "proc.h"

struct memory *memory_fork(struct memory *from, struct memory_pool *pool, int64_t *error)
{
    struct memory *memory = memory_new(pool, error);
    if (!memory)
        return NULL;
    memory->facts = from->facts;
    memory->program = from->program;
    if (memory->program)
        entry_hold(memory->program);
    memory->path = wired_text(from->path, strlen(from->path));
    *error = memory->path ? region_clone(from->space, memory->space, from->object, memory->object)
                          : -ENOMEM;
    if (!*error)
        *error = memory_inherit(memory, from);
    if (*error < 0) {
        memory_drop(memory);
        return NULL;
    }
    return memory;
}
