/*
 * copy.c: space_copy and object_copy, the way a server reads and writes its clients'
 * memory and a pager its objects' pages, without ever waiting for them.
 */
#include "arch/cache.h"
#include "arch/string.h"
#include "task/lookup.h"
#include "vm/map.h"

/* What a fault would find resident, entered as it would be: clean pages become dirty. */
static frame_number page_found(struct space *space, struct region *region, uint64_t va,
                               unsigned access, bool *executable)
{
    uint64_t index = region->first + ((va - region->node.key) >> PAGE_SHIFT), entry;

    if (region->object->kind == OBJECT_WIRED) {
        *executable = region->rights & MAP_EXEC;
        return object_page(region->object, index) >> PAGE_SHIFT;
    }
    if (region->object->kind != OBJECT_PAGED || object_slot(region->object, index) & SLOT_BUSY)
        return 0;
    entry = map_entry(region, index, access);
    if (!entry || map_enter(space, va & ~(PAGE_SIZE - 1), entry))
        return 0;
    *executable = !(entry & ENTRY_UXN);
    return (entry & ENTRY_ADDRESS) >> PAGE_SHIFT;
}

/* page_at where there is no entry that allows the access. */
static __attribute__((noinline)) frame_number page_beyond_tables(struct space *space, uint64_t va,
                                                                 uint64_t entry, unsigned access,
                                                                 bool *executable, int64_t *error)
{
    struct region *region;
    frame_number found;

    *error = -EFAULT;
    if (entry && (entry & ENTRY_MEMORY(7)) != ENTRY_MEMORY(MAIR_NORMAL))
        return 0; /* device registers are not for copying */
    region = region_at(space, va);
    if (!region || !(region->rights & access))
        return 0;
    found = page_found(space, region, va, access, executable);
    *error = -EAGAIN;
    return found;
}

/*
 * The frame behind va if the page is there and allows the access. Otherwise 0
 * and why: -EFAULT never allowed, -EAGAIN a fault would bring it.
 */
static inline frame_number page_at(struct space *space, uint64_t va, unsigned access,
                                   bool *executable, int64_t *error)
{
    uint64_t entry = translation_lookup(&space->translation, va);

    if (__builtin_expect(!entry || (entry & ENTRY_MEMORY(7)) != ENTRY_MEMORY(MAIR_NORMAL) ||
                             (access != MAP_READ && entry & ENTRY_READONLY),
                         0))
        return page_beyond_tables(space, va, entry, access, executable, error);
    *executable = !(entry & ENTRY_UXN);
    return (entry & ENTRY_ADDRESS) >> PAGE_SHIFT;
}

/* Copies one piece that crosses no page on either side. */
static inline void copy_piece(frame_number far, uint64_t far_va, frame_number own, uint64_t own_va,
                              uint64_t bytes, bool out, bool executable)
{
    char *far_page = frame_open(far, 0), *own_page = frame_open(own, 1);
    char *f = far_page + (far_va & (PAGE_SIZE - 1)), *o = own_page + (own_va & (PAGE_SIZE - 1));

    memcpy(out ? f : o, out ? o : f, bytes);
    if (__builtin_expect(out && executable, 0))
        cache_sync_instructions(far_page);
    frame_close(own_page, 1);
    frame_close(far_page, 0);
}

/* NULL: answered. */
static struct space *far_space(struct thread *thread, bool out)
{
    uint64_t *x = thread->registers.x;
    struct thread *client;

    if (x[0])
        return lookup_space(thread, x[0], out ? RIGHT_WRITE : RIGHT_READ);
    client = thread_of_request(x[1], thread->space);
    if (client)
        return client->space;
    answer(thread, -ESTALE);
    return NULL;
}

/*
 * The frame behind byte `at` of an object if the page is there, and (out) if no other slot names it
 * and it was supplied writable, or `manager` says so: who keeps the contents may always change
 * them. Otherwise 0 and why: -EFAULT beyond the end, -EAGAIN its pager has to do something first.
 */
static frame_number object_page_at(struct object *object, uint64_t at, bool out, bool manager,
                                   bool *executable, int64_t *error)
{
    uint64_t index = at >> PAGE_SHIFT, page = object_page(object, index);
    struct chunk *chunk = page && out ? chunk_for(object, index, false) : NULL;

    *error = index < object->pages ? -EAGAIN : -EFAULT;
    if (chunk) {
        slot *slot_at = chunk_slot(chunk, index), value = *slot_at;
        if ((value & SLOT_STATE) != SLOT_RESIDENT || !(value & SLOT_WRITABLE || manager) ||
            (value & SLOT_COW && !slot_sole(value)))
            return 0;
        *slot_at = (value & ~SLOT_COW) | (value & SLOT_WRITABLE ? SLOT_DIRTY : 0);
        /* A region that has it as its source may execute it without a note in the slot. */
        *executable = value & SLOT_SYNCED || object->sourced;
    }
    return page >> PAGE_SHIFT;
}

/* Both calls, from byte x2 there and address x3 here on; x6 counts what earlier steps did. */
static inline __attribute__((always_inline)) struct thread *
copy(struct thread *thread, struct space *far, struct object *object, bool manager)
{
    uint64_t *x = thread->registers.x;
    bool out = x[4] == COPY_OUT, executable = false, ignored;
    int64_t error;
    frame_number own = 0, there;

    if (x[4] > COPY_OUT)
        return answer(thread, -EINVAL);
    for (uint64_t far_va = x[2], own_va = x[3], left = x[5]; left;) {
        if ((far && far_va >= USER_END) || own_va >= USER_END)
            return answer(thread, -EFAULT);
        uint64_t bytes = PAGE_SIZE - (far_va & (PAGE_SIZE - 1));
        uint64_t own_room = PAGE_SIZE - (own_va & (PAGE_SIZE - 1));
        bytes = bytes < own_room ? bytes : own_room;
        bytes = bytes < left ? bytes : left;
        if (!own || !(own_va & (PAGE_SIZE - 1)))
            own = page_at(thread->space, own_va, out ? MAP_READ : MAP_WRITE, &ignored, &error);
        if (!own)
            return answer(thread, -EFAULT); /* the caller's side must be wired */
        if (object)
            there = object_page_at(object, far_va, out, manager, &executable, &error);
        else
            there = page_at(far, far_va, out ? MAP_WRITE : MAP_READ, &executable, &error);
        if (!there) {
            x[1] = object ? far_va >> PAGE_SHIFT : far_va;
            x[2] = x[6] + x[5] - left;
            return answer(thread, error);
        }
        copy_piece(there, far_va, own, own_va, bytes, out, executable);
        far_va += bytes;
        own_va += bytes;
        left -= bytes;
        if (left && interrupt_pending()) {
            x[6] += x[5] - left;
            x[2] = far_va, x[3] = own_va, x[5] = left;
            return call_again(thread);
        }
    }
    return answer(thread, x[6] + x[5]);
}

/* Byte va where the linear map has it, if of `mask` the entry has exactly `wanted`; else NULL. */
static inline char *linear_byte(struct space *space, uint64_t va, uint64_t mask, uint64_t wanted)
{
    uint64_t *leaf = translation_leaf(&space->translation, va, false);
    uint64_t entry = leaf ? *leaf_entry(leaf, va) : 0,
             frame = (entry & ENTRY_ADDRESS) >> PAGE_SHIFT;

    if ((entry & mask) != wanted || frame >= linear_end)
        return NULL;
    return (char *)frame_address(frame) + (va & (PAGE_SIZE - 1));
}

/* The short way: no page ends on either side, and the tables have both. False: nothing is done. */
static inline bool copy_short(struct thread *thread, struct space *far, bool out)
{
    uint64_t *x = thread->registers.x, far_va = x[2], own_va = x[3], bytes = x[5];
    const uint64_t normal = ENTRY_VALID | ENTRY_MEMORY(MAIR_NORMAL);
    const uint64_t mask = ENTRY_VALID | ENTRY_MEMORY(7), write = mask | ENTRY_READONLY;

    if ((far_va | own_va) >= USER_END || x[4] > COPY_OUT ||
        bytes > PAGE_SIZE - (far_va & (PAGE_SIZE - 1)) ||
        bytes > PAGE_SIZE - (own_va & (PAGE_SIZE - 1)))
        return false;
    char *own = linear_byte(thread->space, own_va, out ? mask : write, normal);
    char *there = out ? linear_byte(far, far_va, write | ENTRY_UXN, normal | ENTRY_UXN)
                      : linear_byte(far, far_va, mask, normal);
    if (!own || !there)
        return false;
    memcpy(out ? there : own, out ? own : there, bytes);
    x[0] = x[6] + bytes;
    return true;
}

struct thread *call_space_copy(struct thread *thread)
{
    bool out = thread->registers.x[4] == COPY_OUT;
    struct space *far = far_space(thread, out);

    return !far || copy_short(thread, far, out) ? thread : copy(thread, far, NULL, false);
}

struct thread *call_object_copy(struct thread *thread)
{
    uint64_t *x = thread->registers.x;
    unsigned right = x[4] == COPY_OUT ? RIGHT_WRITE : RIGHT_READ;
    struct object *object = lookup_object(thread, x[0], right);

    if (!object)
        return thread;
    if (object->kind != OBJECT_PAGED)
        return answer(thread, -EINVAL);
    struct handle_entry *entry = handle_entry(&thread->space->handles, (uint32_t)x[0]);
    return copy(thread, NULL, object, entry->meta >> 8 & RIGHT_MANAGE);
}
