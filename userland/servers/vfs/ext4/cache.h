/*
 * cache.h: blocks of the device in memory: metadata only, what a file contains never comes here.
 *
 * Pointers to data stay valid until cache_trim, which is the only function that lets go of blocks
 * nobody asked it to: an operation may hold as many as it wants and calls it when it has none. A
 * dirty block stays until cache_store wrote it; its class says in which step of a commit.
 */
#pragma once
#include "device.h"
#include <stddef.h>

/* When a block must be on the medium: before those of the next class (commit.c says why). */
enum cache_class {
    CACHE_CLEAN,
    CACHE_FRESH, /* nothing on the medium points to it yet */
    CACHE_INODE,
    CACHE_NAMES,      /* directory blocks */
    CACHE_NAMES_LATE, /* directory blocks where a name went that came elsewhere */
    CACHE_CLASSES
};

struct cached {
    struct cached *chain;         /* same hash */
    struct cached *newer, *older; /* by use */
    uint64_t block;
    uint32_t owner; /* inode for which it was found to be a sound directory block, or 0 */
    uint8_t class;
    bool awaited; /* has a name that a block of CACHE_NAMES_LATE waits for */
    uint8_t *data;
};

struct cache {
    struct device *device;
    struct slab *slabs;    /* all memory of blocks */
    struct unused *unused; /* that of no block */
    struct cached **table;
    size_t table_entries; /* a power of two */
    struct cached *newest, *oldest;
    size_t blocks, most; /* `most` is what cache_trim leaves */
    size_t dirty[CACHE_CLASSES];
    unsigned holds;         /* while not 0, cache_trim does nothing */
    struct cached **sorted; /* room for all that are dirty */
    size_t sorted_room;
    uint64_t reads, writes, hits; /* blocks */
};

/* `most`: blocks to keep. -ENOMEM. */
int64_t cache_init(struct cache *cache, struct device *device, size_t most);
/* Lets everything go, dirty or not. */
void cache_end(struct cache *cache);

/* The block, read when it is not there. -EIO … of the device, -EINVAL beyond its end, -ENOMEM. */
int64_t cache_get(struct cache *cache, uint64_t block, struct cached **found);
/* The same for a block whose old contents mean nothing: zeros, CACHE_FRESH. */
int64_t cache_new(struct cache *cache, uint64_t block, struct cached **made);
/* Reads what is absent of `count` blocks in one request; errors come when they are asked for. */
void cache_prefetch(struct cache *cache, uint64_t block, uint32_t count);
/* It was changed. A class moves only upward, but a fresh block stays fresh. -ENOMEM: do not change
 * it: so ask before. */
int64_t cache_dirty(struct cache *cache, struct cached *cached, enum cache_class class);
/* The block is free, or its contents went another way: nothing of it is kept. */
void cache_forget(struct cache *cache, uint64_t block);
/* Writes the dirty blocks of a class and waits until they are on the medium. On error they stay
 * dirty. */
int64_t cache_store(struct cache *cache, enum cache_class class);
/* Lets the blocks go that were not used for longest, down to `most`; dirty ones stay. */
void cache_trim(struct cache *cache);
/* Dirty blocks of all classes. */
size_t cache_dirty_blocks(const struct cache *cache);
