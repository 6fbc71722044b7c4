/*
 * sequence.h: texts that may be long, made in pieces as they are read: a piece for each call of
 * `step`, so that no message costs more than a few of them, and no more is kept than was not read.
 */
#pragma once
#include "procfs.h"

/* What is known of some pages, in bytes unless named otherwise. */
struct page_sums {
    uint64_t resident, shared_clean, shared_dirty, private_clean, private_dirty, referenced;
    uint64_t anonymous, swapped, locked;
    uint64_t share[3], share_dirty, share_locked; /* Pss << 12: anonymous, file, shared memory */
};

struct sequence {
    struct text text;
    uint64_t start;   /* where in the file the text begins */
    uint64_t address; /* in the process's memory: where to go on */
    uint64_t scanned; /* … and within the mapping there; 0: nothing of it */
    uint64_t viewers; /* of that mapping, once something of it was scanned */
    bool ended;
    struct page_sums sums;
    uint64_t first, last; /* addresses summed up so far */
};

/* `subject->item->step` goes on. */
extern const struct file_operations sequence_operations;
