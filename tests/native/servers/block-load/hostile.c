/*
 * hostile.c: requests that no client should make, errors of the device, a client that dies.
 */
#include "load.h"

static void wants(struct ring_client *ring, const struct ring_request *request, int32_t error)
{
    struct ring_completion completion;
    ring_client_submit(ring, request);
    WANT(!ring_client_wait(ring, &completion), "waiting");
    WANT(completion.error == error && completion.tag == request->tag && !completion.w[0],
         "operation %u, %lx %lx %lx %lx: %s, not %s", request->operation, request->w[0],
         request->w[1], request->w[2], request->w[3], error_name(completion.error),
         error_name(error));
}

static void wrong_requests(struct ring_client *ring, const struct facts *facts)
{
    const uint64_t end = facts->sectors, room = DATA_PAGES * BLOCK_PAGE_SECTORS;
    const struct ring_request wrong[] = {
        {BLOCK_READ, 0, {end, 1, 0}},
        {BLOCK_READ, 1, {end - 1, 2, 0}},
        {BLOCK_READ, ~0u, {0, 0, 0}},
        {BLOCK_READ, 5, {0, room + 1, 0}},
        {BLOCK_READ, 6, {0, 9, DATA_PAGES - 1}},
        {BLOCK_READ, 7, {0, 1, DATA_PAGES}},
        {BLOCK_READ, 8, {0, 1, ~0ul}},
        {BLOCK_READ, 9, {0, ~0ul, 0}},
        {BLOCK_READ, 10, {~0ul, 1, 0}},
        {BLOCK_READ, 11, {~0ul - 6, 8, 0}},
        {BLOCK_READ, 12, {0, 1ul << 61, 0}},
        {BLOCK_READ, 13, {0, 1, 1ul << 52}},
        {BLOCK_WRITE, 14, {end, 1, 0}},
        {BLOCK_WRITE, 15, {0, 1, 0, 2}},
        {BLOCK_WRITE, 16, {0, 1, 0, ~0ul}},
    };
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++)
        wants(ring, &wrong[i], -EINVAL);
    for (uint32_t operation = 0; operation < 40; operation++) {
        struct ring_request request = {operation, operation, {0, 1, 0}};
        if (operation < BLOCK_READ || operation > BLOCK_FLUSH)
            wants(ring, &request, -ENOSYS);
    }
}

/* A counter that lies makes its own ring silent, and no other. */
static void lying_counters(struct ring_client *good)
{
    struct ring_client liar;
    struct message message;
    uint64_t *page = ring_client_page(good, 0);
    for (unsigned round = 0; round < 20; round++) {
        ring_new(&liar);
        for (unsigned i = 0; i < ENTRIES; i++) /* garbage in the entries themselves */
            liar.ring.requests[i] = (struct ring_request){
                (uint32_t)random_below(24),
                (uint32_t)random_below(~0u),
                {random_below(1 + ~0ul / 2), random_below(100000), random_below(1000)}};
        uint32_t ahead = round % 2 ? 1 + (uint32_t)random_below(ENTRIES) : ENTRIES + 1 + round;
        liar.ring.shared->submitted += ahead;
        liar.ring.shared->completed_drained = (uint32_t)random_below(~0u);
        notify(liar.kick, ~0ul);
        if (round % 2)
            recv(liar.notification, 1, &message);
        *page = 0;
        WANT(!one(good, BLOCK_READ, 0, 1, 0, 0, NULL), "beside a liar");
        if (ahead > ENTRIES)
            WANT(!liar.ring.shared->completed, "%u completed", liar.ring.shared->completed);
        ring_end(&liar);
    }
}

static int64_t ask(uint64_t number, uint64_t a, uint64_t b, uint64_t c, handle given)
{
    struct message message = {.w = {number, a, b, c, 0, given}};
    int64_t error = call(disk, given ? TAG_HANDLE : 0, &message);
    if (!error && message_tag(&message) & TAG_HANDLE)
        handle_close((handle)message.w[5]);
    return error ? error : (int64_t)message.w[0];
}

static void wrong_calls(struct ring_client *ring)
{
    int64_t wired = create_wired(2, HANDLE_POOL);
    for (uint64_t number = 0; number < 40; number++) {
        bool known = number == RING_ATTACH || number == RING_LISTEN || number == RING_LIFELINE;
        if (number == BLOCK_FACTS)
            continue;
        int64_t wanted = known || number == BLOCK_DETACH ? -EINVAL : -ENOSYS;
        WANT(ask(number, ~0ul, 1, ~0ul, HANDLE_NONE) == wanted, "%lu", number);
        WANT(ask(number, ~0ul, 1, ~0ul, (handle)wired) == wanted, "%lu with a handle", number);
    }
    handle_close((handle)wired);
    WANT(!one(ring, BLOCK_FLUSH, 0, 0, 0, 0, NULL), "afterwards");
}

/* A ring's pages cannot be taken from under the driver. */
static void pages_moved_away(struct ring_client *good)
{
    struct ring_client ring;
    int64_t endpoint = create_endpoint(LEVEL_PROGRAM);
    int64_t object = create_object((handle)endpoint, 1, 4, HANDLE_POOL);
    WANT(endpoint > 0 && object > 0, "%ld %ld", endpoint, object);
    ring_new(&ring);
    for (uint64_t page = 0; page < 3; page++) {
        int64_t error = page_supply_unasked((handle)object, SUPPLY_MOVE | SUPPLY_WRITABLE, page, 1,
                                            ring.object, page);
        WANT(error == -EAGAIN, "%s", error_name(error));
    }
    WANT(!one(&ring, BLOCK_READ, 0, 1, 0, 0, NULL), "it is still there");
    ring_end(&ring);
    handle_close((handle)object);
    handle_close((handle)endpoint);
    WANT(!one(good, BLOCK_READ, 0, 1, 0, 0, NULL), "afterwards");
}

static void read_only(struct ring_client *ring)
{
    struct ring_request write = {BLOCK_WRITE, 3, {0, 1, 0}};
    wants(ring, &write, -EACCES);
    WANT(!one(ring, BLOCK_READ, 0, 1, 0, 0, NULL), "it can be read");
}

void hostile_run(const struct facts *facts)
{
    struct ring_client ring;
    ring_new(&ring);
    wrong_requests(&ring, facts);
    wrong_calls(&ring);
    lying_counters(&ring);
    pages_moved_away(&ring);
    if (facts->facts & BLOCK_FACT_READ_ONLY)
        read_only(&ring);
    ring_end(&ring);
    passed(facts->facts & BLOCK_FACT_READ_ONLY ? "hostile, read-only" : "hostile");
}

/* Sector `errors` of this part cannot be read nor written; all others can. */
void errors_run(const struct facts *facts)
{
    const uint64_t bad = option("errors", 0);
    struct ring_client ring;
    uint64_t done;
    ring_new(&ring);
    for (unsigned round = 0; round < 5; round++)
        for (uint32_t operation = BLOCK_READ; operation <= BLOCK_WRITE; operation++) {
            int64_t error = one(&ring, operation, bad, 1, 0, 0, NULL);
            WANT(error == -EIO, "%s", error_name(error));
            error = one(&ring, operation, bad - 1, 3, 0, 0, &done);
            WANT(error == -EIO && !done, "%s, %lu done", error_name(error), done);
            WANT(!one(&ring, operation, bad - 8, 8, 0, 0, NULL), "before it");
            WANT(!one(&ring, operation, bad + 8, 8, 0, 0, NULL), "behind it");
        }
    WANT(bad + 16 < facts->sectors, "the disk is too small");
    ring_end(&ring);
    passed("errors");
}

/* The disk grows while a ring is there: the old part goes on, the new part can be used. */
void grows_run(const struct facts *before)
{
    struct ring_client ring;
    struct facts facts = *before;
    uint64_t end = now() + 20000000000;
    ring_new(&ring);
    while (facts.sectors == before->sectors && now() < end) {
        WANT(!one(&ring, BLOCK_READ, before->sectors - 1, 1, 0, 0, NULL), "the old part");
        sleep_until(now() + 1000000);
        int64_t error = facts_ask(&facts);
        WANT(!error, "%s", error_name(error));
    }
    WANT(facts.sectors > before->sectors, "%lu sectors still", facts.sectors);
    WANT(facts.generation == before->generation, "generation %lu", facts.generation);
    memset(ring_client_page(&ring, 0), 0x5a, BLOCK_SECTOR);
    WANT(!one(&ring, BLOCK_WRITE, facts.sectors - 1, 1, 0, 0, NULL), "the last sector");
    log_print(LOG_NOTICE, "block-load: wrote sector %lu\n", facts.sectors - 1);
    ring_end(&ring);
    passed("grows");
}

/* The device breaks down now and then: what was under way fails, what comes later does not. Each
 * sector of the disk holds its number, but for the first. */
void resets_run(const struct facts *facts)
{
    struct ring_client ring;
    struct ring_completion completion;
    unsigned failed = 0, done = 0;
    ring_new(&ring);
    for (unsigned round = 0; round < 100; round++) {
        uint64_t sectors[ENTRIES];
        for (uint32_t i = 0; i < ENTRIES; i++) {
            sectors[i] = 1 + random_below(facts->sectors - 1);
            struct ring_request request = {BLOCK_READ, i, {sectors[i], 1, i}};
            ring_client_submit(&ring, &request);
        }
        for (unsigned i = 0; i < ENTRIES; i++) {
            int64_t error = ring_client_wait(&ring, &completion);
            WANT(!error, "%s", error_name(error));
            const uint64_t *data = ring_client_page(&ring, completion.tag);
            WANT(!completion.error || completion.error == -EIO, "%s", error_name(completion.error));
            WANT(completion.error || *data == sectors[completion.tag], "%lu in sector %lu", *data,
                 sectors[completion.tag]);
            failed += completion.error != 0;
            done += !completion.error;
        }
    }
    WANT(failed && done > failed, "%u failed, %u done", failed, done);
    ring_end(&ring);
    passed("resets");
}

/* Load until so many requests were completed, then the end with the ring full. */
_Noreturn void victim_run(const struct facts *facts)
{
    struct ring_client ring;
    struct ring_completion completion;
    uint64_t left = option("victim", 0);
    ring_new(&ring);
    for (;;) {
        while (ring_has_room(&ring.ring)) {
            struct ring_request request = {
                BLOCK_READ,
                0,
                {random_below(facts->sectors - 64), 64, random_below(DATA_PAGES - 8)}};
            ring_client_submit(&ring, &request);
        }
        ring_client_kick(&ring);
        if (!left--)
            __builtin_trap();
        WANT(!ring_client_wait(&ring, &completion) && !completion.error, "a victim's read");
    }
}
