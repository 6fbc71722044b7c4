/*
 * views.h: what a program's regions show that is not its own: files, and memory that processes
 * share. The kernel knows objects by number only; here is which file that is, and the handle.
 */
#pragma once
#include "lib/native.h"
#include <stdbool.h>
#include <stdint.h>

struct memory;
struct entry;

/* A file, or a piece of shared memory. Counted: views of it, and whoever is about to map it. */
struct shown {
    uint32_t references;
    bool owned;         /* `object` is closed with it */
    handle object;      /* with all rights, or those of the bundle */
    handle base;        /* the file's own handle for it, only to compare */
    handle readable;    /* `object` without the right to write, or 0: not needed yet */
    uint64_t id;        /* the kernel's, of `object`; 0: not known before it is mapped */
    uint64_t first;     /* page of the object where it begins */
    uint64_t pages;     /* how many it has (a file of the bundle: others follow) */
    struct entry *file; /* a reference; NULL: shared memory without a name */
};

/* How many pages of a memory show it. */
struct view {
    struct shown *shown;
    uint64_t pages;
};

/* Ordered by (id, first). */
struct views {
    struct view *array;
    uint32_t count, room;
    uint64_t low, high; /* addresses: all that show any lie between */
};

/* New shared memory, zeroed, charged to the memory's pool. One reference; NULL: *error. */
struct shown *shown_memory(struct memory *memory, uint64_t pages, int64_t *error);
/* A file, for a mapping in this memory; `written`: by MAP_SHARED and perhaps written to. As above;
 * -ENODEV: it cannot be mapped. */
struct shown *shown_file(struct memory *memory, struct entry *file, bool written, int64_t *error);
/* NULL is allowed. */
void shown_drop(struct shown *shown);

/* The handle to map it by: `writable` or never to be. 0: *error. */
handle shown_handle(struct shown *shown, bool writable, int64_t *error);

/* Room for one more view, so that view_add cannot fail. 0 or -ENOMEM. */
int64_t views_reserve(struct views *views);
/* `pages` at `address` show it (its id is known now). The first takes a reference. */
void view_add(struct views *views, struct shown *shown, uint64_t address, uint64_t pages);
/* `pages` more show page `page` of object `id` and what follows, which is in a view already. */
void view_more(struct views *views, uint64_t id, uint64_t page, uint64_t address, uint64_t pages);
/* `pages` fewer show page `page` of object `id` and what follows. */
void view_remove(struct views *views, uint64_t id, uint64_t page, uint64_t pages);
/* What it is that is shown, or NULL. No reference. */
struct shown *view_find(const struct views *views, uint64_t id, uint64_t page);

/* For fork; 0 or -ENOMEM. `to` is empty. */
int64_t views_copy(struct views *to, const struct views *from);
/* To count anew: nobody shows anything, but the views stay until views_tidy. */
void views_empty(struct views *views);
void views_tidy(struct views *views);
void views_free(struct views *views);
