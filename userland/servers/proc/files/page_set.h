/*
 * page_set.h: a set of page numbers: which pages of a file there are. A tree of 64-way nodes over
 * words of 64 pages, as high as the highest page needs; up to 64 pages (256 KiB) take no
 * allocation.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* All zero: empty. */
struct page_set {
    uint64_t count;
    uint32_t height; /* 0: `word` is the set; else levels below `root` */
    union {
        uint64_t word;
        struct page_set_node *root;
    };
};

bool page_set_has(const struct page_set *set, uint64_t page);

/* Adds a page that may be there already. 0, or -ENOMEM: nothing changed. */
int64_t page_set_add(struct page_set *set, uint64_t page);

/* Takes away all pages in [first, end). */
void page_set_remove(struct page_set *set, uint64_t first, uint64_t end);

/* The lowest page at or above `page` that is in the set; UINT64_MAX: none. */
uint64_t page_set_next(const struct page_set *set, uint64_t page);

/* Empties it and frees all. */
void page_set_clear(struct page_set *set);
