#include "radix.h"
#include "entry/abi.h"
#include "lib/wired.h"
#include <stdbool.h>
#include <stddef.h>

#define BITS   6
#define FAN    (1u << BITS)
#define HEIGHT ((64 + BITS - 1) / BITS)

struct node {
    void *child[FAN];
    unsigned used;
};

static bool fits(const struct radix *map, uint64_t key)
{
    return map->height >= HEIGHT || key >> (BITS * map->height) == 0;
}

static unsigned digit(uint64_t key, unsigned level)
{
    return key >> (BITS * level) & (FAN - 1);
}

void *radix_get(const struct radix *map, uint64_t key)
{
    void *at = map->root;
    if (!fits(map, key))
        return NULL;
    for (unsigned level = map->height; at && level--;)
        at = ((struct node *)at)->child[digit(key, level)];
    return at;
}

/* One level more, until the key fits. What there is becomes child 0 of child 0. */
static int grow(struct radix *map, uint64_t key)
{
    while (!fits(map, key)) {
        if (map->root) {
            struct node *node = wired_alloc(sizeof *node);
            if (!node)
                return -ENOMEM;
            node->child[0] = map->root;
            node->used = 1;
            map->root = node;
        }
        map->height++;
    }
    return 0;
}

/* Frees nodes without children on the way to the key; an empty map begins anew. */
static void prune(struct radix *map, uint64_t key)
{
    struct node *path[HEIGHT];
    unsigned depth = 0;
    void *at = map->root;
    for (unsigned level = map->height; at && level--; depth++) {
        path[depth] = at;
        at = path[depth]->child[digit(key, level)];
    }
    while (depth && !path[depth - 1]->used) {
        wired_free(path[--depth]);
        if (!depth)
            *map = (struct radix){0};
        else
            path[depth - 1]->child[digit(key, map->height - depth)] = NULL, path[depth - 1]->used--;
    }
}

int radix_put(struct radix *map, uint64_t key, void *value)
{
    if (grow(map, key))
        return -ENOMEM;
    void **at = &map->root;
    struct node *node = NULL;
    for (unsigned level = map->height; level--;) {
        if (!*at) {
            *at = wired_alloc(sizeof *node);
            if (!*at) {
                prune(map, key);
                return -ENOMEM;
            }
            if (node)
                node->used++;
        }
        node = *at;
        at = &node->child[digit(key, level)];
    }
    *at = value;
    if (node)
        node->used++;
    return 0;
}

void radix_remove(struct radix *map, uint64_t key)
{
    void **at = &map->root;
    struct node *node = NULL;
    for (unsigned level = map->height; level--;) {
        node = *at;
        at = &node->child[digit(key, level)];
    }
    *at = NULL;
    if (!node)
        return;
    node->used--;
    prune(map, key);
}

/* Below `at`, whose children have `level` digits left; only the first is bound by the key. */
static void *first_from(void *at, unsigned level, uint64_t key)
{
    if (!at || !level)
        return at;
    struct node *node = at;
    unsigned start = digit(key, level - 1);
    for (unsigned i = start; i < FAN; i++) {
        void *found = first_from(node->child[i], level - 1, i == start ? key : 0);
        if (found)
            return found;
    }
    return NULL;
}

void *radix_next(const struct radix *map, uint64_t key)
{
    return fits(map, key) ? first_from(map->root, map->height, key) : NULL;
}
