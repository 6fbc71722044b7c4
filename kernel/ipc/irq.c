#include "ipc/irq.h"
#include "mm/slab.h"
#include "platform/platform.h"
#include "task/lookup.h"

#define FIRST_DEVICE_LINE 32 /* below: SGIs and this CPU's own lines (IHI 0048B 2.2.1) */

static struct slab_cache irq_cache;
static struct irq *irqs; /* all of them: a board has few that anybody asked for */
static struct lock irq_lock;

void irqs_init(void)
{
    slab_cache_init(&irq_cache, "irq", sizeof(struct irq));
}

struct irq *irq_new(struct pool_object *pool, uint32_t intid, int64_t *error)
{
    struct irq *irq;

    *error = -EINVAL;
    if (intid < FIRST_DEVICE_LINE || intid >= interrupts->lines())
        return NULL;
    *error = -EBUSY;
    for (irq = irqs; irq; irq = irq->next)
        if (irq->intid == intid)
            return NULL;
    *error = -ENOMEM;
    irq = slab_alloc(&irq_cache, pool->pool);
    if (!irq)
        return NULL;
    irq->object.kind = KERNEL_OBJECT_IRQ;
    irq->intid = intid;
    irq->pool = pool;
    object_ref(&pool->object);
    lock_take(&irq_lock);
    irq->next = irqs;
    irqs = irq;
    lock_release(&irq_lock);
    return irq;
}

void irq_free(struct irq *irq)
{
    struct irq **link = &irqs;
    struct pool_object *pool = irq->pool;

    interrupts->disable(irq->intid);
    lock_take(&irq_lock);
    while (*link != irq)
        link = &(*link)->next;
    *link = irq->next;
    lock_release(&irq_lock);
    if (irq->notification)
        object_unref(&irq->notification->object);
    slab_free(&irq_cache, irq, pool->pool);
    object_unref(&pool->object);
}

bool irq_deliver(uint32_t intid)
{
    for (struct irq *irq = irqs; irq; irq = irq->next) {
        if (irq->intid != intid)
            continue;
        interrupts->disable(intid);
        if (irq->notification)
            notification_signal(irq->notification, irq->bits);
        return true;
    }
    interrupts->disable(intid);
    return false;
}

struct thread *call_irq_ctl(struct thread *thread)
{
    uint64_t *x = thread->registers.x;
    struct irq *irq = (struct irq *)lookup(thread, x[0], KERNEL_OBJECT_IRQ, RIGHT_MANAGE);

    if (!irq)
        return thread;
    if (x[1] == IRQ_ACK) {
        if (!irq->notification)
            return answer(thread, -EINVAL);
        interrupts->enable(irq->intid, true);
        return answer(thread, 0);
    }
    if (x[1] != IRQ_BIND)
        return answer(thread, -ENOSYS);
    if (!x[3])
        return answer(thread, -EINVAL);
    struct notification *notification = lookup_notification(thread, x[2], RIGHT_WRITE);
    if (!notification)
        return thread;
    object_ref(&notification->object);
    if (irq->notification)
        object_unref(&irq->notification->object);
    irq->notification = notification;
    irq->bits = x[3];
    interrupts->enable(irq->intid, true);
    return answer(thread, 0);
}
