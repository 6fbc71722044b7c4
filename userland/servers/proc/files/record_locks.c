/*
 * record_locks.c: ranges of a file and who holds them (POSIX fcntl): a new range replaces what the
 * same owner holds below it, splits what it covers in part, and joins what it touches.
 */
#include "record_locks.h"
#include "entry/abi.h"
#include "lib/wired.h"
#include <stddef.h>

static bool overlap(const struct lock *a, const struct lock *b)
{
    return a->start <= b->end && b->start <= a->end;
}

static bool touch(const struct lock *a, const struct lock *b)
{
    return overlap(a, b) || (a->end != UINT64_MAX && a->end + 1 == b->start) ||
           (b->end != UINT64_MAX && b->end + 1 == a->start);
}

static bool same_owner(const struct lock *a, const struct lock *b)
{
    return a->owner == b->owner && a->kind == b->kind;
}

const struct lock *lock_conflict(const struct lock_list *list, const struct lock *wanted)
{
    for (const struct lock *lock = list->first; lock; lock = lock->next)
        if ((lock->kind == LOCK_WHOLE) == (wanted->kind == LOCK_WHOLE) &&
            !same_owner(lock, wanted) && (lock->write || wanted->write) && overlap(lock, wanted))
            return lock;
    return NULL;
}

/* Cuts `wanted` out of what the owner holds; `spare` is used for the second half of a split. What
 * has the same type and touches is joined into *joined instead, unless it unlocks. */
static void cut(struct lock_list *list, const struct lock *wanted, bool unlock, struct lock *joined,
                struct lock **spare)
{
    for (struct lock **link = &list->first; *link;) {
        struct lock *lock = *link;
        if (same_owner(lock, wanted) && !unlock && lock->write == wanted->write &&
            touch(lock, wanted)) {
            joined->start = lock->start < joined->start ? lock->start : joined->start;
            joined->end = lock->end > joined->end ? lock->end : joined->end;
        } else if (!same_owner(lock, wanted) || !overlap(lock, wanted)) {
            link = &lock->next;
            continue;
        } else if (lock->start < wanted->start) {
            if (lock->end > wanted->end) {
                struct lock *rest = *spare;
                *spare = NULL;
                *rest = *lock;
                rest->start = wanted->end + 1;
                lock->next = rest;
            }
            lock->end = wanted->start - 1;
            link = &lock->next;
            continue;
        } else if (lock->end > wanted->end) {
            lock->start = wanted->end + 1;
            link = &lock->next;
            continue;
        }
        *link = lock->next;
        wired_free(lock);
    }
}

int64_t lock_set(struct lock_list *list, const struct lock *wanted, bool unlock)
{
    struct lock *added = unlock ? NULL : wired_alloc(sizeof *added);
    struct lock *spare = wired_alloc(sizeof *spare);
    if ((!unlock && !added) || !spare) {
        wired_free(added);
        wired_free(spare);
        return -ENOMEM;
    }
    struct lock joined = *wanted;
    cut(list, wanted, unlock, &joined, &spare);
    if (added) {
        *added = joined;
        added->next = list->first;
        list->first = added;
    }
    wired_free(spare);
    return 0;
}

bool lock_drop_owner(struct lock_list *list, const void *owner)
{
    bool any = false;
    for (struct lock **link = &list->first; *link;) {
        struct lock *lock = *link;
        if (lock->owner != owner) {
            link = &lock->next;
            continue;
        }
        *link = lock->next;
        wired_free(lock);
        any = true;
    }
    return any;
}
