/*
 * object.h: a memory object: a sparse array of slots, one per page.
 *
 * PAGED objects belong to a pager endpoint, which knows them by a cookie; WIRED
 * ones have every page from the start; RANGE ones are a run of physical memory
 * (device registers, the boot bundle) and have no slots.
 */
#pragma once
#include "arch/memory.h"
#include "arch/registers.h"
#include "ipc/endpoint.h"
#include "mm/frame_cache.h"
#include "mm/tree.h"
#include "task/pool_object.h"

enum object_kind { OBJECT_PAGED, OBJECT_WIRED, OBJECT_RANGE };

/*
 * A slot. State in bits 0 and 1; flags beside it; RESIDENT: the frame's physical
 * address in bits 12..47; TOKEN: the pager's cookie in bits 12..63.
 */
typedef uint64_t slot;
#define SLOT_EMPTY    0ul
#define SLOT_RESIDENT 1ul
#define SLOT_ZERO     2ul /* reads as zeroes: the shared zero page */
#define SLOT_TOKEN    3ul
#define SLOT_STATE    3ul
#define SLOT_BUSY     (1ul << 2) /* a request for it is under way */
#define SLOT_WRITABLE (1ul << 3) /* supplied writable */
#define SLOT_DIRTY    (1ul << 4) /* written since it was supplied */
#define SLOT_SYNCED   (1ul << 5) /* instruction fetches see what was written */
#define SLOT_COW      (1ul << 6) /* cloned: not to be written while other slots name its frame */
#define SLOT_ADDRESS  ENTRY_ADDRESS

#define CHUNK_SLOTS 512
#define CHUNK_SMALL 64 /* objects made for up to this many pages */
#define PAGES_MAX                                                                                  \
    (1ul << 48) /* more than addresses: pages that a program moves keep their index                \
                 */

/* The slots of 512 neighbouring pages (64 in a small object). */
struct chunk {
    struct tree_node node; /* key: index of the first slot */
    struct object *object;
    slot *slots;
    uint64_t size;                       /* slots: CHUNK_SLOTS or CHUNK_SMALL */
    uint64_t used;                       /* slots not EMPTY, or busy */
    uint64_t tokens;                     /* slots with a TOKEN: the bitmap has them not */
    uint64_t resident[CHUNK_SLOTS / 64]; /* bitmap, told to pagers */
};

struct object {
    struct kernel_object object;
    struct lock lock;
    uint8_t kind;
    uint8_t memory;                          /* RANGE: MAIR_* of its mappings */
    struct endpoint *pager;                  /* PAGED */
    struct object *pager_next, **pager_link; /* pager->objects, until nobody refers to it */
    uint64_t cookie;
    uint64_t id;          /* never used twice */
    uint64_t pages;       /* its size: RECLAIM_RESIZE changes it */
    uint64_t chunk_slots; /* CHUNK_SLOTS or CHUNK_SMALL */
    uint64_t base;        /* RANGE: physical address */
    struct pool_object *pool;
    struct tree chunks;
    struct chunk *last; /* last used */
    uint64_t resident;
    struct region *regions; /* that show it */
    bool aligned;           /* … all in one space, at one distance from the page numbers */
    bool one_view;          /* … no page by two of them */
    struct region *sourced; /* that have it as their source */
    struct thread *waiters; /* fault_next list: who waits for a page of it */
    struct object *pinned;  /* RANGE: its slots name the frames that the device may reach */
};

/* Its pages may be read by the kernel and by caches: not device registers. */
static inline bool object_is_memory(const struct object *object)
{
    return object->kind != OBJECT_RANGE || object->memory == MAIR_NORMAL;
}

/* NULL: ENOMEM. Takes references to pool and pager. */
struct object *object_new(struct pool_object *pool, enum object_kind kind, uint64_t pages);
/* All pages of a WIRED object, zeroed, in steps: *done counts; -ENOMEM, 1: more to do, 0: complete.
 */
int64_t object_wire_step(struct object *object, uint64_t *done);
/* One bounded step of freeing. True when only the struct is left. */
bool object_destroy_step(struct object *object);
void object_free(struct object *object);
void objects_init(void);
void chunks_init(void);

/* The chunk holding `index`, or NULL: none (or, create: pool exhausted). */
struct chunk *chunk_find(struct object *object, uint64_t index);
struct chunk *chunk_create(struct object *object, uint64_t index);
/* Frees a chunk whose slots are all EMPTY. */
void chunk_free(struct chunk *chunk);
static inline struct chunk *chunk_for(struct object *object, uint64_t index, bool create)
{
    struct chunk *chunk = object->last;

    if (__builtin_expect(chunk && index - chunk->node.key < chunk->size, 1))
        return chunk;
    chunk = chunk_find(object, index);
    return chunk || !create ? chunk : chunk_create(object, index);
}
static inline slot *chunk_slot(struct chunk *chunk, uint64_t index)
{
    return &chunk->slots[index - chunk->node.key];
}

/* The physical address behind a page that is there, or 0. RANGE objects included. */
uint64_t object_page(struct object *object, uint64_t index);

/* A frame for a slot: charged to the object's pool, descriptor names (object, index). 0: ENOMEM. */
static inline frame_number object_frame(struct object *object, uint64_t index)
{
    return pool_take(object->pool->pool, FRAME_PAGE, USE_PAGE, object, index);
}

/* Pages from `index` on that have no slot at all: 0 when it has a chunk. */
uint64_t object_absent(struct object *object, uint64_t index);

/* What is in the slot of a page; EMPTY also where there is no chunk. */
static inline slot object_slot(struct object *object, uint64_t index)
{
    struct chunk *chunk = chunk_for(object, index, false);

    return chunk ? *chunk_slot(chunk, index) : SLOT_EMPTY;
}

/* A page that was there before a clone was made: reading it there is no fault, for the program. */
static inline bool object_cloned(struct object *object, uint64_t index)
{
    return object->kind != OBJECT_RANGE && object_slot(object, index) & SLOT_COW;
}

/* The frame a RESIDENT slot names, and whether no other slot does. */
static inline frame_number slot_frame(slot value)
{
    return (value & SLOT_ADDRESS) >> PAGE_SHIFT;
}
static inline bool slot_sole(slot value)
{
    return frame_of(slot_frame(value))->refs == 1;
}

/* One slot less names this frame. */
static inline void frame_let_go(frame_number number)
{
    if (--frame_of(number)->refs == 0)
        pool_free_frame(number);
}

/* Stores a slot and keeps the counts and the bitmap that pagers are told. */
static inline void slot_set(struct chunk *chunk, uint64_t index, slot value)
{
    uint64_t at = index - chunk->node.key, bit = 1ul << (at & 63);
    slot old = chunk->slots[at];
    bool was = (old & SLOT_STATE) == SLOT_RESIDENT || (old & SLOT_STATE) == SLOT_ZERO;
    bool is = (value & SLOT_STATE) == SLOT_RESIDENT || (value & SLOT_STATE) == SLOT_ZERO;

    chunk->used += (value != 0) - (old != 0);
    chunk->tokens += ((value & SLOT_STATE) == SLOT_TOKEN) - ((old & SLOT_STATE) == SLOT_TOKEN);
    if (was != is) {
        chunk->resident[at >> 6] ^= bit;
        chunk->object->resident += is ? 1 : -1ul;
    }
    chunk->slots[at] = value;
}

/* The slots with contents of the 64 around slot `at` of a chunk, as a bitmap. */
uint64_t chunk_tokens(const struct chunk *chunk, uint64_t at);
static inline uint64_t chunk_contents(const struct chunk *chunk, uint64_t at)
{
    return chunk->resident[at >> 6] |
           (__builtin_expect(chunk->tokens, 0) ? chunk_tokens(chunk, at) : 0);
}

/* Empties a slot (but for BUSY) and drops its frame. Nothing may map it any more. */
void slot_discard(struct chunk *chunk, uint64_t index);

/* Is no page shown by two regions any more? Where many show the object, that stays unknown. */
void object_look_again(struct object *object);

/* Unmaps [index, index + pages) of the object from every space that shows it. */
void object_unmap(struct object *object, uint64_t index, uint64_t pages);

/* Takes the right to write them from every space that shows them. */
void object_restrict(struct object *object, uint64_t index, uint64_t pages);

/*
 * Forgets the contents of [index, index + pages), at most inside one chunk: frees frames that
 * nothing maps any more. Returns how many slots had contents.
 */
uint64_t object_discard(struct object *object, uint64_t index, uint64_t pages);

/* The same for any number of pages that nothing maps any more (the caller bounds the steps). */
void object_discard_unmapped(struct object *object, uint64_t index, uint64_t pages);

/* Everybody who waits for (object, index) looks again (index ~0: for any page). */
void object_wake(struct object *object, uint64_t index);
extern uint64_t zero_page; /* physical address of the shared zero page */
