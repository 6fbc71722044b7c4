/*
 * fault.h: page faults, from the abort to the pager's message.
 */
#pragma once
#include "sched/timer.h"
#include "vm/object.h"

/* Access kinds are MAP_READ, MAP_WRITE, MAP_EXEC. */

/*
 * Makes the page at `va` accessible for thread: by what is resident, or by a
 * request to the pager. Returns the thread to run. When the access is not
 * allowed the personality hears of it.
 */
struct thread *fault_handle(struct thread *thread, uint64_t va, unsigned access);

/* The fault cannot be served: EXCEPTION_* to the personality (or MESSAGE_REFUSED with the system
 * call that asked for the page). Returns the thread to run. */
struct thread *fault_refuse(struct thread *thread, unsigned reason, uint64_t va);

/* After prefaults were served: the next one, or the request goes out again. */
struct thread *fault_continue(struct thread *thread);

/* A fault was answered: strikes it off the object's list and lets the thread run on. */
void fault_done(struct thread *thread);
/* A thread that waited for a page looks again: by its instruction, or by its list of prefaults. */
void fault_retry(struct thread *thread);

/* Enters `thread` in the list of those who wait for a page of the object. */
static inline void fault_wait(struct thread *thread, struct object *object, uint64_t index)
{
    struct thread *first = object->waiters;

    thread->fault_object = object;
    thread->fault_index = index;
    thread->fault_previous = NULL;
    thread->fault_next = first;
    if (__builtin_expect(first != NULL, 0))
        first->fault_previous = thread;
    object->waiters = thread;
}

void fault_unwait(struct thread *thread);

/* `thread` asks for a page that has a slot, and waits for it: the slot is busy, the request has its
 * number and its deadline, but nobody has got it. `most`: pages of use from this one on. */
static inline void request_begin(struct thread *thread, struct object *object, struct chunk *chunk,
                                 uint64_t index, uint64_t va, uint64_t most, unsigned flags)
{
    uint64_t in_chunk = CHUNK_SLOTS - (index & (CHUNK_SLOTS - 1)),
             in_object = object->pages - index;
    struct cpu *cpu = this_cpu();
    slot *at = chunk_slot(chunk, index);

    chunk->used += !*at;
    *at |= SLOT_BUSY;
    request_new_id(thread);
    thread->request.head = KIND_FAULT | (uint64_t)flags << 16;
    thread->request.va = va;
    most = most < in_chunk ? most : in_chunk;
    thread->request.window = most < in_object ? most : in_object;
    fault_wait(thread, object, index);
    request_watch(cpu, thread);
    cpu->counters.faults_pager++;
}
