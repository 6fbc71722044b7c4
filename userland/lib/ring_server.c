/*
 * ring_server.c: clients' rings: made by LIFELINE, given memory by ATTACH, served from then on,
 * freed when they have ended and nothing is under way.
 */
#include "lib/ring_server.h"
#include "lib/errors.h"
#include "lib/wired.h"

#define BIT_KICK  1 /* clients; they may set what they like */
#define BIT_ENDED 2 /* a lifeline */

int64_t ring_server_begin(struct ring_server *server, handle self,
                          const struct ring_server_operations *operations)
{
    int64_t notification = create_notification(RING_SERVER_BADGE, self);
    if (notification < 0)
        return notification;
    int64_t kick = handle_dup((handle)notification, RIGHT_WRITE | RIGHT_DUP, 0, 0);
    if (kick < 0) {
        handle_close((handle)notification);
        return kick;
    }
    *server = (struct ring_server){
        .operations = operations, .notification = (handle)notification, .kick = (handle)kick};
    return 0;
}

struct ring_link *ring_server_find(struct ring_server *server, uint64_t number, uint64_t badge)
{
    struct ring_link *link = server->links;
    while (link && (link->number != number || link->badge != badge || link->ended))
        link = link->next;
    return link;
}

/* ---- Ends ---- */

static void close_if(handle which)
{
    if (which)
        handle_close(which);
}

/* Unmaps and closes the memory. */
static void release_memory(struct ring_link *link)
{
    if (link->ring.shared) {
        region_unmap(HANDLE_SPACE, (uintptr_t)link->ring.shared, link->pages, 0);
        wired_addresses_free((uintptr_t)link->ring.shared, link->pages);
    }
    link->ring = (struct ring){0};
    close_if(link->object);
    link->object = HANDLE_NONE;
}

static void link_free(struct ring_server *server, struct ring_link *link)
{
    struct ring_link **at = &server->links;
    while (*at != link)
        at = &(*at)->next;
    *at = link->next;
    if (link->ring.shared && server->operations->gone)
        server->operations->gone(link);
    release_memory(link);
    close_if(link->notification);
    close_if(link->lifeline);
    wired_free(link);
}

void ring_server_end(struct ring_server *server, struct ring_link *link)
{
    if (!link->ended)
        lifeline_end(&link->own_lifeline);
    link->ended = true;
    if (!ring_link_under_way(link))
        link_free(server, link);
}

/* ---- The messages; each is a result and perhaps a handle for the client in w5 ---- */

static struct ring_link *link_new(struct ring_server *server, const struct message *message)
{
    struct ring_link *link = wired_alloc(sizeof *link);
    if (!link)
        return NULL;
    *link = (struct ring_link){.next = server->links,
                               .number = ++server->numbers,
                               .badge = message->badge,
                               .lifeline = (handle)message->w[5]};
    server->links = link;
    return link;
}

/* w5=space of the client's. */
static int64_t on_lifeline(struct ring_server *server, struct message *message, int64_t *tag)
{
    int64_t (*allowed)(uint64_t badge) = server->operations->allowed;
    int64_t error = allowed ? allowed(message->badge) : 0;
    struct ring_link *link = error ? NULL : link_new(server, message);
    if (!link) {
        message_refuse_handle(message);
        return error ? error : -ENOMEM;
    }
    error = lifeline_watch(link->lifeline, server->notification, BIT_ENDED);
    if (error)
        error = -EINVAL;
    else
        error = lifeline_new(&link->own_lifeline);
    if (error) {
        ring_server_end(server, link);
        return error;
    }
    message->w[1] = link->number;
    message->w[5] = link->own_lifeline;
    *tag = TAG_HANDLE;
    return 0;
}

/* Maps `object`. An object whose pages somebody else supplies is refused by the kernel (EPERM): the
 * pager's level is not below this server's. */
static int64_t map_ring(struct ring_link *link, handle object, uint64_t pages, uint64_t entries)
{
    struct ring ring;
    uint32_t checked = entries > RING_ENTRIES_MOST ? 0 : (uint32_t)entries;
    if (ring_init(&ring, NULL, pages, checked))
        return -EINVAL;
    uintptr_t address = wired_addresses(pages);
    if (!address)
        return -ENOMEM;
    int64_t error = region_map(HANDLE_SPACE, address, pages, MAP_READ | MAP_WRITE | MAP_POPULATE,
                               object, 0, 0, 0);
    if (error) {
        wired_addresses_free(address, pages);
        return error == -ENOMEM ? error : -EINVAL;
    }
    ring_init(&link->ring, (void *)address, pages, checked);
    link->pages = pages;
    link->object = object;
    return 0;
}

/* w1=pages w2=entries w3=ring w5=wired object. */
static int64_t on_attach(struct ring_server *server, struct message *message, int64_t *tag)
{
    struct ring_link *link = ring_server_find(server, message->w[3], message->badge);
    handle object = (handle)message->w[5];
    int64_t error = !link ? -EINVAL : link->ring.shared ? -EBUSY : 0;
    if (!error)
        error = map_ring(link, object, message->w[1], message->w[2]);
    if (error) {
        handle_close(object);
        return error;
    }
    if (server->operations->attached)
        error = server->operations->attached(link);
    if (error) {
        release_memory(link);
        return error;
    }
    message->w[5] = server->kick;
    *tag = TAG_HANDLE;
    return 0;
}

/* w1=ring w2=bits w5=notification. */
static int64_t on_listen(struct ring_server *server, struct message *message)
{
    struct ring_link *link = ring_server_find(server, message->w[1], message->badge);
    int64_t error = !link || !message->w[2] ? -EINVAL : link->notification ? -EBUSY : 0;
    if (error) {
        message_refuse_handle(message);
        return error;
    }
    link->notification = (handle)message->w[5];
    link->bits = message->w[2];
    link->owed = true; /* what was completed before */
    ring_server_tell(server);
    return 0;
}

bool ring_server_call(struct ring_server *server, struct message *message, int64_t *tag)
{
    uint64_t number = message->w[0];
    int64_t result = -EINVAL;
    if (number != RING_ATTACH && number != RING_LISTEN && number != RING_LIFELINE)
        return false;
    *tag = 0;
    if (!(message_tag(message) & TAG_HANDLE))
        result = -EINVAL;
    else if (number == RING_LIFELINE)
        result = on_lifeline(server, message, tag);
    else if (number == RING_ATTACH)
        result = on_attach(server, message, tag);
    else
        result = on_listen(server, message);
    message->w[0] = (uint64_t)result;
    return true;
}

/* ---- Requests ---- */

static void bury_the_dead(struct ring_server *server)
{
    for (struct ring_link *link = server->links, *next; link; link = next) {
        next = link->next;
        if (!link->ended && lifeline_ended(link->lifeline))
            ring_server_end(server, link);
    }
}

bool ring_server_notify(struct ring_server *server, const struct message *message)
{
    if (message->badge != RING_SERVER_BADGE)
        return false;
    if (message->w[0] & BIT_ENDED)
        bury_the_dead(server);
    return true;
}

/* To the end of the list: the others come first next time. */
static void move_back(struct ring_link **at)
{
    struct ring_link *link = *at, **end = at;
    *at = link->next;
    link->next = NULL;
    while (*end)
        end = &(*end)->next;
    *end = link;
}

struct ring_link *ring_server_take(struct ring_server *server, struct ring_request *request)
{
    for (struct ring_link **at = &server->links; *at; at = &(*at)->next) {
        struct ring_link *link = *at;
        if (!link->ring.shared || link->ended || !ring_take(&link->ring, request))
            continue;
        if (link->next)
            move_back(at);
        return link;
    }
    return NULL;
}

void ring_server_complete(struct ring_server *server, struct ring_link *link,
                          const struct ring_completion *completion)
{
    link->owed |= ring_complete(&link->ring, completion);
    if (link->ended && !ring_link_under_way(link))
        link_free(server, link);
}

void ring_server_tell(struct ring_server *server)
{
    for (struct ring_link *link = server->links; link; link = link->next) {
        if (!link->owed || !link->notification)
            continue;
        link->owed = false;
        notify(link->notification, link->bits);
    }
}
