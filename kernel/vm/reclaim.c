/*
 * reclaim.c: taking pages back from an object.
 */
#include "task/lookup.h"
#include "vm/fault.h"

/* Requests for pages that are being forgotten are withdrawn: a late supply finds nobody. */
static void withdraw_requests(struct object *object, uint64_t index, uint64_t pages)
{
    struct thread *thread = object->waiters, *withdrawn = NULL;

    while (thread) {
        if (thread->fault_index - index < pages) {
            thread_unwait(thread);
            thread->fault_next = withdrawn;
            withdrawn = thread;
            thread = object->waiters; /* the list may have changed */
            continue;
        }
        thread = thread->fault_next;
    }
    while (withdrawn) { /* only now: they may ask for the same page again at once */
        thread = withdrawn;
        withdrawn = thread->fault_next;
        fault_retry(thread);
    }
}

/* Frames given back whose pool is still to be told, once for many. */
struct batch {
    struct pool *pool;
    uint64_t frames;
    struct bank bank; /* of the last one */
};

static void batch_release(struct batch *batch)
{
    if (batch->frames)
        pool_release(batch->pool, batch->frames);
    batch->frames = 0;
}

static inline void batch_let_go(struct batch *batch, frame_number number)
{
    if (__builtin_expect(number - batch->bank.first >= batch->bank.count, 0))
        batch->bank = *bank_search(number);
    struct frame *frame = &batch->bank.frames[number - batch->bank.first];

    if (--frame->refs)
        return;
    if (__builtin_expect(frame->pool != batch->pool, 0)) {
        batch_release(batch);
        batch->pool = frame->pool;
    }
    batch->frames++;
    frame_give(batch->bank.zone, frame, number);
}

uint64_t object_discard(struct object *object, uint64_t index, uint64_t pages)
{
    struct chunk *chunk = chunk_for(object, index, false);
    struct batch batch = {.bank = *bank_last_hit};
    uint64_t at, end, count = 0, busy = 0, tokens = 0;

    if (!chunk)
        return 0;
    slot *slots = chunk->slots;
    at = index - chunk->node.key;
    end = at + pages;
    for (uint64_t next; at < end; at = next) {
        uint64_t base = at & ~63ul, bits = chunk_contents(chunk, at) >> (at & 63) << (at & 63);
        next = base + 64;
        if (next > end)
            bits &= ~0ul >> (next - end);
        chunk->resident[base >> 6] &= ~bits;
        for (; bits; bits &= bits - 1, count++) {
            slot *slot_at = &slots[base + __builtin_ctzl(bits)], value = *slot_at;
            *slot_at = value & SLOT_BUSY;
            if (__builtin_expect((value & (SLOT_STATE | SLOT_BUSY)) != SLOT_RESIDENT, 0)) {
                busy += value / SLOT_BUSY & 1;
                tokens += (value & SLOT_STATE) == SLOT_TOKEN;
                if ((value & SLOT_STATE) != SLOT_RESIDENT)
                    continue;
            }
            batch_let_go(&batch, slot_frame(value));
        }
    }
    batch_release(&batch);
    chunk->used -= count - busy;
    chunk->tokens -= tokens;
    object->resident -= count - tokens;
    if (!chunk->used)
        chunk_free(chunk);
    this_cpu()->counters.pages_discarded += count;
    return count;
}

/* The same wherever pages are shown or asked for. */
static uint64_t take_back(struct object *object, uint64_t index, uint64_t pages)
{
    withdraw_requests(object, index, pages);
    object_unmap(object, index, pages);
    return object_discard(object, index, pages);
}

static struct thread *discard(struct thread *thread, struct object *object)
{
    uint64_t *x = thread->registers.x;

    while (x[2]) {
        uint64_t room = object->chunk_slots - x[1] % object->chunk_slots;
        uint64_t absent = object_absent(object, x[1]), pages = absent ? absent : room;
        pages = pages < x[2] ? pages : x[2];
        if (!absent)
            x[4] += take_back(object, x[1], pages);
        x[1] += pages;
        x[2] -= pages;
        if (x[2] && interrupt_pending())
            return call_again(thread);
    }
    return reschedule(answer(thread, x[4]));
}

/* Takes WRITABLE and DIRTY from neighbours in a chunk, 64 at most. Bits: which of them were dirty.
 */
static uint64_t clean_some(struct chunk *chunk, uint64_t index, uint64_t pages)
{
    slot *slots = chunk_slot(chunk, index), writable = 0;
    uint64_t dirty = 0;

    for (unsigned i = 0; i < pages; i++) {
        dirty |= (slots[i] / SLOT_DIRTY & 1) << i;
        writable |= slots[i] & SLOT_WRITABLE;
        slots[i] &= ~(SLOT_WRITABLE | SLOT_DIRTY);
    }
    if (writable)
        object_restrict(chunk->object, index, pages);
    return dirty;
}

/* x4 counts pages done: bit x4 of the message page is the next one's. */
static struct thread *clean(struct thread *thread, struct object *object)
{
    uint64_t *x = thread->registers.x, *words = (uint64_t *)thread->message_page;

    if (!words)
        return answer(thread, -EMSGSIZE);
    if (x[2] > RECLAIM_CLEAN_MOST || x[4] > x[2])
        return answer(thread, -EINVAL);
    while (x[4] < x[2]) {
        uint64_t index = x[1] + x[4], at = x[4] % 64, *word = &words[x[4] / 64];
        uint64_t room = object->chunk_slots - index % object->chunk_slots, pages = 64 - at;
        struct chunk *chunk = chunk_for(object, index, false);
        pages = pages < room ? pages : room;
        pages = pages < x[2] - x[4] ? pages : x[2] - x[4];
        *word = (at ? *word : 0) | (chunk ? clean_some(chunk, index, pages) << at : 0);
        x[4] += pages;
        if (x[4] < x[2] && interrupt_pending())
            return call_again(thread);
    }
    return answer(thread, 0);
}

/* From the end on, so that each step leaves less: after an interrupt nothing is done twice. */
static struct thread *resize(struct thread *thread, struct object *object)
{
    uint64_t size = thread->registers.x[1], slots = object->chunk_slots, first;
    struct tree_node *last;

    if (size > PAGES_MAX)
        return answer(thread, -EINVAL);
    object->pages = size;
    while ((last = tree_at_or_below(&object->chunks, ~0ul)) && last->key + slots > size) {
        first = last->key > size ? last->key : size;
        take_back(object, first, last->key + slots - first);
        if (first == size)
            break; /* what is left of this chunk is below */
        if (interrupt_pending())
            return call_again(thread);
    }
    return reschedule(answer(thread, 0));
}

struct thread *call_page_reclaim(struct thread *thread)
{
    uint64_t *x = thread->registers.x;
    struct object *object = lookup_object(thread, x[0], RIGHT_MANAGE);

    if (!object)
        return thread;
    if (x[3] < RECLAIM_DISCARD || x[3] > RECLAIM_CLEAN)
        return answer(thread, -ENOSYS);
    if (object->kind != OBJECT_PAGED)
        return answer(thread, -EINVAL);
    if (x[3] == RECLAIM_RESIZE)
        return resize(thread, object);
    if (!x[2] || x[1] >= object->pages || x[2] > object->pages - x[1])
        return answer(thread, -EINVAL);
    return x[3] == RECLAIM_CLEAN ? clean(thread, object) : discard(thread, object);
}

void object_discard_unmapped(struct object *object, uint64_t index, uint64_t pages)
{
    withdraw_requests(object, index, pages);
    while (pages) {
        uint64_t room = object->chunk_slots - index % object->chunk_slots;
        uint64_t some = pages < room ? pages : room;
        object_discard(object, index, some);
        index += some;
        pages -= some;
    }
}
