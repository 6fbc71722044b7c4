/*
 * frame.h: one descriptor of 32 bytes for every frame of every memory bank.
 *
 * A frame is in exactly one state at a time; the ledger (DEBUG_LEDGER) counts
 * them. Frames are named by frame number (physical address >> 12) everywhere
 * but in these descriptors' own links.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t frame_number; /* physical address >> PAGE_SHIFT; 0 means "none" */

enum frame_state {
    FRAME_KERNEL = 0, /* never given to the allocator: image, descriptors, firmware, holes */
    FRAME_FREE,       /* first frame of a free block in the buddy; order says how large */
    FRAME_FREE_TAIL,  /* inside a free block */
    FRAME_CACHED,     /* in a per-CPU cache of single frames */
    FRAME_RAW,        /* allocated, owner has not said for what */
    FRAME_SLAB,       /* kernel objects */
    FRAME_TABLE,      /* translation table */
    FRAME_SLOT,       /* slot chunk of an object */
    FRAME_PAGE,       /* page of an object */
    FRAME_STATES
};

struct pool;
struct slab_cache;
struct object;
struct chunk;

struct frame {
    uint32_t refs; /* PAGE: slots that name it; SLAB: objects in use; TABLE: valid entries */
    uint8_t state;
    uint8_t order; /* of the block it heads */
    uint16_t pins; /* PAGE: reasons it must stay (message page, DMA) */
    union {
        struct pool *pool;        /* who is charged for it */
        struct slab_cache *cache; /* SLAB (charged to the root pool) */
    };
    union {
        struct { uint32_t next, previous; }; /* frame table indices + 1: free and partial lists */
        struct object *object;               /* PAGE: the object that names it */
    };
    union {
        uint64_t index;      /* PAGE: index in the object */
        void *free_object;   /* SLAB: first free object in it */
        struct chunk *chunk; /* TABLE, leaf: slots behind its entries, or NULL */
    };
};
_Static_assert(sizeof(struct frame) == 32, "the frame table is charged to everybody: keep it small");

/* The frame table: one run of descriptors per memory bank, in address order. */
#define BANKS_MAX 32
struct bank {
    frame_number first, count;
    struct frame *frames; /* descriptor of `first` */
};
extern struct bank banks[BANKS_MAX];
extern unsigned bank_count;

/* Adds a bank; `descriptors` is zeroed memory for `count` of them. All frames start as FRAME_KERNEL. */
void frame_add_bank(frame_number first, frame_number count, struct frame *descriptors);

/* The descriptor of a frame, or NULL when no bank has it. O(banks), last hit first. */
struct frame *frame_of(frame_number number);

/* The frame a descriptor describes. `frame` must come from a bank. */
frame_number frame_number_of(const struct frame *frame);

/* Counts frames by state over all banks, into counts[FRAME_STATES]. Slow: for audits. */
void frame_count(uint64_t counts[FRAME_STATES]);
