/*
 * pages.c: the pages of a file that was written: the object they are in, where it is shown, and how
 * they come to be there.
 */
#include "pages.h"
#include "lib/memory.h"
#include "lib/protocol.h"
#include "lib/wired.h"
#include "proc.h"
#include "window.h"

#define FIRST_ORDER 4 /* 64 KiB */
#define ORDER_STEP  3
#define COOKIES     ANON_SHARED /* apart from those of programs' memory */

static const uint8_t *bundle;
static uint64_t last_cookie = COOKIES;

void contents_init(const void *address)
{
    bundle = address;
}

uint64_t pages_of_bundle(const struct node *node)
{
    return (uint64_t)(node->base - bundle) >> PAGE_SHIFT;
}

/* Own memory to own memory, checked by the kernel. 0 or a negated errno. */
int64_t pages_copy(void *to, const void *from, uint64_t bytes)
{
    int64_t copied =
        space_copy(HANDLE_SPACE, 0, (uintptr_t)to, (void *)(uintptr_t)from, COPY_OUT, bytes, NULL);
    return copied < 0 ? copied : 0;
}

/* ---- The object ---- */

/* Shows the first 2^order pages. 0, or -ENOSPC: as before. */
static int64_t show(struct file_pages *pages, unsigned order)
{
    uintptr_t window = window_take(order);
    if (!window)
        return -ENOSPC;
    if (region_map(HANDLE_SPACE, window, 1UL << order, MAP_READ | MAP_WRITE | MAP_POPULATE,
                   pages->object, 0, 0, 0)) {
        window_give(window, order);
        return -ENOSPC;
    }
    if (pages->window) {
        region_unmap(HANDLE_SPACE, pages->window, 1UL << pages->order, 0);
        window_give(pages->window, pages->order);
    }
    pages->window = window;
    pages->order = order;
    return 0;
}

int64_t pages_show(struct file_pages *pages, uint64_t last)
{
    unsigned order = pages->window ? pages->order : FIRST_ORDER;
    while (last >> order)
        order += ORDER_STEP;
    return pages->window && order == pages->order ? 0 : show(pages, order);
}

static int64_t make_object(struct file_pages *pages)
{
    pages->cookie = ++last_cookie;
    int64_t object =
        create_object(configuration.anon, pages->cookie, OBJECT_PAGES, configuration.programs);
    if (object < 0)
        return -ENOSPC;
    pages->object = (handle)object;
    return 0;
}

void pages_hide(struct file_pages *pages)
{
    if (!pages->window)
        return;
    region_unmap(HANDLE_SPACE, pages->window, 1UL << pages->order, 0);
    window_give(pages->window, pages->order);
    pages->window = 0;
}

void pages_drop(struct file_pages *pages)
{
    pages_hide(pages);
    handle_close(pages->object);
    if (pages->shared && configuration.pager_trusted) {
        struct message message = {.w = {ANON_FORGET, pages->cookie}};
        call(configuration.anon, 0, &message);
    }
    pages->object = HANDLE_NONE;
}

/* ---- Pages ---- */

/* Bytes of the bundle in a page of the file. */
uint64_t pages_base(const struct node *node, uint64_t page)
{
    uint64_t start = page << PAGE_SHIFT;
    if (start >= node->base_size)
        return 0;
    return node->base_size - start < PAGE_SIZE ? node->base_size - start : PAGE_SIZE;
}

/* Brings one page of the bundle into the object: whole ones by the kernel, from frame to frame. */
static int64_t copy_base(struct node *node, uint64_t page)
{
    struct file_pages *pages = node->pages;
    const uint8_t *from = node->base + (page << PAGE_SHIFT);
    uint64_t bytes = pages_base(node, page);
    if (bytes == PAGE_SIZE && ((uintptr_t)from & PAGE_MASK) == 0)
        return page_supply_unasked(pages->object, SUPPLY_COPY | SUPPLY_WRITABLE, page, 1,
                                   configuration.bundle, pages_of_bundle(node) + page);
    int64_t error =
        page_supply_unasked(pages->object, SUPPLY_ZERO | SUPPLY_WRITABLE, page, 1, 0, 0);
    return error ? error : pages_copy((void *)(pages->window + (page << PAGE_SHIFT)), from, bytes);
}

/* Makes pages [first, end) present and shown. 0, or -ENOSPC: some may be. */
int64_t pages_limit(struct file_pages *pages, uint64_t count)
{
    if (pages->limited && pages->limit == count)
        return 0;
    if (page_reclaim(pages->object, count, 0, RECLAIM_RESIZE) < 0)
        return -ENOSPC;
    pages->limit = count;
    pages->limited = true;
    return 0;
}

int64_t pages_bring(struct node *node, uint64_t first, uint64_t end)
{
    struct file_pages *pages = node->pages;
    if (pages_show(pages, end - 1))
        return -ENOSPC;
    if (pages->limited && end > pages->limit && pages_limit(pages, end))
        return -ENOSPC;
    for (uint64_t page = first; page < end; page++) {
        if (page_set_has(&pages->present, page))
            continue;
        uint64_t run = 1;
        while (page + run < end && !pages_base(node, page + run) &&
               !page_set_has(&pages->present, page + run))
            run++;
        const struct file_system *system = node->system;
        if (system->pages_most && system->pages + run > system->pages_most)
            return -ENOSPC;
        int64_t error = pages_base(node, page)
                            ? (run = 1, copy_base(node, page))
                            : page_supply_unasked(pages->object, SUPPLY_ZERO | SUPPLY_WRITABLE,
                                                  page, run, 0, 0);
        for (uint64_t i = 0; !error && i < run; i++) {
            error = page_set_add(&pages->present, page + i);
            node->system->pages += !error;
        }
        if (error)
            return -ENOSPC;
        page += run - 1;
    }
    return 0;
}

/* From wired memory to an object. 0, or -ENOSPC: as before. */
int64_t pages_grow_out(struct node *node)
{
    struct file_pages *pages = node->pages;
    uint8_t *small = pages->small;
    uint64_t room = pages->small_room;
    int64_t error = make_object(pages);
    if (!error && small) {
        error = pages_show(pages, 0);
        if (!error)
            error = page_supply_unasked(pages->object, SUPPLY_ZERO | SUPPLY_WRITABLE, 0, 1, 0, 0);
        if (!error)
            error = pages_copy((void *)pages->window, small, room);
        if (!error)
            error = page_set_add(&pages->present, 0);
        node->system->pages += !error;
    }
    if (error) {
        if (pages->object)
            pages_drop(pages);
        return -ENOSPC;
    }
    pages->small = NULL;
    pages->small_room = 0;
    wired_free(small);
    return 0;
}

/* Begins to keep what is written. */
int64_t pages_begin(struct node *node)
{
    if (node->pages)
        return 0;
    struct file_pages *pages = wired_alloc(sizeof *pages);
    if (!pages)
        return -ENOSPC;
    if (node->base_size && node->base_size <= SMALL_MOST) {
        pages->small = wired_alloc(node->base_size);
        if (!pages->small) {
            wired_free(pages);
            return -ENOSPC;
        }
        memcpy(pages->small, node->base, node->base_size);
        pages->small_room = node->base_size;
    } else if (node->base_size) {
        int64_t error = make_object(pages);
        if (error) {
            wired_free(pages);
            return error;
        }
    }
    if (!pages->object)
        node->base_size = 0; /* all of it is in `small` */
    node->pages = pages;
    return 0;
}
