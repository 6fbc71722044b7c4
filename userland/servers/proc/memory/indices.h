/*
 * indices.h: which page of a program's anonymous object an address shows: page address >> 12, where
 * that is free. Pages that mremap moved keep their index, so that no contents move; while they are
 * mapped somewhere else, new mappings at their old address get fresh indices above all addresses.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct memory;

#define INDICES_NATURAL                                                                            \
    (1UL << 36)             /* pages of the user half: indices below belong to addresses           \
                             */
#define INDICES (1UL << 48) /* fresh ones are never used twice */

/* Natural indices in use away from their address: ordered, apart from each other. */
struct indices {
    struct index_range {
        uint64_t first, end;
    } * displaced;
    uint32_t count, room;
    uint64_t fresh; /* the next; 0 means INDICES_NATURAL */
};

/* The first of `pages` indices for a new mapping at `address`; INDICES: there are none left. */
uint64_t index_for(struct memory *memory, uint64_t address, uint64_t pages);

/* True when [first, first + pages) can be shown at an address that is not theirs: nobody shows
 * them now. */
bool indices_unused(const struct memory *memory, uint64_t first, uint64_t pages);

/* Room for one more displaced range, so that indices_displace cannot fail. 0 or -ENOMEM. */
int64_t indices_reserve(struct indices *indices);

/* `pages` from index `first` on are now shown at `address`, or no more. */
void indices_displace(struct indices *indices, uint64_t address, uint64_t first, uint64_t pages);
void indices_return(struct indices *indices, uint64_t address, uint64_t first, uint64_t pages);

/* For fork; 0 or -ENOMEM. `to` is empty. */
int64_t indices_copy(struct indices *to, const struct indices *from);
void indices_free(struct indices *indices);
