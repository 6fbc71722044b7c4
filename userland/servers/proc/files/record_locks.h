/*
 * record_locks.h: which owner holds which ranges of a file; no waiting, no calls: see locks.c.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum lock_kind { LOCK_POSIX, LOCK_OPEN_FILE, LOCK_WHOLE }; /* fcntl; F_OFD_*; flock */

struct lock {
    struct lock *next;
    const void *owner;   /* a table of descriptors, or an open file */
    uint64_t start, end; /* both inclusive; UINT64_MAX: to the end */
    uint32_t pid;        /* who set it */
    uint8_t kind;
    bool write;
};

/* The locks of one file, in no order; those of one owner and kind never overlap. */
struct lock_list {
    struct lock *first;
};

/* A lock that forbids `wanted`, or NULL. Whole-file locks and the others do not see each other. */
const struct lock *lock_conflict(const struct lock_list *list, const struct lock *wanted);

/* Sets a range for its owner, over whatever it held there; `unlock`: holds nothing there then.
 * Nothing forbids it. 0, or -ENOMEM: nothing changed. */
int64_t lock_set(struct lock_list *list, const struct lock *wanted, bool unlock);

/* Takes away all that an owner holds. True: there was something. */
bool lock_drop_owner(struct lock_list *list, const void *owner);
