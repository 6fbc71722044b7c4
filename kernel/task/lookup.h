/*
 * lookup.h: from a caller's handle to the object, for the bodies of calls, and
 * how a call ends.
 */
#pragma once
#include "arch/memory.h"
#include "entry/dispatch.h"
#include "ipc/endpoint.h"
#include "vm/object.h"

/* x0 = result; the caller runs on. */
static inline struct thread *answer(struct thread *thread, int64_t result)
{
    thread->registers.x[0] = result;
    return thread;
}

/*
 * The call goes on later from what its registers say now: a bounded step ended
 * because an interrupt waits. The svc is executed again after it.
 */
static inline struct thread *call_again(struct thread *thread)
{
    thread->registers.pc -= 4;
    return thread;
}

/* What a handle names, if it is of that kind with these rights and was not revoked. NULL: it is
 * not, and the call is answered so (EBADF, EACCES, ESTALE in x0). So are all that follow. */
static inline struct kernel_object *lookup(struct thread *thread, uint64_t handle, unsigned kind,
                                           unsigned rights)
{
    int64_t error;
    struct handle_entry *entry =
        handle_lookup(&thread->space->handles, (uint32_t)handle, kind, rights, &error);

    if (entry)
        return entry->object;
    answer(thread, error);
    return NULL;
}

/* A space that is not dying (EOWNERDEAD). */
static inline struct space *lookup_space(struct thread *thread, uint64_t handle, unsigned rights)
{
    struct space *space = (struct space *)lookup(thread, handle, KERNEL_OBJECT_SPACE, rights);

    if (!space || !space->dying)
        return space;
    answer(thread, -EOWNERDEAD);
    return NULL;
}
static inline struct object *lookup_object(struct thread *thread, uint64_t handle, unsigned rights)
{
    return (struct object *)lookup(thread, handle, KERNEL_OBJECT_OBJECT, rights);
}
static inline struct endpoint *lookup_endpoint(struct thread *thread, uint64_t handle,
                                               unsigned rights)
{
    return (struct endpoint *)lookup(thread, handle, KERNEL_OBJECT_ENDPOINT, rights);
}
static inline struct notification *lookup_notification(struct thread *thread, uint64_t handle,
                                                       unsigned rights)
{
    return (struct notification *)lookup(thread, handle, KERNEL_OBJECT_NOTIFICATION, rights);
}
/* The pool a handle names; 0: the one the caller's space is charged to. */
static inline struct pool_object *lookup_pool(struct thread *thread, uint64_t handle,
                                              unsigned rights)
{
    if (!handle)
        return thread->space->pool;
    return (struct pool_object *)lookup(thread, handle, KERNEL_OBJECT_POOL, rights);
}

/* [va, va + pages) is page aligned, not empty, and inside the user half. */
static inline bool range_valid(uint64_t va, uint64_t pages)
{
    return !(va & (PAGE_SIZE - 1)) && pages && pages <= USER_END >> PAGE_SHIFT && va < USER_END &&
           va + (pages << PAGE_SHIFT) <= USER_END;
}
