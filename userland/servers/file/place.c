/*
 * place.c: where pages lie on the device. The file system is asked once for an extent: its answer
 * is kept with the inode, and with the chunk it is about, which lives as long as it has pages.
 */
#include "lib/wired.h"
#include "parts.h"

#define EXTENT_PAGES 4096 /* of interest when asking where pages lie */

uint64_t place_sector(const struct chunk *chunk, unsigned bit)
{
    return chunk->blocks ? (uint64_t)chunk->blocks[bit] * SECTORS : chunk->base + bit * SECTORS;
}

/* Kept for the moment after an allocation: its answer must not be lost for want of memory. */
static uint32_t *spare;

static bool spare_there(void)
{
    if (!spare)
        spare = wired_alloc_array(PAGES_A_CHUNK, sizeof *spare);
    return spare;
}

/* From one base for all to one number each. */
static int blocks_make(struct chunk *chunk)
{
    if (!spare_there())
        return -ENOMEM;
    chunk->blocks = spare;
    spare = NULL;
    for (uint64_t left = chunk->mapped; left; left &= left - 1) {
        unsigned bit = (unsigned)__builtin_ctzl(left);
        chunk->blocks[bit] = (uint32_t)((chunk->base + bit * SECTORS) / SECTORS);
    }
    return 0;
}

static int note_block(struct chunk *chunk, unsigned bit, uint64_t sector)
{
    uint64_t mask = 1ul << bit;
    if (!chunk->mapped && !chunk->blocks)
        chunk->base = sector - bit * SECTORS; /* may wrap around, and back again */
    if (!chunk->blocks && chunk->base + bit * SECTORS != sector && blocks_make(chunk))
        return -ENOMEM;
    if (chunk->blocks)
        chunk->blocks[bit] = (uint32_t)(sector / SECTORS);
    chunk->mapped |= mask;
    chunk->hole &= ~mask;
    return 0;
}

/* Takes over what an extent says of a chunk's pages that is not known yet. */
static int note_extent(struct chunk *chunk, const struct extent *extent)
{
    uint64_t end = extent->first + extent->pages;
    for (unsigned bit = 0; bit < PAGES_A_CHUNK; bit++) {
        uint64_t page = chunk->first + bit;
        if (page < extent->first || page >= end || chunk->mapped >> bit & 1)
            continue;
        if (!extent->sector) {
            chunk->hole |= 1ul << bit;
            continue;
        }
        int error = note_block(chunk, bit, extent->sector + (page - extent->first) * SECTORS);
        if (error)
            return error;
        if (extent->fresh) {
            chunk->fresh |= 1ul << bit;
            chunk_dirty(chunk, 1ul << bit); /* also if nobody ever writes there: as zeros */
        }
    }
    return 0;
}

static bool plausible(const struct extent *extent, uint64_t page)
{
    return extent->pages && page >= extent->first && page - extent->first < extent->pages &&
           extent->sector % SECTORS == 0 && extent->sector / SECTORS + extent->pages <= UINT32_MAX;
}

int place_find(struct chunk *chunk, uint64_t page, uint64_t pages, bool allocate)
{
    struct inode *inode = chunk->inode;
    unsigned bit = bit_of(chunk, page);
    if (chunk->mapped >> bit & 1 || (!allocate && chunk->hole >> bit & 1))
        return 0;
    /* What is allocated must be noted, and there is only this chunk to note it in. */
    if (!allocate)
        pages = EXTENT_PAGES;
    else if (pages > PAGES_A_CHUNK - bit)
        pages = PAGES_A_CHUNK - bit;
    struct extent extent = inode->last;
    bool known =
        page >= extent.first && page - extent.first < extent.pages && (extent.sector || !allocate);
    if (allocate && !spare_there())
        return -ENOMEM;
    if (!known) {
        int error = backend_map(inode->number, page, pages, allocate, &extent);
        if (error)
            return error;
        if (!plausible(&extent, page) || (allocate && !extent.sector))
            return -EUCLEAN;
        if (extent.fresh)
            inode->metadata = true;
    }
    int error = note_extent(chunk, &extent);
    inode->last = extent.fresh || error ? (struct extent){0} : extent;
    return error;
}

unsigned place_run(const struct chunk *chunk, unsigned bit, uint64_t mask)
{
    uint64_t sector = place_sector(chunk, bit);
    unsigned run = 1;
    while (bit + run < PAGES_A_CHUNK && mask >> (bit + run) & 1 &&
           place_sector(chunk, bit + run) == sector + run * SECTORS)
        run++;
    return run;
}
