/*
 * counts.h: what was done for each object, by its cookie. The sum over all objects,
 * those forgotten included, agrees with the kernel's own count at every quiet moment.
 */
#pragma once
#include "entry/abi.h"
#include <stdint.h>

struct counts {
    uint64_t cookie; /* 0: an empty entry of the table; also the name of the sum */
    uint64_t zeroed, shared_zeros, copies, upgrades; /* faults by what answered them */
    uint64_t populated;                              /* pages supplied before a fault */
    uint64_t failed;
};

/* The entry used last: faults come in runs of one object. Never NULL. */
extern struct counts *counts_last;

/* Out of line: finds or makes the entry of an object, and remembers it as the last. Where there is
 * no memory for one more entry, its faults are counted in the sum only. */
struct counts *counts_find_or_add(uint64_t cookie);

static inline struct counts *counts_of(uint64_t cookie)
{
    struct counts *last = counts_last;
    return __builtin_expect(last->cookie == cookie, 1) ? last : counts_find_or_add(cookie);
}

/* Counts of one object, or (cookie 0) of all since the start. -ENOENT: never seen, or forgotten. */
int counts_query(uint64_t cookie, struct counts *result);

/* Adds an object's counts to the sum of those that are gone. -ENOENT as above. */
int counts_forget(uint64_t cookie);
