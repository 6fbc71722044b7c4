/*
 * block_server.c: clients' calls, and what waits while the partition table is read. Requests are
 * block_jobs.c's.
 */
#include "drivers/lib/block_server.h"
#include "drivers/lib/block_jobs.h"
#include "drivers/lib/partitions.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/protocol.h"
#include "lib/server.h"
#include "lib/startup.h"
#include "lib/wired.h"

struct block_state the_block;

/* A call that came before the hardware said what medium there is, or while the partition table was
 * read: it is answered when that is known. */
struct held_call {
    struct held_call *next;
    struct message message;
};
static struct held_call *held_first, **held_last = &held_first;

static bool is_known(void)
{
    return !the_block.device || (the_block.told && !the_block.probing);
}

/* ---- Rings ---- */

/* ENXIO as long as that is certain: without a medium any partition may come. */
static int64_t ring_allowed(uint64_t badge)
{
    uint64_t first;
    if (!the_block.device || badge > BLOCK_PARTITIONS)
        return -ENXIO;
    return !the_block.sectors || partitions_find(&the_block.partitions, badge, 0, 1, &first)
               ? 0
               : -ENXIO;
}

static int64_t ring_attached(struct ring_link *link)
{
    struct block_client *client = wired_alloc(sizeof *client);
    if (!client)
        return -ENOMEM;
    client->generation = the_block.generation;
    if (the_block.device->dma) { /* all pages, so that their owner cannot take the ring's away */
        int64_t error =
            dma_pages_pin(&client->pages, the_block.device->dma, link->object, 0, link->pages);
        if (error < 0) {
            wired_free(client);
            return error;
        }
    }
    link->owner = client;
    return 0;
}

static void ring_gone(struct ring_link *link)
{
    struct block_client *client = link->owner;
    if (client)
        dma_pages_unpin(&client->pages);
    wired_free(client);
}

static const struct ring_server_operations ring_operations = {ring_allowed, ring_attached,
                                                              ring_gone};

/* ---- Calls ---- */

/* w1=sectors w2=BLOCK_FACT_* w3=sectors at once w4=generation. */
static int64_t on_facts(struct message *message)
{
    uint64_t badge = message->badge;
    if (!the_block.device || badge > BLOCK_PARTITIONS)
        return -ENXIO;
    if (!the_block.sectors)
        return -ENOMEDIUM;
    if (!the_block.partitions.at[badge].sectors)
        return -ENXIO;
    message->w[1] = the_block.partitions.at[badge].sectors;
    message->w[2] = the_block.facts;
    message->w[3] = the_block.device->sectors_most;
    message->w[4] = the_block.generation;
    return 0;
}

/* w1=ring. */
static int64_t on_detach(const struct message *message)
{
    struct ring_link *link = ring_server_find(&the_block.rings, message->w[1], message->badge);
    if (!link)
        return -EINVAL;
    ring_server_end(&the_block.rings, link);
    return 0;
}

/* Answers a call in *message; the tag of the answer. */
static int64_t answer_call(struct message *message)
{
    int64_t tag = 0, result = -ENOSYS;
    if (ring_server_call(&the_block.rings, message, &tag))
        return tag;
    message_refuse_handle(message);
    if (message->w[0] == BLOCK_FACTS)
        result = on_facts(message);
    else if (message->w[0] == BLOCK_DETACH)
        result = on_detach(message);
    message->w[0] = (uint64_t)result;
    return 0;
}

static int64_t on_call(struct message *message)
{
    if (is_known())
        return answer_call(message);
    struct held_call *held = wired_alloc(sizeof *held);
    if (!held) {
        message_refuse_handle(message);
        message->w[0] = (uint64_t)-ENOMEM;
        return 0;
    }
    held->message = *message;
    *held_last = held;
    held_last = &held->next;
    return ANSWER_LATER;
}

static void answer_held_calls(void)
{
    while (held_first && is_known()) {
        struct held_call *held = held_first;
        held_first = held->next;
        if (!held_first)
            held_last = &held_first;
        int64_t tag = answer_call(&held->message);
        reply((uint64_t)tag, held->message.request, &held->message); /* or it is gone */
        wired_free(held);
    }
}

/* ---- The medium ---- */

void block_server_medium(uint64_t sectors, uint64_t facts, bool another)
{
    the_block.told = true;
    the_block.sectors = sectors;
    the_block.facts = facts;
    if (sectors && (another || !the_block.generation))
        the_block.generation++;
    the_block.probing = sectors != 0;
    the_block.probe_again = the_block.probe_under_way;
    partitions_read(&the_block.partitions, NULL, sectors);
}

void block_table_read(const uint8_t *mbr, int64_t error)
{
    partitions_read(&the_block.partitions, error ? NULL : mbr, the_block.sectors);
    if (error)
        log_print(LOG_ERROR, "%s: cannot read the partition table: %s\n", startup_name(),
                  error_name(error));
    for (unsigned i = 1; i <= BLOCK_PARTITIONS; i++)
        if (the_block.partitions.wrong >> i & 1)
            log_print(LOG_WARNING, "%s: partition %u is not within the device or not alone there\n",
                      startup_name(), i);
    the_block.probing = false;
}

/* ---- The loop ---- */

static void work(void)
{
    block_jobs_run();
    answer_held_calls();
    ring_server_tell(&the_block.rings);
}

static int64_t on_notify(struct message *message)
{
    if (!ring_server_notify(&the_block.rings, message) && the_block.device)
        the_block.device->on_notify(message);
    work();
    return ANSWER_LATER;
}

_Noreturn void block_server_run(const struct block_device *device, handle self)
{
    static const struct server_operations operations = {.on_call = on_call, .on_notify = on_notify};
    the_block.device = device;
    int64_t error = ring_server_begin(&the_block.rings, self, &ring_operations);
    if (!error && device)
        error = block_jobs_begin();
    if (error) {
        log_print(LOG_ERROR, "%s: cannot begin: %s\n", startup_name(), error_name(error));
        native_exit(1);
    }
    if (!device)
        the_block.probing = false;
    work();
    server_loop(self, &operations);
    native_exit(1);
}
