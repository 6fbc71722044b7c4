/*
 * fast.c: the fault that everything is measured by: the first write to an
 * anonymous page, answered by a zeroed frame. Two straight lines, one for each of
 * the two kernel entries. What is not exactly this goes to fault.c and supply.c,
 * unchanged: a kernel without this file would do the same, slower.
 */
#include "vm/fast.h"
#include "arch/cache.h"
#include "arch/tlb.h"
#include "ipc/fast.h"
#include "task/lookup.h"
#include "vm/region.h"

/* ESR_EL1 of a write by a data abort for want of a translation, at any level (Arm ARM D19.2.38). */
#define ESR_MASK  (0x3ful << 26 | 1 << 8 | 1 << 6 | 0x3c)
#define ESR_WRITE (0x24ul << 26 | 1 << 6 | 0x04)

struct thread *fault_entry(struct thread *thread, uint64_t esr, uint64_t far)
{
    struct cpu *cpu = this_cpu();
    struct space *space = thread->space;
    struct region *region = space->last_region;

    if ((esr & ESR_MASK) != ESR_WRITE || cpu->trace_on || !region)
        return fault_slow(thread, esr, far);
    uint64_t offset = far - region->node.key;
    if (offset >= region->length || !(region->rights & MAP_WRITE) || region->source ||
        space->translation.hint_block != far >> 21 || cpu->request_check == ~0ul)
        return fault_slow(thread, esr, far);
    struct object *object = region->object;
    struct chunk *chunk = object->last;
    uint64_t index = region->first + (offset >> PAGE_SHIFT);
    if (object->kind != OBJECT_PAGED || !chunk)
        return fault_slow(thread, esr, far);
    uint64_t at = index - chunk->node.key;
    if (at >= chunk_size(object) || chunk->slots[at])
        return fault_slow(thread, esr, far);
    struct thread *receiver = receiver_take(object->pager);
    if (!receiver)
        return fault_slow(thread, esr, far);

    chunk->slots[at] = SLOT_BUSY;
    chunk->used++;
    struct request *request = &thread->request;
    uint64_t id = request_new_id(thread);
    request->head = KIND_FAULT | FAULT_WRITE << 16;
    request->server = receiver->space;
    request->object = object;
    request->index = index;
    request->va = far & ~(uint64_t)(PAGE_SIZE - 1);
    uint64_t in_region = (region->length - offset + PAGE_SIZE - 1) >> PAGE_SHIFT;
    uint64_t in_chunk = CHUNK_SLOTS - (index & (CHUNK_SLOTS - 1));
    request->words[2] = in_region < in_chunk ? in_region : in_chunk;
    fault_wait(thread, object, index);
    request_watch(cpu, thread);
    thread->state = THREAD_STATE_ANSWER;
    cpu->counters.faults++;
    cpu->counters.faults_pager++;

    uint64_t *r = receiver->registers.x;
    r[0] = KIND_FAULT | FAULT_WRITE;
    r[1] = id;
    r[2] = object->cookie;
    r[3] = index;
    r[4] = request->words[2];
    r[5] = chunk->resident[at >> 6];
    r[6] = space->id;
    r[7] = SLOT_EMPTY;
    r[8] = 0;
    priority_lend(receiver, thread);
    return switch_direct(cpu, receiver);
}

/* The request that `thread` answers by one zeroed, writable page, if nothing about it is special. */
static inline struct thread *plain_request(struct thread *thread)
{
    uint64_t *x = thread->registers.x;
    struct thread *client = thread_of_request(x[1], thread->space);

    if (!client || client->request.head != (KIND_FAULT | FAULT_WRITE << 16) ||
        client->request.index != x[3] || client->retry || client->fault_next ||
        client->fault_object->waiters != client)
        return NULL;
    return client;
}

struct thread *call_page_supply(struct thread *thread)
{
    uint64_t *x = thread->registers.x;
    struct cpu *cpu = this_cpu();

    if (x[2] != (SUPPLY_ZERO | SUPPLY_WRITABLE) || x[4] != 1 || x[0] >= HANDLE_CHUNK || cpu->trace_on)
        return supply_slow(thread);
    struct handle_entry *entry =
        handle_quick(&thread->space->handles, x[0], KERNEL_OBJECT_ENDPOINT, RIGHT_RECV);
    struct thread *client = entry ? plain_request(thread) : NULL;
    if (!client)
        return supply_slow(thread);
    struct endpoint *endpoint = (struct endpoint *)entry->object;
    struct space *space = client->space;
    struct region *region = space->last_region;
    struct object *object = client->request.object;
    uint64_t va = client->request.va, index = x[3];
    if (endpoint->signalled || endpoint->callers.root || !region || region->object != object ||
        space->translation.hint_block != va >> 21)
        return supply_slow(thread);
    uint64_t offset = va - region->node.key, *leaf = leaf_entry(space->translation.hint_leaf, va);
    struct chunk *chunk = object->last;
    if (offset >= region->length || region->first + (offset >> PAGE_SHIFT) != index ||
        (region->rights & (MAP_WRITE | MAP_EXEC)) != MAP_WRITE || *leaf || !chunk)
        return supply_slow(thread);
    uint64_t at = index - chunk->node.key;
    if (at >= chunk_size(object) || chunk->slots[at] != SLOT_BUSY)
        return supply_slow(thread);
    frame_number number = object_frame(object, index);
    if (number - 1 >= linear_end - 1) { /* none, or outside the linear map */
        if (number)
            pool_free_frame(number);
        return supply_slow(thread);
    }
    page_zero(frame_address(number));
    uint64_t physical = number << PAGE_SHIFT;
    chunk->slots[at] = physical | SLOT_RESIDENT | SLOT_WRITABLE | SLOT_DIRTY;
    chunk->resident[at >> 6] |= 1ul << (at & 63);
    object->resident++;
    *leaf = entry_for(physical, MAP_READ | MAP_WRITE, MAIR_NORMAL);
    tlb_entries_written();
    space->resident++;
    space->faults_minor++;
    cpu->counters.supplied_zero++;

    request_unwatch(client);
    client->request.id = 0;
    client->request.server = NULL;
    client->fault_object = NULL;
    object->waiters = NULL;
    receiver_wait(endpoint, thread);
    return switch_direct(cpu, client);
}
