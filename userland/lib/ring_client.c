/*
 * ring_client.c: opening a ring, its end, and waiting for it.
 */
#include "lib/ring_client.h"
#include "lib/errors.h"
#include "lib/memory.h"
#include "lib/wired.h"

static void forget_handle(handle *which)
{
    if (*which)
        handle_close(*which);
    *which = HANDLE_NONE;
}

/* The part of a ring that the server knows. */
static void detach(struct ring_client *client)
{
    lifeline_end(&client->lifeline);
    forget_handle(&client->server_lifeline);
    forget_handle(&client->kick);
    client->ring.broken = true; /* no room, no completions */
}

/* A call with a handle in w5, duplicated with these rights. Leaves the reply in *message; a handle
 * that came with it is in w5, else w5 is 0. */
static int64_t call_with(struct ring_client *client, struct message *message, handle given,
                         uint64_t rights)
{
    int64_t lent = handle_dup(given, rights | RIGHT_DUP, 0, 0);
    if (lent < 0)
        return lent;
    message->w[5] = (uint64_t)lent;
    int64_t error = call(client->server, TAG_HANDLE, message);
    handle_close((handle)lent);
    if (error < 0)
        return error;
    if (!(message_tag(message) & TAG_HANDLE))
        message->w[5] = HANDLE_NONE;
    return (int64_t)message->w[0];
}

/* Each side gets a child of the other's to watch. */
static int64_t exchange_lifelines(struct ring_client *client)
{
    struct message message = {.w = {RING_LIFELINE}};
    int64_t error = lifeline_new(&client->lifeline);
    if (error < 0)
        return error;
    error = call_with(client, &message, client->lifeline, RIGHT_READ | RIGHT_MANAGE);
    client->server_lifeline = error < 0 ? HANDLE_NONE : (handle)message.w[5];
    client->number = message.w[1];
    if (error < 0)
        return error;
    return lifeline_watch(client->server_lifeline, client->notification, client->ended_bits);
}

static int64_t attach(struct ring_client *client)
{
    int64_t error = exchange_lifelines(client);
    if (error < 0)
        return error;
    struct message message = {
        .w = {RING_ATTACH, client->pages, client->ring.entries, client->number}};
    error = call_with(client, &message, client->object, RIGHT_READ | RIGHT_WRITE);
    if (error < 0)
        return error;
    client->kick = (handle)message.w[5];
    message = (struct message){.w = {RING_LISTEN, client->number, client->bits}};
    error = call_with(client, &message, client->notification, RIGHT_WRITE);
    return error < 0 ? error : 0;
}

int64_t ring_client_reopen(struct ring_client *client)
{
    uint32_t entries = client->ring.entries;
    detach(client);
    memset(client->ring.shared, 0, PAGE_SIZE);
    int64_t error = attach(client);
    if (error < 0)
        detach(client);
    else
        error = ring_init(&client->ring, client->ring.shared, client->pages, entries);
    client->kick_owed = client->ended = false;
    return error;
}

/* Wired memory of the own pool, at addresses of its own. */
static int64_t make_memory(struct ring_client *client, uint32_t entries)
{
    int64_t object = create_wired(client->pages, HANDLE_POOL);
    if (object < 0)
        return object;
    client->object = (handle)object;
    uintptr_t address = wired_addresses(client->pages);
    int64_t error = address
                        ? region_map(HANDLE_SPACE, address, client->pages,
                                     MAP_READ | MAP_WRITE | MAP_POPULATE, client->object, 0, 0, 0)
                        : -ENOMEM;
    if (!error)
        return ring_init(&client->ring, (void *)address, client->pages, entries);
    if (address)
        wired_addresses_free(address, client->pages);
    return error;
}

int64_t ring_client_open(struct ring_client *client, handle server, uint32_t entries,
                         uint32_t data_pages, handle notification, uint64_t bits,
                         uint64_t ended_bits)
{
    *client = (struct ring_client){
        .server = server, .notification = notification, .bits = bits, .ended_bits = ended_bits};
    struct ring none;
    uint64_t pages = ring_pages(entries, data_pages);
    int64_t error = ring_init(&none, NULL, pages, entries); /* are these sizes allowed? */
    client->pages = pages;
    if (!error)
        error = make_memory(client, entries);
    if (!error)
        error = ring_client_reopen(client);
    if (error < 0)
        ring_client_close(client);
    return error;
}

void ring_client_close(struct ring_client *client)
{
    detach(client);
    if (client->ring.shared) {
        region_unmap(HANDLE_SPACE, (uintptr_t)client->ring.shared, client->pages, 0);
        wired_addresses_free((uintptr_t)client->ring.shared, client->pages);
    }
    forget_handle(&client->object);
    *client = (struct ring_client){.ring.broken = true};
}

int64_t ring_client_wait(struct ring_client *client, struct ring_completion *completion)
{
    ring_client_kick(client);
    while (!ring_client_reap(client, completion)) {
        struct message message;
        if (client->ended)
            return -EOWNERDEAD;
        if (client->ring.broken || client->ring.submitted == client->ring.completed)
            return -EPROTO;
        int64_t error = recv(client->notification, 0, &message);
        if (error < 0)
            return error;
        client->ended |= (message.w[0] & client->ended_bits) != 0;
    }
    return 0;
}
