/*
 * pages.h: what contents.c needs of pages.c.
 */
#pragma once
#include "contents.h"

#define OBJECT_PAGES (FILE_SIZE_MAX >> PAGE_SHIFT)
#define PAGE_MASK    (PAGE_SIZE - 1UL)
#define SUPPLY_MOST  16U /* pages made at once: others get their turn */

/* Own memory to own memory, checked by the kernel. 0 or a negated errno. */
int64_t pages_copy(void *to, const void *from, uint64_t bytes);

/* Bytes of the bundle in a page of the file. */
uint64_t pages_base(const struct node *node, uint64_t page);

/* The page of the bundle at which the file begins; node->base is aligned. */
uint64_t pages_of_bundle(const struct node *node);

/* Begins to keep what is written: node->pages is there afterwards. 0 or -ENOSPC. */
int64_t pages_begin(struct node *node);

/* From wired memory to an object. 0, or -ENOSPC: as before. */
int64_t pages_grow_out(struct node *node);

/* Makes pages [first, end) of the object present and shown. 0, or -ENOSPC: some may be. */
int64_t pages_bring(struct node *node, uint64_t first, uint64_t end);

/* Once the object was mapped: it ends with that page, and an access beyond is SIGBUS. 0 or -ENOSPC.
 */
int64_t pages_limit(struct file_pages *pages, uint64_t count);

/* Shows the object in proc's space at least up to that page. 0, or -ENOSPC. */
int64_t pages_show(struct file_pages *pages, uint64_t last);
/* … no longer. */
void pages_hide(struct file_pages *pages);

/* The object goes, with all its pages. */
void pages_drop(struct file_pages *pages);
