// sources: userland/lib/ring.c
// flags: -Iuserland -Ikernel -pthread
#include "lib/errors.h"
#include "lib/ring.h"
#include "unit.h"
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 64 };

/* Both views of one memory. */
static struct ring client, server;
static uint8_t *memory;

static void rings_make(uint32_t entries, uint32_t data_pages)
{
    uint64_t pages = ring_pages(entries, data_pages);
    free(memory);
    memory = aligned_alloc(4096, pages * 4096);
    memset(memory, 0, pages * 4096);
    CHECK_EQUAL(ring_init(&client, memory, pages, entries), 0);
    CHECK_EQUAL(ring_init(&server, memory, pages, entries), 0);
}

TEST(sizes_are_checked_and_parts_do_not_overlap)
{
    static const uint32_t wrong[] = {0, 1, 3, 6, 1023, 2048, UINT32_MAX, 1u << 31};
    struct ring before = {.entries = 77}, ring = before;
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK_EQUAL(ring_init(&ring, NULL, 100, wrong[i]), -EINVAL);
    for (uint32_t entries = 2; entries <= RING_ENTRIES_MOST; entries *= 2) {
        uint64_t least = ring_pages(entries, 0);
        CHECK_EQUAL(ring_init(&ring, NULL, least - 1, entries), -EINVAL);
        CHECK_EQUAL(ring_init(&ring, NULL, RING_PAGES_MOST + 1, entries), -EINVAL);
        CHECK_EQUAL(ring_init(&ring, NULL, UINT64_MAX, entries), -EINVAL);
        CHECK(!memcmp(&ring, &before, sizeof ring));
        rings_make(entries, 3);
        CHECK_EQUAL(client.data_pages, 3);
        CHECK((uint8_t *)client.requests >= memory + sizeof(struct ring_shared));
        CHECK((uint8_t *)client.completions == (uint8_t *)(client.requests + entries));
        CHECK((uint8_t *)(client.completions + entries) <= client.data);
        CHECK_EQUAL((uintptr_t)client.data % 4096, 0);
        CHECK(client.data + 3 * 4096 == memory + ring_pages(entries, 3) * 4096);
        memset(client.requests, 0xff, (size_t)(client.data - (uint8_t *)client.requests));
    }
    CHECK_EQUAL(ring_init(&ring, memory, RING_PAGES_MOST, 2), 0);
}

/* What a request says follows from its number, so any mistake shows. */
static struct ring_request request_of(uint32_t number)
{
    struct ring_request request = {number * 3 + 1, number * 7919, {0}};
    for (unsigned i = 0; i < 7; i++)
        request.w[i] = (uint64_t)number << 32 | i;
    return request;
}

static struct ring_completion completion_of(uint32_t number)
{
    return (struct ring_completion){number * 7919, -(int32_t)(number % 133), {number, ~number, 1}};
}

/* Requests by number, in the order of the model. */
struct model {
    uint32_t added, taken, completed, reaped;
    uint32_t under_way[MOST];          /* taken, not completed */
    uint32_t done[MOST];               /* completed, not reaped, in order */
    bool server_told, client_told;     /* a notification is set */
    bool server_asleep, client_asleep; /* looked until there was nothing */
};

static void model_add(struct model *model)
{
    struct ring_request request = request_of(model->added);
    bool room = model->added - model->reaped < client.entries;
    CHECK_EQUAL(ring_has_room(&client), room);
    if (!room)
        return;
    bool wake = ring_submit(&client, &request);
    if (model->server_asleep && !model->server_told)
        CHECK(wake);
    model->server_told |= wake;
    model->added++;
}

static void model_take(struct model *model)
{
    struct ring_request request, wanted = request_of(model->taken);
    bool any = model->taken != model->added;
    CHECK_EQUAL(ring_take(&server, &request), any);
    model->server_asleep = !any;
    if (!any) {
        model->server_told = false;
        return;
    }
    CHECK(!memcmp(&request, &wanted, sizeof request));
    model->under_way[model->taken++ - model->completed] = request.tag / 7919;
}

/* Any of those under way, as a device does. */
static void model_complete(struct model *model)
{
    uint32_t count = model->taken - model->completed;
    if (!count)
        return;
    uint32_t *which = &model->under_way[unit_random_below(count)], number = *which;
    struct ring_completion completion = completion_of(number);
    *which = model->under_way[count - 1];
    bool wake = ring_complete(&server, &completion);
    if (model->client_asleep && !model->client_told)
        CHECK(wake);
    model->client_told |= wake;
    model->done[model->completed++ % client.entries] = number;
}

static void model_reap(struct model *model)
{
    struct ring_completion completion, wanted;
    bool any = model->reaped != model->completed;
    CHECK_EQUAL(ring_reap(&client, &completion), any);
    model->client_asleep = !any;
    if (!any) {
        model->client_told = false;
        return;
    }
    wanted = completion_of(model->done[model->reaped++ % client.entries]);
    CHECK(!memcmp(&completion, &wanted, sizeof completion));
}

TEST(two_sides_in_any_order_as_in_a_model)
{
    static void (*const step[])(struct model *) = {model_add, model_take, model_complete,
                                                   model_reap};
    for (uint32_t entries = 2; entries <= MOST; entries *= 2) {
        struct model model = {0};
        rings_make(entries, 0);
        for (unsigned phase = 0; phase < 200; phase++) {
            uint64_t favourite = unit_random_below(4); /* full, empty and in between are reached */
            for (unsigned i = 0; i < 100; i++)
                step[unit_random_below(3) ? favourite : unit_random_below(4)](&model);
        }
        CHECK(!client.broken && !server.broken);
        CHECK(model.reaped > 300); /* the slowest of four steps bounds it */
    }
}

TEST(counters_run_over)
{
    struct model model = {0};
    rings_make(8, 0);
    client.shared->submitted = client.shared->completed = UINT32_MAX - 2;
    client.submitted = client.completed = server.submitted = server.completed = UINT32_MAX - 2;
    client.shared->submitted_drained = client.shared->completed_drained = UINT32_MAX - 2;
    model.added = model.taken = model.completed = model.reaped = 0;
    for (unsigned i = 0; i < 20; i++) {
        model_add(&model);
        model_take(&model);
        model_take(&model);
        model_complete(&model);
        model_reap(&model);
        model_reap(&model);
    }
    CHECK_EQUAL(client.submitted, 17);
    CHECK_EQUAL(model.reaped, 20);
}

TEST(one_notification_for_many_requests)
{
    struct ring_request request = {0};
    struct ring_completion completion = {0};
    rings_make(16, 0);
    unsigned wakes = 0;
    for (unsigned i = 0; i < 10; i++)
        wakes += ring_submit(&client, &request);
    CHECK_EQUAL(wakes, 1);
    while (ring_take(&server, &request))
        ;
    CHECK(ring_submit(&client, &request)); /* it may sleep again */
    CHECK(ring_take(&server, &request));
    CHECK(!ring_submit(&client, &request)); /* it has not looked since: it will */
    wakes = 0;
    for (unsigned i = 0; i < 10; i++)
        wakes += ring_complete(&server, &completion);
    CHECK_EQUAL(wakes, 1);
}

TEST(a_client_that_says_anything_breaks_its_own_ring_alone)
{
    for (unsigned round = 0; round < 2000; round++) {
        struct ring_request request = {0};
        struct ring_completion completion = {0};
        uint32_t entries = 2u << unit_random_below(5), under_way = 0, taken = 0;
        rings_make(entries, 1);
        for (unsigned i = 0; i < 50; i++) {
            server.shared->submitted = unit_random_below(3)
                                           ? server.submitted + (uint32_t)unit_random_below(4)
                                           : (uint32_t)unit_random();
            server.shared->completed = (uint32_t)unit_random(); /* not its own to write */
            server.shared->completed_drained = (uint32_t)unit_random();
            server.shared->submitted_drained = (uint32_t)unit_random();
            bool was_broken = server.broken;
            while (ring_take(&server, &request)) {
                CHECK(!was_broken);
                CHECK(++under_way <= entries); /* never more than the completions have room for */
                taken++;
            }
            for (; under_way && unit_random_below(3); under_way--)
                ring_complete(&server, &completion);
        }
        CHECK_EQUAL(server.submitted, taken);
    }
}

TEST(a_server_that_says_anything_completes_no_more_than_was_asked)
{
    for (unsigned round = 0; round < 2000; round++) {
        struct ring_request request = {0};
        struct ring_completion completion;
        uint32_t open = 0;
        rings_make(8, 1);
        for (unsigned i = 0; i < 50; i++) {
            for (; ring_has_room(&client) && unit_random_below(3); open++)
                ring_submit(&client, &request);
            client.shared->completed = unit_random_below(3)
                                           ? client.completed + (uint32_t)unit_random_below(3)
                                           : (uint32_t)unit_random();
            while (ring_reap(&client, &completion)) {
                CHECK(open > 0);
                open--;
            }
            CHECK(!client.broken || !ring_has_room(&client));
        }
    }
}

/* ---- Two threads, each asleep whenever it may be: a lost notification hangs ---- */

enum { TOTAL = 100000 };
static sem_t for_server, for_client;

static void *serve(void *unused)
{
    struct ring_request request;
    for (uint32_t done = 0; done < TOTAL;) {
        bool wake = false;
        while (ring_take(&server, &request)) {
            struct ring_completion completion = completion_of(request.tag);
            wake |= ring_complete(&server, &completion);
            done++;
        }
        if (wake)
            sem_post(&for_client);
        if (done < TOTAL)
            sem_wait(&for_server);
    }
    return unused;
}

TEST(no_notification_is_lost_between_two_threads)
{
    pthread_t thread;
    uint32_t added = 0, reaped = 0, bound = (uint32_t)unit_random_below(16) + 1;
    rings_make(16, 0);
    sem_init(&for_server, 0, 0);
    sem_init(&for_client, 0, 0);
    CHECK_EQUAL(pthread_create(&thread, NULL, serve, NULL), 0);
    while (reaped < TOTAL) {
        struct ring_completion completion;
        bool wake = false;
        for (; added < TOTAL && added - reaped < bound; added++) {
            struct ring_request request = {.tag = added};
            wake |= ring_submit(&client, &request);
        }
        if (wake)
            sem_post(&for_server);
        uint32_t before = reaped;
        while (ring_reap(&client, &completion)) {
            struct ring_completion wanted = completion_of(reaped++);
            CHECK(!memcmp(&completion, &wanted, sizeof wanted));
        }
        if (reaped == before)
            sem_wait(&for_client);
    }
    pthread_join(thread, NULL);
    free(memory);
    memory = NULL;
}
