/*
 * dma.c: dma_pin, what a device may reach by itself. The device's object has a second one, unseen,
 * whose slots name the pinned frames as a clone's would: a frame goes back when nothing names it,
 * and is charged to who had it first. So a pin needs nobody but the device's object to last.
 */
#include "task/lookup.h"
#include "task/reaper.h"

#define STEP_PAGES 64 /* between two looks at the interrupt line */

/* Pins x4 pages in a row of numbers that is x6's from the first step on; x5 counts pages done. */
static struct thread *pin(struct thread *thread, struct object *device, struct object *object)
{
    uint64_t *x = thread->registers.x;
    struct object *pinned = device->pinned;

    if (!pinned) {
        pinned = device->pinned = object_new(thread->space->pool, OBJECT_WIRED, PAGES_MAX);
        if (!pinned)
            return answer(thread, -ENOMEM);
        object_ref(&pinned->object);
        pinned->pages = 0; /* numbers given */
    }
    if (!x[5]) {
        x[6] = pinned->pages;
        pinned->pages += x[4];
    }
    for (; x[5] < x[4]; x[5]++) {
        uint64_t index = x[6] + x[5], page = object_page(object, x[3] + x[5]);
        struct chunk *chunk = index < pinned->pages ? chunk_for(pinned, index, true) : NULL;
        if (!chunk || *chunk_slot(chunk, index)) { /* or its registers were changed in between */
            object_discard_unmapped(pinned, x[6], x[5]);
            return answer(thread, -ENOMEM);
        }
        frame_of(page >> PAGE_SHIFT)->refs++;
        slot_set(chunk, index, page | SLOT_RESIDENT);
        ((uint64_t *)thread->message_page)[x[5]] = page;
        if (x[5] % STEP_PAGES == STEP_PAGES - 1 && interrupt_pending()) {
            x[5]++;
            return call_again(thread);
        }
    }
    return answer(thread, (int64_t)x[6]);
}

static struct thread *unpin(struct thread *thread, struct object *device)
{
    uint64_t *x = thread->registers.x;
    struct object *pinned = device->pinned;

    if (!x[3] && x[4] == ~0ul) {
        device->pinned = NULL;
        if (pinned)
            object_unref(&pinned->object);
        answer(thread, 0);
        return reap_wait(thread);
    }
    if (!pinned || !x[4] || x[4] > MESSAGE_WORDS_MAX || x[3] >= pinned->pages ||
        x[4] > pinned->pages - x[3])
        return answer(thread, -EINVAL);
    object_discard_unmapped(pinned, x[3], x[4]);
    return answer(thread, 0);
}

struct thread *call_dma_pin(struct thread *thread)
{
    uint64_t *x = thread->registers.x;
    struct object *device = lookup_object(thread, x[0], RIGHT_MANAGE), *object;

    if (!device)
        return thread;
    if (x[1] != DMA_PIN && x[1] != DMA_UNPIN)
        return answer(thread, -ENOSYS);
    if (device->kind != OBJECT_RANGE || object_is_memory(device))
        return answer(thread, -EINVAL);
    if (x[1] == DMA_UNPIN)
        return unpin(thread, device);
    object = lookup_object(thread, x[2], RIGHT_READ | RIGHT_WRITE);
    if (!object)
        return thread;
    if (!thread->message_page)
        return answer(thread, -EMSGSIZE);
    if (object->kind != OBJECT_WIRED || !x[4] || x[4] > MESSAGE_WORDS_MAX ||
        x[3] >= object->pages || x[4] > object->pages - x[3] || x[5] > x[4])
        return answer(thread, -EINVAL);
    return pin(thread, device, object);
}
