// sources: drivers/lib/block_jobs.c drivers/lib/partitions.c
// sources: userland/lib/ring.c userland/lib/wired.c
// flags: -Itests/unit/stubs/native -Iuserland
#include "drivers/lib/block_jobs.h"
#include "lib/errors.h"
#include "pages.h"

/* As lib/protocol.h has them. */
enum { READ = 16, WRITE = 17, FLUSH = 18 };

enum { CLIENTS = 3, ENTRIES = 16, DATA_PAGES = 64, PART = 4096, SECTORS = (CLIENTS + 1) * PART };

struct block_state the_block;
static struct block_device device;
static uint8_t disk[SECTORS][BLOCK_SECTOR];

/* ---- What block_jobs.c stands on: rings, without a kernel ---- */

static struct client {
    struct ring ring; /* its own view */
    struct ring_link link;
    struct block_client owner;
    unsigned completed;
} clients[CLIENTS];
static unsigned turn, kicks;
static bool flood;

struct ring_link *ring_server_take(struct ring_server *server, struct ring_request *request)
{
    (void)server;
    for (unsigned i = 0; i < CLIENTS; i++) {
        struct client *client = &clients[turn++ % CLIENTS];
        if (!client->link.ended && ring_take(&client->link.ring, request))
            return &client->link;
    }
    return NULL;
}

void ring_server_complete(struct ring_server *server, struct ring_link *link,
                          const struct ring_completion *completion)
{
    (void)server;
    struct client *client = &clients[link->badge - 1];
    struct ring_completion last;
    client->completed++;
    ring_complete(&link->ring, completion);
    if (flood && ring_reap(&client->ring, &last))
        ring_submit(&client->ring, &(struct ring_request){.operation = 99});
}

int64_t notify(handle notification, uint64_t bits)
{
    (void)notification;
    kicks += bits != 0;
    return 0;
}

int64_t dma_memory_new(struct dma_memory *memory, handle which, uint64_t pages)
{
    (void)memory, (void)which, (void)pages;
    return -ENOMEM;
}

void block_table_read(const uint8_t *mbr, int64_t error)
{
    (void)mbr, (void)error;
    the_block.probing = false;
}

/* ---- Hardware ---- */

static struct block_transfer *under_way[8];
static unsigned started, flushes;

static void start(struct block_transfer *transfer)
{
    CHECK(transfer->index < device.depth && !under_way[transfer->index]);
    CHECK(transfer->sectors <= device.sectors_most);
    CHECK_EQUAL(transfer->sectors == 0, transfer->operation == FLUSH);
    CHECK(transfer->sector + transfer->sectors <= SECTORS);
    under_way[transfer->index] = transfer;
    started++;
    flushes += transfer->operation == FLUSH;
}

/* It does one of those that are under way, or fails it. False: none is. */
static bool hardware_step(int64_t error)
{
    unsigned first = (unsigned)unit_random_below(device.depth);
    for (unsigned i = 0; i < device.depth; i++) {
        unsigned index = (first + i) % device.depth;
        struct block_transfer *transfer = under_way[index];
        if (!transfer)
            continue;
        size_t bytes = transfer->sectors * (size_t)BLOCK_SECTOR;
        if (!error && transfer->operation == READ)
            memcpy(transfer->data, disk[transfer->sector], bytes);
        if (!error && transfer->operation == WRITE)
            memcpy(disk[transfer->sector], transfer->data, bytes);
        under_way[index] = NULL;
        block_server_done(transfer, error);
        return true;
    }
    return false;
}

/* ---- A world ---- */

static void client_new(struct client *client, unsigned number)
{
    static uint8_t memory[CLIENTS][(2 + DATA_PAGES + 1) * PAGE_SIZE] __attribute__((aligned(4096)));
    uint64_t pages = ring_pages(ENTRIES, DATA_PAGES);
    uint8_t *at = memory[number];
    memset(at, 0, sizeof memory[number]);
    *client = (struct client){.owner.generation = 1};
    CHECK_EQUAL(ring_init(&client->ring, at, pages, ENTRIES), 0);
    CHECK_EQUAL(ring_init(&client->link.ring, at, pages, ENTRIES), 0);
    client->link.badge = number + 1;
    client->link.pages = pages;
    client->link.owner = &client->owner;
}

static void world_new(unsigned depth, uint32_t most)
{
    static unsigned depth_made; /* jobs are made once a program */
    if (!depth_made) {
        device = (struct block_device){.depth = 4, .sectors_most = most, .start = start};
        the_block.device = &device;
        CHECK_EQUAL(block_jobs_begin(), 0);
        depth_made = 4;
    }
    CHECK_EQUAL(depth, depth_made);
    device.sectors_most = most;
    the_block.sectors = SECTORS;
    the_block.facts = BLOCK_FACT_CACHE;
    the_block.generation = 1;
    the_block.partitions.at[0] = (struct partition){0, SECTORS};
    for (unsigned i = 0; i < CLIENTS; i++) {
        client_new(&clients[i], i);
        the_block.partitions.at[i + 1] = (struct partition){(i + 1) * PART, PART};
        for (unsigned j = 0; j < PART; j++)
            memset(disk[(i + 1) * PART + j], (int)(i * 64 + j % 64), BLOCK_SECTOR);
    }
    started = flushes = kicks = 0;
}

static void submit(unsigned number, uint32_t operation, uint32_t tag, uint64_t sector,
                   uint64_t sectors, uint64_t page, uint64_t flags)
{
    struct ring_request request = {operation, tag, {sector, sectors, page, flags}};
    CHECK(ring_has_room(&clients[number].ring));
    ring_submit(&clients[number].ring, &request);
}

static void run_all(void)
{
    do
        block_jobs_run();
    while (hardware_step(0));
}

static struct ring_completion reap(unsigned number)
{
    struct ring_completion completion;
    CHECK(ring_reap(&clients[number].ring, &completion));
    return completion;
}

/* ---- Tests ---- */

TEST(a_large_request_is_done_in_pieces)
{
    world_new(4, 24);
    submit(1, READ, 5, 7, 100, 3, 0);
    run_all();
    CHECK_EQUAL(started, 5);
    struct ring_completion completion = reap(1);
    CHECK(completion.tag == 5 && !completion.error && completion.w[0] == 100);
    for (unsigned i = 0; i < 100; i++)
        CHECK(clients[1].ring.data[3 * PAGE_SIZE + i * BLOCK_SECTOR] == 64 + (7 + i) % 64);
    CHECK(!clients[1].ring.data[3 * PAGE_SIZE - 1]);
    CHECK(!clients[1].ring.data[3 * PAGE_SIZE + 100 * BLOCK_SECTOR]);
}

TEST(a_failed_piece_ends_its_request_and_says_how_far_it_came)
{
    world_new(4, 16);
    submit(0, WRITE, 9, 0, 64, 0, 0);
    block_jobs_run();
    hardware_step(0);
    block_jobs_run();
    hardware_step(-EIO);
    run_all();
    struct ring_completion completion = reap(0);
    CHECK(completion.error == -EIO && completion.w[0] == 16);
    CHECK_EQUAL(started, 2);
}

TEST(a_small_request_waits_for_a_piece_of_each_large_one_at_most)
{
    world_new(4, 8);
    for (unsigned i = 0; i < 8; i++)
        submit(0, READ, i, 0, DATA_PAGES * 8, 0, 0);
    block_jobs_run();
    for (unsigned i = 0; i < 20; i++, block_jobs_run())
        hardware_step(0);
    submit(2, READ, 1, 0, 1, 0, 0);
    unsigned before = started;
    while (!clients[2].completed) {
        block_jobs_run();
        CHECK(hardware_step(0));
    }
    CHECK(started - before <= 2 * (8 + device.depth)); /* the steps are in random order */
    run_all();
    CHECK_EQUAL(clients[0].completed, 8);
}

TEST(a_write_through_is_flushed_behind_its_last_piece)
{
    world_new(4, 8);
    submit(0, WRITE, 1, 0, 20, 0, BLOCK_WRITE_THROUGH);
    block_jobs_run();
    for (unsigned i = 0; i < 3; i++, block_jobs_run())
        CHECK(hardware_step(0) && !clients[0].completed);
    CHECK_EQUAL(flushes, 1);
    run_all();
    CHECK_EQUAL(clients[0].completed, 1);
    submit(0, FLUSH, 1, 0, 0, 0, 0);
    run_all();
    CHECK_EQUAL(flushes, 2);
    the_block.facts = 0; /* no cache: there is nothing to flush */
    submit(0, FLUSH, 1, 0, 0, 0, 0);
    submit(0, WRITE, 1, 0, 20, 0, BLOCK_WRITE_THROUGH);
    run_all();
    CHECK_EQUAL(clients[0].completed, 4);
    CHECK_EQUAL(flushes, 2);
}

TEST(what_was_meant_for_another_medium_is_not_done)
{
    world_new(4, 8);
    submit(0, WRITE, 1, 0, 64, 0, 0);
    block_jobs_run();
    the_block.sectors = 0; /* taken out */
    hardware_step(-ENOMEDIUM);
    submit(0, READ, 2, 0, 8, 0, 0);
    run_all();
    CHECK_EQUAL(reap(0).error, -ENOMEDIUM);
    CHECK_EQUAL(reap(0).error, -ENOMEDIUM);
    the_block.sectors = SECTORS; /* the same one again */
    submit(0, READ, 3, 0, 64, 0, 0);
    block_jobs_run();
    the_block.generation++; /* another one, in the middle of it */
    hardware_step(0);
    submit(0, WRITE, 4, 0, 8, 0, 0);
    unsigned before = started;
    run_all();
    CHECK_EQUAL(started, before);
    CHECK_EQUAL(reap(0).error, -ESTALE);
    CHECK_EQUAL(reap(0).error, -ESTALE);
    clients[0].owner.generation = 0; /* attached when no medium had been in */
    submit(0, READ, 5, 0, 8, 0, 0);
    run_all();
    CHECK_EQUAL(reap(0).error, 0);
    CHECK_EQUAL(clients[0].owner.generation, the_block.generation);
}

TEST(a_dead_clients_request_ends_after_its_piece)
{
    world_new(4, 8);
    submit(0, READ, 1, 0, 64, 0, 0);
    submit(0, READ, 2, 0, 64, 0, 0);
    block_jobs_run();
    clients[0].link.ended = true;
    submit(0, READ, 3, 0, 64, 0, 0);
    run_all();
    CHECK_EQUAL(started, 2);
    CHECK_EQUAL(clients[0].completed, 2);
}

TEST(who_floods_does_not_keep_interrupts_away)
{
    world_new(4, 8);
    flood = true; /* for each request that is refused there is another one at once */
    submit(0, 99, 1, 0, 0, 0, 0);
    block_jobs_run();
    flood = false;
    CHECK_EQUAL(kicks, 1); /* it comes again by itself */
    CHECK(clients[0].completed > ENTRIES);
}

/* ---- All at once, against a model ---- */

static uint8_t model[SECTORS];
static struct slot {
    bool used, write, failed;
    uint64_t sector, sectors;
    uint8_t byte;
} slots[CLIENTS][8];

static bool busy(unsigned number, uint64_t sector, uint64_t sectors)
{
    for (unsigned i = 0; i < 8; i++) {
        const struct slot *slot = &slots[number][i];
        if (slot->used && sector < slot->sector + slot->sectors && slot->sector < sector + sectors)
            return true;
    }
    return false;
}

static void random_submit(unsigned number, unsigned tag)
{
    struct slot *slot = &slots[number][tag];
    uint64_t sectors = 1 + unit_random_below(64), sector = unit_random_below(PART - sectors + 1);
    uint8_t *data = clients[number].ring.data + tag * 8 * PAGE_SIZE;
    if (slot->used || busy(number, sector, sectors))
        return;
    *slot =
        (struct slot){true, unit_random_below(2), false, sector, sectors, (uint8_t)unit_random()};
    memset(data, slot->byte, 8 * PAGE_SIZE);
    submit(number, slot->write ? WRITE : READ, tag, sector, sectors, tag * 8,
           unit_random_below(2) ? 0 : slot->write);
}

static void random_reap(unsigned number)
{
    struct ring_completion completion;
    while (ring_reap(&clients[number].ring, &completion)) {
        struct slot *slot = &slots[number][completion.tag];
        uint8_t *data = clients[number].ring.data + completion.tag * 8 * PAGE_SIZE;
        uint64_t place = (number + 1) * PART + slot->sector;
        CHECK(slot->used && completion.w[0] <= slot->sectors);
        CHECK(completion.error ? completion.error == -EIO : completion.w[0] == slot->sectors);
        for (uint64_t i = 0; i < completion.w[0]; i++) {
            if (slot->write)
                model[place + i] = slot->byte;
            CHECK_EQUAL(data[i * BLOCK_SECTOR], model[place + i]);
            CHECK_EQUAL(disk[place + i][BLOCK_SECTOR - 1], model[place + i]);
        }
        for (uint64_t i = completion.w[0] * BLOCK_SECTOR; i < 8 * PAGE_SIZE; i++)
            CHECK_EQUAL(data[i], slot->byte);
        slot->used = false;
    }
}

TEST(random_requests_of_all_clients_as_in_a_model)
{
    world_new(4, 24);
    for (unsigned i = 0; i < SECTORS; i++)
        model[i] = disk[i][0];
    for (unsigned round = 0; round < 30000; round++) {
        unsigned number = (unsigned)unit_random_below(CLIENTS);
        random_submit(number, (unsigned)unit_random_below(8));
        if (unit_random_below(2))
            block_jobs_run();
        if (unit_random_below(2))
            hardware_step(unit_random_below(20) ? 0 : -EIO);
        if (!unit_random_below(3))
            random_reap(number);
    }
    run_all();
    for (unsigned i = 0; i < CLIENTS; i++)
        random_reap(i);
    for (unsigned i = 0; i < SECTORS; i++)
        CHECK_EQUAL(disk[i][17], model[i]);
    CHECK(clients[0].completed > 1000);
}
