/*
 * disk.c: reads wait; writes are queued until the data pages are used up or a flush is wanted.
 */
#include "disk.h"
#include "lib/block.h"
#include "lib/errors.h"
#include "lib/memory.h"
#include "lib/protocol.h"

#define DATA_PAGES      128
#define BITS            1
#define ENDED_BITS      2
#define TRIES           8 /* drivers that die one after the other while they are attached to */
#define SECTORS_A_BLOCK (BLOCK_BYTES / 512)

static struct disk *disk_of(struct device *device)
{
    return (struct disk *)device;
}

/* The driver died, or broke the ring: the one that came after gets the same ring, and again what
 * was under way: data pages are as they were. On error nothing is under way any more. */
static int64_t open_again(struct disk *disk)
{
    int64_t error = -EOWNERDEAD;
    for (unsigned i = 0; i < TRIES && error == -EOWNERDEAD; i++)
        error = ring_client_reopen(&disk->ring);
    for (uint32_t tag = 0; tag < DISK_ENTRIES; tag++) {
        if (!disk->sent[tag].operation)
            continue;
        if (error)
            disk->sent[tag].operation = 0;
        else
            ring_client_submit(&disk->ring, &disk->sent[tag]);
    }
    return error;
}

/* Waits for one completion: its error. A driver that dies is waited for. */
static int64_t wait_one(struct disk *disk)
{
    struct ring_completion completion;
    int64_t error;
    while ((error = ring_client_wait(&disk->ring, &completion)) == -EOWNERDEAD) {
        error = open_again(disk);
        if (error)
            return error;
    }
    if (!error && completion.tag < DISK_ENTRIES)
        disk->sent[completion.tag].operation = 0;
    return error ? error : completion.error;
}

static bool is_idle(const struct disk *disk)
{
    return disk->ring.ring.submitted == disk->ring.ring.completed;
}

/* Waits for all that is under way; the first error stays for the flush. */
static void drain(struct disk *disk)
{
    while (!is_idle(disk)) {
        int64_t error = wait_one(disk);
        disk->late = disk->late ? disk->late : error;
        if (disk->ring.ended || disk->ring.ring.broken)
            break;
    }
    disk->pages_busy = 0;
}

static void submit(struct disk *disk, uint32_t operation, uint64_t block, uint64_t blocks,
                   uint64_t page)
{
    uint32_t tag = 0;
    while (disk->sent[tag].operation)
        tag++;
    disk->sent[tag] =
        (struct ring_request){.operation = operation,
                              .tag = tag,
                              .w = {block * SECTORS_A_BLOCK, blocks * SECTORS_A_BLOCK, page}};
    ring_client_submit(&disk->ring, &disk->sent[tag]);
}

/* Before a request: is there a driver? Only one that could not be opened again is lost. */
static int64_t check_driver(struct disk *disk)
{
    if (!disk->ring.ended && !disk->ring.ring.broken)
        return 0;
    int64_t error = open_again(disk);
    if (error)
        disk->late = disk->late ? disk->late : -EIO; /* writes under way may be lost */
    return error;
}

static int64_t read(struct device *device, uint64_t block, uint32_t count, void *const *pages)
{
    struct disk *disk = disk_of(device);
    int64_t error = check_driver(disk);
    if (error)
        return error;
    drain(disk);
    submit(disk, BLOCK_READ, block, count, 0);
    error = wait_one(disk);
    for (uint32_t i = 0; i < count && !error; i++)
        memcpy(pages[i], ring_client_page(&disk->ring, i), BLOCK_BYTES);
    return error;
}

static int64_t write(struct device *device, uint64_t block, uint32_t count, void *const *pages)
{
    struct disk *disk = disk_of(device);
    int64_t error = check_driver(disk);
    if (error)
        return error;
    if (disk->pages_busy + count > DATA_PAGES || !ring_has_room(&disk->ring.ring))
        drain(disk);
    for (uint32_t i = 0; i < count; i++)
        memcpy(ring_client_page(&disk->ring, disk->pages_busy + i), pages[i], BLOCK_BYTES);
    submit(disk, BLOCK_WRITE, block, count, disk->pages_busy);
    disk->pages_busy += count;
    ring_client_kick(&disk->ring);
    return 0;
}

static int64_t flush(struct device *device)
{
    struct disk *disk = disk_of(device);
    int64_t error = check_driver(disk);
    drain(disk);
    if (!error) {
        submit(disk, BLOCK_FLUSH, 0, 0, 0);
        error = wait_one(disk);
    }
    error = disk->late ? disk->late : error;
    disk->late = 0;
    return error;
}

int64_t disk_open(struct disk *disk, handle driver)
{
    struct message facts = {.w = {BLOCK_FACTS}};
    int64_t error = call(driver, 0, &facts);
    if (!error)
        error = (int64_t)facts.w[0];
    int64_t notification = error < 0 ? error : create_notification(0, HANDLE_NONE);
    if (notification < 0)
        return notification;
    *disk = (struct disk){.notification = (handle)notification,
                          .device = {.read = read,
                                     .write = write,
                                     .flush = flush,
                                     .blocks = facts.w[1] / SECTORS_A_BLOCK,
                                     .read_only = facts.w[2] & BLOCK_FACT_READ_ONLY}};
    uint64_t run = facts.w[3] / SECTORS_A_BLOCK;
    disk->device.run_most = run < DATA_PAGES ? (uint32_t)run : DATA_PAGES;
    error = disk->device.run_most ? ring_client_open(&disk->ring, driver, DISK_ENTRIES, DATA_PAGES,
                                                     disk->notification, BITS, ENDED_BITS)
                                  : -EINVAL;
    if (error)
        handle_close(disk->notification);
    return error;
}

void disk_close(struct disk *disk)
{
    ring_client_close(&disk->ring);
    handle_close(disk->notification);
    *disk = (struct disk){0};
}
