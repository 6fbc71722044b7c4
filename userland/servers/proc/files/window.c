/*
 * window.c: addresses beyond the bundle, counted upward and reused by size, so that translation
 * tables stay few.
 */
#include "window.h"
#include "lib/layout.h"
#include "lib/wired.h"
#include <stddef.h>

#define WINDOWS     (LAYOUT_WIRED_END + (1UL << 40)) /* a bundle of a TiB fits below */
#define WINDOWS_END 0xfff000000000UL
#define ORDERS      36

struct free_window {
    struct free_window *next;
    uintptr_t address;
};

static struct free_window *windows[ORDERS];
static uintptr_t next_address = WINDOWS;

uintptr_t window_take(unsigned order)
{
    struct free_window *window = order < ORDERS ? windows[order] : NULL;
    if (window) {
        uintptr_t address = window->address;
        windows[order] = window->next;
        wired_free(window);
        return address;
    }
    uintptr_t address = next_address, bytes = order < ORDERS ? (uintptr_t)PAGE_SIZE << order : 0;
    if (!bytes || bytes > WINDOWS_END - address)
        return 0;
    next_address += bytes;
    return address;
}

void window_give(uintptr_t address, unsigned order)
{
    struct free_window *window = wired_alloc(sizeof *window);
    if (!window)
        return; /* only addresses are lost, and there are very many */
    *window = (struct free_window){windows[order], address};
    windows[order] = window;
}
