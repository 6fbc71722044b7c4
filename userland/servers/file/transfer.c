/*
 * transfer.c: pages on their way between device and memory. A transfer is about consecutive blocks
 * of one chunk, and owns consecutive data pages while it is under way.
 */
#include "lib/memory.h"
#include "parts.h"

struct transfer transfers[TRANSFERS];
struct job_queue flush_waiters;

static uint64_t data_taken[DATA_PAGES / 64]; /* a bit for each data page */
static unsigned writes, write_data, under_way;
static uint64_t numbers;
static uint64_t writes_done;    /* number of writes that ended well */
static uint64_t writes_flushed; /* of them, those that a flush came after */
static uint64_t writes_new;     /* number of the last that wrote to new blocks */
static uint64_t flush_covers;   /* what the flush under way will have flushed */
static bool flushing;

bool transfer_any(void)
{
    return under_way;
}

uint64_t transfer_number(void)
{
    return numbers;
}

uint64_t transfer_writes(void)
{
    return writes_done;
}

uint64_t transfer_writes_new(void)
{
    return writes_new;
}

bool transfer_flushed(uint64_t up_to)
{
    return writes_flushed >= up_to;
}

static void data_set(unsigned first, unsigned count, bool taken)
{
    for (unsigned i = first; i < first + count; i++)
        data_taken[i / 64] =
            taken ? data_taken[i / 64] | 1ul << i % 64 : data_taken[i / 64] & ~(1ul << i % 64);
}

/* The first run of `*count` free data pages, or else the longest there is; *count 0: none. */
static unsigned data_take(unsigned *count)
{
    unsigned best = 0, best_at = 0;
    for (unsigned at = 0, run = 0; at < DATA_PAGES && best < *count; at++) {
        run = data_taken[at / 64] >> at % 64 & 1 ? 0 : run + 1;
        if (run > best) {
            best = run;
            best_at = at + 1 - run;
        }
    }
    *count = best;
    data_set(best_at, best, true);
    return best_at;
}

/* A transfer with data pages for up to `count`. NULL: none now. */
static struct transfer *begin(uint32_t operation, struct chunk *chunk, unsigned bit, unsigned count)
{
    struct transfer *transfer = transfers;
    while (transfer < transfers + TRANSFERS && transfer->operation)
        transfer++;
    if (transfer == transfers + TRANSFERS)
        return NULL;
    unsigned data_page = count ? data_take(&count) : 0;
    if (chunk && !count)
        return NULL;
    *transfer = (struct transfer){.chunk = chunk, .operation = operation, .data_page = data_page};
    transfer->bit = bit;
    transfer->count = count;
    transfer->wanted = mask_of(bit, count);
    transfer->number = ++numbers;
    under_way++;
    if (chunk)
        chunk->holds++;
    return transfer;
}

static void submit(const struct transfer *transfer)
{
    backend_submit((uint32_t)(transfer - transfers), transfer->operation, transfer->sector,
                   transfer->count * SECTORS, transfer->data_page);
}

void cache_device_again(void)
{
    for (unsigned i = 0; i < TRANSFERS; i++)
        if (transfers[i].operation)
            submit(&transfers[i]);
}

/* ---- Reading ---- */

unsigned transfer_read(struct chunk *chunk, unsigned bit, uint64_t most)
{
    uint64_t absent = chunk->mapped & ~(chunk->present | chunk->reading | chunk->fresh);
    unsigned run = place_run(chunk, bit, absent);
    if (run > most)
        run = (unsigned)most;
    uint64_t room = room_make(run);
    if (run > room)
        run = (unsigned)room;
    struct transfer *transfer = run ? begin(BLOCK_READ, chunk, bit, run) : NULL;
    if (!transfer)
        return 0;
    chunk->reading |= transfer->wanted;
    cache.reading += transfer->count;
    transfer->sector = place_sector(chunk, bit);
    submit(transfer);
    return transfer->count;
}

void transfer_forget(struct chunk *chunk, uint64_t mask)
{
    cache.reading -= count_of(chunk->reading & mask);
    chunk->reading &= ~mask;
    for (struct transfer *transfer = transfers; transfer < transfers + TRANSFERS; transfer++)
        if (transfer->operation == BLOCK_READ && transfer->chunk == chunk)
            transfer->wanted &= ~mask;
}

/* Takes a fault on this page out of the queue, of those that wait for the transfer. */
static struct job *fault_on(struct chunk *chunk, uint64_t page)
{
    struct job *before = NULL;
    for (struct job *job = chunk->waiters.first; job; before = job, job = job->next) {
        if (job->kind != JOB_FAULT || job->at != page)
            continue;
        *(before ? &before->next : &chunk->waiters.first) = job->next;
        if (!job->next)
            chunk->waiters.last = before;
        return job;
    }
    return NULL;
}

/* The bytes behind the end of the file are zeros, whatever the device has there. */
static void zero_tail(const struct inode *inode, uint64_t page, uint32_t data_page)
{
    uint64_t start = page * PAGE_SIZE;
    if (inode->size >= start + PAGE_SIZE || inode->unsized)
        return;
    uint64_t kept = inode->size > start ? inode->size - start : 0;
    memset(backend_data(data_page) + kept, 0, PAGE_SIZE - kept);
}

static int supply(const struct inode *inode, uint64_t request, uint64_t how, uint64_t page,
                  uint32_t data_page)
{
    int error = backend_supply(inode->object, request, how, page, data_page);
    if (error == -ENOMEM && room_after_refusal())
        error = backend_supply(inode->object, request, how, page, data_page);
    return error;
}

/* A page was read: to who waits for it by a fault, else unasked. */
static void arrived(struct chunk *chunk, unsigned bit, uint32_t data_page)
{
    struct inode *inode = chunk->inode;
    uint64_t page = chunk->first + bit, how = SUPPLY_COPY | SUPPLY_MAJOR;
    bool writable = false;
    int error = -ESTALE;
    zero_tail(inode, page, data_page);
    for (struct job *job; error == -ESTALE && (job = fault_on(chunk, page));) {
        writable = job->write;
        error =
            supply(inode, job->request, how | (writable ? SUPPLY_WRITABLE : 0), page, data_page);
        job_answer(job, error == -ESTALE ? 0 : error, 0);
    }
    if (error == -ESTALE) {
        writable = false;
        error = supply(inode, 0, how, page, data_page);
    }
    if (error)
        return;
    cache.read++;
    chunk_supplied(chunk, bit, false);
    if (writable)
        chunk_dirty(chunk, 1ul << bit);
}

/* Who waited for just this page fails, if it was read alone; else reads it alone now. */
static void read_failed(struct chunk *chunk, const struct transfer *transfer, int error)
{
    for (struct job *job = chunk->waiters.first; job; job = job->next) {
        uint64_t bit = job->at - chunk->first;
        if (bit >= PAGES_A_CHUNK || !(transfer->wanted >> bit & 1))
            continue;
        if (transfer->count == 1)
            job->error = error;
        job->alone = true;
    }
}

static void read_ended(struct chunk *chunk, const struct transfer *transfer, int error)
{
    uint64_t wanted = transfer->wanted;
    cache.reading -= count_of(wanted);
    chunk->reading &= ~wanted;
    if (error)
        read_failed(chunk, transfer, error);
    for (unsigned i = 0; i < transfer->count && !error; i++)
        if (wanted >> (transfer->bit + i) & 1)
            arrived(chunk, transfer->bit + i, transfer->data_page + i);
}

/* ---- Writing ---- */

/* The next pages to write together: dirty, not under way, consecutive on the device; those that
 * failed, each alone. */
static unsigned write_run(const struct chunk *chunk, unsigned bit, uint64_t mask)
{
    return chunk->failed >> bit & 1 ? 1 : place_run(chunk, bit, mask & ~chunk->failed);
}

/* Protects pages, and says which of them must be written: from *first on. 0: none. */
static unsigned write_protect(struct chunk *chunk, unsigned *first, unsigned count)
{
    uint64_t dirty, range = mask_of(*first, count);
    if (backend_clean(chunk->inode->object, chunk->first + *first, count, &dirty))
        dirty = ~0ul; /* all of them, then */
    dirty = (dirty << *first | chunk->fresh | chunk->failed) & range;
    chunk_clean(chunk, range);
    if (!dirty)
        return 0;
    unsigned last = 63 - (unsigned)__builtin_clzl(dirty);
    *first = (unsigned)__builtin_ctzl(dirty);
    return last + 1 - *first;
}

/* Copies pages to data pages. One that is not there is a new block, and zeros; or else it was taken
 * away, against all that is known, and ends the run. */
static unsigned write_copy(struct chunk *chunk, const struct transfer *transfer)
{
    for (unsigned i = 0; i < transfer->count; i++) {
        unsigned bit = transfer->bit + i;
        uint32_t data_page = transfer->data_page + i;
        if (!backend_copy_out(chunk->inode->object, chunk->first + bit, data_page)) {
            zero_tail(chunk->inode, chunk->first + bit, data_page);
        } else if (chunk->fresh >> bit & 1) {
            memset(backend_data(data_page), 0, PAGE_SIZE);
        } else {
            chunk_lost(chunk, 1ul << bit);
            if (transfer->count - i > 1)
                chunk_write_failed(chunk, mask_of(bit + 1, transfer->count - i - 1));
            return i;
        }
    }
    return transfer->count;
}

static void give_back(struct transfer *transfer)
{
    data_set(transfer->data_page, transfer->count, false);
    if (transfer->operation == BLOCK_WRITE) {
        writes--;
        write_data -= transfer->count;
    }
    transfer->operation = 0;
    under_way--;
    if (transfer->chunk)
        transfer->chunk->holds--;
}

/* One run. 0: no room; else how many pages were dealt with; *begun: a transfer of them began. */
static unsigned write_one(struct chunk *chunk, unsigned bit, uint64_t mask, unsigned *begun)
{
    unsigned run = write_run(chunk, bit, mask);
    if (run > WRITE_DATA_MOST - write_data)
        run = WRITE_DATA_MOST - write_data;
    if (writes == WRITES_MOST || !run)
        return 0;
    struct transfer *transfer = begin(BLOCK_WRITE, chunk, bit, run);
    if (!transfer)
        return 0;
    writes++;
    write_data += transfer->count;
    run = transfer->count;
    unsigned first = bit, count = write_protect(chunk, &first, run);
    /* Of the data pages only what is written is needed. */
    data_set(transfer->data_page + count, run - count, false);
    write_data -= run - count;
    transfer->inode = chunk->inode;
    transfer->bit = first;
    transfer->count = count;
    unsigned copied = write_copy(chunk, transfer);
    if (copied < count) {
        data_set(transfer->data_page + copied, count - copied, false);
        write_data -= count - copied;
        transfer->count = copied;
    }
    if (!copied) {
        give_back(transfer);
        return run;
    }
    transfer->wanted = mask_of(first, copied);
    transfer->sector = place_sector(chunk, first);
    chunk->writing |= transfer->wanted;
    cache.writing += copied;
    ++*begun;
    submit(transfer);
    return run;
}

unsigned transfer_write(struct chunk *chunk, uint64_t mask)
{
    unsigned begun = 0;
    uint64_t left;
    while ((left = chunk->dirty & ~chunk->writing & mask)) {
        unsigned bit = (unsigned)__builtin_ctzl(left);
        unsigned run = write_one(chunk, bit, left, &begun);
        if (!run)
            break;
        mask &= ~mask_of(0, bit + run); /* each once: what fails at once is not tried again */
    }
    return begun;
}

static void write_ended(struct chunk *chunk, const struct transfer *transfer, int error)
{
    struct inode *inode = chunk->inode;
    uint64_t mask = transfer->wanted,
             still = mask & chunk->mapped & (chunk->present | chunk->fresh);
    chunk->writing &= ~mask;
    cache.writing -= count_of(mask);
    if (!error) {
        writes_done++;
        if (chunk->fresh & mask)
            writes_new = writes_done;
        cache.written += count_of(mask);
        chunk->fresh &= ~mask;
        chunk->failed &= ~mask;
        return;
    }
    cache.failed += count_of(mask);
    if (inode->forgotten || !still)
        return; /* cut off: nobody wants them any more */
    inode->error = error;
    inode->errors += count_of(mask);
    chunk_write_failed(chunk, still);
}

struct chunk *transfer_writing(const struct inode *inode, uint64_t from_page, uint64_t number)
{
    for (struct transfer *transfer = transfers; transfer < transfers + TRANSFERS; transfer++)
        if (transfer->operation == BLOCK_WRITE && transfer->number <= number &&
            (!inode || (transfer->inode == inode &&
                        transfer->chunk->first + transfer->bit + transfer->count > from_page)))
            return transfer->chunk;
    return NULL;
}

bool transfer_writing_new(const struct inode *inode)
{
    for (struct transfer *transfer = transfers; transfer < transfers + TRANSFERS; transfer++)
        if (transfer->operation == BLOCK_WRITE && (!inode || transfer->inode == inode) &&
            transfer->chunk->fresh & transfer->wanted)
            return true;
    return false;
}

/* ---- Flushing ---- */

struct job_queue *transfer_flush(uint64_t *number)
{
    *number = 0;
    if (flushing)
        return &flush_waiters;
    struct transfer *transfer = begin(BLOCK_FLUSH, NULL, 0, 0);
    if (!transfer)
        return &room_waiters;
    flushing = true;
    flush_covers = writes_done;
    submit(transfer);
    *number = transfer->number;
    return &flush_waiters;
}

static void flush_ended(uint64_t number, int error)
{
    flushing = false;
    if (!error)
        writes_flushed = flush_covers;
    for (struct job *job = flush_waiters.first; job && error; job = job->next)
        if (job->number == number)
            job->error = error;
    job_wake(&flush_waiters);
}

void cache_completed(uint32_t tag, int error)
{
    if (tag >= TRANSFERS || !transfers[tag].operation)
        return;
    const struct transfer ended = transfers[tag];
    struct chunk *chunk = ended.chunk;
    struct inode *inode = chunk ? chunk->inode : NULL;
    if (ended.operation == BLOCK_READ)
        read_ended(chunk, &ended, error);
    else if (ended.operation == BLOCK_WRITE)
        write_ended(chunk, &ended, error);
    give_back(&transfers[tag]);
    if (!chunk) {
        flush_ended(ended.number, error);
    } else {
        job_wake(&chunk->waiters);
        chunk_settle(chunk);
        inode->jobs++; /* it must not go while its jobs run */
    }
    job_wake(&room_waiters);
    job_run_all();
    if (inode && !--inode->jobs)
        inode_settle(inode);
}
