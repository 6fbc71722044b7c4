/*
 * views.c: an ordered array for each memory. Most programs have a handful of views; new objects
 * have the highest numbers, so they come last.
 */
#include "views.h"
#include "lib/memory.h"
#include "lib/protocol.h"
#include "lib/wired.h"
#include "ranges.h"

/* ---- What is shown ---- */

/* One for all, so that the pager need not be told when an object ends. */
#define COOKIE ANON_SHARED

struct shown *shown_memory(struct memory *memory, uint64_t pages, int64_t *error)
{
    struct shown *shown = wired_alloc(sizeof *shown);
    *error = -ENOMEM;
    if (!shown)
        return NULL;
    int64_t object = create_object(configuration.anon, COOKIE, pages, memory->pool->handle);
    if (object < 0) {
        *error = object;
        wired_free(shown);
        return NULL;
    }
    *shown =
        (struct shown){.references = 1, .owned = true, .object = (handle)object, .pages = pages};
    *error = 0;
    return shown;
}

/* The same file, shown in this memory already; or NULL. */
static struct shown *find_file(const struct views *views, const struct node *node, handle base)
{
    for (uint32_t i = 0; i < views->count; i++) {
        struct shown *known = views->array[i].shown;
        if (known->file && known->file->node == node && known->base == base)
            return known;
    }
    return NULL;
}

struct shown *shown_file(struct memory *memory, struct entry *file, bool written, int64_t *error)
{
    uint64_t first;
    bool zero_tail;
    int64_t base = node_object(file->node, written, &first, &zero_tail), object = base;
    *error = base;
    if (base < 0)
        return NULL;
    *error = 0;
    struct shown *shown = find_file(&memory->views, file->node, (handle)base);
    if (shown) {
        shown->references++;
        return shown;
    }
    shown = wired_alloc(sizeof *shown);
    *error = -ENOMEM;
    if (!shown)
        return NULL;
    if (base != configuration.bundle)
        *error = object = handle_dup((handle)base, RIGHTS_ALL, 0, HANDLE_NONE);
    if (object < 0) {
        wired_free(shown);
        return NULL;
    }
    *error = 0;
    entry_hold(file);
    *shown = (struct shown){.references = 1,
                            .owned = base != configuration.bundle,
                            .object = (handle)object,
                            .base = (handle)base,
                            .first = first,
                            .pages = round_up(file->node->size) >> PAGE_SHIFT,
                            .file = file};
    return shown;
}

void shown_drop(struct shown *shown)
{
    if (!shown || --shown->references)
        return;
    if (shown->readable)
        handle_close(shown->readable);
    if (shown->owned)
        handle_close(shown->object);
    entry_drop(shown->file);
    wired_free(shown);
}

handle shown_handle(struct shown *shown, bool writable, int64_t *error)
{
    if (writable || !shown->owned)
        return shown->object;
    if (!shown->readable) {
        int64_t made = handle_dup(shown->object, RIGHT_READ | RIGHT_EXEC, 0, HANDLE_NONE);
        if (made < 0) {
            *error = made;
            return HANDLE_NONE;
        }
        shown->readable = (handle)made;
    }
    return shown->readable;
}

/* ---- Views ---- */

/* The last view that is not after (id, page), counted from 1; 0: none. */
static uint32_t find(const struct views *views, uint64_t id, uint64_t page)
{
    uint32_t low = 0, high = views->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct shown *at = views->array[middle].shown;
        if (at->id < id || (at->id == id && at->first <= page))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The view of (id, page), or NULL. */
static struct view *at(const struct views *views, uint64_t id, uint64_t page)
{
    uint32_t found = find(views, id, page);
    if (!found || views->array[found - 1].shown->id != id)
        return NULL;
    return &views->array[found - 1];
}

struct shown *view_find(const struct views *views, uint64_t id, uint64_t page)
{
    struct view *view = at(views, id, page);
    return view ? view->shown : NULL;
}

int64_t views_reserve(struct views *views)
{
    if (views->count < views->room)
        return 0;
    uint32_t room = views->room ? 2 * views->room : 8;
    struct view *grown = wired_resize(views->array, room * sizeof *grown);
    if (!grown)
        return -ENOMEM;
    views->array = grown;
    views->room = room;
    return 0;
}

/* Views may lie at these addresses, too. */
static void widen(struct views *views, uint64_t address, uint64_t pages)
{
    uint64_t end = address + (pages << PAGE_SHIFT);
    if (!views->high || address < views->low)
        views->low = address;
    if (end > views->high)
        views->high = end;
}

void view_add(struct views *views, struct shown *shown, uint64_t address, uint64_t pages)
{
    widen(views, address, pages);
    struct view *view = at(views, shown->id, shown->first);
    if (view && view->shown == shown) {
        view->pages += pages;
        return;
    }
    uint32_t place = find(views, shown->id, shown->first);
    memmove(&views->array[place + 1], &views->array[place],
            (views->count - place) * sizeof *views->array);
    views->array[place] = (struct view){shown, pages};
    views->count++;
    shown->references++;
}

void view_more(struct views *views, uint64_t id, uint64_t page, uint64_t address, uint64_t pages)
{
    struct view *view = at(views, id, page);
    widen(views, address, pages);
    if (view)
        view->pages += pages;
}

void view_remove(struct views *views, uint64_t id, uint64_t page, uint64_t pages)
{
    struct view *view = at(views, id, page);
    if (!view)
        return;
    view->pages -= pages;
    if (view->pages)
        return;
    struct shown *shown = view->shown;
    views->count--;
    memmove(view, view + 1, (size_t)(&views->array[views->count] - view) * sizeof *view);
    shown_drop(shown);
}

int64_t views_copy(struct views *to, const struct views *from)
{
    *to = (struct views){.low = from->low, .high = from->high};
    if (!from->count)
        return 0;
    to->array = wired_alloc_array(from->count, sizeof *to->array);
    if (!to->array)
        return -ENOMEM;
    memcpy(to->array, from->array, from->count * sizeof *to->array);
    to->count = to->room = from->count;
    for (uint32_t i = 0; i < to->count; i++)
        to->array[i].shown->references++;
    return 0;
}

void views_empty(struct views *views)
{
    for (uint32_t i = 0; i < views->count; i++)
        views->array[i].pages = 0;
}

void views_tidy(struct views *views)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < views->count; i++) {
        if (views->array[i].pages)
            views->array[kept++] = views->array[i];
        else
            shown_drop(views->array[i].shown);
    }
    views->count = kept;
}

void views_free(struct views *views)
{
    for (uint32_t i = 0; i < views->count; i++)
        shown_drop(views->array[i].shown);
    wired_free(views->array);
    *views = (struct views){0};
}
