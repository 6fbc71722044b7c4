/*
 * copy.c: space_copy, the way a server reads and writes its clients' memory
 * without ever waiting for it.
 */
#include "arch/cache.h"
#include "arch/memory.h"
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
static void copy_piece(frame_number far, uint64_t far_va, frame_number own, uint64_t own_va,
                       uint64_t bytes, bool out, bool executable)
{
    char *far_page = far < linear_end ? frame_address(far) : frame_open(far, 0);
    char *own_page = own < linear_end ? frame_address(own) : frame_open(own, 1);
    char *f = far_page + (far_va & (PAGE_SIZE - 1)), *o = own_page + (own_va & (PAGE_SIZE - 1));

    memcpy(out ? f : o, out ? o : f, bytes);
    if (out && executable)
        cache_sync_instructions(far_page);
    if (own >= linear_end)
        frame_close(own_page, 1);
    if (far >= linear_end)
        frame_close(far_page, 0);
}

static struct space *far_space(struct thread *thread, bool out, int64_t *error)
{
    uint64_t *x = thread->registers.x;
    struct thread *client;

    if (x[0])
        return lookup_space(thread, x[0], out ? RIGHT_WRITE : RIGHT_READ, error);
    client = thread_of_request(x[1], thread->space);
    *error = -ESTALE;
    return client ? client->space : NULL;
}

struct thread *call_space_copy(struct thread *thread)
{
    uint64_t *x = thread->registers.x;
    bool out = x[4] == COPY_OUT, executable = false, ignored;
    int64_t error;
    frame_number own = 0;
    struct space *far = far_space(thread, out, &error);

    if (!far)
        return answer(thread, error);
    if (x[4] > COPY_OUT)
        return answer(thread, -EINVAL);
    while (x[5]) {
        if (x[2] >= USER_END || x[3] >= USER_END)
            return answer(thread, -EFAULT);
        uint64_t bytes = PAGE_SIZE - (x[2] & (PAGE_SIZE - 1));
        uint64_t own_room = PAGE_SIZE - (x[3] & (PAGE_SIZE - 1));
        bytes = bytes < own_room ? bytes : own_room;
        bytes = bytes < x[5] ? bytes : x[5];
        if (!own || !(x[3] & (PAGE_SIZE - 1)))
            own = page_at(thread->space, x[3], out ? MAP_READ : MAP_WRITE, &ignored, &error);
        if (!own)
            return answer(thread, -EFAULT); /* the caller's side must be wired */
        frame_number there = page_at(far, x[2], out ? MAP_WRITE : MAP_READ, &executable, &error);
        if (!there) {
            x[1] = x[2];
            x[2] = x[6];
            return answer(thread, error);
        }
        copy_piece(there, x[2], own, x[3], bytes, out, executable);
        x[2] += bytes;
        x[3] += bytes;
        x[5] -= bytes;
        x[6] += bytes;
        if (x[5] && interrupt_pending())
            return call_again(thread);
    }
    return answer(thread, x[6]);
}
