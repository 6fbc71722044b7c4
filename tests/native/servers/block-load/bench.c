/*
 * bench.c: what a 4 KiB read costs, all that runs for it: client, kernel, driver. The least of many
 * tries, since time passes while the machine waits for the disk; under icount ns are instructions.
 */
#include "load.h"

#define TRIES 200

/* One read of all data pages. */
static uint64_t large_read(struct ring_client *ring)
{
    uint64_t start = now(), sectors = (uint64_t)DATA_PAGES * BLOCK_PAGE_SECTORS;
    WANT(!one(ring, BLOCK_READ, 0, sectors, 0, 0, NULL), "%lu sectors", sectors);
    return now() - start;
}

/* `count` reads submitted together, and waited for. */
static uint64_t reads(struct ring_client *ring, uint64_t count)
{
    struct ring_completion completion;
    uint64_t start = now();
    for (uint64_t i = 0; i < count; i++) {
        struct ring_request request = {
            BLOCK_READ, (uint32_t)i, {i * BLOCK_PAGE_SECTORS, BLOCK_PAGE_SECTORS, i}};
        ring_client_submit(ring, &request);
    }
    for (uint64_t i = 0; i < count; i++)
        WANT(!ring_client_wait(ring, &completion) && !completion.error, "read %lu", i);
    return now() - start;
}

void bench_run(const struct facts *facts)
{
    struct ring_client ring;
    uint64_t one_read = ~0ul, many = ~0ul, large = ~0ul;
    ring_new(&ring);
    WANT(facts->sectors >= DATA_PAGES * BLOCK_PAGE_SECTORS, "%lu sectors", facts->sectors);
    for (unsigned i = 0; i < TRIES; i++) {
        uint64_t time = reads(&ring, 1), time_of_many = reads(&ring, ENTRIES);
        uint64_t time_of_large = large_read(&ring);
        large = time_of_large < large ? time_of_large : large;
        one_read = time < one_read ? time : one_read;
        many = time_of_many < many ? time_of_many : many;
    }
    log_print(LOG_NOTICE, "block-load: 4 KiB read: %lu ns alone, %lu each of %u together\n",
              one_read, many / ENTRIES, ENTRIES);
    log_print(LOG_NOTICE, "block-load: %u KiB read: %lu ns\n", 4 * DATA_PAGES, large);
    ring_end(&ring);
    passed("bench");
}
