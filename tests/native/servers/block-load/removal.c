/*
 * removal.c: load while the medium is taken out and put in again, while the driver dies and is
 * started again, and while nothing works at all. What a write that failed left behind is not known:
 * so a model of two versions, the last that is certainly there and the last that may be. A sector
 * has one between them, whole.
 */
#include "load.h"

#define SLOTS        8
#define SLOT_PAGES   2
#define SLOT_SECTORS (SLOT_PAGES * BLOCK_PAGE_SECTORS)
#define SECTORS_MOST 2048
#define ROUNDS_AFTER 300
#define PAUSE_NS     20000000

static struct slot {
    bool used, write;
    uint64_t sector, sectors;
} slots[SLOTS];

static struct range {
    uint32_t certain, last; /* versions */
} * model;
static uint64_t total, failures, deaths;

static uint64_t word_of(uint64_t sector, uint32_t version)
{
    return (sector << 32 | version) * 0x9e3779b97f4a7c15;
}

static void fill(uint64_t *to, uint64_t sector, uint32_t version)
{
    for (unsigned i = 0; i < BLOCK_SECTOR / 8; i++)
        to[i] = word_of(sector, version) + i;
}

static bool has(const uint64_t *from, uint64_t sector, uint32_t version)
{
    for (unsigned i = 0; i < BLOCK_SECTOR / 8; i++)
        if (from[i] != word_of(sector, version) + i)
            return false;
    return true;
}

static void check(const uint64_t *from, uint64_t sector)
{
    struct range *range = &model[sector];
    for (uint32_t version = range->certain; version <= range->last; version++)
        if (has(from, sector, version)) {
            range->certain = version;
            return;
        }
    fail(__FILE_NAME__, __LINE__, "what was written", "sector %lu: none of versions %u to %u",
         sector, range->certain, range->last);
}

static bool busy(uint64_t sector, uint64_t sectors)
{
    for (unsigned i = 0; i < SLOTS; i++)
        if (slots[i].used && sector < slots[i].sector + slots[i].sectors &&
            slots[i].sector < sector + sectors)
            return true;
    return false;
}

static void submit(struct ring_client *ring, unsigned tag)
{
    uint64_t sectors = 1 + random_below(SLOT_SECTORS), sector = random_below(total - sectors + 1);
    uint64_t *data = ring_client_page(ring, tag * SLOT_PAGES);
    if (busy(sector, sectors))
        return;
    slots[tag] = (struct slot){true, random_below(2), sector, sectors};
    for (uint64_t i = 0; i < sectors && slots[tag].write; i++)
        fill(data + i * (BLOCK_SECTOR / 8), sector + i, ++model[sector + i].last);
    struct ring_request request = {
        slots[tag].write ? BLOCK_WRITE : BLOCK_READ, tag, {sector, sectors, tag * SLOT_PAGES}};
    ring_client_submit(ring, &request);
}

/* False: it failed as it may without a medium. */
static bool completed(struct ring_client *ring, const struct ring_completion *completion)
{
    struct slot *slot = &slots[completion->tag % SLOTS];
    uint64_t *data = ring_client_page(ring, completion->tag * SLOT_PAGES);
    WANT(slot->used && completion->tag < SLOTS, "tag %u", completion->tag);
    slot->used = false;
    if (completion->error) {
        WANT(completion->error == -ENOMEDIUM || completion->error == -ESTALE, "%s",
             error_name(completion->error));
        failures++;
        return false;
    }
    for (uint64_t i = 0; i < slot->sectors; i++) {
        if (slot->write)
            model[slot->sector + i].certain = model[slot->sector + i].last;
        else
            check(data + i * (BLOCK_SECTOR / 8), slot->sector + i);
    }
    return true;
}

/* The driver died; the one that came after has the ring now. What was under way may have been done
 * or not. */
static void reopen(struct ring_client *ring)
{
    int64_t error = ring_client_reopen(ring);
    WANT(!error, "%s", error_name(error));
    memset(slots, 0, sizeof slots);
    deaths++;
}

/* The next completion. False: there is none, the driver died. */
static bool wait(struct ring_client *ring, struct ring_completion *completion)
{
    int64_t error = ring_client_wait(ring, completion);
    WANT(!error || error == -EOWNERDEAD, "%s", error_name(error));
    if (error)
        reopen(ring);
    return !error;
}

/* One sector, however many drivers it takes. */
static void surely(struct ring_client *ring, uint32_t operation, uint64_t sector)
{
    struct ring_request request = {operation, 0, {sector, 1, 0}};
    struct ring_completion completion;
    do
        ring_client_submit(ring, &request);
    while (!wait(ring, &completion));
    WANT(!completion.error, "sector %lu: %s", sector, error_name(completion.error));
}

/* So many rounds, or until a request fails; then all are over. False: one has failed. */
static bool load(struct ring_client *ring, uint64_t rounds)
{
    struct ring_completion completion;
    bool works = true;
    while (works && rounds--) {
        for (unsigned tag = 0; tag < SLOTS; tag++)
            if (!slots[tag].used)
                submit(ring, tag);
        works = !wait(ring, &completion) || completed(ring, &completion);
    }
    while (ring->ring.submitted != ring->ring.completed) {
        if (wait(ring, &completion))
            works = completed(ring, &completion) && works;
    }
    return works;
}

/* A medium is in again: a new ring, for the old one is of the old medium. */
static void come_back(struct ring_client *ring, uint64_t *generation)
{
    struct facts facts;
    int64_t error;
    while ((error = facts_ask(&facts)) != 0) {
        WANT(error == -ENOMEDIUM, "%s", error_name(error));
        sleep_until(now() + PAUSE_NS);
    }
    WANT(facts.generation > *generation, "generation %lu, then %lu", *generation, facts.generation);
    error = one(ring, BLOCK_READ, 0, 1, 0, 0, NULL);
    WANT(error == -ESTALE, "%s", error_name(error));
    *generation = facts.generation;
    ring_end(ring);
    ring_new(ring);
}

static void write_all(struct ring_client *ring)
{
    for (uint64_t sector = 0; sector < total; sector++) {
        fill(ring_client_page(ring, 0), sector, 0);
        surely(ring, BLOCK_WRITE, sector);
    }
}

static void read_all(struct ring_client *ring)
{
    for (uint64_t sector = 0; sector < total; sector++) {
        surely(ring, BLOCK_READ, sector);
        check(ring_client_page(ring, 0), sector);
    }
}

static void begin(struct ring_client *ring, const struct facts *facts)
{
    total = facts->sectors < SECTORS_MOST ? facts->sectors : SECTORS_MOST;
    model = wired_alloc_array(total, sizeof *model);
    WANT(model, "no memory for a model of %lu sectors", total);
    ring_new(ring);
    write_all(ring);
}

static void end(struct ring_client *ring)
{
    read_all(ring);
    ring_end(ring);
    wired_free(model);
}

void removal_run(const struct facts *facts)
{
    struct ring_client ring;
    uint64_t generation = facts->generation, removals = 0;
    begin(&ring, facts);
    while (removals < option("removal", 1))
        if (!load(&ring, UINT64_MAX)) {
            come_back(&ring, &generation);
            removals++;
        }
    WANT(load(&ring, ROUNDS_AFTER), "it works again");
    end(&ring);
    log_print(LOG_NOTICE, "block-load: %lu removals, %lu requests failed\n", removals, failures);
    passed("removal");
}

/* The driver dies again and again, and is started again. */
void restart_run(const struct facts *facts)
{
    struct ring_client ring;
    begin(&ring, facts);
    while (deaths < option("restart", 1))
        WANT(load(&ring, 1), "no request fails");
    end(&ring);
    log_print(LOG_NOTICE, "block-load: %lu deaths\n", deaths);
    passed("restart");
}

/* Every request ends, with an error, and the driver answers calls. */
void broken_run(const struct facts *facts)
{
    struct ring_client ring;
    struct facts then;
    ring_new(&ring);
    for (unsigned round = 0; round < 5; round++)
        for (uint32_t operation = BLOCK_READ; operation <= BLOCK_WRITE; operation++) {
            int64_t error = one(&ring, operation, round * 8, 1 + round, 0, 0, NULL);
            WANT(error == -EIO || error == -ETIMEDOUT, "%s", error_name(error));
            WANT(!facts_ask(&then) && then.generation == facts->generation, "facts");
        }
    ring_end(&ring);
    passed("broken");
}
