/*
 * ring_client.h: a client's ring at a server: made, mapped, attached and listened to with one call.
 *
 *   ring_client_open(&block, startup_handle_needed("card"), 64, 256, notification, 1, 2);
 *   ring_client_submit(&block, &request);           as many as ring_has_room(&block.ring) allows
 *   ring_client_kick(&block);                       once, after the last one
 *   … bit 1 of the notification arrives …
 *   while (ring_client_reap(&block, &completion))   until there is none
 *
 * The three messages that this takes have the same numbers in every protocol with a ring.
 *
 * Ends: client and server watch each other's lifeline (lifeline.h). When the server has died (bit 2
 * above), no completion comes any more; ring_client_reopen() attaches the same memory to the one
 * that came after, which has reset its device before it answers, and the client submits again what
 * had no completion.
 */
#pragma once
#include "lib/lifeline.h"
#include "lib/ring.h"

/* In every protocol with a ring. */
#define RING_ATTACH   1
#define RING_LISTEN   2
#define RING_LIFELINE 15

struct ring_client {
    struct ring ring;
    handle server, notification; /* the caller's */
    uint64_t bits, ended_bits;
    handle object, kick;              /* the memory; what wakes the server */
    handle lifeline, server_lifeline; /* own child; the server's */
    uint64_t number;                  /* of the ring, at the server */
    uint64_t pages;
    bool kick_owed; /* the server may sleep, and something was submitted */
    bool ended;     /* ring_client_wait() was told that the server has died */
};

/*
 * A ring of this many entries (a power of two from 2 to RING_ENTRIES_MOST) and data pages at
 * `server`, with memory from the own pool. `notification` (RIGHT_WRITE and RIGHT_DUP; it stays the
 * caller's) gets `bits` when requests were completed and `ended_bits` when the server has died.
 * 0, or a negated errno of the server's or the kernel's; then nothing is left of it.
 */
int64_t ring_client_open(struct ring_client *client, handle server, uint32_t entries,
                         uint32_t data_pages, handle notification, uint64_t bits,
                         uint64_t ended_bits);

/*
 * Attaches the same memory to the server anew, after it has died or to begin again: what was under
 * way is forgotten (its tags are the caller's to submit again), the data pages stay as they are.
 * Waits until the server answers. As ring_client_open(), but on failure the ring is still there: it
 * has no room, and reopening may be tried again.
 */
int64_t ring_client_reopen(struct ring_client *client);

/* Ends it, with what is under way, and gives its memory back. Also for one that never opened (all
 * zeroes). */
void ring_client_close(struct ring_client *client);

/* Adds a request; only while ring_has_room(&client->ring). The server learns of it by the kick. */
native_inline void ring_client_submit(struct ring_client *client,
                                      const struct ring_request *request)
{
    client->kick_owed |= ring_submit(&client->ring, request);
}

/* Wakes the server if need be. Costs nothing when it is awake. */
native_inline void ring_client_kick(struct ring_client *client)
{
    if (client->kick_owed)
        notify(client->kick, 1);
    client->kick_owed = false;
}

/* The next completion. False: none; then, and only then, the notification will come. */
native_inline bool ring_client_reap(struct ring_client *client, struct ring_completion *completion)
{
    return ring_reap(&client->ring, completion);
}

/* Address of a data page. */
native_inline void *ring_client_page(const struct ring_client *client, uint32_t page)
{
    return client->ring.data + (uint64_t)page * PAGE_SIZE;
}

/*
 * For servers that may wait for their server, with a notification that no endpoint receives: kicks,
 * and waits for the next completion. 0; -EOWNERDEAD: the server has died, and all it completed was
 * reaped (reopen); -EPROTO: it
 * broke the ring, or nothing is under way; other errors are recv()'s.
 */
int64_t ring_client_wait(struct ring_client *client, struct ring_completion *completion);
