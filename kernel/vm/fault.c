/*
 * fault.c: an abort at EL0 becomes a mapping, a message to a pager, or a message
 * to the personality. The way of a fault, step by step, is in README.md.
 */
#include "vm/fault.h"
#include "arch/tlb.h"
#include "debug/trace.h"
#include "ipc/personality.h"
#include "vm/fast.h"
#include "vm/map.h"

enum outcome {
    MAPPED,  /* the access will succeed now */
    WAITS,   /* the thread waits for a page; *next says who runs */
    REFUSED, /* it may not, or cannot; *reason says why */
};

static inline void waiter_remove(struct thread *thread)
{
    struct object *object = thread->fault_object;

    if (thread->fault_previous)
        thread->fault_previous->fault_next = thread->fault_next;
    else
        object->waiters = thread->fault_next;
    if (thread->fault_next)
        thread->fault_next->fault_previous = thread->fault_previous;
    thread->fault_object = NULL;
}

void fault_done(struct thread *thread)
{
    request_unwatch(thread);
    thread->request.id = 0;
    thread->request.server = NULL;
    waiter_remove(thread);
}

/* Withdraws a thread from whatever page it waits for. The first waiter left behind asks anew. */
void fault_unwait(struct thread *thread)
{
    struct object *object = thread->fault_object;
    uint64_t index = thread->fault_index;
    struct chunk *chunk;

    if (!object)
        return;
    waiter_remove(thread);
    if (thread->request.id && thread->request.kind == KIND_FAULT) {
        request_unwatch(thread);
        chunk = chunk_for(object, index, false);
        if (chunk)
            slot_set(chunk, index, *chunk_slot(chunk, index) & ~SLOT_BUSY);
        thread->request.id = 0;
        object_wake(object, index);
    }
}

void fault_retry(struct thread *thread)
{
    if (thread->retry)
        fault_continue(thread);
    else
        thread_ready(thread);
}

/* Sends the pager its eight registers. `most`: pages that are of use from this one on. */
static struct thread *request_page(struct thread *thread, struct object *object,
                                   struct chunk *chunk, uint64_t index, uint64_t va, uint64_t most,
                                   unsigned flags)
{
    struct endpoint *pager = object->pager;
    struct request *request = &thread->request;
    slot value = *chunk_slot(chunk, index);
    uint64_t *w = request->words;

    request_begin(thread, object, chunk, index, va, most, flags);
    request->endpoint = pager;
    request->badge = 0;
    w[0] = object->cookie;
    w[1] = index;
    w[2] = request->window;
    w[3] = chunk->resident[(index - chunk->node.key) >> 6]; /* of the 64 pages around */
    w[4] = thread->space->id;
    w[5] = value;
    trace(TRACE_REQUEST, request->id, va);
    return request_send(thread, pager);
}

/* Waits for a page that its pager has to supply: asks for it, unless somebody else did. */
static enum outcome await_page(struct thread *thread, struct object *object, uint64_t index,
                               uint64_t va, uint64_t most, unsigned flags, struct thread **next,
                               unsigned *reason)
{
    struct chunk *chunk;
    slot value;

    *reason = EXCEPTION_PAGER;
    if (index >= object->pages || object->pager->revoked)
        return REFUSED;
    *reason = EXCEPTION_NO_MEMORY;
    chunk = chunk_for(object, index, true);
    if (__builtin_expect(!chunk, 0))
        return REFUSED;
    value = *chunk_slot(chunk, index);
    if (value & SLOT_BUSY) {
        fault_wait(thread, object, index);
        thread->state = THREAD_STATE_PAGE;
        *next = thread == this_cpu()->current ? schedule() : NULL;
        return WAITS;
    }
    if ((value & SLOT_STATE) == SLOT_RESIDENT)
        flags |= FAULT_COW | (slot_sole(value) ? FAULT_SOLE : 0);
    *next = request_page(thread, object, chunk, index, va, most, flags);
    return WAITS;
}

/*
 * Makes `va` accessible for `access`, or finds out why not. Called again after
 * every wait: nothing found here is remembered across one.
 */
static enum outcome resolve(struct thread *thread, uint64_t va, unsigned access,
                            struct thread **next, unsigned *reason)
{
    struct space *space = thread->space;
    struct region *region = region_at(space, va);
    struct object *object, *source;
    uint64_t offset, entry, most;
    unsigned flags = access == MAP_WRITE ? FAULT_WRITE : access == MAP_EXEC ? FAULT_EXEC : 0;

    *reason = EXCEPTION_NO_REGION;
    if (__builtin_expect(!region, 0))
        return REFUSED;
    *reason = EXCEPTION_RIGHTS;
    if (__builtin_expect(!(region->rights & access), 0))
        return REFUSED;
    va &= ~(uint64_t)(PAGE_SIZE - 1);
    object = region->object;
    offset = (va - region->node.key) >> PAGE_SHIFT;
    most = (region->length >> PAGE_SHIFT) - offset;
    *reason = EXCEPTION_NO_MEMORY;
    if (access != MAP_WRITE && region->rights & MAP_AROUND && region_around(region, va))
        return MAPPED;
    entry = map_entry(region, region->first + offset, access);
    if (entry) {
        if (map_enter(space, va, entry))
            return REFUSED;
        this_cpu()->counters.faults_soft++;
        space->faults_minor +=
            access == MAP_WRITE || !object_cloned(object, region->first + offset);
        return MAPPED;
    }
    *reason = EXCEPTION_PAGER;
    if (object->kind != OBJECT_PAGED)
        return REFUSED;
    /* Tables and slots first: then a supply cannot fail for want of them. */
    *reason = EXCEPTION_NO_MEMORY;
    if (__builtin_expect(!translation_leaf(&space->translation, va, true), 0))
        return REFUSED;
    source = region->source;
    if (source && !object_slot(object, region->first + offset)) {
        if (map_source_page(region, region->first + offset))
            flags |= FAULT_COW;
        else if (source->kind == OBJECT_PAGED) /* a page of the file first, then perhaps a copy */
            return await_page(thread, source, region->source_first + offset, va, most,
                              access == MAP_WRITE ? FAULT_PRIVATE : flags, next, reason);
    }
    return await_page(thread, object, region->first + offset, va, most, flags, next, reason);
}

struct thread *fault_handle(struct thread *thread, uint64_t va, unsigned access)
{
    struct thread *next;
    unsigned reason;

    switch (resolve(thread, va, access, &next, &reason)) {
    case MAPPED:
        return thread;
    case WAITS:
        return next;
    default:
        return fault_refuse(thread, reason, va);
    }
}

struct thread *fault_refuse(struct thread *thread, unsigned reason, uint64_t va)
{
    this_cpu()->counters.faults_refused++;
    trace(TRACE_REFUSED, reason, va);
    if (thread->retry == KIND_SYSCALL) /* its personality knows what is done of it already */
        return personality_retry(thread, MESSAGE_AGAIN | MESSAGE_REFUSED);
    thread->retry = 0;
    return personality_exception(thread, reason, va, thread->fault_esr);
}

struct thread *fault_continue(struct thread *thread)
{
    struct thread *next;
    unsigned reason;

    while (thread->prefault_next < thread->prefault_count) {
        uint64_t va = thread->prefault[thread->prefault_next];
        if (va >= USER_END)
            return fault_refuse(thread, EXCEPTION_NO_REGION, va);
        switch (resolve(thread, va, thread->prefault_access, &next, &reason)) {
        case MAPPED:
            thread->prefault_next++;
            break;
        case WAITS:
            return next;
        default:
            return fault_refuse(thread, reason, va);
        }
    }
    return personality_retry(thread, MESSAGE_AGAIN);
}

/* Data fault status codes, ESR_EL1.DFSC and IFSC (Arm ARM D19.2.38). */
#define STATUS(esr) ((esr)&0x3f)
#define STATUS_IS_TABLE(esr)                                                                       \
    (STATUS(esr) >= 0x04 && STATUS(esr) <= 0x0f) /* translation, flag, permission */
#define STATUS_IS_FLAG(esr) ((STATUS(esr) & 0x3c) == 0x08)
#define STATUS_ALIGNMENT    0x21
#define ESR_WRITE           (1ul << 6)
#define ESR_MAINTENANCE     (1ul << 8) /* a cache instruction: needs no write permission */

/* The first access since page_query cleared the flag. No fault as Linux counts them. An entry
 * without the flag is in no TLB (Arm ARM D8.14.5). */
static bool accessed(struct space *space, uint64_t va)
{
    uint64_t *leaf = translation_leaf(&space->translation, va, false);

    if (!leaf || !*leaf_entry(leaf, va))
        return false;
    *leaf_entry(leaf, va) |= ENTRY_ACCESSED;
    tlb_entries_written();
    this_cpu()->counters.faults_soft++;
    return true;
}

struct thread *fault_slow(struct thread *thread, uint64_t esr, uint64_t far)
{
    unsigned access = MAP_READ;

    thread->fault_esr = esr;
    this_cpu()->counters.faults++;
    if (esr >> 26 == EC_ABORT_FETCH)
        access = MAP_EXEC;
    else if ((esr & (ESR_WRITE | ESR_MAINTENANCE)) == ESR_WRITE)
        access = MAP_WRITE;
    if (access != MAP_EXEC && !(far >> 55 & 1))
        far &= 0x00ffffffffffffff; /* TBI0: the top byte is the program's own */
    trace(TRACE_FAULT, far, thread->registers.pc);
    if (__builtin_expect(!STATUS_IS_TABLE(esr), 0))
        return personality_exception(
            thread, STATUS(esr) == STATUS_ALIGNMENT ? EXCEPTION_ALIGNMENT : EXCEPTION_PAGER, far,
            esr);
    if (__builtin_expect(far >= USER_END, 0)) {
        this_cpu()->counters.faults_refused++;
        return personality_exception(thread, EXCEPTION_NO_REGION, far, esr);
    }
    if (STATUS_IS_FLAG(esr) && accessed(thread->space, far))
        return thread;
    return fault_handle(thread, far, access);
}
