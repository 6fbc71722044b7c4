/*
 * adopt.c: after a restart: the objects that the server before had made, and clients still hold.
 * What is resident is in the objects; what of it was on the device is not known, also of pages that
 * nobody can write to, for their writing may not have come to its end. So all of them that have a
 * block count as dirty and are written once. Pages of holes hold nothing; they are left alone.
 */
#include "lib/wired.h"
#include "parts.h"

#define EXTENT_PAGES 4096

/* A page that is there becomes one that must be written. */
static int adopt_page(struct inode *inode, uint64_t page)
{
    struct chunk *chunk = chunk_make(inode, page);
    if (!chunk)
        return -ENOMEM;
    uint64_t mask = 1ul << bit_of(chunk, page);
    chunk_hold(chunk);
    int error = place_find(chunk, page, 1, false);
    if (!error && chunk->mapped & mask) {
        chunk_supplied(chunk, bit_of(chunk, page), false);
        chunk_dirty(chunk, mask);
        chunk->failed |= mask; /* whatever the kernel says */
    }
    chunk_release(chunk);
    return error;
}

static int adopt_extent(struct inode *inode, const struct extent *extent, uint64_t end)
{
    int error = 0;
    for (uint64_t page = extent->first; page < end && !error; page++)
        if (backend_present(inode->object, page))
            error = adopt_page(inode, page);
    return error;
}

int inode_look(struct inode *inode)
{
    uint64_t pages = pages_of(inode->size);
    if (!inode->unseen)
        return 0;
    int error = backend_size(inode->number, &inode->stored_size);
    for (uint64_t page = 0; page < pages && !error;) {
        struct extent extent;
        uint64_t left = pages - page;
        error = backend_map(inode->number, page, left < EXTENT_PAGES ? left : EXTENT_PAGES, false,
                            &extent);
        if (error || !extent.pages)
            return error ? error : -EUCLEAN;
        uint64_t end = page + extent.pages < pages ? page + extent.pages : pages;
        if (extent.sector)
            error = adopt_extent(inode, &extent, end);
        page = end;
    }
    inode->unseen = error != 0;
    return error;
}

int cache_adopt(void)
{
    uint64_t object = 0, cookie, pages;
    int error;
    while (!(error = backend_adopt(&object, &cookie, &pages))) {
        struct inode *inode = cache_find(cookie & UINT32_MAX);
        /* Of two generations only one is a file; nobody says which, so neither is written to. */
        if (inode || !(inode = inode_new(cookie & UINT32_MAX, cookie >> 32, object)))
            continue;
        inode->size = pages * PAGE_SIZE;
        inode->unsized = inode->unseen = inode->open = true;
    }
    return error == -ENOENT ? 0 : error;
}
