/*
 * ahead.c: read-ahead. Who reads on where the last window ended gets one twice as large; who jumps
 * about gets what was asked for. A fault says nothing of what comes next: it gets what lies around.
 */
#include "parts.h"

#define WINDOW_FIRST   4
#define WINDOW_MOST    64
#define WINDOW_ADVISED 128  /* FILE_ADVICE_SEQUENTIAL */
#define ROOM_SHARE     16   /* of all frames, one window is no more than such a part */
#define AROUND         16   /* pages, aligned */
#define EXTENT_PAGES   4096 /* of interest when asking where pages lie */

static bool follows(const struct inode *inode, uint64_t at)
{
    const struct chunk *chunk = at ? chunk_find(inode, at - 1) : NULL;
    return at == 0 || at == inode->ahead.next ||
           (chunk && chunk->present >> bit_of(chunk, at - 1) & 1);
}

uint64_t ahead_window(struct inode *inode, uint64_t at, uint64_t wanted, bool fault, uint64_t *from)
{
    struct read_ahead *ahead = &inode->ahead;
    uint32_t most = ahead->advice == FILE_ADVICE_SEQUENTIAL ? WINDOW_ADVISED : WINDOW_MOST;
    if (most > cache.limit / ROOM_SHARE)
        most = (uint32_t)(cache.limit / ROOM_SHARE) + 1;
    uint64_t window = wanted;
    *from = at;
    if (ahead->advice == FILE_ADVICE_RANDOM)
        return wanted;
    if (ahead->advice == FILE_ADVICE_SEQUENTIAL || follows(inode, at)) {
        ahead->window = !ahead->window ? WINDOW_FIRST : ahead->window * 2;
        if (ahead->window > most || ahead->advice == FILE_ADVICE_SEQUENTIAL)
            ahead->window = most;
        window = ahead->window > wanted ? ahead->window : wanted;
    } else {
        ahead->window = 0;
        if (fault && most >= AROUND) {
            *from = at - at % AROUND;
            window = AROUND;
        }
    }
    ahead->next = *from + window;
    return window;
}

/* One page, or as many as lie together from there on. 0: no room. Negative: an error. */
static int64_t read_at(struct inode *inode, uint64_t at, uint64_t pages)
{
    struct chunk *chunk = chunk_make(inode, at);
    if (!chunk)
        return -ENOMEM;
    chunk_hold(chunk);
    unsigned bit = bit_of(chunk, at);
    int64_t result = place_find(chunk, at, 1, false);
    if (!result) {
        uint64_t there = chunk->present | chunk->reading | chunk->fresh | ~chunk->mapped;
        result = there >> bit & 1 ? 1 : transfer_read(chunk, bit, pages);
    }
    chunk_release(chunk);
    return result;
}

int ahead_read(struct inode *inode, uint64_t at, uint64_t pages)
{
    uint64_t size = pages_of(inode->size);
    uint64_t end = pages < size && at < size - pages ? at + pages : size;
    for (uint64_t page = at; page < end;) {
        int64_t done = read_at(inode, page, end - page);
        if (done <= 0)
            return page == at ? (int)done : 0;
        page += (uint64_t)done;
    }
    return 0;
}
