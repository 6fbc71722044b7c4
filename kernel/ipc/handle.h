/*
 * handle.h: kernel objects and the handles that name them.
 *
 * Authority is by handle only. A handle is an index into its space's table; the
 * entry holds the object, its kind, rights, a badge, and the object's generation
 * when the handle was made: bumping the generation revokes every handle at once.
 */
#pragma once
#include "arch/lock.h"
#include "entry/abi.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kernel_object_kind {
    KERNEL_OBJECT_NONE = 0,
    KERNEL_OBJECT_SPACE,
    KERNEL_OBJECT_THREAD,
    KERNEL_OBJECT_ENDPOINT,
    KERNEL_OBJECT_NOTIFICATION,
    KERNEL_OBJECT_OBJECT, /* a memory object */
    KERNEL_OBJECT_POOL,
    KERNEL_OBJECT_IRQ,
    KERNEL_OBJECT_SYSTEM, /* the right to devices, interrupts and power */
    KERNEL_OBJECT_KINDS
};

/* First member of every kernel object. */
struct kernel_object {
    uint32_t refs; /* handles, and pointers from other kernel objects */
    uint16_t kind;
    uint16_t unused;
    uint32_t generation;
    uint32_t handles;                /* how many handles name it */
    struct kernel_object *reap_next; /* see task/reaper.c */
};

struct handle_entry {
    struct kernel_object *object; /* NULL: free; then `meta` is the next free index << 8, kind 0 */
    uint64_t meta;                /* generation << 32 | rights << 8 | kind */
    uint64_t badge;
    uint64_t unused; /* entries are found by a shift */
};

#define HANDLE_CHUNK  64   /* entries allocated together */
#define HANDLE_CHUNKS 1024 /* 65,536 handles in a space */

struct handle_table {
    struct handle_entry *first;   /* chunk 0, the one servers live in; never NULL */
    struct handle_entry **chunks; /* all, NULL until the second is needed */
    uint32_t free;                /* head of the free list: index, 0 none */
    uint32_t size;                /* entries that exist */
    struct pool *pool;
};

#define META(kind, rights) ((uint64_t)(rights) << 8 | (kind))

/*
 * For fast paths: the entry of a handle below HANDLE_CHUNK if it names an object of this kind with
 * this right and was not revoked, else NULL; handle_lookup then knows what is wrong.
 */
static inline struct handle_entry *handle_quick(struct handle_table *table, uint64_t handle,
                                                unsigned kind, unsigned rights)
{
    struct handle_entry *entry = &table->first[handle];
    uint64_t mask = 0xff | (uint64_t)rights << 8;

    if ((entry->meta & mask) != META(kind, rights) ||
        entry->meta >> 32 != entry->object->generation)
        return NULL;
    return entry;
}

static inline struct handle_entry *handle_entry(struct handle_table *table, uint32_t handle)
{
    if (__builtin_expect(handle < HANDLE_CHUNK, 1))
        return handle < table->size ? &table->first[handle] : NULL;
    return handle < table->size ? &table->chunks[handle / HANDLE_CHUNK][handle % HANDLE_CHUNK]
                                : NULL;
}

/*
 * Looks a handle up: it must name an object of this kind with all these rights.
 * Returns the entry, or NULL with *error = -EBADF, -EACCES or -ESTALE.
 */
static inline struct handle_entry *handle_lookup(struct handle_table *table, uint32_t handle,
                                                 unsigned kind, unsigned rights, int64_t *error)
{
    struct handle_entry *entry = handle_entry(table, handle);
    uint64_t meta;

    *error = -EBADF;
    if (!entry || !entry->object)
        return NULL;
    meta = entry->meta;
    if (__builtin_expect((meta & 0xff) != kind, 0))
        return NULL;
    *error = -ESTALE;
    if (__builtin_expect(meta >> 32 != entry->object->generation, 0))
        return NULL;
    *error = -EACCES;
    if (__builtin_expect((meta >> 8 & rights) != rights, 0))
        return NULL;
    return entry;
}

/* An empty table whose memory is charged to `pool`. */
void handle_table_init(struct handle_table *table, struct pool *pool);

/* Enters a handle and takes a reference. Returns it, or -ENOMEM, -EMFILE. */
int64_t handle_insert(struct handle_table *table, struct kernel_object *object, unsigned rights,
                      uint64_t badge);

/* Enters at a fixed index below HANDLE_CHUNK in a new table (boot). */
int64_t handle_insert_at(struct handle_table *table, uint32_t index, struct kernel_object *object,
                         unsigned rights);

/* Removes an entry and drops its reference. The entry must be in use. */
void handle_remove(struct handle_table *table, uint32_t handle);

/* Closes handles, a bounded number each time. True when the table is empty and freed. */
bool handle_table_destroy_step(struct handle_table *table);

/* One reference more, or less; the last one destroys the object (through the reaper where long). */
static inline void object_ref(struct kernel_object *object)
{
    object->refs++;
}
void object_unref(struct kernel_object *object);
void handles_init(void);
