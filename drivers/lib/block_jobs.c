/*
 * block_jobs.c: requests under way. Each is a job; jobs wait in one queue for the next piece of
 * theirs to be transferred, and go to its end after each piece: so a small request waits for a
 * piece of each large one at most. There are more jobs than transfers, so that this is true of a
 * device that does one thing at a time, too. What there is no job for stays in its ring.
 *
 * A FLUSH need not wait for anything: what it promises is what was completed before it, and the
 * device has that already.
 */
#include "drivers/lib/block_jobs.h"
#include "lib/errors.h"
#include "lib/protocol.h"
#include "lib/wired.h"

#define JOBS_MORE 16 /* than transfers */
#define TAKEN_MOST                                                                                 \
    256 /* requests at once, then a look at interrupts: most may be wrong, and quick */

struct block_job {
    struct block_transfer transfer; /* the first member: its address is the job's */
    struct block_job *next;         /* in the queue, or of those that are free */
    struct ring_link *link;         /* NULL: the server's own, for the partition table */
    uint64_t generation;
    uint64_t sector, sectors, done; /* sector: of the device */
    uint32_t page;                  /* first data page */
    uint32_t tag, operation;
    bool flush_behind; /* a write that is to be on the medium when it is completed */
};

static struct block_job *free_jobs, *queue, **queue_end = &queue;
static unsigned *free_indices; /* of transfers */
static unsigned free_count;
static struct block_job probe;
static struct dma_memory probe_memory; /* one page; without DMA its data alone */

/* ---- Room ---- */

int64_t block_jobs_begin(void)
{
    unsigned depth = the_block.device->depth, jobs = depth + JOBS_MORE;
    struct block_job *all = wired_alloc_array(jobs, sizeof *all);
    free_indices = wired_alloc_array(depth, sizeof *free_indices);
    if (!all || !free_indices)
        return -ENOMEM;
    for (unsigned i = 0; i < jobs; i++) {
        all[i].next = free_jobs;
        free_jobs = &all[i];
    }
    while (free_count < depth) {
        free_indices[free_count] = depth - 1 - free_count;
        free_count++;
    }
    if (the_block.device->dma)
        return dma_memory_new(&probe_memory, the_block.device->dma, 1);
    probe_memory.data = wired_alloc(BLOCK_SECTOR);
    return probe_memory.data ? 0 : -ENOMEM;
}

static void enqueue(struct block_job *job)
{
    job->next = NULL;
    *queue_end = job;
    queue_end = &job->next;
}

static struct block_job *dequeue(void)
{
    struct block_job *job = queue;
    queue = job->next;
    if (!queue)
        queue_end = &queue;
    return job;
}

/* ---- Ends ---- */

static void complete(struct ring_link *link, uint32_t tag, int64_t error, uint64_t done)
{
    struct ring_completion completion = {tag, (int32_t)error, {done}};
    ring_server_complete(&the_block.rings, link, &completion);
}

static void finish_probe(int64_t error)
{
    the_block.probe_under_way = false;
    if (!the_block.probe_again)
        block_table_read(probe_memory.data, error);
    the_block.probe_again = false;
}

static void finish(struct block_job *job, int64_t error)
{
    if (job == &probe) {
        finish_probe(error);
        return;
    }
    complete(job->link, job->tag, error, job->done);
    job->next = free_jobs;
    free_jobs = job;
}

void block_server_done(struct block_transfer *transfer, int64_t error)
{
    struct block_job *job = (struct block_job *)transfer;
    free_indices[free_count++] = transfer->index;
    if (error) {
        finish(job, error);
        return;
    }
    job->done += transfer->sectors;
    if (job->done < job->sectors) {
        enqueue(job);
    } else if (job->flush_behind) {
        job->flush_behind = false;
        job->operation = BLOCK_FLUSH;
        enqueue(job);
    } else {
        finish(job, 0);
    }
}

/* ---- Beginnings ---- */

/* Nobody wants it any more, or it was meant for another medium. */
static int64_t still_wanted(const struct block_job *job)
{
    if (!the_block.sectors)
        return -ENOMEDIUM;
    if (job->generation != the_block.generation)
        return -ESTALE;
    return job->link && job->link->ended ? -EOWNERDEAD : 0;
}

/* The next piece of a job to the hardware. */
static void begin(struct block_job *job)
{
    struct block_transfer *transfer = &job->transfer;
    uint64_t most = the_block.device->sectors_most, left = job->sectors - job->done;
    int64_t error = still_wanted(job);
    if (error) {
        finish(job, error);
        return;
    }
    *transfer = (struct block_transfer){.operation = job->operation,
                                        .sectors = (uint32_t)(left < most ? left : most),
                                        .sector = job->sector + job->done,
                                        .index = free_indices[--free_count]};
    if (!job->link) {
        transfer->data = probe_memory.data;
        transfer->physical = probe_memory.pages.physical;
    } else if (job->operation != BLOCK_FLUSH) {
        const struct block_client *client = job->link->owner;
        const struct ring_link *link = job->link;
        uint64_t page = job->page + job->done / BLOCK_PAGE_SECTORS;
        uint64_t first = link->pages - link->ring.data_pages;
        transfer->data = link->ring.data + page * PAGE_SIZE;
        transfer->physical = client->pages.physical ? client->pages.physical + first + page : NULL;
    }
    the_block.device->start(transfer);
}

/* Is the request one that can be done? Fills in the job's place on the device. */
static int64_t check(struct block_job *job, const struct ring_link *link,
                     const struct ring_request *request)
{
    struct block_client *client = link->owner;
    uint64_t sectors = request->w[1], page = request->w[2];
    uint64_t pages = (sectors + BLOCK_PAGE_SECTORS - 1) / BLOCK_PAGE_SECTORS;
    bool write = request->operation == BLOCK_WRITE;
    if (!write && request->operation != BLOCK_READ && request->operation != BLOCK_FLUSH)
        return -ENOSYS;
    if (!the_block.sectors)
        return -ENOMEDIUM;
    if (!client->generation) /* it came before the first medium */
        client->generation = the_block.generation;
    if (client->generation != the_block.generation)
        return -ESTALE;
    if (!the_block.partitions.at[link->badge].sectors)
        return -ENXIO;
    if (request->operation == BLOCK_FLUSH)
        return 0;
    if (sectors > (uint64_t)link->ring.data_pages * BLOCK_PAGE_SECTORS ||
        page > link->ring.data_pages - pages ||
        !partitions_find(&the_block.partitions, link->badge, request->w[0], sectors, &job->sector))
        return -EINVAL;
    if (write && request->w[3] & ~(uint64_t)BLOCK_WRITE_THROUGH)
        return -EINVAL;
    if (write && the_block.facts & BLOCK_FACT_READ_ONLY)
        return -EACCES;
    job->sectors = sectors;
    job->page = (uint32_t)page;
    return 0;
}

/* A request becomes a job, unless it is done with at once. */
static void accept(struct ring_link *link, const struct ring_request *request)
{
    bool cache = the_block.facts & BLOCK_FACT_CACHE;
    struct block_job *job = free_jobs, *next = job->next;
    *job = (struct block_job){.next = next,
                              .link = link,
                              .generation = the_block.generation,
                              .tag = request->tag,
                              .operation = request->operation};
    int64_t error = check(job, link, request);
    if (error || (request->operation == BLOCK_FLUSH && !cache)) {
        complete(link, request->tag, error, 0);
        return;
    }
    job->flush_behind =
        request->operation == BLOCK_WRITE && cache && request->w[3] & BLOCK_WRITE_THROUGH;
    free_jobs = next;
    enqueue(job);
}

static void begin_probe(void)
{
    probe = (struct block_job){
        .generation = the_block.generation, .sectors = 1, .operation = BLOCK_READ};
    the_block.probe_under_way = true;
    enqueue(&probe);
}

void block_jobs_run(void)
{
    struct ring_request request;
    struct ring_link *link;
    unsigned taken = 0;
    bool more = the_block.device;
    while (more) {
        more = false;
        if (the_block.probing && !the_block.probe_under_way)
            begin_probe();
        while (!the_block.probing && free_jobs && taken < TAKEN_MOST &&
               (link = ring_server_take(&the_block.rings, &request))) {
            accept(link, &request);
            more = true;
            taken++;
        }
        for (; queue && free_count; more = true)
            begin(dequeue());
        if (more && the_block.device->started)
            the_block.device->started();
    }
    if (taken == TAKEN_MOST)
        notify(the_block.rings.kick, 1); /* there may be more: after what else there is to do */
}
