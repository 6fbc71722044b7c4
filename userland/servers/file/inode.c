/*
 * inode.c: the table of inodes, and what comes in about them.
 */
#include "lib/wired.h"
#include "parts.h"

#define BUCKETS_FIRST 64 /* a power of two; doubled when there are more inodes than buckets */

struct cache cache;

static struct inode **buckets, *all;
static uint64_t bucket_count, count;

uint64_t cache_inodes(void)
{
    return count;
}

struct inode *inode_first(void)
{
    return all;
}

void cache_init(uint64_t limit_pages)
{
    cache = (struct cache){.limit = limit_pages};
}

uint64_t cache_cookie(const struct inode *inode)
{
    return inode->generation << 32 | inode->number;
}

/* Fibonacci hashing (Knuth 6.4): inode numbers come in rows. */
static struct inode **bucket(uint64_t number)
{
    return &buckets[(number * 0x9e3779b97f4a7c15ul) >> 32 & (bucket_count - 1)];
}

static struct inode **place_of(uint64_t number)
{
    struct inode **at = bucket(number);
    while (*at && (*at)->number != number)
        at = &(*at)->next;
    return at;
}

struct inode *cache_find(uint64_t number)
{
    return bucket_count ? *place_of(number) : NULL;
}

/* Without memory for more buckets the rows become longer, that is all. */
static bool grow(void)
{
    uint64_t old_count = bucket_count, more = old_count ? old_count * 2 : BUCKETS_FIRST;
    struct inode **old = buckets, **bigger = wired_alloc_array(more, sizeof *bigger);
    if (!bigger)
        return old_count;
    buckets = bigger;
    bucket_count = more;
    for (uint64_t i = 0; i < old_count; i++)
        for (struct inode *inode = old[i], *next; inode; inode = next) {
            next = inode->next;
            struct inode **at = bucket(inode->number);
            inode->next = *at;
            *at = inode;
        }
    wired_free(old);
    return true;
}

static void unhash(struct inode *inode)
{
    *place_of(inode->number) = inode->next;
}

void inode_settle(struct inode *inode)
{
    bool kept = inode->open || inode->size > inode->stored_size;
    if (inode->jobs || inode->chunk_count || (kept && !inode->forgotten))
        return;
    if (!inode->forgotten)
        unhash(inode);
    *inode->all_link = inode->all;
    if (inode->all)
        inode->all->all_link = inode->all_link;
    backend_object_end(inode->object);
    wired_free(inode);
    count--;
}

static int forget(struct inode *inode, void *client, uint32_t tag)
{
    struct job *job = job_new(JOB_FORGET, inode);
    if (!job)
        return -ENOMEM;
    job->client = client;
    job->tag = tag;
    unhash(inode);
    inode->forgotten = true;
    job_ready(job);
    return 0;
}

struct inode *inode_new(uint64_t number, uint64_t generation, uint64_t object)
{
    struct inode *inode = wired_alloc(sizeof *inode);
    if (!inode || (count >= bucket_count && !grow())) {
        wired_free(inode);
        return NULL;
    }
    inode->number = number;
    inode->generation = generation;
    inode->object = object;
    inode->next = *bucket(number);
    *bucket(number) = inode;
    inode->all = all;
    inode->all_link = &all;
    if (all)
        all->all_link = &inode->all;
    all = inode;
    count++;
    return inode;
}

static int make(uint64_t number, uint64_t generation, uint64_t size, struct inode **result)
{
    uint64_t cookie = generation << 32 | number, object;
    int error = backend_object_new(cookie, pages_of(size), &object);
    if (error && room_after_refusal())
        error = backend_object_new(cookie, pages_of(size), &object);
    if (error)
        return error;
    *result = inode_new(number, generation, object);
    if (!*result) {
        backend_object_end(object);
        return -ENOMEM;
    }
    (*result)->size = (*result)->stored_size = size;
    return 0;
}

/* It was being extended when the server before died, and its client was not told: as before. */
static int cut_back(struct inode *inode, uint64_t size)
{
    struct job *job = job_new(JOB_RESIZE, inode);
    if (!job)
        return -ENOMEM;
    job->size = size;
    job->end = ALL_PAGES;
    job_ready(job);
    return 0;
}

/* An adopted one: now its size is known. Its object has other pages if a change of the size was
 * under way, which the client will ask for again. */
static int take_over(struct inode *inode, uint64_t size)
{
    int error = inode_look(inode);
    if (error || !inode->unsized)
        return error;
    inode->unsized = false;
    if (pages_of(size) < pages_of(inode->size))
        return cut_back(inode, size);
    if (pages_of(size) > pages_of(inode->size))
        error = backend_resize(inode->object, pages_of(size));
    if (!error)
        inode->size = size;
    return error;
}

int cache_open(uint64_t number, uint64_t generation, uint64_t size, struct inode **result)
{
    struct inode *inode = cache_find(number);
    int error = 0;
    if (!number || number > UINT32_MAX || generation > UINT32_MAX || size > FILE_BYTES_MOST)
        return -EINVAL;
    if (inode && inode->generation != generation) { /* the number was given to another file */
        error = forget(inode, NULL, 0);
        inode = NULL;
    }
    if (!error && !inode)
        error = make(number, generation, size, &inode);
    else if (!error)
        error = take_over(inode, size);
    job_run_all();
    if (error)
        return error;
    inode->open = true;
    *result = inode;
    return 0;
}

void cache_close(struct inode *inode)
{
    inode->open = false;
    size_store(inode,
               inode->size); /* who looks it up finds it there; on error, a tick tries again */
    inode_settle(inode);
}

void cache_fault(uint64_t cookie, uint64_t page, uint64_t request, bool write)
{
    struct inode *inode = cache_find(cookie & UINT32_MAX);
    struct job *job = inode && cache_cookie(inode) == cookie ? job_new(JOB_FAULT, inode) : NULL;
    if (!job) {
        backend_fail(request, inode ? -ENOMEM : -ESTALE);
        return;
    }
    job->error = inode_look(inode);
    job->first = job->at = page;
    job->end = page + 1;
    job->request = request;
    job->write = write;
    job_ready(job);
    job_run_all();
}

/* ---- Requests ---- */

static int advise(struct inode *inode, uint64_t first, uint64_t end, uint64_t advice)
{
    if (advice <= FILE_ADVICE_SEQUENTIAL) {
        inode->ahead = (struct read_ahead){.advice = (uint8_t)advice};
        return 0;
    }
    if (advice > FILE_ADVICE_DONT_NEED)
        return -EINVAL;
    if (advice == FILE_ADVICE_WILL_NEED) {
        ahead_read(inode, first, end - first);
        return 0;
    }
    for (struct chunk *chunk = chunk_next(inode, first), *next; chunk && chunk->first < end;
         chunk = next) {
        next = chunk_next(inode, chunk->first + PAGES_A_CHUNK);
        uint64_t mask = first > chunk->first ? ~mask_of(0, bit_of(chunk, first)) : ALL_PAGES;
        if (end - chunk->first < PAGES_A_CHUNK)
            mask &= mask_of(0, bit_of(chunk, end));
        transfer_write(chunk, mask);
        room_drop(chunk, mask);
    }
    return 0;
}

static int fill(struct job *job, const uint64_t w[7])
{
    job->write = w[3] & FILE_FILL_WRITE;
    job->whole = w[3] & FILE_FILL_WHOLE;
    job->size = w[4];
    if (w[3] & ~(uint64_t)(FILE_FILL_WRITE | FILE_FILL_WHOLE))
        return -EINVAL;
    return job->size > FILE_BYTES_MOST ? -EFBIG : 0;
}

static int sync(struct job *job, const uint64_t w[7])
{
    job->metadata = w[3] & FILE_SYNC_METADATA;
    job->until = backend_now();
    job->size = job->inode ? job->inode->size : 0;
    job->errors = job->inode ? job->inode->errors : cache.failed;
    return 0;
}

/* MS_ASYNC: what there is room for, now. */
static void sync_begin(struct inode *inode, uint64_t first, uint64_t end)
{
    for (struct chunk *chunk = chunk_next(inode, first); chunk && chunk->first < end;
         chunk = chunk_next(inode, chunk->first + PAGES_A_CHUNK))
        transfer_write(chunk, ALL_PAGES);
}

/* The parts of a request's words that all have in common. */
static int range(const uint64_t w[7], uint64_t *first, uint64_t *end)
{
    *first = w[1];
    if (w[1] > FILE_BYTES_MOST / PAGE_SIZE || w[2] > FILE_BYTES_MOST / PAGE_SIZE)
        return -EFBIG;
    *end = w[2] ? w[1] + w[2] : ALL_PAGES;
    return 0;
}

static const enum job_kind kinds[] = {[FILE_FILL] = JOB_FILL,
                                      [FILE_RESIZE] = JOB_RESIZE,
                                      [FILE_SYNC] = JOB_SYNC,
                                      [FILE_FORGET] = JOB_FORGET};

/* 0: a job was begun; 1: done at once; or an error. */
static int begin(void *client, uint32_t tag, uint32_t operation, const uint64_t w[7])
{
    uint64_t first = 0, end = ALL_PAGES;
    bool all_inodes = operation == FILE_SYNC && !w[0];
    struct inode *inode = all_inodes ? NULL : cache_find(w[0]);
    if (operation < FILE_FILL || operation > FILE_FORGET)
        return -ENOSYS;
    if (!inode && !all_inodes)
        return -ESTALE;
    int unknown = inode ? inode_look(inode) : 0;
    if (unknown && operation != FILE_FORGET)
        return unknown;
    int error = operation == FILE_RESIZE || operation == FILE_FORGET || all_inodes
                    ? 0
                    : range(w, &first, &end);
    if (error)
        return error;
    if (operation == FILE_ADVISE) {
        error = advise(inode, first, end, w[3]);
        inode_settle(inode);
        return error ? error : 1;
    }
    if (operation == FILE_SYNC && inode && w[3] & FILE_SYNC_START) {
        sync_begin(inode, first, end);
        return 1;
    }
    if (operation == FILE_FORGET)
        return forget(inode, client, tag);
    struct job *job = job_new(kinds[operation], inode);
    if (!job)
        return -ENOMEM;
    job->first = job->at = first;
    job->end = end;
    if (operation == FILE_FILL) {
        job->end = first + w[2];
        job->error = fill(job, w);
    } else if (operation == FILE_RESIZE) {
        job->size = w[1];
        job->error = w[1] > FILE_BYTES_MOST ? -EFBIG : 0;
    } else {
        job->at = ALL_PAGES;
        job->error = sync(job, w);
    }
    job->client = client;
    job->tag = tag;
    job_ready(job);
    return 0;
}

void cache_request(void *client, uint32_t tag, uint32_t operation, const uint64_t w[7])
{
    int error = begin(client, tag, operation, w);
    if (error)
        backend_answer(client, tag, error > 0 ? 0 : error, 0);
    job_run_all();
}
