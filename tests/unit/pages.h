/*
 * pages.h: a backend for the wired allocator on the host: every run of pages is a
 * block of its own, so that the address sanitizer sees each byte beyond it. It can
 * be told to fail, and counts what is out.
 */
#pragma once
#include "lib/wired.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>

static size_t pages_out, pages_calls, pages_fail_at; /* fail_at: the n-th call from now; 0: never */

static void *pages_grow(size_t pages, uint64_t *word)
{
    pages_calls++;
    if (pages_fail_at && !--pages_fail_at)
        return NULL;
    if (pages > 1 << 20)
        return NULL;
    void *memory = aligned_alloc(4096, pages * 4096);
    memset(memory, 0, pages * 4096);
    *word = pages * 3 + 1;
    pages_out += pages;
    return memory;
}

static void pages_release(void *memory, size_t pages, uint64_t word)
{
    CHECK_EQUAL(word, pages * 3 + 1);
    pages_out -= pages;
    free(memory);
}

static const struct wired_backend pages_backend = {pages_grow, pages_release};
const struct wired_backend *wired_backend = &pages_backend;
