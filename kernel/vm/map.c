#include "vm/map.h"
#include "arch/cache.h"
#include "arch/tlb.h"
#include "debug/trace.h"

static void sync_instructions(uint64_t physical)
{
    void *page = frame_open(physical >> PAGE_SHIFT, 0);

    cache_sync_instructions(page);
    frame_close(page, 0);
}

static inline uint64_t slot_entry(struct chunk *chunk, uint64_t index, unsigned rights,
                                  unsigned access)
{
    slot *at = chunk_slot(chunk, index), value = *at;

    if (rights & MAP_WRITE && (value & (SLOT_DIRTY | SLOT_COW)) != SLOT_DIRTY) {
        if (access == MAP_WRITE && value & SLOT_WRITABLE && slot_sole(value))
            *at = value = (value & ~SLOT_COW) | SLOT_DIRTY;
        else
            rights &= ~MAP_WRITE; /* the first write comes back here, or goes to the pager */
    }
    if (rights & MAP_EXEC && !(value & SLOT_SYNCED)) {
        sync_instructions(value & SLOT_ADDRESS);
        *at |= SLOT_SYNCED;
    }
    if (access == MAP_WRITE && !(rights & MAP_WRITE))
        return 0;
    return entry_for(value & SLOT_ADDRESS, rights, MAIR_NORMAL);
}

uint64_t map_source_page(struct region *region, uint64_t index)
{
    if (!region->source)
        return 0;
    return object_page(region->source, region->source_first + (index - region->first));
}

uint64_t map_entry(struct region *region, uint64_t index, unsigned access)
{
    struct object *object = region->object;
    struct chunk *chunk;
    uint64_t page;

    if (object->kind == OBJECT_RANGE) {
        page = object_page(object, index);
        return page ? entry_for(page, region->rights, object->memory) : 0;
    }
    chunk = chunk_for(object, index, false);
    slot value = chunk ? *chunk_slot(chunk, index) : SLOT_EMPTY;
    if ((value & SLOT_STATE) == SLOT_RESIDENT)
        return slot_entry(chunk, index, region->rights, access);
    if (access == MAP_WRITE || (value & SLOT_STATE) == SLOT_TOKEN)
        return 0;
    if ((value & SLOT_STATE) == SLOT_ZERO)
        return entry_for(zero_page, region->rights & ~MAP_WRITE, MAIR_NORMAL);
    page = map_source_page(region, index);
    if (!page)
        return 0;
    /* Each time: the slot that could remember it is another object's. What boot loaded is synced.
     */
    if (region->rights & MAP_EXEC && region->source->kind != OBJECT_RANGE)
        sync_instructions(page);
    return entry_for(page, region->rights & ~MAP_WRITE, MAIR_NORMAL);
}

int64_t map_enter(struct space *space, uint64_t va, uint64_t entry)
{
    uint64_t *leaf = translation_leaf(&space->translation, va, true), *at;

    if (__builtin_expect(!leaf, 0))
        return -ENOMEM;
    at = leaf_entry(leaf, va);
    if (__builtin_expect(*at != 0, 0)) {
        *at = 0;
        tlb_entries_written();
        tlb_page(space->translation.ttbr, va);
        tlb_complete();
        space->resident--;
    }
    *at = entry;
    space->resident++;
    tlb_entries_written();
    trace(TRACE_MAP, va, entry);
    return 0;
}
