/*
 * ring.h: requests from one client to one server through wired memory that both map, and a
 * notification each way. Nobody waits for anybody: the client adds requests and sets the server's
 * notification, the server completes them in any order and sets the client's.
 *
 * The memory, made by the client (create_wired):
 *
 *   page 0              struct ring_shared
 *   page 1 …            struct ring_request[entries], then struct ring_completion[entries]
 *   the pages after     data pages: whatever the protocol says of them
 *
 * Each side writes only what is its own: the client `submitted` and requests, the server
 * `completed` and completions; data pages belong to the server while a request that names them is
 * under way. A server must not trust the memory: it takes a copy of a request before it looks at
 * it, and counts for itself. So does a client that does not trust its server.
 *
 * At most `entries` requests are under way, so neither array overflows. Ordering: what is written
 * before a counter is released (`stlr`) is seen by whoever acquires it (`ldar`), Arm ARM B2.3.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define RING_ENTRIES_MOST 1024 /* a power of two, as every number of entries */
#define RING_PAGES_MOST   65536

struct ring_request {
    uint32_t operation; /* number of a message of the protocol */
    uint32_t tag;       /* the client's own; comes back with the completion */
    uint64_t w[7];
};

struct ring_completion {
    uint32_t tag;
    int32_t error; /* 0, or a negated errno */
    uint64_t w[3];
};

/* Counters run free; entry n is at n modulo entries. */
struct ring_shared {
    uint32_t submitted; /* by the client */
    uint32_t unused[15];
    uint32_t completed; /* by the server, on a cache line of its own */
    uint32_t unused_too[15];
};

/* One side's view of a ring: its own counters are here, not in the shared memory. */
struct ring {
    struct ring_shared *shared;
    struct ring_request *requests;
    struct ring_completion *completions;
    uint8_t *data;       /* the first data page */
    uint32_t data_pages; /* how many */
    uint32_t entries;
    uint32_t submitted, completed; /* as this side knows them */
};

/* Pages that a ring with these entries and data pages needs. */
uint64_t ring_pages(uint32_t entries, uint32_t data_pages);

/* Takes memory of `pages` pages at `at`, zeroed, for a ring. 0, or -EINVAL: entries is no power of
 * two from 2 to RING_ENTRIES_MOST, or the pages are too few or too many. */
int64_t ring_init(struct ring *ring, void *at, uint64_t pages, uint32_t entries);

/* ---- The client's side ---- */

/* Room for one more request? */
bool ring_has_room(const struct ring *ring);
/* Adds a request; true: the server may sleep, set its notification (once, after the last one
 * added). Only with room. */
bool ring_submit(struct ring *ring, const struct ring_request *request);
/* Takes the next completion; false: there is none. */
bool ring_reap(struct ring *ring, struct ring_completion *completion);

/* ---- The server's side ---- */

/* Takes the next request, as a copy; false: there is none, or the client's counter makes no sense
 * (then the ring stays silent for ever: its client broke it). */
bool ring_take(struct ring *ring, struct ring_request *request);
/* Completes one that was taken. True: the client may sleep, set its notification (once, after the
 * last one). */
bool ring_complete(struct ring *ring, const struct ring_completion *completion);
