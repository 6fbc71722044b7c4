/*
 * frame.h: one descriptor of 32 bytes for every frame of every memory bank.
 *
 * Memory is a row of blocks of 2^order frames, free or allocated, and of frames
 * that nobody ever gave to the allocator. Only the first frame of a block, its
 * head, carries the block's state and order; the descriptors behind it are not
 * looked at. So booting, splitting and merging cost O(blocks), not O(frames).
 * The ledger (DEBUG_LEDGER) walks the blocks and counts each frame once.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t frame_number; /* physical address >> PAGE_SHIFT; 0 means "none" */

enum frame_state {
    FRAME_KERNEL = 0, /* heads no block: inside a lower one's, or never given to the allocator */
    FRAME_FREE,       /* heads a free block in the buddy */
    FRAME_CACHED,     /* in a per-CPU cache of single frames: free as well */
    FRAME_RAW,        /* allocated, owner has not said for what; from here on: allocated */
    FRAME_SLAB,       /* kernel objects */
    FRAME_TABLE,      /* translation table */
    FRAME_SLOT,       /* slot chunk of an object */
    FRAME_PAGE,       /* page of an object */
    FRAME_STATES
};

struct pool;
struct slab_cache;
struct object;

struct frame {
    uint32_t refs; /* PAGE: slots that name it; SLAB: objects in use */
    uint8_t state;
    uint8_t order; /* of the block it heads */
    uint16_t pins; /* PAGE: reasons it must stay (message page, DMA) */
    union {
        struct pool *pool;        /* who is charged for it */
        struct slab_cache *cache; /* SLAB (charged to the root pool) */
    };
    union {
        struct {
            uint32_t next, previous; /* FREE, SLAB: frame numbers in a list; 0 ends it */
        };
        struct frame *below; /* CACHED: the next one in the cache */
        struct object
            *object; /* PAGE: the object it was taken for; gone, perhaps, while clones have it */
    };
    union {
        uint64_t index;      /* PAGE: index in the object */
        frame_number number; /* CACHED: its own */
        void *free_object;   /* SLAB: first free object in it */
    };
};
_Static_assert(sizeof(struct frame) == 32,
               "the frame table is charged to everybody: keep it small");

/* The frame table: one run of descriptors per memory bank. */
#define BANKS_MAX (32 + 2) /* of the device tree, and what zones split off (buddy_init) */
struct bank {
    frame_number first, count;
    struct frame *frames; /* descriptor of `first` */
    uint64_t zone;        /* enum zone, of all its frames (mm/buddy.h) */
};
extern struct bank banks[BANKS_MAX];
extern unsigned bank_count;
extern const struct bank *bank_last_hit; /* any CPU may write it: only ever a guess */

/*
 * Adds a bank; `descriptors` is zeroed memory for `count` of them. All frames start as
 * FRAME_KERNEL. At boot only, at most BANKS_MAX times. The links above are 32 bits wide: first +
 * count may not exceed 2^32 frames (16 TiB, all that the 44 address bits of a Cortex-A72 reach).
 */
void frame_add_bank(frame_number first, frame_number count, struct frame *descriptors);

/* The bank a frame lies in, or NULL. O(banks); bank_of: last hit first, nearly always that one. */
const struct bank *bank_search(frame_number number);
static inline const struct bank *bank_of(frame_number number)
{
    const struct bank *bank = __atomic_load_n(&bank_last_hit, __ATOMIC_RELAXED);
    return __builtin_expect(number - bank->first < bank->count, 1) ? bank : bank_search(number);
}

/* The descriptor of a frame, or NULL when no bank has it. */
static inline struct frame *frame_of(frame_number number)
{
    const struct bank *bank = bank_of(number);
    return bank ? &bank->frames[number - bank->first] : NULL;
}

/* Lists of blocks through next and previous; *head is a frame number, 0: the list is empty. */
void frame_link(uint32_t *head, struct frame *frame, frame_number number);
void frame_unlink(uint32_t *head, struct frame *frame);

/* Frames of the block that a descriptor heads; 1 for FRAME_KERNEL. */
static inline uint64_t frame_block_size(const struct frame *frame)
{
    return frame->state == FRAME_KERNEL ? 1 : (uint64_t)1 << frame->order;
}

/* Calls `visit` for each block (or single FRAME_KERNEL) of all banks; counts frames by state. Slow:
 * for audits. */
typedef void frame_visitor(const struct frame *head, uint64_t frames, void *context);
void frame_walk(frame_visitor *visit, void *context);
void frame_count(uint64_t counts[FRAME_STATES]);
