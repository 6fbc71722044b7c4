/*
 * directory_index.c: where the names of a large directory are, by hash: a table of 8 bytes an
 * entry, with open addressing; and the largest gap of each block. It is made when the directory is
 * first looked into, kept with its node, and only a help: without memory everything works, slowly.
 */
#include "directory.h"
#include "directory_entry.h"
#include <stdlib.h>
#include <string.h>

#define BLOCKS_LEAST 2 /* one block is looked through as fast */
#define SLOTS_LEAST  512

struct slot {
    uint32_t hash;
    uint32_t place; /* 0: empty; else 1 + block << PLACE_OFFSET_BITS | offset / 4 */
};

struct directory {
    struct slot *slots;
    size_t entries, used; /* a power of two, at most three quarters used */
    uint16_t *gaps;
    uint32_t blocks, blocks_room;
};

uint32_t directory_hash(const struct name *name)
{
    uint32_t hash = 0x811c9dc5; /* FNV-1a */
    for (size_t i = 0; i < name->length; i++)
        hash = (hash ^ (uint8_t)name->text[i]) * 0x01000193;
    return hash ^ hash >> 15;
}

void directory_forget(struct node *directory)
{
    struct directory *index = directory->directory;
    if (!index)
        return;
    free(index->slots);
    free(index->gaps);
    free(index);
    directory->directory = NULL;
}

static uint32_t packed(uint32_t block, uint32_t offset)
{
    return 1 + (block << PLACE_OFFSET_BITS | offset / 4);
}

static bool grow(struct directory *index)
{
    size_t entries = index->entries ? 2 * index->entries : SLOTS_LEAST;
    struct slot *larger = calloc(entries, sizeof *larger);
    if (!larger)
        return false;
    for (size_t i = 0; i < index->entries; i++) {
        size_t at = index->slots[i].hash & (entries - 1);
        if (!index->slots[i].place)
            continue;
        while (larger[at].place)
            at = (at + 1) & (entries - 1);
        larger[at] = index->slots[i];
    }
    free(index->slots);
    index->slots = larger;
    index->entries = entries;
    return true;
}

static bool add(struct directory *index, const struct name *name, uint32_t place)
{
    if (4 * (index->used + 1) > 3 * index->entries && !grow(index))
        return false;
    uint32_t hash = directory_hash(name);
    size_t at = hash & (index->entries - 1);
    while (index->slots[at].place)
        at = (at + 1) & (index->entries - 1);
    index->slots[at] = (struct slot){hash, place};
    index->used++;
    return true;
}

static bool set_gap(struct directory *index, uint32_t block, uint32_t bytes)
{
    if (block >= index->blocks_room) {
        uint32_t room = 2 * index->blocks_room + 16;
        room = room > block ? room : block + 1;
        uint16_t *larger = realloc(index->gaps, room * sizeof *larger);
        if (!larger)
            return false;
        memset(larger + index->blocks_room, 0, (room - index->blocks_room) * sizeof *larger);
        index->gaps = larger;
        index->blocks_room = room;
    }
    index->gaps[block] = (uint16_t)bytes;
    index->blocks = index->blocks > block + 1 ? index->blocks : block + 1;
    return true;
}

static bool add_block(struct file_system *fs, struct directory *index, uint32_t block,
                      uint8_t *data)
{
    uint32_t limit = entry_limit(fs, data), gap = 0;
    for (uint32_t at = 0; at < limit; at += entry_at(data, at)->bytes) {
        const struct entry *entry = entry_at(data, at);
        struct name name = {entry->name, entry->length};
        gap = entry_gap(entry) > gap ? entry_gap(entry) : gap;
        if (entry->inode && !add(index, &name, packed(block, at)))
            return false;
    }
    return set_gap(index, block, gap);
}

struct directory *directory_index(struct file_system *fs, struct node *directory, uint32_t blocks,
                                  int64_t *error)
{
    *error = 0;
    if (directory->directory || blocks < BLOCKS_LEAST)
        return directory->directory;
    directory->directory = calloc(1, sizeof *directory->directory);
    bool made = directory->directory && grow(directory->directory);
    for (uint32_t block = 0; block < blocks && made && !*error; block++) {
        struct cached *cached;
        cache_trim(&fs->cache);
        *error = directory_block(fs, directory, block, &cached);
        made = !*error && add_block(fs, directory->directory, block, cached->data);
    }
    if (!made)
        directory_forget(directory);
    return directory->directory;
}

bool directory_index_next(const struct directory *index, uint32_t hash, size_t *at, uint32_t *block,
                          uint32_t *offset)
{
    for (;; ++*at) {
        const struct slot *slot = &index->slots[*at & (index->entries - 1)];
        if (!slot->place)
            return false;
        if (slot->hash != hash)
            continue;
        *block = (slot->place - 1) >> PLACE_OFFSET_BITS;
        *offset = ((slot->place - 1) & ((1u << PLACE_OFFSET_BITS) - 1)) * 4;
        ++*at;
        return true;
    }
}

void directory_index_add(struct node *directory, const struct name *name, uint32_t block,
                         uint32_t offset)
{
    struct directory *index = directory->directory;
    if (index && !add(index, name, packed(block, offset)))
        directory_forget(directory);
}

/* Closes the hole: entries behind it move up unless they are where they want to be. */
static void remove_slot(struct directory *index, size_t hole)
{
    size_t mask = index->entries - 1;
    for (size_t at = (hole + 1) & mask; index->slots[at].place; at = (at + 1) & mask) {
        size_t home = index->slots[at].hash & mask;
        if (((at - home) & mask) < ((at - hole) & mask))
            continue;
        index->slots[hole] = index->slots[at];
        hole = at;
    }
    index->slots[hole] = (struct slot){0, 0};
    index->used--;
}

void directory_index_remove(struct node *directory, const struct name *name, uint32_t block,
                            uint32_t offset)
{
    struct directory *index = directory->directory;
    if (!index)
        return;
    size_t at = directory_hash(name) & (index->entries - 1);
    while (index->slots[at].place && index->slots[at].place != packed(block, offset))
        at = (at + 1) & (index->entries - 1);
    if (index->slots[at].place)
        remove_slot(index, at);
}

bool directory_index_gap(const struct directory *index, uint32_t bytes, uint32_t *block)
{
    while (*block < index->blocks && index->gaps[*block] < bytes)
        ++*block;
    return *block < index->blocks;
}

void directory_index_set_gap(struct node *directory, uint32_t block, uint32_t bytes)
{
    if (directory->directory && !set_gap(directory->directory, block, bytes))
        directory_forget(directory);
}
