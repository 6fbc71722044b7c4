/*
 * native_memory.h: the calls on regions and pages. Included by native.h, where the rest is.
 */
#pragma once
#include "lib/native.h"

/* ---- Regions: addresses in bytes, lengths in pages ---- */

/* `source` 0: none. */
native_inline int64_t region_map(handle space, uintptr_t address, uint64_t pages, uint64_t map,
                                 handle object, uint64_t first, handle source,
                                 uint64_t source_first)
{
    return (int64_t)NATIVE_CALL(SYSCALL_region_map,
                                IN(0, space) IN(1, address) IN(2, pages) IN(3, map) IN(4, object)
                                    IN(5, first) IN(6, source) IN(7, source_first))
        .x[0];
}

/* `mapped`: how many pages of the range were in regions. */
native_inline int64_t region_unmap_counted(handle space, uintptr_t address, uint64_t pages,
                                           uint64_t flags, uint64_t *mapped)
{
    struct registers r = NATIVE_CALL(SYSCALL_region_unmap, IN(0, space) IN(1, address) IN(2, pages)
                                                               IN(3, flags) IN(4, 0));
    *mapped = r.x[1];
    return (int64_t)r.x[0];
}

native_inline int64_t region_unmap(handle space, uintptr_t address, uint64_t pages, uint64_t flags)
{
    uint64_t mapped;
    return region_unmap_counted(space, address, pages, flags, &mapped);
}

native_inline int64_t region_protect(handle space, uintptr_t address, uint64_t pages, uint64_t map)
{
    return (int64_t)NATIVE_CALL(SYSCALL_region_protect,
                                IN(0, space) IN(1, address) IN(2, pages) IN(3, map) IN(4, 0))
        .x[0];
}

/* Changes only those bits of MAP_* that are in `changed`. */
native_inline int64_t region_change(handle space, uintptr_t address, uint64_t pages, uint64_t map,
                                    uint64_t changed)
{
    const uint64_t kept =
        MAP_READ | MAP_WRITE | MAP_EXEC | MAP_DONTFORK | MAP_WIPEONFORK | MAP_AROUND | MAP_ADVICE;
    return (int64_t)NATIVE_CALL(SYSCALL_region_protect, IN(0, space) IN(1, address) IN(2, pages)
                                                            IN(3, map) IN(4, kept & ~changed))
        .x[0];
}

struct region_facts {
    uint64_t start, pages, map, object, first; /* objects by id */
    uint64_t source, source_first;             /* source 0: none */
};

native_inline int64_t region_query(handle space, uintptr_t address, struct region_facts *facts)
{
    struct registers r = NATIVE_CALL(SYSCALL_region_query, IN(0, space) IN(1, address));
    if (!native_failed(r.x[0]))
        *facts = (struct region_facts){r.x[1], r.x[2], r.x[3], r.x[4], r.x[5], r.x[6], r.x[7]};
    return (int64_t)r.x[0];
}

/* Fork. On error the caller kills `to_space` and closes `to_object`. */
native_inline int64_t region_clone(handle from_space, handle to_space, handle from_object,
                                   handle to_object)
{
    return (int64_t)NATIVE_CALL(SYSCALL_region_clone, IN(0, from_space) IN(1, to_space) IN(
                                                          2, from_object) IN(3, to_object) IN(4, 0))
        .x[0];
}

/* ---- Pages ---- */

/*
 * Answers a fault (message->request), then waits for the next message and puts it there.
 * `how`: SUPPLY_* and its flags. `source` 0: the region's own source.
 */
native_inline int64_t page_supply(handle endpoint, uint64_t how, uint64_t index, uint64_t pages,
                                  handle source, uint64_t source_index, struct message *message)
{
    struct registers r = NATIVE_CALL(SYSCALL_page_supply,
                                     IN(0, endpoint) IN(1, message->request) IN(2, how) IN(3, index)
                                         IN(4, pages) IN(6, source) IN(7, source_index));
    return message_take(message, &r);
}

/* Answers a fault and does not receive. */
native_inline int64_t page_supply_only(uint64_t request, uint64_t how, uint64_t index,
                                       uint64_t pages, handle source, uint64_t source_index)
{
    return (int64_t)NATIVE_CALL(SYSCALL_page_supply,
                                IN(0, 0) IN(1, request) IN(2, how) IN(3, index) IN(4, pages)
                                    IN(6, source) IN(7, source_index))
        .x[0];
}

/* Fills pages of an object that nobody asked for yet, or (UPGRADE) makes one that is there writable. */
native_inline int64_t page_supply_unasked(handle object, uint64_t how, uint64_t index,
                                          uint64_t pages, handle source, uint64_t source_index)
{
    return (int64_t)NATIVE_CALL(SYSCALL_page_supply,
                                IN(0, 0) IN(1, 0) IN(2, how) IN(3, index) IN(4, pages) IN(5, object)
                                    IN(6, source) IN(7, source_index))
        .x[0];
}

/* Returns how many slots had contents. */
native_inline int64_t page_reclaim(handle object, uint64_t index, uint64_t pages, uint64_t how)
{
    return (int64_t)NATIVE_CALL(SYSCALL_page_reclaim,
                                IN(0, object) IN(1, index) IN(2, pages) IN(3, how) IN(4, 0))
        .x[0];
}

/* Returns how many words (PAGE_*) it left in the message page: all, `pages` of them. */
native_inline int64_t page_query(handle space, uintptr_t address, uint64_t pages, uint64_t flags)
{
    return (int64_t)NATIVE_CALL(SYSCALL_page_query,
                                IN(0, space) IN(1, address) IN(2, pages) IN(3, flags) IN(4, 0))
        .x[0];
}

/* RECLAIM_CLEAN: a bit for each page (at most RECLAIM_CLEAN_MOST) in the message page. */
native_inline int64_t page_clean(handle object, uint64_t index, uint64_t pages)
{
    return page_reclaim(object, index, pages, RECLAIM_CLEAN);
}

/* What a pager's server needs to know of an object that another one made, or it itself before it
 * died. */
struct adopted {
    uint64_t cookie, pages, id;
};

/* A handle to the object behind `before` (0: the first) among those of the endpoint; -ENOENT: there
 * are no more. `before` has to be open until then. */
native_inline int64_t adopt(handle endpoint, handle before, struct adopted *adopted)
{
    struct registers r = NATIVE_CALL(SYSCALL_adopt, IN(0, endpoint) IN(1, before));
    if (!native_failed(r.x[0]))
        *adopted = (struct adopted){r.x[1], r.x[2], r.x[3]};
    return (int64_t)r.x[0];
}

/* ---- What devices reach ---- */

/* Pins 1..512 pages of a wired object; their addresses are in the message page then. Returns the
 * number of the first pin: the others follow. */
native_inline int64_t dma_pin(handle device, handle object, uint64_t first, uint64_t pages)
{
    return (int64_t)NATIVE_CALL(SYSCALL_dma_pin, IN(0, device) IN(1, DMA_PIN) IN(2, object)
                                                     IN(3, first) IN(4, pages) IN(5, 0) IN(6, 0))
        .x[0];
}

/* For pins of which the device has been told nothing more, 1..512 of them. */
native_inline int64_t dma_unpin(handle device, uint64_t pin, uint64_t pins)
{
    return (int64_t)NATIVE_CALL(SYSCALL_dma_pin,
                                IN(0, device) IN(1, DMA_UNPIN) IN(3, pin) IN(4, pins))
        .x[0];
}

/* All, whoever made them: after the device was reset. */
native_inline int64_t dma_unpin_all(handle device)
{
    return dma_unpin(device, 0, ~0ul);
}
