/*
 * fast.c: the faults that everything is measured by, in straight lines: a page
 * that is resident already, also one that other clones have let go of; the first
 * write to an anonymous page, answered by a zeroed frame; the first write to a
 * private page of a file, or to one that is shared with a clone, answered by a copy.
 * All look only where the last fault was (region, chunk, leaf table). What is not
 * exactly one of these goes to fault.c and supply.c, unchanged: a kernel without
 * this file would do the same, slower.
 */
#include "vm/fast.h"
#include "arch/cache.h"
#include "arch/tlb.h"
#include "ipc/fast.h"
#include "task/lookup.h"
#include "vm/region.h"

/* ESR_EL1 of an abort (Arm ARM D19.2.38): DFSC 0b0x01LL translation, 0b0x11LL permission fault. */
#define STATUS_BITS   0x34
#define STATUS_SERVED 0x04
#define ESR_WRITE     (1 << 6)
#define ESR_CACHE     (1 << 8)

#define straight static inline __attribute__((always_inline))

/* Where an address leads, found without a search. */
struct place {
    struct region *region;
    struct object *object;
    struct chunk *chunk;
    uint64_t index, at; /* of the page in the object; of its slot in the chunk */
    uint64_t offset;    /* bytes into the region */
    uint64_t *leaf;     /* its entry in the leaf table */
};

straight bool place_find(struct space *space, uint64_t va, struct place *place)
{
    struct region *region = space->last_region;

    if (!region || space->translation.hint_block != va >> 21)
        return false;
    place->region = region;
    place->offset = va - region->node.key;
    if (place->offset >= region->length)
        return false;
    place->object = region->object;
    place->chunk = place->object->last;
    place->index = region->first + (place->offset >> PAGE_SHIFT);
    place->leaf = leaf_entry(space->translation.hint_leaf, va);
    place->at = 0;
    if (!place->chunk)
        return !place->object->chunks.root; /* every slot is empty */
    place->at = place->index - place->chunk->node.key;
    return place->at < place->chunk->size;
}

/* The page of the region's source behind a place, 0: none, or not that simple. */
static inline uint64_t source_page(const struct place *place)
{
    struct object *source = place->region->source;
    uint64_t index = place->region->source_first + (place->offset >> PAGE_SHIFT);

    if (!source || index >= source->pages)
        return 0;
    if (source->kind == OBJECT_RANGE)
        return source->base + (index << PAGE_SHIFT);
    struct chunk *chunk = source->last;
    if (place->region->rights & MAP_EXEC || !chunk || index - chunk->node.key >= chunk->size)
        return 0;
    slot value = *chunk_slot(chunk, index);
    return (value & SLOT_STATE) == SLOT_RESIDENT ? value & SLOT_ADDRESS : 0;
}

/* Enters a translation. One of the same page may only become wider: no break needed then. Counts
 * `faults`, 0 or 1, of the program. */
static inline struct thread *enter(struct thread *thread, struct space *space,
                                   const struct place *place, uint64_t va, uint64_t entry,
                                   unsigned faults)
{
    uint64_t old = *place->leaf;

    *place->leaf = entry;
    tlb_entries_written();
    if (old) {
        tlb_page(space->translation.ttbr, va);
        tlb_complete();
    } else {
        space->resident++;
    }
    space->faults_minor += faults;
    this_cpu()->counters.faults_soft++;
    return thread;
}

/* Asks the pager for the page, whose slot holds `value`; NULL: it cannot take the message now. */
straight struct thread *ask(struct thread *thread, struct cpu *cpu, const struct place *place,
                            uint64_t va, uint64_t esr, slot value, unsigned flags)
{
    struct object *object = place->object;
    struct request *request = &thread->request;
    struct thread *receiver;

    if (object->kind != OBJECT_PAGED || place->index >= object->pages ||
        cpu->request_check == ~0ul || !(receiver = receiver_take(object->pager)))
        return NULL;
    request_begin(thread, object, place->chunk, place->index, va & ~(uint64_t)(PAGE_SIZE - 1),
                  (place->region->length - place->offset + PAGE_SIZE - 1) >> PAGE_SHIFT, flags);
    request->server = receiver->space;
    thread->fault_esr = esr;
    thread->state = THREAD_STATE_ANSWER;

    uint64_t *r = receiver->registers.x;
    r[0] = KIND_FAULT | flags;
    r[1] = request->id;
    r[2] = object->cookie;
    r[3] = place->index;
    r[4] = request->window;
    r[5] = place->chunk->resident[place->at >> 6];
    r[6] = thread->space->id;
    r[7] = value;
    r[8] = 0;
    priority_lend(receiver, thread);
    return receiver;
}

/* A read or a fetch, wherever the last fault was: a page that is there, of a file with those around
 * it. */
static __attribute__((noinline)) struct thread *fault_read(struct thread *thread, uint64_t esr,
                                                           uint64_t far)
{
    struct space *space = thread->space;
    struct region *region = region_at(space, far);
    unsigned access = esr >> 26 == EC_ABORT_FETCH ? MAP_EXEC : MAP_READ;

    if ((esr & STATUS_BITS) != STATUS_SERVED || this_cpu()->trace_on || !region ||
        !(region->rights & access))
        return fault_slow(thread, esr, far);
    unsigned rights = region->rights & ~MAP_WRITE;
    if (rights & MAP_AROUND && region->length > PAGE_SIZE)
        return region_around(region, far) ? thread : fault_slow(thread, esr, far);
    struct place place = {.region = region, .offset = far - region->node.key};
    slot value = object_slot(region->object, region->first + (place.offset >> PAGE_SHIFT));
    uint64_t page = value ? value & SLOT_ADDRESS : source_page(&place);
    place.leaf = leaf_entry(space->translation.hint_leaf, far);
    if ((value && (rights & MAP_EXEC || (value & (SLOT_STATE | SLOT_BUSY)) != SLOT_RESIDENT)) ||
        !page || space->translation.hint_block != far >> 21 || *place.leaf)
        return fault_slow(thread, esr, far);
    if ((value & (SLOT_DIRTY | SLOT_COW)) == SLOT_DIRTY)
        rights = region->rights;
    return enter(thread, space, &place, far, entry_for(page, rights, MAIR_NORMAL),
                 !(value & SLOT_COW));
}

struct thread *fault_entry(struct thread *thread, uint64_t esr, uint64_t far)
{
    struct cpu *cpu = this_cpu();
    struct space *space = thread->space;
    struct place place;

    if ((esr & (ESR_WRITE | ESR_CACHE)) != ESR_WRITE)
        return fault_read(thread, esr, far);
    if ((esr & STATUS_BITS) != STATUS_SERVED || cpu->trace_on || !place_find(space, far, &place))
        return fault_slow(thread, esr, far);
    unsigned rights = place.region->rights, flags = FAULT_WRITE;
    slot value = place.chunk ? place.chunk->slots[place.at] : SLOT_EMPTY;
    if (!(rights & MAP_WRITE))
        return fault_slow(thread, esr, far);
    if ((value & (SLOT_STATE | SLOT_BUSY)) == SLOT_RESIDENT) {
        if (rights & MAP_EXEC || (*place.leaf && (*place.leaf ^ value) & ENTRY_ADDRESS) ||
            !(value & SLOT_WRITABLE))
            return fault_slow(thread, esr, far);
        if (!(value & SLOT_COW) || slot_sole(value)) {
            place.chunk->slots[place.at] = (value & ~SLOT_COW) | SLOT_DIRTY;
            return enter(thread, space, &place, far,
                         entry_for(value & SLOT_ADDRESS, rights, MAIR_NORMAL), 1);
        }
        flags |= FAULT_COW;
    } else {
        uint64_t page = source_page(&place);
        if (value || !place.chunk || (!page && place.region->source))
            return fault_slow(thread, esr, far);
        flags |= page ? FAULT_COW : 0;
    }
    struct thread *pager = ask(thread, cpu, &place, far, esr, value, flags);
    return pager ? switch_direct(cpu, pager) : fault_slow(thread, esr, far);
}

/* Nothing about the request that `thread` answers is special: a write, one waiter. */
static inline struct thread *plain_request(struct thread *thread)
{
    uint64_t *x = thread->registers.x;
    struct thread *client = thread_of_request(x[1], thread->space);
    uint64_t flags =
        x[2] == (SUPPLY_ZERO | SUPPLY_WRITABLE) ? FAULT_WRITE : FAULT_WRITE | FAULT_COW;

    if (!client || client->request.head != (KIND_FAULT | flags << 16) ||
        client->fault_index != x[3] || client->retry || client->fault_next ||
        client->fault_previous)
        return NULL;
    return client;
}

/* What was in the slot is as plain: nothing, or (to be copied) a page that only this region shows.
 */
static inline bool plain_slot(const struct place *place, slot old, bool zero)
{
    return old == SLOT_BUSY ||
           (!zero && (old & (SLOT_STATE | SLOT_BUSY)) == (SLOT_RESIDENT | SLOT_BUSY) &&
            place->object->one_view && !place->object->sourced);
}

/* A frame of the linear map for the place, filled; 0: not so simple. */
static inline frame_number fill(const struct place *place, slot old, bool zero)
{
    uint64_t page = 0;

    if (!zero) {
        page = (old != SLOT_BUSY ? old & SLOT_ADDRESS : source_page(place)) >> PAGE_SHIFT;
        if (page - 1 >= linear_end - 1)
            return 0;
    }
    frame_number number = object_frame(place->object, place->index);
    if (number - 1 >= linear_end - 1) {
        if (number)
            pool_free_frame(number);
        return 0;
    }
    if (zero)
        page_zero(frame_address(number));
    else
        page_copy(frame_address(number), frame_address(page));
    return number;
}

struct thread *call_page_supply(struct thread *thread)
{
    uint64_t *x = thread->registers.x;
    struct cpu *cpu = this_cpu();
    bool zero = x[2] == (SUPPLY_ZERO | SUPPLY_WRITABLE);
    struct place place;

    if ((!zero && (x[2] != (SUPPLY_COPY | SUPPLY_WRITABLE) || x[6])) || x[4] != 1 ||
        x[0] >= HANDLE_CHUNK || cpu->trace_on)
        return supply_slow(thread);
    struct handle_entry *entry =
        handle_quick(&thread->space->handles, x[0], KERNEL_OBJECT_ENDPOINT, RIGHT_RECV);
    struct thread *client = entry ? plain_request(thread) : NULL;
    if (!client)
        return supply_slow(thread);
    struct endpoint *endpoint = (struct endpoint *)entry->object;
    struct space *space = client->space;
    uint64_t va = client->request.va;
    if (endpoint->signalled || endpoint->callers.root || !place_find(space, va, &place) ||
        place.index != x[3] || place.object != client->fault_object ||
        (place.region->rights & (MAP_WRITE | MAP_EXEC)) != MAP_WRITE || !place.chunk ||
        !plain_slot(&place, place.chunk->slots[place.at], zero))
        return supply_slow(thread);
    slot old = place.chunk->slots[place.at];
    frame_number number = fill(&place, old, zero);
    if (!number)
        return supply_slow(thread);
    uint64_t physical = number << PAGE_SHIFT;
    place.chunk->slots[place.at] = physical | SLOT_RESIDENT | SLOT_WRITABLE | SLOT_DIRTY;
    space->resident++;
    if (*place.leaf) { /* the page to copy was readable here: another address, so break first */
        *place.leaf = 0;
        tlb_entries_written();
        tlb_page(space->translation.ttbr, va);
        tlb_complete();
        space->resident--;
    }
    *place.leaf = entry_for(physical, MAP_READ | MAP_WRITE, MAIR_NORMAL);
    tlb_entries_written();
    if (old != SLOT_BUSY) {
        frame_let_go(slot_frame(old)); /* after its translation */
    } else {
        place.chunk->resident[place.at >> 6] |= 1ul << (place.at & 63);
        place.object->resident++;
    }
    space->faults_minor++;
    if (zero)
        cpu->counters.supplied_zero++;
    else
        cpu->counters.supplied_copy++;

    request_unwatch(client);
    client->request.id = 0;
    client->request.server = NULL;
    client->fault_object = NULL;
    place.object->waiters = NULL;
    receiver_wait(endpoint, thread);
    return switch_direct(cpu, client);
}
