/*
 * radix.h: an ordered map from numbers to pointers, sixty-four children a node, as high as the
 * largest key needs: a map that holds key 0 alone is the pointer itself.
 */
#pragma once
#include <stdint.h>

struct radix {
    void *root;      /* of height 0: the value of key 0 */
    unsigned height; /* levels of nodes */
};

/* NULL: not there. */
void *radix_get(const struct radix *map, uint64_t key);
/* Adds a value that is not NULL, for a key that has none. 0 or -ENOMEM. */
int radix_put(struct radix *map, uint64_t key, void *value);
/* The key must be there. Nodes left empty are freed, the last one with the last value. */
void radix_remove(struct radix *map, uint64_t key);
/* The value of the first key at or after `key`, or NULL. */
void *radix_next(const struct radix *map, uint64_t key);
