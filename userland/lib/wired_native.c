/*
 * wired_native.c: pages for the wired allocator: one wired object per run, mapped
 * into the program's own space. Addresses are handed out upwards in powers of two
 * and reused, so that translation tables do not pile up behind freed runs.
 */
#include "lib/layout.h"
#include "lib/memory.h"
#include "lib/native.h"
#include "lib/wired.h"
#include <stdbool.h>

#define ORDERS 36 /* 2^35 pages are all of LAYOUT_WIRED .. LAYOUT_WIRED_END */

/* A freed address range; what remembers it is a small object of the allocator itself. */
struct range {
    struct range *next;
    uintptr_t address;
};

static struct range *ranges[ORDERS];
static uintptr_t next_address = LAYOUT_WIRED;

static unsigned order_of(size_t pages)
{
    return pages <= 1 ? 0 : 64 - (unsigned)__builtin_clzl(pages - 1);
}

/* 0: there are none left. */
static uintptr_t take_addresses(unsigned order)
{
    struct range *range = ranges[order];
    if (range) {
        uintptr_t address = range->address;
        ranges[order] = range->next;
        wired_free(range);
        return address;
    }
    uintptr_t address = next_address, bytes = (uintptr_t)PAGE_SIZE << order;
    if (bytes > LAYOUT_WIRED_END - address)
        return 0;
    next_address += bytes;
    return address;
}

static void give_addresses(uintptr_t address, unsigned order)
{
    struct range *range = wired_alloc(sizeof *range);
    if (!range)
        return; /* only addresses are lost, and there are 2^47 of them */
    *range = (struct range){ranges[order], address};
    ranges[order] = range;
}

static void *grow(size_t pages, uint64_t *word)
{
    unsigned order = order_of(pages);
    if (order >= ORDERS)
        return NULL;
    int64_t object = create_wired(pages, HANDLE_POOL);
    if (object < 0)
        return NULL;
    uintptr_t address = take_addresses(order);
    if (address && !region_map(HANDLE_SPACE, address, pages, MAP_READ | MAP_WRITE | MAP_POPULATE,
                               (handle)object, 0, 0, 0)) {
        *word = (uint64_t)object;
        return (void *)address;
    }
    if (address)
        give_addresses(address, order);
    handle_close((handle)object);
    return NULL;
}

static void release(void *memory, size_t pages, uint64_t word)
{
    region_unmap(HANDLE_SPACE, (uintptr_t)memory, pages, 0);
    handle_close((handle)word);
    give_addresses((uintptr_t)memory, order_of(pages));
}

static const struct wired_backend native_backend = {grow, release};
const struct wired_backend *wired_backend = &native_backend;

uintptr_t wired_addresses(size_t pages)
{
    unsigned order = order_of(pages);
    return order < ORDERS ? take_addresses(order) : 0;
}

void wired_addresses_free(uintptr_t address, size_t pages)
{
    give_addresses(address, order_of(pages));
}
