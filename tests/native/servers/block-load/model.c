/*
 * model.c: random reads and writes, several under way, against a model: what a sector holds follows
 * from its number and how often it was written.
 */
#include "load.h"

static struct under_way {
    bool used, write;
    uint64_t sector, sectors;
    uint32_t page; /* each slot has its own data pages */
} slots[ENTRIES];

#define SLOT_PAGES   (DATA_PAGES / ENTRIES)
#define SLOT_SECTORS (SLOT_PAGES * BLOCK_PAGE_SECTORS)

static uint32_t *versions; /* of each sector */
static uint64_t total;
static uint64_t most_under_way, counts[3];

static uint64_t word_of(uint64_t sector, uint32_t version, unsigned index)
{
    uint64_t x = (sector << 32 | version) * 0x9e3779b97f4a7c15 + index;
    return x ^ x >> 29;
}

static void fill(uint64_t *to, uint64_t sector, uint32_t version)
{
    for (unsigned i = 0; i < BLOCK_SECTOR / 8; i++)
        to[i] = word_of(sector, version, i);
}

static void check(const uint64_t *from, uint64_t sector)
{
    for (unsigned i = 0; i < BLOCK_SECTOR / 8; i++)
        WANT(from[i] == word_of(sector, versions[sector], i),
             "sector %lu, word %u: %lx, version %u has %lx", sector, i, from[i], versions[sector],
             word_of(sector, versions[sector], i));
}

static bool busy(uint64_t sector, uint64_t sectors)
{
    for (unsigned i = 0; i < ENTRIES; i++)
        if (slots[i].used && sector < slots[i].sector + slots[i].sectors &&
            slots[i].sector < sector + sectors)
            return true;
    return false;
}

static uint64_t *data_of(struct ring_client *ring, const struct under_way *slot)
{
    return ring_client_page(ring, slot->page);
}

/* A random request, or none where its sectors are under way already. */
static void submit(struct ring_client *ring, unsigned tag)
{
    struct under_way *slot = &slots[tag];
    uint64_t sectors = 1 + random_below(random_below(2) ? 8 : SLOT_SECTORS);
    uint64_t sector = random_below(total - sectors + 1);
    bool write = random_below(2);
    if (busy(sector, sectors))
        return;
    *slot = (struct under_way){true, write, sector, sectors, tag * SLOT_PAGES};
    for (uint64_t i = 0; i < sectors; i++) {
        uint64_t *at = data_of(ring, slot) + i * (BLOCK_SECTOR / 8);
        if (write)
            fill(at, sector + i, ++versions[sector + i]);
        else
            memset(at, 0xee, BLOCK_SECTOR);
    }
    struct ring_request request = {
        write ? BLOCK_WRITE : BLOCK_READ,
        tag,
        {sector, sectors, slot->page, write && !random_below(20) ? BLOCK_WRITE_THROUGH : 0}};
    ring_client_submit(ring, &request);
    counts[write]++;
}

static void completed(struct ring_client *ring, const struct ring_completion *completion)
{
    struct under_way *slot = &slots[completion->tag % ENTRIES];
    WANT(slot->used && completion->tag < ENTRIES, "tag %u", completion->tag);
    WANT(!completion->error, "sector %lu: %s", slot->sector, error_name(completion->error));
    WANT(completion->w[0] == slot->sectors, "%lu of %lu", completion->w[0], slot->sectors);
    for (uint64_t i = 0; i < slot->sectors && !slot->write; i++)
        check(data_of(ring, slot) + i * (BLOCK_SECTOR / 8), slot->sector + i);
    slot->used = false;
}

static void random_load(struct ring_client *ring, uint64_t rounds)
{
    struct ring_completion completion;
    for (uint64_t round = 0; round < rounds; round++) {
        uint64_t wanted = 1 + random_below(ENTRIES), count = 0;
        for (unsigned tag = 0; tag < ENTRIES; tag++) {
            if (!slots[tag].used && wanted > count)
                submit(ring, tag);
            count += slots[tag].used;
        }
        most_under_way = count > most_under_way ? count : most_under_way;
        if (!count)
            continue;
        int64_t error = ring_client_wait(ring, &completion);
        WANT(!error, "%s", error_name(error));
        do
            completed(ring, &completion);
        while (random_below(4) && ring_client_reap(ring, &completion));
    }
    while (ring->ring.submitted != ring->ring.completed) {
        WANT(!ring_client_wait(ring, &completion), "the rest");
        completed(ring, &completion);
    }
}

/* All of it in large pieces, more than the device takes at once: written or compared. */
static void sweep(struct ring_client *ring, uint32_t operation)
{
    uint64_t most = (uint64_t)DATA_PAGES * BLOCK_PAGE_SECTORS, done;
    for (uint64_t sector = 0; sector < total; sector += done) {
        uint64_t sectors = total - sector < most ? total - sector : most;
        uint64_t *data = ring_client_page(ring, 0);
        for (uint64_t i = 0; i < sectors && operation == BLOCK_WRITE; i++)
            fill(data + i * (BLOCK_SECTOR / 8), sector + i, versions[sector + i]);
        int64_t error = one(ring, operation, sector, sectors, 0, 0, &done);
        WANT(!error && done == sectors, "%s, %lu of %lu", error_name(error), done, sectors);
        for (uint64_t i = 0; i < sectors && operation == BLOCK_READ; i++)
            check(data + i * (BLOCK_SECTOR / 8), sector + i);
    }
}

/* As zlib has it. */
static uint32_t crc32(uint32_t crc, const uint8_t *bytes, size_t count)
{
    static uint32_t table[256];
    for (uint32_t i = 0; i < 256 && !table[255]; i++) {
        table[i] = i;
        for (unsigned bit = 0; bit < 8; bit++)
            table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320 : 0);
    }
    crc = ~crc;
    while (count--)
        crc = crc >> 8 ^ table[(crc ^ *bytes++) & 0xff];
    return ~crc;
}

static uint32_t checksum(void)
{
    uint64_t sector[BLOCK_SECTOR / 8];
    uint32_t crc = 0;
    for (uint64_t i = 0; i < total; i++) {
        fill(sector, i, versions[i]);
        crc = crc32(crc, (const uint8_t *)sector, sizeof sector);
    }
    return crc;
}

void model_run(const struct facts *facts)
{
    struct ring_client ring;
    total = facts->sectors;
    versions = wired_alloc_array(total, sizeof *versions);
    WANT(versions, "no memory for a model of %lu sectors", total);
    ring_new(&ring);
    sweep(&ring, BLOCK_WRITE);
    random_load(&ring, option("rounds", 500));
    sweep(&ring, BLOCK_READ);
    int64_t error = one(&ring, BLOCK_FLUSH, 0, 0, 0, 0, NULL);
    WANT(!error, "%s", error_name(error));
    log_print(LOG_NOTICE, "block-load: %lu reads, %lu writes, at most %lu under way; crc32 %08x\n",
              counts[0], counts[1], most_under_way, checksum());
    ring_end(&ring);
    wired_free(versions);
    passed("model");
}
