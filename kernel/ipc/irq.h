/*
 * irq.h: one interrupt line, owned by a driver at user level. When it comes the
 * line is disabled and the bound notification signalled; IRQ_ACK enables it again.
 */
#pragma once
#include "ipc/endpoint.h"

struct irq {
    struct kernel_object object;
    uint32_t intid;
    struct notification *notification;
    uint64_t bits;
    struct pool_object *pool;
    struct irq *next;
};

/* NULL with *error: -EINVAL no such line, -EBUSY somebody has it, -ENOMEM. */
struct irq *irq_new(struct pool_object *pool, uint32_t intid, int64_t *error);
void irq_free(struct irq *irq);
/* A device interrupt arrived. False: nobody has that line. */
bool irq_deliver(uint32_t intid);
void irqs_init(void);
