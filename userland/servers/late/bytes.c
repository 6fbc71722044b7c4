/*
 * bytes.c: file.def out of memory: the objects' pages are all there is of the files. Pages that
 * were only read are zeros that may not be written, and go now and then.
 */
#include "late.h"
#include "lib/errors.h"
#include "lib/memory.h"
#include "lib/protocol.h"
#include "lib/server.h"
#include "lib/startup.h"
#include "lib/wired.h"

#define BUCKETS      256
#define CHUNK        512 /* pages */
#define FILE_PAGES   ((FILE_BYTES_MOST >> PAGE_SHIFT) + 1)
#define LOOK_THROUGH 0x100000000UL /* where a page is shown in the child to be copied to */

enum { ABSENT, ZEROS, WRITABLE };

struct chunk {
    struct chunk *next;
    uint64_t first;
    uint8_t state[CHUNK];
};

struct file {
    struct file *next;
    uint64_t inode, size;
    handle object;
    struct chunk *chunks; /* that used last comes first */
    bool changed;
};

static struct file *files[BUCKETS];
static handle child; /* a space above this one: an own object cannot be shown in the own space */
static uint64_t held;

static struct file *file_of(uint64_t inode)
{
    struct file *file = files[inode % BUCKETS];
    while (file && file->inode != inode)
        file = file->next;
    return file;
}

/* The state of a page; NULL: no memory. */
static uint8_t *page_of(struct file *file, uint64_t page)
{
    struct chunk **link = &file->chunks, *chunk;
    while (*link && (*link)->first != page / CHUNK)
        link = &(*link)->next;
    chunk = *link;
    if (chunk)
        *link = chunk->next;
    else
        chunk = wired_alloc(sizeof *chunk);
    if (!chunk)
        return NULL;
    chunk->first = page / CHUNK;
    chunk->next = file->chunks;
    file->chunks = chunk;
    return &chunk->state[page % CHUNK];
}

/* Before the kernel knows more pages. */
static int64_t set_size(struct file *file, uint64_t size)
{
    uint64_t pages = (size + PAGE_SIZE - 1) >> PAGE_SHIFT;
    file->size = size;
    file->changed = true;
    int64_t error = page_reclaim(file->object, pages, 0, RECLAIM_RESIZE);
    return error < 0 ? error : 0;
}

/* Makes a page present: `writable` or as it happens. */
static int64_t bring(struct file *file, uint64_t page, bool write)
{
    uint8_t *state = page_of(file, page);
    if (!state)
        return -ENOMEM;
    if (*state == WRITABLE || (*state == ZEROS && !write))
        return 0;
    if (*state == ZEROS)
        page_reclaim(file->object, page, 1, RECLAIM_DISCARD);
    bool writable = write || late_random(2);
    held += *state == ABSENT;
    *state = ABSENT;
    int64_t error = page_supply_unasked(
        file->object, SUPPLY_ZERO | (writable ? SUPPLY_WRITABLE : 0), page, 1, 0, 0);
    if (error)
        return error == -ENOMEM ? -ENOSPC : error;
    *state = writable ? WRITABLE : ZEROS;
    return 0;
}

/* ---- Requests ---- */

static int64_t fill(const uint64_t *w, uint64_t *done)
{
    struct file *file = file_of(w[0]);
    int64_t error = 0;
    if (!file)
        return -ESTALE;
    if (w[3] & FILE_FILL_WRITE && w[4] > file->size)
        error = set_size(file, w[4]);
    uint64_t end = (file->size + PAGE_SIZE - 1) >> PAGE_SHIFT;
    for (*done = 0; !error && *done < w[2] && w[1] + *done < end; ++*done) {
        error = bring(file, w[1] + *done, w[3] & FILE_FILL_WRITE);
        if (!late_random(8) && *done)
            break; /* fewer than asked for */
    }
    return *done ? 0 : error ? error : -EFBIG;
}

static int64_t zero_tail(struct file *file, uint64_t size)
{
    static const char zeros[PAGE_SIZE];
    uint64_t page = size >> PAGE_SHIFT, in_page = size & (PAGE_SIZE - 1);
    uint8_t *state = in_page ? page_of(file, page) : NULL;
    if (!state || *state != WRITABLE)
        return 0;
    int64_t error =
        region_map(child, LOOK_THROUGH, 1, MAP_READ | MAP_WRITE, file->object, page, 0, 0);
    if (error)
        return error;
    int64_t copied = space_copy(child, 0, LOOK_THROUGH + in_page, (void *)(uintptr_t)zeros,
                                COPY_OUT, PAGE_SIZE - in_page, NULL);
    region_unmap(child, LOOK_THROUGH, 1, 0);
    return copied < 0 ? copied : 0;
}

static void cut(struct file *file, uint64_t size)
{
    uint64_t pages = (size + PAGE_SIZE - 1) >> PAGE_SHIFT;
    for (struct chunk *chunk = file->chunks; chunk; chunk = chunk->next)
        for (uint64_t i = 0; i < CHUNK; i++)
            if (chunk->first * CHUNK + i >= pages && chunk->state[i]) {
                chunk->state[i] = ABSENT;
                held--;
            }
}

static int64_t resize(const uint64_t *w)
{
    struct file *file = file_of(w[0]);
    if (!file)
        return -ESTALE;
    if (w[1] > FILE_BYTES_MOST)
        return -EFBIG;
    int64_t error = w[1] < file->size ? zero_tail(file, w[1]) : 0;
    if (!error)
        error = set_size(file, w[1]);
    if (!error)
        cut(file, w[1]);
    return error;
}

/* Sizes go to the other role, as to a file system. */
static int64_t sync(const uint64_t *w)
{
    for (unsigned i = 0; i < BUCKETS; i++)
        for (struct file *file = files[i]; file; file = file->next) {
            struct message message = {.w = {VFS_SET_SIZE, file->inode, file->size}};
            if ((w[0] && file->inode != w[0]) || !file->changed || !(w[3] & FILE_SYNC_METADATA))
                continue;
            call(startup_handle_needed("vfs"), 0, &message);
            file->changed = false;
        }
    return 0;
}

static int64_t forget(const uint64_t *w)
{
    struct file *file = file_of(w[0]);
    if (!file)
        return -ESTALE;
    cut(file, 0);
    struct file **link = &files[file->inode % BUCKETS];
    while (*link != file)
        link = &(*link)->next;
    *link = file->next;
    page_reclaim(file->object, 0, 0, RECLAIM_RESIZE);
    handle_close(file->object);
    for (struct chunk *chunk = file->chunks; chunk;) {
        struct chunk *next = chunk->next;
        wired_free(chunk);
        chunk = next;
    }
    wired_free(file);
    return 0;
}

static int64_t carry_out(const struct ring_request *request, struct ring_completion *completion)
{
    switch (request->operation) {
    case FILE_FILL:
        return fill(request->w, &completion->w[0]);
    case FILE_RESIZE:
        return resize(request->w);
    case FILE_SYNC:
        return sync(request->w);
    case FILE_ADVISE:
        return 0;
    case FILE_FORGET:
        return forget(request->w);
    }
    return -ENOSYS;
}

static void on_request(const struct ring_request *request, struct ring_completion *completion,
                       uint8_t *data)
{
    (void)data;
    completion->error = (int32_t)carry_out(request, completion);
}

/* ---- Calls ---- */

static int64_t open(struct message *message)
{
    struct file *file = file_of(message->w[1]);
    if (!file) {
        file = wired_alloc(sizeof *file);
        if (!file)
            return -ENOMEM;
        int64_t object =
            create_object(startup_handle_needed("self"), message->w[1], FILE_PAGES, HANDLE_POOL);
        if (object < 0) {
            wired_free(file);
            return object;
        }
        file->inode = message->w[1];
        file->object = (handle)object;
        set_size(file, message->w[3]);
        file->next = files[file->inode % BUCKETS];
        files[file->inode % BUCKETS] = file;
    }
    int64_t given =
        handle_dup(file->object, RIGHT_READ | RIGHT_WRITE | RIGHT_EXEC | RIGHT_DUP, 0, HANDLE_NONE);
    if (given < 0)
        return given;
    message->w[1] = file->inode;
    message->w[2] = file->size;
    message->w[5] = (uint64_t)given;
    return 0;
}

static int64_t on_call(struct message *message)
{
    int64_t error = -ENOSYS;
    message_refuse_handle(message);
    if (message->w[0] == FILE_OPEN) {
        error = open(message);
        message->w[0] = (uint64_t)error;
        return error ? 0 : TAG_HANDLE;
    }
    if (message->w[0] == FILE_CLOSE)
        error = file_of(message->w[1]) ? 0 : -ENOENT;
    if (message->w[0] == FILE_FACTS) {
        error = 0;
        message->w[1] = held;
        message->w[2] = message->w[3] = message->w[4] = message->w[5] = 0;
    }
    message->w[0] = (uint64_t)error;
    return 0;
}

/* ---- Faults ---- */

static void on_fault(const struct message *message)
{
    uint64_t page = message->w[1];
    struct file *file = file_of(message->w[0]);
    uint8_t *state = file && page << PAGE_SHIFT < file->size ? page_of(file, page) : NULL;
    bool write = message->head & FAULT_WRITE, cow = message->head & FAULT_COW;
    if (!state) {
        page_supply_only(message->request, SUPPLY_FAIL | (uint64_t)EFAULT << 32, page, 1, 0, 0);
        return;
    }
    int64_t error;
    if (cow)
        error = page_supply_only(message->request,
                                 (message->head & FAULT_SOLE ? SUPPLY_UPGRADE : SUPPLY_COPY) |
                                     SUPPLY_WRITABLE,
                                 page, 1, 0, page);
    else
        error = page_supply_only(message->request, SUPPLY_ZERO | (write ? SUPPLY_WRITABLE : 0),
                                 page, 1, 0, 0);
    if (!error) {
        held += *state == ABSENT;
        *state = write || cow ? WRITABLE : ZEROS;
    }
}

static void begin(void)
{
    int64_t made = space_create(HANDLE_POOL, LEVEL_FILE + 1, HANDLE_NONE, 0);
    child = made > 0 ? (handle)made : HANDLE_NONE;
}

static bool may_fail(uint32_t operation)
{
    return operation != FILE_FORGET && operation != FILE_ADVISE;
}

const struct late_role bytes_role = {.may_fail = may_fail,
                                     .begin = begin,
                                     .request = on_request,
                                     .call = on_call,
                                     .fault = on_fault};
