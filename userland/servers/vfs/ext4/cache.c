/*
 * cache.c: the block cache: a hash table and a list by use. Every block has memory of its own, so
 * that pointers stay when others come and go.
 */
#include "cache.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PREFETCH_MOST 32
#define SLAB_BLOCKS   31 /* with the allocator's header 32 pages */

/* Memory of blocks comes many at a time; it is kept until the end. */
struct slab {
    struct slab *next;
    uint8_t data[SLAB_BLOCKS][BLOCK_BYTES];
};

struct unused {
    struct unused *next;
};

static void *take_memory(struct cache *cache)
{
    if (!cache->unused) {
        struct slab *slab = malloc(sizeof *slab);
        if (!slab)
            return NULL;
        slab->next = cache->slabs;
        cache->slabs = slab;
        for (unsigned i = 0; i < SLAB_BLOCKS; i++) {
            struct unused *one = (void *)slab->data[i];
            one->next = cache->unused;
            cache->unused = one;
        }
    }
    struct unused *taken = cache->unused;
    cache->unused = taken->next;
    return taken;
}

static void give_memory(struct cache *cache, void *memory)
{
    struct unused *one = memory;
    one->next = cache->unused;
    cache->unused = one;
}

int64_t cache_init(struct cache *cache, struct device *device, size_t most)
{
    *cache = (struct cache){.device = device, .most = most, .table_entries = 64};
    while (cache->table_entries < most)
        cache->table_entries *= 2;
    cache->table = calloc(cache->table_entries, sizeof *cache->table);
    return cache->table ? 0 : -ENOMEM;
}

static struct cached **place_of(struct cache *cache, uint64_t block)
{
    uint64_t hash = block * 0x9e3779b97f4a7c15 >> 32;
    struct cached **at = &cache->table[hash & (cache->table_entries - 1)];
    while (*at && (*at)->block != block)
        at = &(*at)->chain;
    return at;
}

static void list_remove(struct cache *cache, struct cached *cached)
{
    *(cached->newer ? &cached->newer->older : &cache->newest) = cached->older;
    *(cached->older ? &cached->older->newer : &cache->oldest) = cached->newer;
}

static void list_add(struct cache *cache, struct cached *cached)
{
    cached->newer = NULL;
    cached->older = cache->newest;
    *(cache->newest ? &cache->newest->newer : &cache->oldest) = cached;
    cache->newest = cached;
}

static void let_go(struct cache *cache, struct cached *cached)
{
    *place_of(cache, cached->block) = cached->chain;
    list_remove(cache, cached);
    if (cached->class)
        cache->dirty[cached->class]--;
    cache->blocks--;
    give_memory(cache, cached->data);
    free(cached);
}

void cache_end(struct cache *cache)
{
    while (cache->newest)
        let_go(cache, cache->newest);
    for (struct slab *slab = cache->slabs, *next; slab; slab = next) {
        next = slab->next;
        free(slab);
    }
    free(cache->table);
    free(cache->sorted);
    *cache = (struct cache){0};
}

/* A block that is not in the table yet, with memory that holds whatever it held. */
static struct cached *add(struct cache *cache, uint64_t block)
{
    struct cached *cached = calloc(1, sizeof *cached);
    uint8_t *data = cached ? take_memory(cache) : NULL;
    if (!data) {
        free(cached);
        return NULL;
    }
    *cached = (struct cached){.block = block, .data = data};
    *place_of(cache, block) = cached;
    list_add(cache, cached);
    cache->blocks++;
    return cached;
}

static void use(struct cache *cache, struct cached *cached)
{
    if (cache->newest == cached)
        return;
    list_remove(cache, cached);
    list_add(cache, cached);
}

int64_t cache_get(struct cache *cache, uint64_t block, struct cached **found)
{
    if (block >= cache->device->blocks)
        return -EINVAL;
    struct cached *cached = *place_of(cache, block);
    if (cached) {
        cache->hits++;
        use(cache, cached);
        *found = cached;
        return 0;
    }
    cached = add(cache, block);
    if (!cached)
        return -ENOMEM;
    void *page = cached->data;
    int64_t error = cache->device->read(cache->device, block, 1, &page);
    cache->reads++;
    if (error)
        let_go(cache, cached);
    else
        *found = cached;
    return error;
}

int64_t cache_new(struct cache *cache, uint64_t block, struct cached **made)
{
    if (block >= cache->device->blocks)
        return -EINVAL;
    struct cached *cached = *place_of(cache, block);
    if (!cached)
        cached = add(cache, block);
    if (!cached)
        return -ENOMEM;
    if (cached->class)
        cache->dirty[cached->class]--;
    cached->class = CACHE_CLEAN;
    cached->owner = 0;
    cached->awaited = false;
    memset(cached->data, 0, BLOCK_BYTES);
    int64_t error = cache_dirty(cache, cached, CACHE_FRESH);
    if (error)
        let_go(cache, cached);
    else
        *made = cached;
    return error;
}

void cache_prefetch(struct cache *cache, uint64_t block, uint32_t count)
{
    struct cached *made[PREFETCH_MOST];
    void *pages[PREFETCH_MOST];
    uint32_t run = 0, most = cache->device->run_most;
    most = most < PREFETCH_MOST ? most : PREFETCH_MOST;
    if (block >= cache->device->blocks)
        return;
    if (count > cache->device->blocks - block)
        count = (uint32_t)(cache->device->blocks - block);
    while (count && *place_of(cache, block))
        block++, count--;
    while (run < count && run < most && !*place_of(cache, block + run)) {
        made[run] = add(cache, block + run);
        if (!made[run])
            break;
        pages[run] = made[run]->data;
        run++;
    }
    if (!run)
        return;
    cache->reads += run;
    if (cache->device->read(cache->device, block, run, pages))
        while (run)
            let_go(cache, made[--run]);
}

size_t cache_dirty_blocks(const struct cache *cache)
{
    size_t sum = 0;
    for (unsigned class = CACHE_CLEAN + 1; class < CACHE_CLASSES; class ++)
        sum += cache->dirty[class];
    return sum;
}

/* Room to sort is made when a block becomes dirty: a commit must not fail for want of it. */
static bool room_to_sort(struct cache *cache)
{
    size_t wanted = cache_dirty_blocks(cache) + 1;
    if (wanted <= cache->sorted_room)
        return true;
    struct cached **larger = realloc(cache->sorted, 2 * wanted * sizeof *larger);
    if (!larger)
        return false;
    cache->sorted = larger;
    cache->sorted_room = 2 * wanted;
    return true;
}

int64_t cache_dirty(struct cache *cache, struct cached *cached, enum cache_class class)
{
    if (cached->class == CACHE_FRESH || cached->class >= class)
        return 0;
    if (!cached->class && !room_to_sort(cache))
        return -ENOMEM;
    if (cached->class)
        cache->dirty[cached->class]--;
    cached->class = class;
    cache->dirty[class]++;
    return 0;
}

void cache_forget(struct cache *cache, uint64_t block)
{
    struct cached *cached = *place_of(cache, block);
    if (cached)
        let_go(cache, cached);
}

static int by_block(const void *left, const void *right)
{
    const struct cached *const *l = left, *const *r = right;
    return ((*l)->block > (*r)->block) - ((*l)->block < (*r)->block);
}

/* Writes sorted[0 … count - 1], neighbours in one request. */
static int64_t write_sorted(struct cache *cache, size_t count)
{
    void *pages[PREFETCH_MOST];
    size_t most = cache->device->run_most < PREFETCH_MOST ? cache->device->run_most : PREFETCH_MOST;
    int64_t error = 0;
    for (size_t at = 0; at < count && !error;) {
        uint64_t first = cache->sorted[at]->block;
        uint32_t run = 0;
        while (run < most && at < count && cache->sorted[at]->block == first + run)
            pages[run++] = cache->sorted[at++]->data;
        error = cache->device->write(cache->device, first, run, pages);
        cache->writes += run;
    }
    return error;
}

int64_t cache_store(struct cache *cache, enum cache_class class)
{
    size_t count = 0;
    if (!cache->dirty[class])
        return 0;
    for (struct cached *cached = cache->newest; cached; cached = cached->older)
        if (cached->class == class)
            cache->sorted[count++] = cached;
    qsort(cache->sorted, count, sizeof *cache->sorted, by_block);
    int64_t error = write_sorted(cache, count);
    int64_t late = cache->device->flush(cache->device);
    if (error || late)
        return error ? error : late;
    for (size_t i = 0; i < count; i++) {
        cache->sorted[i]->class = CACHE_CLEAN;
        cache->sorted[i]->awaited = false;
    }
    cache->dirty[class] = 0;
    return 0;
}

void cache_trim(struct cache *cache)
{
    if (cache->holds)
        return;
    for (struct cached *at = cache->oldest, *newer; at && cache->blocks > cache->most; at = newer) {
        newer = at->newer;
        if (!at->class)
            let_go(cache, at);
    }
}
