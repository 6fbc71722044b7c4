/*
 * supply.c: page_supply, the one call by which a pager answers a fault and waits
 * for the next.
 */
#include "arch/cache.h"
#include "debug/console.h"
#include "debug/trace.h"
#include "ipc/fast.h"
#include "task/lookup.h"
#include "vm/fast.h"
#include "vm/map.h"

#define SUPPLY_STEP 8ul /* pages between two looks at the interrupt line */

/* What one call asks for, decoded and checked. */
struct supply {
    unsigned operation;
    bool writable, write; /* write: the request was one */
    struct object *object;
    struct region *region; /* of the faulter, at the faulting address; NULL: unasked or gone */
    struct object *source; /* NULL: the region's own */
    uint64_t source_index;
};

static slot supplied(frame_number number, const struct supply *supply)
{
    return number << PAGE_SHIFT | SLOT_RESIDENT |
           (supply->writable ? SLOT_WRITABLE | (supply->write ? SLOT_DIRTY : 0) : 0);
}

static int64_t supply_zero(struct supply *supply, struct chunk *chunk, uint64_t index)
{
    frame_number number;

    if (!supply->writable) {
        slot_set(chunk, index, SLOT_ZERO);
        return 0;
    }
    number = object_frame(supply->object, index);
    if (__builtin_expect(!number, 0))
        return -ENOMEM;
    void *page = frame_open(number, 0);
    page_zero(page);
    frame_close(page, 0);
    slot_set(chunk, index, supplied(number, supply));
    return 0;
}

/* A private copy of `source_page`; a page that was in the slot (copy-on-write) is let go. */
static int64_t supply_copy(struct supply *supply, struct chunk *chunk, uint64_t index)
{
    slot old = *chunk_slot(chunk, index);
    uint64_t page = 0;
    frame_number number;

    if (supply->source)
        page = object_page(supply->source, supply->source_index);
    else if ((old & SLOT_STATE) == SLOT_RESIDENT)
        page = old & SLOT_ADDRESS;
    else if (supply->region)
        page = map_source_page(supply->region, index);
    if (!page)
        return -ENOENT;
    number = object_frame(supply->object, index);
    if (!number)
        return -ENOMEM;
    void *from = frame_open(page >> PAGE_SHIFT, 0), *to = frame_open(number, 1);
    page_copy(to, from);
    frame_close(to, 1);
    frame_close(from, 0);
    if (old & ~SLOT_BUSY) {
        object_unmap(supply->object, index, 1);
        slot_discard(chunk, index);
    }
    slot_set(chunk, index, supplied(number, supply));
    return 0;
}

/* The frame itself changes hands, and who is charged for it. */
static int64_t supply_move(struct supply *supply, struct chunk *chunk, uint64_t index)
{
    struct object *source = supply->source;
    struct chunk *from;
    struct frame *frame;
    slot value;
    int error;

    if (!source || source == supply->object || source->kind == OBJECT_RANGE)
        return -EINVAL;
    from = supply->source_index < source->pages ? chunk_for(source, supply->source_index, false)
                                                : NULL;
    value = from ? *chunk_slot(from, supply->source_index) : 0;
    if ((value & SLOT_STATE) != SLOT_RESIDENT || value & SLOT_BUSY)
        return -ENOENT;
    frame = frame_of((value & SLOT_ADDRESS) >> PAGE_SHIFT);
    if (frame->refs != 1 || frame->pins || (source->kind == OBJECT_WIRED && source->regions))
        return -EAGAIN; /* who shows wired memory relies on its never being absent */
    error = pool_charge(supply->object->pool->pool, 1);
    if (error)
        return error;
    object_unmap(source, supply->source_index, 1);
    slot_set(from, supply->source_index, SLOT_EMPTY);
    pool_release(frame->pool, 1);
    frame->pool = supply->object->pool->pool;
    frame->object = supply->object;
    frame->index = index;
    slot_set(chunk, index, supplied((value & SLOT_ADDRESS) >> PAGE_SHIFT, supply));
    return 0;
}

static int64_t supply_upgrade(struct chunk *chunk, uint64_t index)
{
    slot *at = chunk_slot(chunk, index);

    if ((*at & SLOT_STATE) != SLOT_RESIDENT)
        return -ENOENT;
    if (!slot_sole(*at))
        return -EAGAIN;
    *at |= SLOT_WRITABLE;
    return 0;
}

/* Fills one slot. A slot that has its page already is left alone, unless it was asked for. */
static int64_t supply_page(struct supply *supply, uint64_t index, bool asked)
{
    struct chunk *chunk = chunk_for(supply->object, index, true);
    struct counters *counters = &this_cpu()->counters;
    unsigned state;

    if (!chunk)
        return -ENOMEM;
    state = *chunk_slot(chunk, index) & SLOT_STATE;
    if (!asked && supply->operation != SUPPLY_UPGRADE &&
        (state == SLOT_RESIDENT || *chunk_slot(chunk, index) & SLOT_BUSY))
        return 0;
    if (state == SLOT_ZERO)
        object_unmap(supply->object, index, 1);
    switch (supply->operation) {
    case SUPPLY_ZERO:
        if (state == SLOT_RESIDENT)
            return -EINVAL; /* would lose what is there */
        counters->supplied_zero++;
        return supply_zero(supply, chunk, index);
    case SUPPLY_COPY:
        counters->supplied_copy++;
        return supply_copy(supply, chunk, index);
    case SUPPLY_MOVE:
        if (state == SLOT_RESIDENT)
            return -EINVAL;
        counters->supplied_move++;
        return supply_move(supply, chunk, index);
    default:
        counters->supplied_upgrade++;
        return supply_upgrade(chunk, index);
    }
}

/*
 * The last SUPPLY_STEP pages in one go, from the far end. False: not all of them, since something
 * about the rest is special or memory is short; the long way goes on from there.
 */
static bool supply_zeroes(struct supply *supply, uint64_t index, uint64_t *pages)
{
    struct chunk *chunk = chunk_for(supply->object, index + *pages - SUPPLY_STEP, true);
    uint64_t first = chunk ? index + *pages - SUPPLY_STEP - chunk->node.key : 0, left = SUPPLY_STEP;

    /* All in one word of the bitmap, and so in one chunk. */
    if (!chunk || !supply->writable || (first & 63) > 64 - SUPPLY_STEP)
        return false;
    for (slot *slots = &chunk->slots[first]; left && !slots[left - 1]; left--) {
        frame_number number = object_frame(supply->object, chunk->node.key + first + left - 1);
        if (__builtin_expect(number - 1 >= linear_end - 1, 0)) {
            if (number)
                pool_free_frame(number);
            break;
        }
        page_zero(frame_address(number));
        slots[left - 1] = supplied(number, supply);
    }
    uint64_t got = SUPPLY_STEP - left;
    chunk->resident[first >> 6] |= ((1ul << SUPPLY_STEP) - (1ul << left)) << (first & 63);
    chunk->used += got;
    supply->object->resident += got;
    this_cpu()->counters.supplied_zero += got;
    *pages -= got;
    return !left;
}

/* Fills from the far end, so that the page that was asked for comes last and a call that is
 * interrupted goes on with fewer pages. 1: not finished. */
static int64_t supply_range(struct supply *supply, uint64_t index, uint64_t *pages, bool asked)
{
    for (unsigned step = 0; *pages; step++) {
        if (step == SUPPLY_STEP) {
            if (interrupt_pending())
                return 1;
            step = 0;
        }
        if (!step && *pages >= SUPPLY_STEP + asked && supply->operation == SUPPLY_ZERO &&
            supply_zeroes(supply, index, pages)) {
            step = SUPPLY_STEP - 1;
            continue;
        }
        int64_t error = supply_page(supply, index + *pages - 1, asked && *pages == 1);
        if (error)
            return error;
        --*pages;
    }
    return 0;
}

/* A wrong answer is the pager author's to find: say exactly which. */
static int64_t wrong(struct thread *pager, const struct thread *client, uint64_t index,
                     const char *what)
{
    kprintf(LOG_ERROR,
            "pagoda: pager %s answered request %lx (page 0x%lx, for %s at 0x%lx) wrongly: %s "
            "0x%lx pc=0x%lx image=%s\n",
            pager->space->name, client->request.id, client->fault_index, client->space->name,
            client->request.va, what, index, pager->registers.pc, pager->space->name);
    return -EINVAL;
}

/* Enters the page for the faulter, if there is still a region that allows it. */
static void map_for(struct thread *client)
{
    uint64_t va = client->request.va;
    unsigned flags = client->request.flags;
    unsigned access = flags & FAULT_WRITE ? MAP_WRITE : flags & FAULT_EXEC ? MAP_EXEC : MAP_READ;
    struct region *region = region_at(client->space, va);
    uint64_t entry;

    if (!region || !(region->rights & access))
        return;
    entry = map_entry(region, region->first + ((va - region->node.key) >> PAGE_SHIFT), access);
    if (entry)
        map_enter(client->space, va, entry); /* the table is there; if not, it faults again */
}

/* Counts a fault that was answered: once, though a private page may need two requests. */
static void count_fault(struct thread *client, bool major)
{
    if (major)
        client->space->faults_major++;
    else if (!(client->request.flags & FAULT_PRIVATE))
        client->space->faults_minor++;
}

/* The object that x6 names as the source of the page, where the operation has one. */
static int64_t source_find(struct thread *pager, struct supply *supply)
{
    uint64_t handle = pager->registers.x[6];
    unsigned right = supply->operation == SUPPLY_MOVE ? RIGHT_MANAGE : RIGHT_READ;

    if (!handle || supply->operation == SUPPLY_ZERO)
        return 0;
    supply->source = lookup_object(pager, handle, right);
    if (!supply->source)
        return (int64_t)pager->registers.x[0]; /* answered */
    return object_is_memory(supply->source) ? 0 : -EINVAL;
}

/* Answers `client`'s fault from pager's registers. 1: to be continued. */
static int64_t answer_fault(struct thread *pager, struct thread *client)
{
    uint64_t *x = pager->registers.x;
    struct request *request = &client->request;
    struct region *region = region_at(client->space, request->va);
    struct object *object = client->fault_object;
    uint64_t index = client->fault_index, most = request->window;
    struct supply supply = {
        .operation = x[2] & 0xff,
        .writable = x[2] & SUPPLY_WRITABLE,
        .write = request->flags & FAULT_WRITE,
        .object = object,
        .region = region && region->object == object &&
                          region->first + ((request->va - region->node.key) >> PAGE_SHIFT) == index
                      ? region
                      : NULL,
        .source_index = x[7],
    };
    int64_t error;

    if (__builtin_expect(x[3] != index, 0))
        return wrong(pager, client, x[3], "it supplies page");
    if (__builtin_expect(!x[4] || x[4] > most, 0))
        return wrong(pager, client, x[4], "a page count outside the window:");
    if (__builtin_expect(
            supply.operation > SUPPLY_UPGRADE || (x[4] > 1 && supply.operation != SUPPLY_ZERO), 0))
        return wrong(pager, client, x[2], "no such operation:");
    if (__builtin_expect(x[4] > object->pages - index, 0))
        x[4] = object->pages - index; /* it has shrunk since it was asked for */
    error = source_find(pager, &supply);
    if (!error)
        error = supply_range(&supply, index, &x[4], true);
    if (__builtin_expect(error, 0))
        return error;
    struct chunk *chunk = chunk_for(object, index, false);
    *chunk_slot(chunk, index) &= ~SLOT_BUSY;
    count_fault(client, x[2] & SUPPLY_MAJOR);
    trace(TRACE_SUPPLY, request->id, x[2]);
    map_for(client);
    return 0;
}

static void answer_fail(struct thread *pager, struct thread *client)
{
    uint64_t errno = pager->registers.x[2] >> 32;
    struct request *request = &client->request;
    uint64_t va = request->va;

    this_cpu()->counters.supplied_fail++;
    thread_unwait(client); /* clears BUSY; the next waiter asks for itself */
    fault_refuse(client, errno == ENOMEM ? EXCEPTION_NO_MEMORY : EXCEPTION_PAGER, va);
}

/* Fills an object that nobody asked for pages of, and shows them where it is mapped. */
static int64_t supply_unasked(struct thread *thread)
{
    uint64_t *x = thread->registers.x, index = x[3], pages = x[4];
    struct supply supply = {.operation = x[2] & 0xff,
                            .writable = x[2] & SUPPLY_WRITABLE,
                            .write = x[2] & SUPPLY_WRITABLE,
                            .source_index = x[7]};
    int64_t error;

    supply.object = lookup_object(thread, x[5], RIGHT_MANAGE);
    if (!supply.object)
        return (int64_t)x[0];
    if (supply.object->kind != OBJECT_PAGED || !pages || pages > supply.object->pages ||
        index > supply.object->pages - pages || pages > CHUNK_SLOTS ||
        supply.operation > SUPPLY_UPGRADE || (pages > 1 && supply.operation != SUPPLY_ZERO))
        return -EINVAL;
    if (supply.operation == SUPPLY_COPY && !x[6])
        return -EINVAL; /* no faulter, no region to take a source from */
    error = source_find(thread, &supply);
    if (!error)
        error = supply_range(&supply, index, &x[4], false);
    if (error < 0)
        return error;
    uint64_t first = index + x[4], done = pages - x[4];
    for (struct region *region = supply.object->regions; region && done;
         region = region->object_next) {
        uint64_t from = first < region->first ? region->first : first;
        uint64_t end = region->first + (region->length >> PAGE_SHIFT);
        uint64_t stop = first + done < end ? first + done : end;
        if (from < stop)
            region_populate(region, region->node.key + ((from - region->first) << PAGE_SHIFT),
                            stop - from, false);
    }
    return error;
}

struct thread *supply_slow(struct thread *thread)
{
    uint64_t *x = thread->registers.x;
    struct endpoint *endpoint = NULL;
    struct thread *client = NULL;
    int64_t error;

    if ((uint32_t)x[0]) {
        endpoint = lookup_endpoint(thread, x[0], RIGHT_RECV);
        if (__builtin_expect(!endpoint, 0))
            return thread;
    }
    if (x[1]) {
        client = thread_of_request(x[1], thread->space);
        if (__builtin_expect(!client || client->request.kind != KIND_FAULT, 0))
            return answer(thread, -ESTALE);
        if (__builtin_expect((x[2] & 0xff) == SUPPLY_FAIL, 0)) {
            answer_fail(thread, client);
            client = NULL;
        } else {
            error = answer_fault(thread, client);
            if (__builtin_expect(error, 0))
                return error > 0 ? call_again(thread) : answer(thread, error);
            uint64_t index = client->fault_index;
            struct object *object = client->fault_object;
            fault_done(client);
            if (__builtin_expect(object->waiters != NULL, 0))
                object_wake(object, index);
            if (__builtin_expect(client->retry, 0)) { /* this page is there now */
                client->prefault_next += !(client->request.flags & FAULT_PRIVATE);
                fault_continue(client);
                client = NULL;
            }
        }
    } else {
        error = supply_unasked(thread);
        if (error)
            return error > 0 ? call_again(thread) : answer(thread, error);
    }
    if (endpoint && client && !endpoint->signalled && !endpoint->callers.root) {
        receiver_wait(endpoint, thread);
        return switch_direct(this_cpu(), client);
    }
    if (client)
        thread_ready(client);
    x[0] = 0;
    if (!endpoint) {
        if (x[1])
            thread->priority = thread->base_priority; /* it works for nobody now */
        return reschedule(thread);
    }
    struct thread *next = endpoint_receive(thread, endpoint, false);
    return next ? reschedule(next) : schedule();
}
