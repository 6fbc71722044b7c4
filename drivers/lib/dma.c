#include "drivers/lib/dma.h"
#include "lib/errors.h"
#include "lib/layout.h"
#include "lib/wired.h"

#define PINS_MOST 512 /* in a call: words of a message page */

/* The next ones; their addresses come in the message page. */
static int64_t pin_some(struct dma_pages *pages, handle object, uint64_t first, uint64_t count)
{
    int64_t pin = dma_pin(pages->device, object, first, count);
    if (pin < 0)
        return pin;
    if (!pages->count)
        pages->first_pin = (uint64_t)pin; /* the others follow: nobody else pins for this device */
    for (uint64_t i = 0; i < count; i++)
        pages->physical[pages->count++] = MESSAGE_WORDS[i];
    return 0;
}

int64_t dma_pages_pin(struct dma_pages *pages, handle device, handle object, uint64_t first,
                      uint64_t count)
{
    *pages = (struct dma_pages){.physical = wired_alloc_array(count, sizeof(uint64_t)),
                                .device = device};
    if (!pages->physical)
        return -ENOMEM;
    while (pages->count < count) {
        uint64_t left = count - pages->count;
        int64_t error =
            pin_some(pages, object, first + pages->count, left < PINS_MOST ? left : PINS_MOST);
        if (error < 0) {
            dma_pages_unpin(pages);
            return error;
        }
    }
    return 0;
}

void dma_pages_unpin(struct dma_pages *pages)
{
    for (uint64_t done = 0, some; done < pages->count; done += some) {
        some = pages->count - done < PINS_MOST ? pages->count - done : PINS_MOST;
        dma_unpin(pages->device, pages->first_pin + done, some);
    }
    wired_free(pages->physical);
    *pages = (struct dma_pages){0};
}

int64_t dma_memory_new(struct dma_memory *memory, handle device, uint64_t pages)
{
    int64_t object = create_wired(pages, HANDLE_POOL);
    uintptr_t address = object < 0 ? 0 : wired_addresses(pages);
    *memory = (struct dma_memory){0};
    if (object < 0)
        return object;
    int64_t error = address
                        ? region_map(HANDLE_SPACE, address, pages,
                                     MAP_READ | MAP_WRITE | MAP_POPULATE, (handle)object, 0, 0, 0)
                        : -ENOMEM;
    if (!error)
        error = dma_pages_pin(&memory->pages, device, (handle)object, 0, pages);
    if (!error) {
        memory->data = (uint8_t *)address;
        memory->object = (handle)object;
        return 0;
    }
    if (address) {
        region_unmap(HANDLE_SPACE, address, pages, 0);
        wired_addresses_free(address, pages);
    }
    handle_close((handle)object);
    return error;
}

void dma_memory_free(struct dma_memory *memory)
{
    uint64_t pages = memory->pages.count;
    if (!memory->data)
        return;
    dma_pages_unpin(&memory->pages);
    region_unmap(HANDLE_SPACE, (uintptr_t)memory->data, pages, 0);
    wired_addresses_free((uintptr_t)memory->data, pages);
    handle_close(memory->object);
    *memory = (struct dma_memory){0};
}
