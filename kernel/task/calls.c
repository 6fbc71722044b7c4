/*
 * calls.c: the calls on spaces and threads.
 */
#include "arch/string.h"
#include "task/lookup.h"
#include "task/reaper.h"
#include "vm/region.h"

struct thread *call_space_create(struct thread *thread)
{
    uint64_t *x = thread->registers.x;
    struct space *own = thread->space;
    struct endpoint *personality = NULL;
    struct pool_object *pool = lookup_pool(thread, x[0], RIGHT_MANAGE);

    if (!pool)
        return thread;
    if (x[1] > LEVEL_ROOT || x[3] >= PRIORITIES)
        return answer(thread, -EINVAL);
    /* Root alone makes spaces below its own level; nobody lends more priority than he has. */
    if ((own->level != LEVEL_ROOT && x[1] < own->level) || x[3] > own->priority_limit)
        return answer(thread, -EPERM);
    if (x[2]) {
        personality = lookup_endpoint(thread, x[2], RIGHT_PAGER);
        if (!personality)
            return thread;
        if (personality->level >= x[1])
            return answer(thread, -EPERM);
    }
    struct space *space = space_new(pool, x[1]);
    if (!space)
        return answer(thread, -ENOMEM);
    space->priority_limit = x[3];
    int64_t handle = handle_insert(&own->handles, &space->object, RIGHTS_ALL, 0);
    if (handle < 0) {
        object_ref(&space->object); /* the reaper's way of freeing */
        object_unref(&space->object);
        answer(thread, handle);
        return reap_wait(thread);
    }
    space_adopt(own, space);
    space->personality = personality;
    if (personality)
        object_ref(&personality->object);
    return answer(thread, handle);
}

struct thread *call_space_ctl(struct thread *thread)
{
    uint64_t *x = thread->registers.x;
    struct space *space =
        lookup_space(thread, x[0], x[1] == SPACE_STATS ? RIGHT_READ : RIGHT_MANAGE);

    if (!space)
        return thread;
    switch (x[1]) {
    case SPACE_KILL:
        space_kill(space);
        answer(thread, 0);
        return thread->space == space ? schedule() : reap_wait(thread);
    case SPACE_NAME:
        memcpy(space->name, &x[2], 16);
        for (unsigned i = 0; i < 16; i++)
            if (space->name[i] && (space->name[i] < ' ' || space->name[i] > '~'))
                space->name[i] = '?';
        return answer(thread, 0);
    case SPACE_WATCH: {
        struct notification *notification = lookup_notification(thread, x[2], RIGHT_WRITE);
        if (!notification)
            return thread;
        if (!x[3])
            return answer(thread, -EINVAL);
        object_ref(&notification->object);
        if (space->watch)
            object_unref(&space->watch->object);
        space->watch = notification;
        space->watch_bits = x[3];
        return answer(thread, 0);
    }
    case SPACE_STATS:
        x[1] = space->faults_minor;
        x[2] = space->faults_major;
        x[3] = space->resident;
        x[4] = space->translation.tables;
        x[5] = space->id;
        x[6] = space->time;
        return answer(thread, 0);
    }
    return answer(thread, -ENOSYS);
}

/* The wired, writable page at va of a space, as a kernel address. */
static char *message_page_find(struct space *space, uint64_t va, struct object **object)
{
    struct region *region = va < USER_END ? region_at(space, va) : NULL;

    if (!region || va & (PAGE_SIZE - 1) || !(region->rights & MAP_WRITE) ||
        region->object->kind != OBJECT_WIRED)
        return NULL;
    *object = region->object;
    uint64_t physical =
        object_page(*object, region->first + ((va - region->node.key) >> PAGE_SHIFT));
    return physical && physical >> PAGE_SHIFT < linear_end ? frame_address(physical >> PAGE_SHIFT)
                                                           : NULL;
}

struct thread *call_thread_create(struct thread *thread)
{
    uint64_t *x = thread->registers.x;
    struct object *object = NULL;
    char *page = NULL;
    struct space *space = lookup_space(thread, x[0], RIGHT_MANAGE);

    if (!space)
        return thread;
    if (x[2] > space->priority_limit)
        return answer(thread, -EINVAL);
    if (x[1]) {
        page = message_page_find(space, x[1], &object);
        if (!page || frame_of(address_frame(page))->pins == UINT16_MAX)
            return answer(thread, -EFAULT);
    }
    struct thread *made = thread_new(space, x[2]);
    if (!made)
        return answer(thread, -ENOMEM);
    int64_t handle = handle_insert(&thread->space->handles, &made->object, RIGHTS_ALL, 0);
    if (handle < 0) {
        thread_kill(made);
        return answer(thread, handle);
    }
    if (page) {
        made->message_page = page;
        made->message_object = object;
        object_ref(&object->object);
        frame_of(address_frame(page))->pins++;
    }
    made->badge = x[3];
    return answer(thread, handle);
}
