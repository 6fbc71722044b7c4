/*
 * rings.c: clients and a server of rings: what goes through, who may do what, and that nothing is
 * left when either has died.
 */
#include "lib/errors.h"
#include "lib/ring_server.h"
#include "lib/wired.h"
#include "support.h"

#define ECHO    16 /* completed at once, with its words */
#define HOLD    17 /* completed by RELEASE */
#define RELEASE 18
#define END     19 /* the server ends this ring */
#define BADGE   5
#define REFUSED 6 /* a badge that may have no ring */

static struct ring_server rings;
static handle endpoint; /* of the server; only this program receives */
static handle door;     /* to it, with BADGE */
static volatile unsigned attached, gone;
static volatile bool stop;
static struct held {
    struct ring_link *link;
    uint32_t tag;
} held[64];
static unsigned held_count;
static uint64_t order; /* badges of the last requests, one a byte */

/* ---- The server, a thread of this program ---- */

static int64_t allowed(uint64_t badge)
{
    return badge == REFUSED ? -ENXIO : 0;
}

static int64_t on_attached(struct ring_link *link)
{
    attached++;
    return link->ring.data_pages == 13 ? -ENXIO : 0;
}

static void on_gone(struct ring_link *link)
{
    (void)link;
    gone++;
}

static void release_held(void)
{
    while (held_count) {
        struct held *last = &held[--held_count];
        struct ring_completion completion = {.tag = last->tag};
        ring_server_complete(&rings, last->link, &completion);
    }
}

static void serve_request(struct ring_link *link, const struct ring_request *request)
{
    struct ring_completion completion = {.tag = request->tag};
    order = order << 8 | (link->badge & 0xff);
    if (request->operation == HOLD) {
        held[held_count++] = (struct held){link, request->tag};
        return;
    }
    if (request->operation == RELEASE)
        release_held();
    for (unsigned i = 0; i < 3; i++)
        completion.w[i] = request->w[i] + link->ring.data[0];
    completion.error = request->operation <= END ? 0 : -ENOSYS;
    ring_server_complete(&rings, link, &completion);
    if (request->operation == END)
        ring_server_end(&rings, link);
}

static void on_notify(const struct message *message)
{
    struct ring_request request;
    struct ring_link *link;
    if (!ring_server_notify(&rings, message))
        return;
    while ((link = ring_server_take(&rings, &request)))
        serve_request(link, &request);
    ring_server_tell(&rings);
}

static int64_t serve(uint64_t unused)
{
    static const struct ring_server_operations operations = {allowed, on_attached, on_gone};
    struct message message = {0};
    (void)unused;
    ring_server_begin(&rings, endpoint, &operations);
    recv(endpoint, 0, &message);
    while (!stop) {
        int64_t tag = 0;
        if (message_kind(&message) == KIND_NOTIFY) {
            on_notify(&message);
            recv(endpoint, 0, &message);
            continue;
        }
        if (!ring_server_call(&rings, &message, &tag))
            message.w[0] = (uint64_t)-ENOSYS;
        if (reply_recv(endpoint, (uint64_t)tag, &message))
            recv(endpoint, 0, &message);
    }
    return 0;
}

/* ---- Clients that behave ---- */

static void echoes(void)
{
    struct ring_client client;
    struct ring_completion completion;
    handle notification = (handle)create_notification(0, 0);
    CHECK_IS(ring_client_open(&client, door, 8, 4, notification, 1, 2), 0);
    CHECK_IS(client.ring.data_pages, 4);
    *(uint8_t *)ring_client_page(&client, 0) = 3;
    for (uint32_t round = 0; round < 50; round++) {
        uint32_t count = 1 + round % 8;
        for (uint32_t i = 0; i < count; i++) {
            struct ring_request request = {ECHO, round * 8 + i, {round, i}};
            CHECK(ring_has_room(&client.ring));
            ring_client_submit(&client, &request);
        }
        for (uint32_t i = 0; i < count; i++) {
            CHECK_IS(ring_client_wait(&client, &completion), 0);
            CHECK(completion.tag == round * 8 + i && !completion.error &&
                  completion.w[0] == round + 3 && completion.w[1] == i + 3);
        }
    }
    CHECK_IS(ring_client_wait(&client, &completion), -EPROTO); /* nothing is under way */
    ring_client_close(&client);
    ring_client_close(&client); /* nothing more to do */
    handle_close(notification);
}

/* Requests from two rings, both full, are taken in turn. */
static void taken_in_turn(void)
{
    struct ring_client first, second;
    struct ring_completion completion;
    struct ring_request request = {.operation = ECHO};
    handle notification = (handle)create_notification(0, 0);
    handle other = (handle)handle_dup(endpoint, RIGHT_WRITE, BADGE + 2, 0);
    CHECK_IS(ring_client_open(&first, door, 8, 1, notification, 1, 8), 0);
    CHECK_IS(ring_client_open(&second, other, 4, 1, notification, 2, 8), 0);
    for (; ring_has_room(&first.ring); ring_client_submit(&first, &request))
        ;
    for (; ring_has_room(&second.ring); ring_client_submit(&second, &request))
        ;
    ring_client_kick(&second);
    ring_client_kick(&first);
    sleep_for(1);
    CHECK(order == 0x0705070505050505 || order == 0x0507050705050505); /* the last eight */
    for (unsigned i = 0; i < 8; i++)
        CHECK(ring_client_reap(&first, &completion));
    CHECK(!ring_client_reap(&first, &completion));
    ring_client_close(&first);
    ring_client_close(&second);
    handle_close(other);
    handle_close(notification);
}

static void server_ends(void)
{
    struct ring_client client;
    struct ring_completion completion;
    struct ring_request hold = {.operation = HOLD, .tag = 1}, end = {.operation = END, .tag = 2};
    handle notification = (handle)create_notification(0, 0);
    CHECK_IS(ring_client_open(&client, door, 2, 1, notification, 1, 2), 0);
    *(uint8_t *)ring_client_page(&client, 0) = 9;
    ring_client_submit(&client, &hold);
    ring_client_submit(&client, &end);
    CHECK_IS(ring_client_wait(&client, &completion), 0);
    CHECK_IS(completion.tag, 2);
    CHECK_IS(ring_client_wait(&client, &completion), -EOWNERDEAD);
    CHECK_IS(ring_client_wait(&client, &completion), -EOWNERDEAD); /* not only the first time */
    CHECK_IS(ring_client_reopen(&client), 0);
    CHECK_IS(*(uint8_t *)ring_client_page(&client, 0), 9);
    end.operation = RELEASE; /* completions of the old ring go nowhere */
    ring_client_submit(&client, &end);
    CHECK_IS(ring_client_wait(&client, &completion), 0);
    CHECK(completion.tag == 2 && completion.w[0] == 9);
    CHECK_IS(ring_client_wait(&client, &completion), -EPROTO);
    ring_client_close(&client);
    handle_close(notification);
}

static void refused(void)
{
    struct ring_client client;
    handle notification = (handle)create_notification(0, 0);
    handle other = (handle)handle_dup(endpoint, RIGHT_WRITE, REFUSED, 0);
    CHECK_IS(ring_client_open(&client, other, 8, 1, notification, 1, 2), -ENXIO);
    CHECK_IS(ring_client_open(&client, door, 8, 13, notification, 1, 2), -ENXIO);
    CHECK_IS(ring_client_open(&client, door, 3, 1, notification, 1, 2), -EINVAL);
    CHECK_IS(ring_client_open(&client, door, 8, RING_PAGES_MOST, notification, 1, 2), -EINVAL);
    CHECK_IS(ring_client_open(&client, door, 8, 1, notification, 0, 2), -EINVAL);
    CHECK_IS(ring_client_open(&client, door, 8, 1, notification, 1, 0), -EINVAL);
    CHECK_IS(ring_client_open(&client, notification, 8, 1, notification, 1, 2), -EBADF);
    CHECK(!ring_has_room(&client.ring));
    handle_close(other);
    handle_close(notification);
}

/* ---- Clients that do not ---- */

static int64_t say_to_server(uint64_t number, uint64_t a, uint64_t b, uint64_t c, handle given,
                             struct message *message)
{
    *message = (struct message){.w = {number, a, b, c, 0, given}};
    int64_t error = call(door, given ? TAG_HANDLE : 0, message);
    if (error)
        return error;
    if (message_tag(message) & TAG_HANDLE && number != RING_LIFELINE)
        handle_close((handle)message->w[5]);
    return (int64_t)message->w[0];
}

static void wrong_messages(void)
{
    struct message message;
    handle lifeline, wired = (handle)create_wired(4, 0);
    handle notification = (handle)create_notification(0, 0);
    handle other = (handle)handle_dup(endpoint, RIGHT_WRITE, BADGE + 1, 0);
    CHECK_IS(lifeline_new(&lifeline), 0);
    for (uint64_t number = RING_ATTACH; number <= RING_LIFELINE; number++) {
        bool known = number <= RING_LISTEN || number == RING_LIFELINE;
        CHECK_IS(say_to_server(number, 0, 0, 0, 0, &message), known ? -EINVAL : -ENOSYS);
    }
    CHECK_IS(say_to_server(RING_LIFELINE, 0, 0, 0, wired, &message), -EINVAL);
    CHECK_IS(say_to_server(RING_LIFELINE, 0, 0, 0, lifeline, &message), 0);
    uint64_t ring = message.w[1];
    handle theirs = (handle)message.w[5];
    CHECK_IS(say_to_server(RING_ATTACH, 4, 8, ring + 1, wired, &message), -EINVAL);
    CHECK_IS(say_to_server(RING_ATTACH, 4, 8, ring, notification, &message), -EINVAL);
    CHECK_IS(say_to_server(RING_ATTACH, 5, 8, ring, wired, &message), -EINVAL); /* has but 4 */
    CHECK_IS(say_to_server(RING_ATTACH, 4, 1024, ring, wired, &message), -EINVAL);
    CHECK_IS(say_to_server(RING_ATTACH, ~0ul, 8, ring, wired, &message), -EINVAL);
    CHECK_IS(say_to_server(RING_ATTACH, 4, 1ul << 32 | 8, ring, wired, &message), -EINVAL);
    CHECK_IS(say_to_server(RING_LISTEN, ring, 0, 0, notification, &message), -EINVAL);
    message = (struct message){.w = {RING_LISTEN, ring, 1, 0, 0, notification}};
    CHECK_IS(call(other, TAG_HANDLE, &message), 0);
    CHECK_IS(message.w[0], -EINVAL); /* another badge */
    CHECK_IS(say_to_server(RING_ATTACH, 4, 8, ring, wired, &message), 0);
    CHECK_IS(say_to_server(RING_ATTACH, 4, 8, ring, wired, &message), -EBUSY);
    CHECK_IS(say_to_server(RING_LISTEN, ring, 1, 0, wired, &message), 0); /* its own loss */
    CHECK_IS(say_to_server(RING_LISTEN, ring, 1, 0, notification, &message), -EBUSY);
    lifeline_end(&lifeline);
    WAIT_FOR(lifeline_ended(theirs));
    handle_close(theirs);
    handle_close(other);
    handle_close(notification);
    handle_close(wired);
}

#define PLACE ((void *)0xa0000000) /* of a child's ring */

/* A child with a ring, requests under way in it, that ends in the middle. BOARD: its notification,
 * then what it saw. */
static int64_t die_with_requests(uint64_t server)
{
    struct message message = {.w = {RING_LIFELINE}};
    struct ring_request request = {.operation = HOLD};
    struct ring ring;
    handle lifeline, wired = (handle)create_wired(4, 0);
    lifeline_new(&lifeline);
    message.w[5] = lifeline;
    call((handle)server, TAG_HANDLE, &message);
    message = (struct message){.w = {RING_ATTACH, 4, 8, message.w[1], 0, wired}};
    call((handle)server, TAG_HANDLE, &message);
    BOARD[0] = message.w[0];
    region_map(HANDLE_SPACE, (uintptr_t)PLACE, 4, MAP_READ | MAP_WRITE | MAP_POPULATE, wired, 0, 0,
               0);
    ring_init(&ring, PLACE, 4, 8);
    for (unsigned i = 0; i < 8; i++)
        ring_submit(&ring, &request);
    ring.shared->submitted += (uint32_t)BOARD[1]; /* not 0: it also lies */
    notify((handle)message.w[5], 1);
    sleep_until(UINT64_MAX);
    return 0;
}

static void client_dies(uint64_t lie)
{
    unsigned gone_before = gone, held_before = held_count;
    struct ring_client client;
    struct ring_completion completion;
    struct ring_request request = {.operation = RELEASE};
    handle notification = (handle)create_notification(0, 0);
    struct child child = child_new(HANDLE_POOL, LEVEL_PROGRAM, 0, PRIORITY_ABOVE);
    CHECK_IS(child_give(&child, child.space), HANDLE_SPACE);
    CHECK_IS(child_give(&child, child.thread), HANDLE_THREAD);
    CHECK_IS(child_give(&child, HANDLE_POOL), HANDLE_POOL);
    BOARD[1] = lie;
    child_start(&child, die_with_requests, child_give(&child, door));
    WAIT_FOR(held_count == held_before + (lie ? 0 : 8));
    CHECK_IS(BOARD[0], 0);
    child_kill(&child);
    sleep_for(5);
    CHECK_IS(gone, gone_before + (lie ? 1 : 0)); /* memory stays while something is under way */
    CHECK_IS(ring_client_open(&client, door, 8, 1, notification, 1, 2), 0);
    ring_client_submit(&client, &request);
    CHECK_IS(ring_client_wait(&client, &completion), 0);
    WAIT_FOR(gone == gone_before + 1);
    ring_client_close(&client);
    handle_close(notification);
}

/* A child that gives its lifeline away, and waits for its end. */
static int64_t give_lifeline(uint64_t endpoint_of_parent)
{
    handle lifeline;
    if (lifeline_new(&lifeline))
        return 1;
    struct message message = {.w = {0, 0, 0, 0, 0, lifeline}};
    call((handle)endpoint_of_parent, TAG_HANDLE, &message);
    sleep_until(UINT64_MAX);
    return 0;
}

/* Whose maker is killed is noticed by its watcher, once, whatever the watcher did with it. */
static void maker_is_killed(void)
{
    struct message message = {0};
    handle meeting = (handle)create_endpoint(LEVEL_DRIVER);
    handle notification = (handle)create_notification(0, 0);
    struct child child = child_new(HANDLE_POOL, LEVEL_PROGRAM, 0, PRIORITY_ABOVE);
    CHECK_IS(child_give(&child, child.space), HANDLE_SPACE);
    CHECK_IS(child_give(&child, child.thread), HANDLE_THREAD);
    CHECK_IS(child_give(&child, HANDLE_POOL), HANDLE_POOL);
    child_start(&child, give_lifeline, child_give(&child, meeting));
    CHECK_IS(take(meeting, &message), KIND_CALL);
    handle lifeline = (handle)message.w[5];
    CHECK_IS(lifeline_watch(lifeline, notification, 4), 0);
    CHECK(!lifeline_ended(lifeline));
    int64_t room = 0; /* its watcher cannot spend what is its maker's */
    for (int64_t thread; (thread = thread_create(lifeline, 0, 0, 0)) > 0; room++)
        handle_close((handle)thread);
    CHECK(room < 100);
    reply(0, message.request, &message);
    CHECK_IS(take(notification, &message), -EAGAIN);
    child_kill(&child);
    CHECK_IS(recv(notification, 0, &message), 0);
    CHECK_IS(message.w[0], 4);
    CHECK(lifeline_ended(lifeline));
    CHECK_IS(lifeline_watch(lifeline, notification, 4), -EOWNERDEAD);
    lifeline_end(&lifeline);
    CHECK_IS(lifeline, HANDLE_NONE);
    handle_close(notification);
    handle_close(meeting);
}

static void everything(void)
{
    maker_is_killed();
    echoes();
    taken_in_turn();
    server_ends();
    refused();
    wrong_messages();
    client_dies(0);
    client_dies(7);
    client_dies(1000000);
}

int main(const struct startup *startup)
{
    struct worker server;
    (void)startup;
    test_begin();
    endpoint = (handle)create_endpoint(LEVEL_DRIVER);
    door = (handle)handle_dup(endpoint, RIGHT_WRITE | RIGHT_DUP, BADGE, 0);
    worker_start(&server, serve, 0, PRIORITY_ABOVE);
    everything(); /* the first time caches fill */
    uint64_t used = frames_used(), objects = wired_statistics().objects;
    everything();
    everything();
    WAIT_FOR(!rings.links);
    CHECK_IS(wired_statistics().objects - objects, 0);
    CHECK_IS(frames_used(), used);
    CHECK(attached > gone && gone > 0); /* some were refused when they attached */
    worker_kill(&server);
    finish();
}
