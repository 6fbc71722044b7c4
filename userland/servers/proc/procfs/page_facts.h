/*
 * page_facts.h: what is known of the pages of a process, one by one.
 */
#pragma once
#include "memory/listing.h"
#include "sequence.h"

#define PAGES_MOST 512 /* of one query */

/* Does it count as resident, as Linux sees it? `word`: of page_query. */
bool page_resident(const struct listed *listed, uint64_t word);

/* How many memories show what the mapping shows. */
uint64_t listed_viewers(const struct listed *listed);

/* Adds up to PAGES_MOST pages of the mapping from address `from` on: how many, or a negated errno.
 */
int64_t page_sums_add(const struct memory *memory, const struct listed *listed, uint64_t viewers,
                      uint64_t from, struct page_sums *sums);

extern const struct file_operations pagemap_operations;
int64_t clear_references(const struct subject *subject, const char *bytes, size_t length);
