/*
 * contents.c: reading, writing and changing the size of a file's bytes. See contents.h.
 */
#include "contents.h"
#include "lib/memory.h"
#include "lib/wired.h"
#include "pages.h"
#include "proc.h"
#include "remote.h"

static const uint8_t zeros[PAGE_SIZE];

/* ---- Reading and writing ---- */

const uint8_t *contents_written(struct node *node, uint64_t offset, uint64_t *bytes)
{
    struct file_pages *pages = node->pages;
    uint64_t page = offset >> PAGE_SHIFT, in_page = PAGE_SIZE - (offset & PAGE_MASK);
    if (is_remote(node))
        return remote_at(node, offset, bytes);
    if (pages && !pages->object) {
        if (offset < pages->small_room) {
            if (*bytes > pages->small_room - offset)
                *bytes = pages->small_room - offset;
            return pages->small + offset;
        }
    } else if (pages && (page_set_has(&pages->present, page) ||
                         (pages->shared && !pages_bring(node, page, page + 1)))) {
        uint64_t run = in_page;
        while (run < *bytes && run < SUPPLY_MOST * PAGE_SIZE &&
               page_set_has(&pages->present, ++page))
            run += PAGE_SIZE;
        if (*bytes > run)
            *bytes = run;
        return (const uint8_t *)pages->window + offset;
    } else if (offset < node->base_size) {
        uint64_t run = pages ? in_page : node->base_size - offset;
        if (run > node->base_size - offset)
            run = node->base_size - offset;
        if (*bytes > run)
            *bytes = run;
        return node->base + offset;
    }
    if (*bytes > in_page)
        *bytes = in_page;
    return zeros;
}

/* Room for `end` bytes in wired memory. */
static uint8_t *prepare_small(struct node *node, uint64_t offset, uint64_t end)
{
    struct file_pages *pages = node->pages;
    if (end > pages->small_room) {
        uint64_t room = pages->small_room ? pages->small_room : 64;
        while (room < end)
            room *= 2;
        if (room > SMALL_MOST)
            room = SMALL_MOST;
        uint8_t *grown = wired_resize(pages->small, room);
        if (!grown)
            return NULL;
        pages->small = grown;
        pages->small_room = room;
    }
    return pages->small + offset;
}

uint8_t *contents_prepare(struct node *node, uint64_t offset, uint64_t *bytes, int64_t *error)
{
    if (offset >= FILE_SIZE_MAX) {
        *error = -EFBIG;
        return NULL;
    }
    if (*bytes > FILE_SIZE_MAX - offset)
        *bytes = FILE_SIZE_MAX - offset;
    if (is_remote(node)) {
        uint8_t *at = remote_at(node, offset, bytes);
        *error = at ? 0 : -ENOMEM;
        return at;
    }
    *error = pages_begin(node);
    if (*error)
        return NULL;
    struct file_pages *pages = node->pages;
    if (!pages->object) {
        if (offset + *bytes <= SMALL_MOST) {
            uint8_t *at = prepare_small(node, offset, offset + *bytes);
            *error = at ? 0 : -ENOSPC;
            return at;
        }
        *error = pages_grow_out(node);
        if (*error)
            return NULL;
    }
    uint64_t most = SUPPLY_MOST * PAGE_SIZE - (offset & PAGE_MASK);
    if (*bytes > most)
        *bytes = most;
    *error = pages_bring(node, offset >> PAGE_SHIFT, ((offset + *bytes - 1) >> PAGE_SHIFT) + 1);
    return *error ? NULL : (uint8_t *)pages->window + offset;
}

int64_t contents_failed(struct thread *thread, struct node *node, uint64_t offset, uint64_t bytes,
                        int64_t error)
{
    if (is_remote(node)) {
        error = remote_bring(thread, node, offset, bytes, false);
        return error ? error : -EFAULT;
    }
    return contents_reachable(node, offset, 1) ? -EFAULT : error;
}

bool contents_reachable(struct node *node, uint64_t offset, uint64_t bytes)
{
    struct file_pages *pages = node->pages;
    if (!pages || !pages->object || !bytes)
        return true;
    uint64_t last = (offset + bytes - 1) >> PAGE_SHIFT;
    for (uint64_t page = offset >> PAGE_SHIFT; page <= last; page++) {
        char byte;
        void *at = (void *)(pages->window + (page << PAGE_SHIFT));
        if (!page_set_has(&pages->present, page) || pages_copy(&byte, at, 1) == 0)
            continue;
        /* Taken away from under us, or never entered in the tables: make it again. */
        if (page_supply_unasked(pages->object, SUPPLY_ZERO | SUPPLY_WRITABLE, page, 1, 0, 0) ||
            pages_copy(&byte, at, 1) != 0)
            return false;
    }
    return true;
}

int64_t contents_write(struct node *node, uint64_t offset, const void *from, uint64_t bytes)
{
    uint64_t done = 0;
    while (done < bytes) {
        uint64_t piece = bytes - done;
        int64_t error;
        uint8_t *to = contents_prepare(node, offset + done, &piece, &error);
        if (to && pages_copy(to, (const char *)from + done, piece))
            error = -ENOSPC;
        if (error)
            return done ? (int64_t)done : error;
        done += piece;
        if (node->size < offset + done)
            node->size = offset + done;
    }
    return (int64_t)done;
}

int64_t node_read(struct node *node, uint64_t offset, void *buffer, size_t bytes)
{
    uint64_t done = 0;
    if (node->file != &regular_operations || is_remote(node))
        return -EINVAL;
    while (done < bytes && offset + done < node->size) {
        uint64_t piece = bytes - done;
        if (piece > node->size - offset - done)
            piece = node->size - offset - done;
        const uint8_t *from = contents_at(node, offset + done, &piece);
        if (pages_copy((char *)buffer + done, from, piece))
            return -EIO;
        done += piece;
    }
    return (int64_t)done;
}

/* ---- Changing the size ---- */

/* Zeros [offset, offset + bytes) within one page, where it has a page. */
static int64_t zero_part(struct node *node, uint64_t offset, uint64_t bytes)
{
    struct file_pages *pages = node->pages;
    uint64_t page = offset >> PAGE_SHIFT;
    if (bytes == 0)
        return 0;
    if (!page_set_has(&pages->present, page)) {
        if (!pages->shared && !pages_base(node, page))
            return 0;
        int64_t error = pages_bring(node, page, page + 1);
        if (error)
            return error;
    }
    return pages_copy((void *)(pages->window + offset), zeros, bytes) ? -ENOSPC : 0;
}

static void discard(struct node *node, uint64_t first, uint64_t end)
{
    struct file_pages *pages = node->pages;
    uint64_t before = pages->present.count;
    page_set_remove(&pages->present, first, end);
    node->system->pages -= before - pages->present.count;
    if (pages->limited && end > pages->limit)
        end = pages->limit;
    if ((pages->shared || pages->present.count != before) && first < end)
        page_reclaim(pages->object, first, end - first, RECLAIM_DISCARD);
}

void contents_trim(struct node *node)
{
    struct file_pages *pages = node->pages;
    uint64_t end = (node->size + PAGE_MASK) >> PAGE_SHIFT;
    if (!pages || !pages->object)
        return;
    if (page_set_next(&pages->present, end) != UINT64_MAX)
        discard(node, end, OBJECT_PAGES);
    if (pages->limited)
        pages_limit(pages, end);
}

int64_t contents_resize(struct node *node, uint64_t size)
{
    struct file_pages *pages = node->pages;
    if (size > FILE_SIZE_MAX)
        return -EFBIG;
    if (pages && pages->limited && size > node->size) {
        int64_t error = pages_limit(pages, (size + PAGE_MASK) >> PAGE_SHIFT);
        if (error)
            return error;
    }
    if (size < node->size && pages && pages->object) {
        uint64_t tail = size & PAGE_MASK ? PAGE_SIZE - (size & PAGE_MASK) : 0;
        int64_t error = zero_part(node, size, tail);
        if (error)
            return error;
        discard(node, (size + PAGE_MASK) >> PAGE_SHIFT, OBJECT_PAGES);
        if (pages->limited) { /* it was mapped */
            pages_limit(pages, (size + PAGE_MASK) >> PAGE_SHIFT);
            memory_cut(node, (size + PAGE_MASK) >> PAGE_SHIFT);
        }
    } else if (size < node->size && pages && size < pages->small_room) {
        memset(pages->small + size, 0, pages->small_room - size);
    }
    if (node->base_size > size)
        node->base_size = size;
    node->size = size;
    return 0;
}

int64_t contents_punch(struct node *node, uint64_t offset, uint64_t bytes)
{
    uint64_t end = offset + bytes;
    if (end > node->size)
        end = node->size;
    if (is_remote(node))
        return -EOPNOTSUPP;
    if (offset >= end)
        return 0;
    int64_t error = pages_begin(node);
    if (error)
        return error;
    struct file_pages *pages = node->pages;
    if (!pages->object) {
        if (offset < pages->small_room)
            memset(pages->small + offset, 0,
                   (end < pages->small_room ? end : pages->small_room) - offset);
        return 0;
    }
    uint64_t first = (offset + PAGE_MASK) >> PAGE_SHIFT, last = end >> PAGE_SHIFT;
    if (first > last)
        return zero_part(node, offset, end - offset);
    error = zero_part(node, offset, (first << PAGE_SHIFT) - offset);
    if (!error && end & PAGE_MASK)
        error = zero_part(node, last << PAGE_SHIFT, end & PAGE_MASK);
    for (uint64_t page = first; !error && page < last && pages_base(node, page); page++)
        error = pages_bring(node, page, page + 1); /* the bundle's page must not show again */
    for (uint64_t page = first; !error && page < last && pages_base(node, page); page++)
        error = zero_part(node, page << PAGE_SHIFT, PAGE_SIZE);
    while (first < last && pages_base(node, first))
        first++;
    if (!error && first < last)
        discard(node, first, last);
    return error;
}

static bool is_data(const struct node *node, uint64_t page)
{
    const struct file_pages *pages = node->pages;
    if (pages_base(node, page) || is_remote(node))
        return true;
    if (!pages)
        return false;
    if (!pages->object)
        return page << PAGE_SHIFT < pages->small_room;
    return pages->shared || page_set_has(&pages->present, page);
}

uint64_t contents_next(struct node *node, uint64_t offset, bool data)
{
    uint64_t page = offset >> PAGE_SHIFT, end = (node->size + PAGE_MASK) >> PAGE_SHIFT;
    if (data && !is_data(node, page)) /* the bundle's part is at the start: it is not ahead */
        page =
            node->pages && node->pages->object ? page_set_next(&node->pages->present, page) : end;
    while (!data && page < end && is_data(node, page))
        page++;
    if (page >= end)
        return node->size;
    return page << PAGE_SHIFT > offset ? page << PAGE_SHIFT : offset;
}

uint64_t contents_blocks(const struct node *node)
{
    const struct file_pages *pages = node->pages;
    uint64_t base = (node->base_size + PAGE_MASK) >> PAGE_SHIFT;
    if (is_remote(node))
        return remote_blocks(node);
    if (pages && !pages->object)
        base = node->size ? 1 : 0;
    else if (pages && pages->present.count > base)
        base = pages->present.count;
    return base * (PAGE_SIZE / 512);
}

void contents_free(struct node *node)
{
    struct file_pages *pages = node->pages;
    if (!pages)
        return;
    node->system->pages -= pages->present.count;
    if (pages->object)
        pages_drop(pages);
    page_set_clear(&pages->present);
    wired_free(pages->small);
    wired_free(pages);
    node->pages = NULL;
}

/* ---- Mapping ---- */

int64_t node_object(struct node *node, bool shared, uint64_t *first_page, bool *zero_tail)
{
    if (node->file != &regular_operations)
        return -ENODEV;
    if (shared && file_sealed(node, LINUX_F_SEAL_WRITE | LINUX_F_SEAL_FUTURE_WRITE))
        return -EPERM;
    if (is_remote(node)) {
        int64_t error = remote_begin(node);
        *first_page = 0;
        *zero_tail = true;
        if (!error && shared)
            remote_written(node);
        return error ? error : node->pages->object;
    }
    if (!node->pages && !shared && node->base_size && ((uintptr_t)node->base & PAGE_MASK) == 0 &&
        node->base_size == node->size) {
        *first_page = pages_of_bundle(node);
        *zero_tail = false;
        return configuration.bundle;
    }
    int64_t error = pages_begin(node);
    if (!error && !node->pages->object)
        error = pages_grow_out(node);
    uint64_t base_pages = (node->base_size + PAGE_MASK) >> PAGE_SHIFT;
    if (!error && base_pages)
        error = pages_bring(node, 0, base_pages);
    if (error)
        return -ENOMEM;
    node->base_size = 0;
    contents_trim(node);
    error = pages_limit(node->pages, (node->size + PAGE_MASK) >> PAGE_SHIFT);
    if (error)
        return -ENOMEM;
    node->pages->shared |= shared;
    *first_page = 0;
    *zero_tail = true;
    return node->pages->object;
}

int64_t node_view(struct node *node, const void **bytes)
{
    struct file_pages *pages = node->pages;
    if (node->file != &regular_operations || is_remote(node))
        return -ENOEXEC;
    *bytes = pages ? pages->small : node->base;
    if (pages ? !pages->object : node->base_size == node->size)
        return node->size <= (pages ? pages->small_room : node->base_size) ? 0 : -ENOEXEC;
    uint64_t end = (node->size + PAGE_MASK) >> PAGE_SHIFT;
    if (pages_begin(node) || !node->pages->object ||
        (end && (pages_bring(node, 0, end) || !contents_reachable(node, 0, node->size))))
        return -ENOMEM;
    *bytes = (const void *)node->pages->window;
    return 0;
}
