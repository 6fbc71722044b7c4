/*
 * names.c: the names in stored directories: one hash table for all, keyed by directory and name
 * (chained, doubled when full), and a list for each directory in the order the names came. The
 * positions on that list only grow, so a directory that changes while it is read shows every name
 * that stays exactly once.
 */
#include "names.h"
#include "entry/abi.h"
#include "lib/memory.h"
#include "lib/wired.h"

#define FIRST_BUCKETS 64

static struct entry **buckets;
static size_t bucket_count, names;

/* FNV-1a, begun with the directory; the final multiplication spreads to the high bits. */
static uint64_t hash_of(const struct entry *directory, const char *name, size_t length)
{
    uint64_t hash = 0xcbf29ce484222325 ^ (uintptr_t)directory >> 4;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (uint8_t)name[i]) * 0x100000001b3;
    return hash * 0x9e3779b97f4a7c15 >> 16;
}

static struct entry **bucket_of(const struct entry *directory, const char *name, size_t length)
{
    return &buckets[hash_of(directory, name, length) & (bucket_count - 1)];
}

/* Makes room for one more. False only when there is no table at all; a full one gets slower. */
static bool grow(void)
{
    if (names < bucket_count)
        return true;
    size_t old_count = bucket_count, count = old_count ? old_count * 2 : FIRST_BUCKETS;
    struct entry **old = buckets, **larger = wired_alloc_array(count, sizeof(struct entry *));
    if (!larger)
        return buckets != NULL;
    buckets = larger;
    bucket_count = count;
    for (size_t i = 0; i < old_count; i++)
        for (struct entry *entry = old[i]; entry;) {
            struct entry *rest = entry->hash_next;
            struct entry **bucket = bucket_of(entry->parent, entry->name, entry->name_length);
            entry->hash_next = *bucket;
            *bucket = entry;
            entry = rest;
        }
    wired_free(old);
    return true;
}

/* ---- Entries ---- */

struct entry *entry_new(struct entry *parent, const char *name, size_t length, struct node *node)
{
    struct entry *entry = wired_alloc(sizeof *entry + length + 1);
    if (!entry)
        return NULL;
    memcpy(entry + 1, name, length);
    entry->references = 1;
    entry->name = (const char *)(entry + 1);
    entry->name_length = (uint16_t)length;
    entry->parent = parent;
    entry->node = node;
    node_hold(node);
    if (parent)
        entry_hold(parent);
    return entry;
}

void entry_hold(struct entry *entry)
{
    entry->references++;
}

/* Not by recursion: a deep tree may have been removed above somebody's working directory. */
void entry_drop(struct entry *entry)
{
    while (entry && --entry->references == 0) {
        struct entry *parent = entry->parent;
        node_drop(entry->node);
        if (entry->name_owned)
            wired_free((void *)entry->name);
        wired_free(entry);
        entry = parent;
    }
}

/* ---- The table ---- */

struct entry *name_find(const struct entry *directory, const char *name, size_t length)
{
    if (!bucket_count)
        return NULL;
    struct entry *entry = *bucket_of(directory, name, length);
    while (entry && (entry->parent != directory || entry->name_length != length ||
                     memcmp(entry->name, name, length) != 0))
        entry = entry->hash_next;
    return entry;
}

/* Enters an entry whose name and parent are set. There is a table. */
static void put(struct entry *entry)
{
    struct node *directory = entry->parent->node;
    struct entry **bucket = bucket_of(entry->parent, entry->name, entry->name_length);
    entry->hash_next = *bucket;
    *bucket = entry;
    entry->position = ++directory->last_position;
    entry->next = NULL;
    entry->previous = directory->last;
    if (directory->last)
        directory->last->next = entry;
    else
        directory->first = entry;
    directory->last = entry;
    entry->stored = true;
    entry->removed = false;
    names++;
}

static void take_out(struct entry *entry)
{
    struct node *directory = entry->parent->node;
    struct entry **link = bucket_of(entry->parent, entry->name, entry->name_length);
    while (*link != entry)
        link = &(*link)->hash_next;
    *link = entry->hash_next;
    if (directory->hint == entry)
        directory->hint = entry->next;
    if (entry->previous)
        entry->previous->next = entry->next;
    else
        directory->first = entry->next;
    if (entry->next)
        entry->next->previous = entry->previous;
    else
        directory->last = entry->previous;
    entry->next = entry->previous = NULL;
    entry->stored = false;
    names--;
}

struct entry *name_add(struct entry *directory, const char *name, size_t length, bool constant,
                       struct node *node)
{
    struct entry *entry = grow() ? entry_new(directory, name, constant ? 0 : length, node) : NULL;
    if (!entry)
        return NULL;
    if (constant) {
        entry->name = name;
        entry->name_length = (uint16_t)length;
    }
    put(entry);
    return entry;
}

bool name_enter(struct entry *entry)
{
    if (!grow())
        return false;
    put(entry);
    return true;
}

void name_remove(struct entry *entry)
{
    take_out(entry);
    entry->removed = true;
    entry_drop(entry);
}

static void set_name(struct entry *entry, char *copy, size_t length)
{
    if (entry->name_owned)
        wired_free((void *)entry->name);
    entry->name = copy;
    entry->name_length = (uint16_t)length;
    entry->name_owned = true;
}

int64_t name_move(struct entry *entry, struct entry *directory, const char *name, size_t length)
{
    char *copy = wired_text(name, length);
    if (!copy)
        return -ENOMEM;
    struct entry *before = entry->parent;
    take_out(entry);
    set_name(entry, copy, length);
    entry->parent = directory;
    entry_hold(directory);
    put(entry);
    entry_drop(before);
    return 0;
}

int64_t name_exchange(struct entry *a, struct entry *b)
{
    char *name_a = wired_text(b->name, b->name_length);
    char *name_b = wired_text(a->name, a->name_length);
    if (!name_a || !name_b) {
        wired_free(name_a);
        wired_free(name_b);
        return -ENOMEM;
    }
    struct entry *parent = a->parent;
    uint16_t length = a->name_length;
    take_out(a);
    take_out(b);
    set_name(a, name_a, b->name_length);
    set_name(b, name_b, length);
    a->parent = b->parent;
    b->parent = parent;
    put(a);
    put(b);
    return 0;
}

struct entry *name_from(struct node *directory, uint64_t position)
{
    struct entry *entry = directory->hint;
    if (!entry || entry->position > position)
        entry = directory->first;
    while (entry && entry->position < position)
        entry = entry->next;
    directory->hint = entry;
    return entry;
}
