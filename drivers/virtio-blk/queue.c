/*
 * queue.c: see queue.h. Three kinds of pinned pages, none of them larger than a page, so that they
 * may lie anywhere:
 *
 *   page 0        descriptors, available ring, used ring (together: the legacy interface wants
 * that) page 1        header and status of each request pages 2 …     tables of descriptors, TABLES
 * to a page, when the device takes indirect ones
 *
 * Without indirect descriptors each request has its own part of the table in page 0.
 */
#include "queue.h"
#include "lib/errors.h"
#include "lib/memory.h"
#include "lib/protocol.h"

#define SIZE_MOST   128 /* entries, so that page 0 holds them */
#define TABLE       128 /* descriptors of an indirect table */
#define TABLES      (PAGE_SIZE / (TABLE * sizeof(struct descriptor)))
#define DIRECT      16 /* descriptors of a request without tables */
#define USED_ALIGN  64
#define FRAME_PAGES 2 /* a request's descriptors beside its data: header and status */

#define FLAG_NEXT     1 /* §2.6.5 */
#define FLAG_WRITE    2 /* by the device */
#define FLAG_INDIRECT 4
#define NO_NOTIFY     1 /* used ring, §2.6.8 */

struct descriptor {
    uint64_t address;
    uint32_t length;
    uint16_t flags, next;
};

struct available {
    uint16_t flags, index;
    uint16_t ring[];
};

struct used {
    uint16_t flags, index;
    struct {
        uint32_t id, length;
    } ring[];
};

/* struct virtio_blk_req (§5.2.6) but for the data. */
struct frame {
    uint32_t type, reserved;
    uint64_t sector;
    uint8_t status, unused[15];
};
#define HEADER_BYTES 16

unsigned queue_depth, queue_segments, queue_break_every;
static unsigned breaks;
static const struct transport *transport;
static struct dma_memory memory;
static struct queue_place place;
static unsigned available_offset, used_offset;
static bool indirect;
static uint16_t added, seen; /* free-running, as the device has them */

#define DESCRIPTORS ((struct descriptor *)memory.data)
#define AVAILABLE   ((struct available *)(memory.data + available_offset))
#define USED        ((volatile struct used *)(memory.data + used_offset))
#define FRAMES      ((struct frame *)(memory.data + PAGE_SIZE))

/* Where the parts of page 0 are: as §2.6.2 computes it for the legacy interface. */
static void lay_out(unsigned size)
{
    available_offset = size * sizeof(struct descriptor);
    unsigned end = available_offset + sizeof(struct available) + 2 * size + 2;
    used_offset = (end + USED_ALIGN - 1) / USED_ALIGN * USED_ALIGN;
    place = (struct queue_place){.size = size, .align = USED_ALIGN};
}
_Static_assert(SIZE_MOST *(16 + 2 + 8) + 2 * USED_ALIGN + 32 <= PAGE_SIZE, "page 0 holds it all");
_Static_assert(QUEUE_DEPTH_MOST * sizeof(struct frame) <= PAGE_SIZE, "page 1 holds the frames");

int64_t queue_make(const struct transport *over, bool tables, unsigned segments_most)
{
    unsigned size = over->queue_size_most(), room = tables ? TABLE : DIRECT;
    size = size < SIZE_MOST ? size : SIZE_MOST;
    while (size & (size - 1)) /* a power of two (§2.6) */
        size &= size - 1;
    queue_depth = tables ? size : size / DIRECT;
    if (!queue_depth)
        return -ENXIO;
    if (queue_depth > QUEUE_DEPTH_MOST)
        queue_depth = QUEUE_DEPTH_MOST;
    queue_segments = room - FRAME_PAGES < segments_most ? room - FRAME_PAGES : segments_most;
    transport = over;
    indirect = tables;
    lay_out(size);
    uint64_t table_pages = tables ? (queue_depth + TABLES - 1) / TABLES : 0;
    int64_t error = dma_memory_new(&memory, over->dma, 2 + table_pages);
    if (error < 0)
        return error;
    place.descriptors = dma_address(&memory, 0);
    place.available = dma_address(&memory, available_offset);
    place.used = dma_address(&memory, used_offset);
    return 0;
}

void queue_reset(void)
{
    memset(memory.data, 0, PAGE_SIZE);
    added = seen = 0;
    dma_write_barrier();
    transport->set_queue(&place);
}

/* ---- One request's descriptors ---- */

struct chain {
    struct descriptor *table; /* of the whole table */
    uint16_t next;            /* in it */
    struct descriptor *last;
};

static void chain_add(struct chain *chain, uint64_t address, uint32_t length, uint16_t flags)
{
    if (chain->last && chain->last->flags == (flags | FLAG_NEXT) &&
        chain->last->address + chain->last->length == address) {
        chain->last->length += length; /* pages that happen to lie together */
        return;
    }
    if (chain->last)
        chain->last->next = chain->next;
    chain->last = &chain->table[chain->next++];
    *chain->last = (struct descriptor){address, length, flags | FLAG_NEXT, 0};
}

static void chain_data(struct chain *chain, const struct block_transfer *transfer, uint16_t flags)
{
    uint32_t left = transfer->sectors * BLOCK_SECTOR;
    for (const uint64_t *page = transfer->physical; left; page++) {
        uint32_t bytes = left < PAGE_SIZE ? left : PAGE_SIZE;
        chain_add(chain, *page, bytes, flags);
        left -= bytes;
    }
}

void queue_add(const struct block_transfer *transfer, uint32_t type)
{
    unsigned index = transfer->index, head = indirect ? index : index * DIRECT;
    uint64_t frame = PAGE_SIZE + index * sizeof(struct frame);
    uint64_t table = 2 * PAGE_SIZE + index * TABLE * sizeof(struct descriptor);
    struct chain chain = {.table = DESCRIPTORS, .next = (uint16_t)head};
    if (indirect)
        chain = (struct chain){.table = (struct descriptor *)(memory.data + table)};
    FRAMES[index] = (struct frame){.type = type, .sector = transfer->sector, .status = 0xff};
    chain_add(&chain, dma_address(&memory, frame), HEADER_BYTES, 0);
    if (transfer->sectors)
        chain_data(&chain, transfer, transfer->operation == BLOCK_READ ? FLAG_WRITE : 0);
    chain_add(&chain, dma_address(&memory, frame + offsetof(struct frame, status)), 1, FLAG_WRITE);
    chain.last->flags = FLAG_WRITE;
    if (indirect)
        DESCRIPTORS[index] =
            (struct descriptor){dma_address(&memory, table),
                                chain.next * (uint32_t)sizeof(struct descriptor), FLAG_INDIRECT, 0};
    if (queue_break_every && ++breaks % queue_break_every == 0)
        head = place.size; /* no descriptor */
    AVAILABLE->ring[added % place.size] = (uint16_t)head;
    dma_write_barrier(); /* the request before its number (§2.6.13.3.1) */
    *(volatile uint16_t *)&AVAILABLE->index = ++added;
}

void queue_kick(void)
{
    dma_barrier(); /* the index before the look at the flag (§2.6.13.4.1), and before the register
                    */
    if (!(USED->flags & NO_NOTIFY))
        transport->kick();
}

bool queue_next(unsigned *index, uint8_t *status)
{
    uint16_t at = seen;
    unsigned found = queue_depth;
    while (found >= queue_depth && USED->index != at) {
        dma_read_barrier(); /* the index before the entry, and what it says is done (§2.6.14) */
        uint32_t id = USED->ring[at++ % place.size].id;
        found = indirect ? id : id / DIRECT;
    }
    seen = at;
    if (found >= queue_depth)
        return false;
    *index = found;
    *status = ((volatile struct frame *)FRAMES)[found].status;
    return true;
}
