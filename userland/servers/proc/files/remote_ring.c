/*
 * remote_ring.c: requests to the servers of a remote file system and to the card's driver, and the
 * calls that wait for them.
 *
 * A request goes from the queue here into the ring when there is room and nothing is under way that
 * it must not overtake. Where a ring has data pages, each entry owns as many as the others, so one
 * that is not answered yet holds back all after it; there are enough entries that this is rare.
 */
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/protocol.h"
#include "lib/ring_client.h"
#include "lib/wired.h"
#include "remote_internal.h"

#define ENTRIES 64 /* the most */

static const struct {
    const char *name;
    uint32_t entries, pages; /* pages of data that each entry has */
} shapes[] = {[REMOTE_VFS] = {"vfs", ENTRIES, 1},
              [REMOTE_FILE] = {"file", ENTRIES, 0},
              [REMOTE_CARD] = {"the card's driver", 8, REMOTE_CARD_PAGES}};

struct channel {
    struct ring_client client;
    struct remote_operation *under_way[ENTRIES]; /* by entry, which is their tag */
    uint32_t count;
    bool there; /* open, and its server lives */
};

static struct channel channels[REMOTE_SERVERS];
static struct remote_operation *first; /* the queue */
static uint32_t queued[REMOTE_SERVERS];
static void (*when_quiet)(void);

/* ---- Operations ---- */

struct remote_operation *remote_operation(enum remote_server server, uint32_t message,
                                          size_t data_bytes)
{
    struct remote_operation *operation = wired_alloc(sizeof *operation + data_bytes);
    if (!operation)
        return NULL;
    operation->server = server;
    operation->request.operation = message;
    operation->data_bytes = (uint32_t)data_bytes;
    return operation;
}

void remote_concerns(struct remote_operation *operation, struct node *node)
{
    struct remote_node **about = operation->about;
    for (; *about; about++)
        if (*about == remote_of(node))
            return;
    node_hold(node);
    *about = remote_of(node);
}

static void operation_free(struct remote_operation *operation)
{
    if (!operation)
        return;
    entry_drop(operation->entry);
    entry_drop(operation->there);
    entry_drop(operation->directory);
    entry_drop(operation->other);
    file_drop(operation->file);
    for (unsigned i = 0; i < 3; i++)
        if (operation->about[i])
            node_drop(&operation->about[i]->node);
    wired_free(operation);
}

/* ---- What must not be overtaken ---- */

static void block(struct remote_operation *operation, int change)
{
    for (unsigned i = 0; i < 3 && operation->about[i]; i++) {
        if (operation->exclusive)
            operation->about[i]->writer = change > 0;
        else
            operation->about[i]->readers += (uint32_t)change;
    }
}

static bool blocked(const struct remote_operation *operation)
{
    bool result = false;
    for (unsigned i = 0; i < 3 && operation->about[i]; i++) {
        const struct remote_node *node = operation->about[i];
        result |= node->writer || node->anew || (operation->exclusive && node->readers);
    }
    return result;
}

/* Those behind it in the queue must not overtake it either. */
static void mark(const struct remote_operation *operation, bool anew)
{
    for (unsigned i = 0; i < 3 && operation->about[i]; i++)
        operation->about[i]->anew = anew;
}

/* ---- Calls that wait ---- */

/* The answer was used, or there will be none. */
static void complete(struct remote_operation *operation, int64_t error,
                     const struct ring_completion *completion, const void *data)
{
    struct ring_completion happened;
    if (completion && operation->again && remote_happened(operation, error, &happened)) {
        error = 0;
        completion = &happened;
    }
    if (operation->done)
        operation->done(operation, error, completion, data);
    else if (error)
        remote_ends(operation, error);
    struct thread *thread = operation->thread;
    int64_t result = operation->ends ? operation->result : 0;
    if (!thread) {
        bool start = operation->start;
        operation_free(operation);
        if (start)
            runs_again(result);
        return;
    }
    operation->completed = true;
    if (thread->wait.blocked && operation->ends) {
        thread->remote.operation = NULL;
        operation_free(operation);
        system_call_ended(thread, result);
        wait_finish(thread, result);
    } else if (thread->wait.blocked) {
        wait_wake_thread(thread);
    }
}

void remote_ends(struct remote_operation *operation, int64_t result)
{
    operation->ends = true;
    operation->result = result;
}

bool remote_comes_again(struct thread *thread, int64_t *result)
{
    struct remote_operation *operation = thread->remote.operation;
    if (!operation)
        return false;
    if (!operation->completed) { /* asked for something else meanwhile (ptrace) */
        *result = wait_begin(thread);
        return true;
    }
    bool ends = operation->ends;
    *result = operation->result;
    thread->remote.operation = NULL;
    operation_free(operation);
    return ends;
}

void remote_call_over(struct thread *thread)
{
    struct remote_operation *operation = thread->remote.operation;
    entry_drop(thread->remote.made);
    thread->remote = (struct remote_call){0};
    if (!operation)
        return;
    operation->thread = NULL;
    if (operation->completed)
        operation_free(operation);
}

/* ---- To the servers ---- */

static bool put_in_ring(struct remote_operation *operation)
{
    struct channel *channel = &channels[operation->server];
    struct ring *ring = &channel->client.ring;
    uint32_t pages = shapes[operation->server].pages;
    uint32_t entry = ring->submitted & (shapes[operation->server].entries - 1);
    if (!ring_has_room(ring) || channel->under_way[entry])
        return false;
    if (pages)
        memcpy(ring_client_page(&channel->client, entry * pages), operation->data,
               operation->data_bytes);
    if (operation->server == REMOTE_CARD)
        operation->request.w[2] = entry * pages;
    operation->request.tag = entry;
    channel->under_way[entry] = operation;
    channel->count++;
    block(operation, 1);
    operation->blocking = true;
    ring_client_submit(&channel->client, &operation->request);
    return true;
}

/* Sends what can be sent of the queue, the oldest first. */
static void pump(void)
{
    bool full[REMOTE_SERVERS] = {false};
    struct remote_operation **link = &first;
    while (*link) {
        struct remote_operation *operation = *link;
        struct remote_operation *next = operation->next;
        if (!full[operation->server] && !blocked(operation)) {
            if (put_in_ring(operation)) {
                queued[operation->server]--;
                *link = next;
                continue;
            }
            full[operation->server] = true;
        }
        mark(operation, true);
        link = &operation->next;
    }
    for (struct remote_operation *rest = first; rest; rest = rest->next)
        mark(rest, false);
    for (unsigned i = 0; i < REMOTE_SERVERS; i++)
        if (channels[i].there)
            ring_client_kick(&channels[i].client);
}

void remote_send(struct remote_operation *operation)
{
    struct remote_operation **end = &first;
    if (!operation)
        return;
    if (!channels[operation->server].there) {
        complete(operation, -EIO, NULL, NULL);
        return;
    }
    while (*end)
        end = &(*end)->next;
    operation->next = NULL;
    *end = operation;
    queued[operation->server]++;
    pump();
}

int64_t remote_wait(struct thread *thread, struct remote_operation *operation)
{
    int64_t result = -EIO;
    if (!operation)
        return -ENOMEM;
    operation->thread = thread;
    operation->start = !thread->request;
    thread->remote.operation = operation;
    thread->remote.used = true;
    if (!channels[operation->server].there) { /* answered at once, and not as a wake-up */
        operation->done = NULL;
        operation->start = false;
        complete(operation, -EIO, NULL, NULL);
        remote_comes_again(thread, &result);
        return result;
    }
    result = wait_begin(thread);
    remote_send(operation);
    return result;
}

int64_t remote_wait_for(struct thread *thread, struct remote_operation *operation)
{
    operation->thread = thread;
    thread->remote.operation = operation;
    thread->remote.used = true;
    return wait_begin(thread);
}

void remote_instead(struct remote_operation *operation, struct remote_operation *next)
{
    next->thread = operation->thread;
    if (next->thread)
        next->thread->remote.operation = next;
    operation->thread = NULL;
    remote_send(next);
}

/* ---- From the servers ---- */

static void used(struct channel *channel, uint32_t entry, int64_t error,
                 const struct ring_completion *completion)
{
    struct remote_operation *operation = channel->under_way[entry];
    uint32_t pages = shapes[channel - channels].pages;
    channel->under_way[entry] = NULL;
    channel->count--;
    block(operation, -1);
    operation->blocking = false;
    complete(operation, error, completion,
             pages && completion ? ring_client_page(&channel->client, entry * pages) : NULL);
}

static void quiet(void)
{
    void (*then)(void) = when_quiet;
    if (!then || first || channels[REMOTE_VFS].count || channels[REMOTE_FILE].count)
        return;
    when_quiet = NULL;
    then();
}

static void reap(struct channel *channel)
{
    static const struct ring_completion nothing;
    struct ring_completion completion = nothing;
    while (channel->there && ring_client_reap(&channel->client, &completion)) {
        if (completion.tag >= ENTRIES || !channel->under_way[completion.tag] ||
            completion.error > 0)
            continue; /* it answers what was not asked */
        used(channel, completion.tag, completion.error, &completion);
    }
}

/* What was in the ring goes back to the front of the queue, in its order: it was not answered, and
 * is asked again. */
static void take_back(enum remote_server server, uint32_t end)
{
    struct channel *channel = &channels[server];
    struct remote_operation *back = NULL, **last = &back;
    uint32_t entries = shapes[server].entries;
    for (uint32_t at = end - entries; at != end; at++) {
        uint32_t entry = at & (entries - 1);
        struct remote_operation *operation = channel->under_way[entry];
        if (!operation)
            continue;
        channel->under_way[entry] = NULL;
        channel->count--;
        queued[server]++;
        block(operation, -1);
        operation->blocking = false;
        operation->again = true;
        *last = operation;
        last = &operation->next;
    }
    *last = first;
    first = back;
}

void remote_each_queued(void (*function)(struct remote_operation *operation))
{
    for (struct remote_operation *operation = first; operation; operation = operation->next)
        function(operation);
}

void remote_send_first(struct remote_operation *operation)
{
    operation->next = first;
    first = operation;
    queued[operation->server]++;
}

/* Attaches to the one that was started after it. False: there is none. A server that dies again
 * meanwhile is not there to be told of; how often that happens root bounds (manifest, restart). */
static bool attach_again(enum remote_server server)
{
    int64_t error;
    do
        error = ring_client_reopen(&channels[server].client);
    while (error == -EOWNERDEAD);
    return !error;
}

/* The server died. Either there is another one, which is told what it must know and asked again
 * what was not answered, or what was asked will not be answered. */
static void died(enum remote_server server)
{
    struct channel *channel = &channels[server];
    if (!channel->there)
        return;
    reap(channel); /* what it answered before */
    uint32_t submitted = channel->client.ring.submitted;
    if (attach_again(server)) {
        take_back(server, submitted);
        log_print(LOG_WARNING, "proc: %s was started again; %u requests are sent again\n",
                  shapes[server].name, queued[server]);
        remote_again(server);
        return;
    }
    log_print(LOG_ERROR, "proc: %s has ended: its files answer EIO\n", shapes[server].name);
    channel->there = false;
    for (uint32_t i = 0; i < ENTRIES; i++)
        if (channel->under_way[i])
            used(channel, i, -EIO, NULL);
    struct remote_operation **link = &first;
    while (*link) {
        struct remote_operation *operation = *link;
        if (operation->server != server) {
            link = &operation->next;
            continue;
        }
        *link = operation->next;
        queued[server]--;
        complete(operation, -EIO, NULL, NULL);
        link = &first; /* the queue may be another one now */
    }
}

void remote_notified(uint64_t bits)
{
    for (unsigned i = 0; i < REMOTE_SERVERS; i++) {
        if (bits & NOTIFY_REMOTE_OF(i))
            reap(&channels[i]);
        if (bits & NOTIFY_REMOTE_ENDED(i))
            died(i);
    }
    pump();
    quiet();
}

void remote_when_quiet(void (*then)(void))
{
    when_quiet = then;
    quiet();
}

uint32_t remote_under_way(enum remote_server server)
{
    return channels[server].count + queued[server];
}

bool remote_server_there(enum remote_server server)
{
    return channels[server].there;
}

int64_t remote_open_ring(enum remote_server server, handle at)
{
    int64_t error =
        ring_client_open(&channels[server].client, at, shapes[server].entries,
                         shapes[server].entries * shapes[server].pages, configuration.notification,
                         NOTIFY_REMOTE_OF(server), NOTIFY_REMOTE_ENDED(server));
    channels[server].there = !error;
    if (error)
        log_print(LOG_ERROR, "proc: no ring at %s: %s\n", shapes[server].name, error_name(error));
    return error;
}
