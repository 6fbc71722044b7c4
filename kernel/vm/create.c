/*
 * create.c: the call that makes kernel objects other than spaces and threads.
 */
#include "ipc/irq.h"
#include "task/lookup.h"
#include "task/reaper.h"

/* Gives the new object (NULL: ENOMEM) its first handle; without one it is destroyed again. */
static struct thread *hand_out(struct thread *thread, void *made, unsigned rights)
{
    struct kernel_object *object = made;
    int64_t handle;

    if (!object)
        return answer(thread, -ENOMEM);
    object_ref(object); /* ours, while it has no other */
    handle = handle_insert(&thread->space->handles, object, rights, 0);
    object_unref(object);
    answer(thread, handle);
    return handle < 0 ? reap_wait(thread) : thread;
}

static struct thread *make_endpoint(struct thread *thread, uint64_t level)
{
    if (level > LEVEL_ROOT)
        return answer(thread, -EINVAL);
    if (thread->space->level != LEVEL_ROOT && level < thread->space->level)
        return answer(thread, -EPERM); /* nobody may make others wait for what is above them */
    return hand_out(thread, endpoint_new(thread->space->pool, level), RIGHTS_ALL);
}

static struct thread *make_notification(struct thread *thread, uint64_t badge, uint64_t handle)
{
    struct endpoint *endpoint = NULL;

    if (handle) {
        endpoint = lookup_endpoint(thread, handle, RIGHT_RECV);
        if (!endpoint)
            return thread;
    }
    return hand_out(thread, notification_new(thread->space->pool, endpoint, badge), RIGHTS_ALL);
}

static struct thread *make_object(struct thread *thread)
{
    uint64_t *x = thread->registers.x;
    struct endpoint *pager;
    struct object *object;
    struct pool_object *pool;

    pager = lookup_endpoint(thread, x[1], RIGHT_PAGER);
    if (!pager)
        return thread;
    pool = lookup_pool(thread, x[4], RIGHT_MANAGE);
    if (!pool)
        return thread;
    if (!x[3] || x[3] > PAGES_MAX)
        return answer(thread, -EINVAL);
    object = object_new(pool, OBJECT_PAGED, x[3]);
    if (!object)
        return answer(thread, -ENOMEM);
    object->pager = pager;
    object_ref(&pager->object);
    list_enter(&pager->objects, object, pager_next, pager_link);
    object->cookie = x[2];
    return hand_out(thread, &object->object, RIGHTS_ALL);
}

struct thread *call_adopt(struct thread *thread)
{
    uint64_t *x = thread->registers.x;
    struct endpoint *pager = lookup_endpoint(thread, x[0], RIGHT_MANAGE);
    struct object *object, *before = NULL;

    if (pager && x[1] && !(before = lookup_object(thread, x[1], 0)))
        pager = NULL;
    if (!pager)
        return thread;
    if (before && before->pager != pager)
        return answer(thread, -EINVAL);
    object = before ? before->pager_next : pager->objects;
    if (!object)
        return answer(thread, -ENOENT);
    x[1] = object->cookie;
    x[2] = object->pages;
    x[3] = object->id;
    return hand_out(thread, object, RIGHTS_ALL);
}

/* Long: what is made so far hangs on the thread between two steps; x3 counts pages done. */
static struct thread *make_wired(struct thread *thread)
{
    uint64_t *x = thread->registers.x;
    struct object *object = thread->building;
    struct pool_object *pool;
    int64_t error;

    if (object && object->pages != x[1]) { /* its registers were changed in between: begin anew */
        thread->building = NULL;
        object_unref(&object->object);
        object = NULL;
    }
    if (!object) {
        pool = lookup_pool(thread, x[2], RIGHT_MANAGE);
        if (!pool)
            return thread;
        if (!x[1] || x[1] > USER_END >> PAGE_SHIFT)
            return answer(thread, -EINVAL);
        object = object_new(pool, OBJECT_WIRED, x[1]);
        if (!object)
            return answer(thread, -ENOMEM);
        object_ref(&object->object);
        thread->building = object;
        thread->building_done = 0;
    }
    while ((error = object_wire_step(object, &thread->building_done)) > 0)
        if (interrupt_pending())
            return call_again(thread);
    thread->building = NULL;
    if (!error) {
        hand_out(thread, &object->object, RIGHTS_ALL);
        object_unref(&object->object);
        return thread;
    }
    object_unref(&object->object);
    answer(thread, error);
    return reap_wait(thread);
}

static struct thread *make_device(struct thread *thread)
{
    uint64_t *x = thread->registers.x, first = x[2] >> PAGE_SHIFT;
    struct object *object;

    if (x[2] & (PAGE_SIZE - 1) || !x[3] || x[3] > 1ul << 20 || x[2] >= 1ul << 48 ||
        x[2] + (x[3] << PAGE_SHIFT) > 1ul << 48)
        return answer(thread, -EINVAL);
    for (unsigned i = 0; i < bank_count; i++) /* memory is handed out by pools alone */
        if (first < banks[i].first + banks[i].count && banks[i].first < first + x[3])
            return answer(thread, -EINVAL);
    object = object_new(thread->space->pool, OBJECT_RANGE, x[3]);
    if (!object)
        return answer(thread, -ENOMEM);
    object->memory = MAIR_DEVICE;
    object->base = x[2];
    return hand_out(thread, &object->object, RIGHTS_ALL & ~RIGHT_EXEC);
}

static struct thread *make_pool(struct thread *thread)
{
    uint64_t *x = thread->registers.x;
    int64_t error;
    struct pool_object *parent = lookup_pool(thread, x[1], RIGHT_MANAGE);
    struct pool_object *pool;

    if (!parent)
        return thread;
    pool = pool_object_new(parent, x[2], x[3], &error);
    return pool ? hand_out(thread, &pool->object, RIGHTS_ALL) : answer(thread, error);
}

struct thread *call_create(struct thread *thread)
{
    uint64_t *x = thread->registers.x;
    struct irq *irq;
    int64_t error;

    switch (x[0]) {
    case CREATE_ENDPOINT:
        return make_endpoint(thread, x[1]);
    case CREATE_NOTIFICATION:
        return make_notification(thread, x[1], x[2]);
    case CREATE_OBJECT:
        return make_object(thread);
    case CREATE_WIRED:
        return make_wired(thread);
    case CREATE_POOL:
        return make_pool(thread);
    case CREATE_DEVICE:
    case CREATE_IRQ:
        if (!lookup(thread, x[1], KERNEL_OBJECT_SYSTEM, RIGHT_MANAGE))
            return thread;
        if (x[0] == CREATE_DEVICE)
            return make_device(thread);
        irq = irq_new(thread->space->pool, x[2], &error);
        return irq ? hand_out(thread, &irq->object, RIGHTS_ALL) : answer(thread, error);
    }
    return answer(thread, -EINVAL);
}
