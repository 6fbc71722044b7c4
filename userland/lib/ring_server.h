/*
 * ring_server.h: a server's side of rings: clients come, listen and go; requests are taken from
 * them in turn.
 *
 *   static struct ring_server rings;
 *   ring_server_begin(&rings, self, &operations);
 *
 *   on_call:    if (ring_server_call(&rings, message, &tag)) return tag;   (else the server's own)
 *   on_notify:  if (ring_server_notify(&rings, message))
 *                   while ((link = ring_server_take(&rings, &request)))
 *                       … now or later: ring_server_complete(link, &completion);
 *               ring_server_tell(&rings);
 *
 * A server need not take all there is: what it leaves waits in its client's ring, and it must look
 * again by itself, as no notification comes for what is there already.
 *
 * A ring ends with its client (lifeline.h), or when its server ends it. Memory of an ended ring
 * stays until everything that was taken is completed, for a device may be at work on it; such
 * completions go nowhere. Rings belong to the badge of the handle that made them.
 */
#pragma once
#include "lib/ring_client.h"
#include "lib/server.h"

#define RING_SERVER_BADGE (1UL << 63 | 0x52494e47) /* of the notification, "RING" */

/* One client's ring. */
struct ring_link {
    struct ring ring; /* ring.shared NULL: no memory yet */
    struct ring_link *next;
    uint64_t number, badge;
    uint64_t pages;
    handle object;       /* the memory, READ and WRITE */
    handle notification; /* 0: does not listen yet */
    uint64_t bits;
    handle lifeline, own_lifeline; /* the client's; what the client watches */
    bool ended;                    /* goes when nothing of it is under way */
    bool owed;                     /* completions that the client was not told of */
    void *owner;                   /* the server's */
};

struct ring_server_operations {
    /* May this badge have a ring, 0 or a negated errno? NULL: yes. */
    int64_t (*allowed)(uint64_t badge);
    /* A ring has its memory. 0, or a negated errno, which refuses it. NULL: nothing to do. */
    int64_t (*attached)(struct ring_link *link);
    /* Its memory goes: all was completed; only for one that was attached. NULL: nothing to do. */
    void (*gone)(struct ring_link *link);
};

struct ring_server {
    const struct ring_server_operations *operations;
    handle notification; /* clients set it, and the kernel when one of them dies */
    handle kick;         /* the same to give away: it can only be set */
    struct ring_link *links;
    uint64_t numbers; /* given so far */
};

/* Notifications of rings are received at `self` (RIGHT_RECV) from now on. 0, or -ENOMEM, -EMFILE.
 */
int64_t ring_server_begin(struct ring_server *server, handle self,
                          const struct ring_server_operations *operations);

/* RING_ATTACH, RING_LISTEN and RING_LIFELINE are answered here: *tag is what the handler returns.
 * False: the message is another, and untouched. */
bool ring_server_call(struct ring_server *server, struct message *message, int64_t *tag);

/* True: the notification was a ring's. Dead clients' rings are ended; then take requests. */
bool ring_server_notify(struct ring_server *server, const struct message *message);

/* The next request, each client's in turn, as a copy; nothing in it was checked. NULL: none. */
struct ring_link *ring_server_take(struct ring_server *server, struct ring_request *request);

/* Completes a request that was taken. The link may be gone afterwards if it had ended. */
void ring_server_complete(struct ring_server *server, struct ring_link *link,
                          const struct ring_completion *completion);

/* Tells all clients that have completions they may not know of: before sleeping. */
void ring_server_tell(struct ring_server *server);

/* The ring of this number and badge, not ended; or NULL. */
struct ring_link *ring_server_find(struct ring_server *server, uint64_t number, uint64_t badge);

/* Ends a ring from the server's side: the client is told by its lifeline. */
void ring_server_end(struct ring_server *server, struct ring_link *link);

/* Requests of a ring that were taken and not completed. */
native_inline uint32_t ring_link_under_way(const struct ring_link *link)
{
    return link->ring.submitted - link->ring.completed;
}
