/*
 * wired.h: memory that is always there: resident when wired_alloc returns,
 * never paged, charged to the server's own pool. A server that answers faults
 * must live on nothing else.
 *
 * Small sizes come in classes (16 bytes .. 1 KiB) carved out of pages; larger
 * ones are runs of pages of their own, given back when freed. Not for several
 * threads at once: servers serve with one.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed memory of at least `bytes` (0 counts as 1), aligned to 16; NULL: the pool is exhausted. */
void *wired_alloc(size_t bytes);

/* `count` * `size` with the multiplication checked. */
void *wired_alloc_array(size_t count, size_t size);

/*
 * Grows or shrinks; the contents up to the smaller size stay, what is new is zeroed. NULL `old`:
 * the same as wired_alloc. NULL result: no memory, and `old` is as it was.
 */
void *wired_resize(void *old, size_t bytes);

/* NULL is allowed. A pointer that is not from here, or was freed before, ends the program. */
void wired_free(void *memory);

/* A copy of a text, or NULL. */
char *wired_text(const char *from, size_t length);

/* What the allocator holds: for tests and reports. */
struct wired_statistics {
    size_t pages;   /* obtained from the backend and not given back */
    size_t objects; /* allocated and not freed */
};
struct wired_statistics wired_statistics(void);

/* True when little is left of the pool, as wired_reserve() said: for servers that do not begin new
 * things then. */
bool wired_scarce(void);
/* How many pages the allocator may obtain before it calls memory scarce. 0, the default: never. */
void wired_reserve(size_t pages);

/*
 * Where pages come from: two functions. `grow` returns `pages` zeroed pages, aligned to a page,
 * or NULL, and a word that `release` gets back with them.
 */
struct wired_backend {
    void *(*grow)(size_t pages, uint64_t *word);
    void (*release)(void *memory, size_t pages, uint64_t word);
};
extern const struct wired_backend *wired_backend; /* native programs: wired objects in own space */

/*
 * Addresses alone, for memory that comes from elsewhere: as many pages as a power of two holds, and
 * nothing mapped there. 0: none are left. Native programs only.
 */
uintptr_t wired_addresses(size_t pages);
/* The same pages again, unmapped by the caller before. */
void wired_addresses_free(uintptr_t address, size_t pages);
