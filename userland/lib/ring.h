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
 *
 * Who is to be woken: each side says beside its counter how far it had looked when it last found
 * nothing (`drained`). The other side must notify only when it adds right there; entries behind
 * that one are found by whoever was woken for it. Both write, then a full barrier (`dmb ish`), then
 * read, so one of them sees the other: a notification too many happens, one too few does not, as
 * long as everybody looks until there is nothing before he sleeps.
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
    uint32_t submitted;         /* by the client */
    uint32_t completed_drained; /* the client found no completion at this count */
    uint32_t unused[14];
    uint32_t completed; /* by the server, on a cache line of its own */
    uint32_t submitted_drained;
    uint32_t unused_too[14];
};

/* One side's view of a ring: its own counters are here, not in the shared memory. */
struct ring {
    struct ring_shared *shared;
    struct ring_request *requests;
    struct ring_completion *completions;
    uint8_t *data;       /* the first data page */
    uint32_t data_pages; /* how many */
    uint32_t entries;
    uint32_t submitted, completed; /* the server: taken, completed; the client: added, reaped */
    bool broken; /* the other side's counter made no sense: nothing comes from it any more */
};

/* Pages that a ring with these entries and data pages needs. */
uint64_t ring_pages(uint32_t entries, uint32_t data_pages);

/* Takes memory of `pages` pages at `at` for a ring; the client's are zeroed, the server looks at
 * nothing yet. 0, or -EINVAL, then *ring is as it was: entries is no power of two from 2 to
 * RING_ENTRIES_MOST, or the pages are too few or too many. What is left of the pages are the data
 * pages. */
int64_t ring_init(struct ring *ring, void *at, uint64_t pages, uint32_t entries);

/* ---- The client's side ---- */

/* Room for one more request? */
bool ring_has_room(const struct ring *ring);
/* Adds a request, only with room. True: the server may sleep; set its notification, once, after the
 * last one added. */
bool ring_submit(struct ring *ring, const struct ring_request *request);
/* Takes the next completion; false: there is none, and the client will be woken for the next. Ask
 * until false before sleeping. A server whose counter makes no sense: false for ever (broken). */
bool ring_reap(struct ring *ring, struct ring_completion *completion);

/* ---- The server's side ---- */

/* Takes the next request, as a copy; false: there is none, and the server will be woken for the
 * next; or the client's counter makes no sense (then the ring stays silent for ever: its client
 * broke it). Ask until false before sleeping. */
bool ring_take(struct ring *ring, struct ring_request *request);
/* Completes one that was taken, and not completed before. True: the client may sleep; set its
 * notification, once, after the last one. */
bool ring_complete(struct ring *ring, const struct ring_completion *completion);
