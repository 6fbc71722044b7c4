#include "file_world.h"

struct world_object world_objects[INODES * 4];
struct world_file world_files[INODES + 1];
uint8_t world_disk[BLOCKS][PAGE_SIZE], world_stable[BLOCKS][PAGE_SIZE];
uint8_t world_owner[BLOCKS];
struct world_answer world_answers[ANSWERS];
uint64_t world_now, world_frames, world_frames_most, world_reads, world_writes, world_flushes,
    world_io_pages;
unsigned world_under_way;
int world_supply_ends[REQUESTS];
unsigned world_error_percent;
bool world_dead, world_pieces;
uint64_t world_blocks_free, world_refuse_frames;
void (*world_answered)(uint32_t tag);

static uint8_t data[DATA_PAGES][PAGE_SIZE];
static struct world_io ios[TRANSFERS];
static bool unflushed[BLOCKS];              /* written, and not flushed yet */
static uint8_t flushing[BLOCKS][PAGE_SIZE]; /* as they were when the flush under way began */
static bool is_flushing[BLOCKS];
static unsigned next_block;

void world_reset(uint64_t limit)
{
    for (unsigned i = 0; i < INODES * 4; i++)
        for (unsigned j = 0; j < FILE_PAGES; j++)
            free(world_objects[i].page[j].bytes);
    memset(world_objects, 0, sizeof world_objects);
    memset(world_files, 0, sizeof world_files);
    memset(world_owner, 0, sizeof world_owner);
    memset(world_disk, 0xd5, sizeof world_disk); /* what was there before means nothing */
    memset(world_stable, 0xd5, sizeof world_stable);
    memset(world_answers, 0, sizeof world_answers);
    memset(world_supply_ends, 0, sizeof world_supply_ends);
    memset(unflushed, 0, sizeof unflushed);
    CHECK_EQUAL(world_under_way, 0);
    world_now = 1000;
    world_frames = world_reads = world_writes = world_flushes = world_io_pages = 0;
    world_frames_most = UINT64_MAX;
    world_error_percent = 0;
    world_dead = world_pieces = false;
    world_blocks_free = BLOCKS - 64;
    world_refuse_frames = 0;
    next_block = 64;
    cache_init(limit);
}

uint64_t backend_now(void)
{
    return ++world_now;
}

/* ---- Objects ---- */

struct world_object *world_object_of(uint64_t handle)
{
    CHECK(handle && handle <= INODES * 4 && world_objects[handle - 1].used);
    return &world_objects[handle - 1];
}

int backend_object_new(uint64_t cookie, uint64_t pages, uint64_t *object)
{
    unsigned i = 0;
    while (i < INODES * 4 && world_objects[i].used)
        i++;
    if (i == INODES * 4)
        return -EMFILE;
    world_objects[i] = (struct world_object){.used = true, .cookie = cookie, .pages = pages};
    *object = i + 1;
    return 0;
}

int backend_adopt(uint64_t *object, uint64_t *cookie, uint64_t *pages)
{
    for (uint64_t i = *object; i < INODES * 4; i++)
        if (world_objects[i].used) {
            *object = i + 1;
            *cookie = world_objects[i].cookie;
            *pages = world_objects[i].pages;
            return 0;
        }
    return -ENOENT;
}

static void drop(struct world_page *page)
{
    world_frames -= page->bytes != NULL;
    free(page->bytes);
    if (page->request)
        world_supply_ends[page->request] = -EINTR; /* withdrawn: it looks again */
    *page = (struct world_page){0};
}

int backend_resize(uint64_t object, uint64_t pages)
{
    struct world_object *o = world_object_of(object);
    CHECK(pages <= FILE_PAGES);
    o->pages = pages;
    for (uint64_t i = pages; i < FILE_PAGES; i++)
        drop(&o->page[i]);
    return 0;
}

void backend_object_end(uint64_t object)
{
    backend_resize(object, 0);
    world_object_of(object)->used = false;
}

static uint8_t *frame_new(void)
{
    if (world_frames >= world_frames_most || (world_refuse_frames && !--world_refuse_frames))
        return NULL;
    world_frames++;
    return calloc(1, PAGE_SIZE);
}

int backend_supply(uint64_t object, uint64_t request, uint64_t how, uint64_t page,
                   uint32_t data_page)
{
    struct world_object *o = world_object_of(object);
    CHECK(page < FILE_PAGES);
    struct world_page *p = &o->page[page];
    if (request && p->request != request)
        return -ESTALE;
    if (!request && page >= o->pages)
        return -EINVAL;
    if ((how & 0xff) == SUPPLY_UPGRADE) {
        if (!p->bytes)
            return -ENOENT;
        p->writable = true;
        p->dirty |= request != 0; /* the write goes on */
    } else {
        if (!request && (p->bytes || p->request))
            return 0;
        CHECK(!p->bytes);
        if ((how & 0xff) == SUPPLY_COPY || how & SUPPLY_WRITABLE) {
            p->bytes = frame_new();
            if (!p->bytes)
                return -ENOMEM;
        }
        if ((how & 0xff) == SUPPLY_COPY)
            memcpy(p->bytes, data[data_page], PAGE_SIZE);
        p->zero = !p->bytes;
        p->writable = how & SUPPLY_WRITABLE;
        p->dirty = p->writable;
    }
    if (request) {
        world_supply_ends[request] = 1;
        p->request = 0;
    }
    return 0;
}

void backend_fail(uint64_t request, int error)
{
    CHECK(error < 0);
    for (unsigned i = 0; i < INODES * 4; i++)
        for (unsigned j = 0; j < FILE_PAGES && world_objects[i].used; j++)
            if (world_objects[i].page[j].request == request) {
                world_objects[i].page[j].request = 0;
                world_supply_ends[request] = error;
            }
}

bool world_access(struct world_object *object, uint64_t page, bool write, uint64_t request)
{
    struct world_page *p = &object->page[page];
    CHECK(page < object->pages);
    if (write ? p->bytes && p->writable : p->bytes || p->zero) {
        p->dirty |= write;
        return true;
    }
    CHECK(!p->request);
    p->request = request;
    world_supply_ends[request] = 0;
    cache_fault(object->cookie, page, request, write);
    return false;
}

void world_kill(struct world_object *object, uint64_t page)
{
    object->page[page].request = 0;
}

int backend_clean(uint64_t object, uint64_t page, uint64_t pages, uint64_t *dirty)
{
    struct world_object *o = world_object_of(object);
    CHECK(pages <= 64);
    *dirty = 0;
    for (uint64_t i = 0; i < pages && page + i < FILE_PAGES; i++) {
        struct world_page *p = &o->page[page + i];
        *dirty |= p->dirty ? 1ul << i : 0;
        p->dirty = p->writable = false;
    }
    return 0;
}

int backend_copy_out(uint64_t object, uint64_t page, uint32_t data_page)
{
    struct world_page *p = &world_object_of(object)->page[page];
    CHECK(!p->writable); /* or it is torn */
    if (!p->bytes)
        return -EAGAIN;
    memcpy(data[data_page], p->bytes, PAGE_SIZE);
    return 0;
}

bool backend_present(uint64_t object, uint64_t page)
{
    struct world_page *p = &world_object_of(object)->page[page];
    return p->bytes || p->zero;
}

int backend_zero(uint64_t object, uint64_t page, uint64_t from)
{
    struct world_page *p = &world_object_of(object)->page[page];
    if (!p->bytes)
        return -EAGAIN;
    memset(p->bytes + from, 0, PAGE_SIZE - from);
    p->dirty |= p->writable;
    return 0;
}

void backend_discard(uint64_t object, uint64_t page, uint64_t pages)
{
    struct world_object *o = world_object_of(object);
    for (uint64_t i = page; i < page + pages; i++) {
        CHECK(!o->page[i].writable); /* somebody might be writing */
        drop(&o->page[i]);
    }
}

void world_orphan(unsigned number, uint64_t pages)
{
    uint64_t object;
    CHECK_EQUAL(backend_object_new(7ul << 32 | number, pages, &object), 0);
    for (uint64_t i = 0; i < pages; i += 2) {
        struct world_page *page = &world_objects[object - 1].page[i];
        page->bytes = frame_new();
        memset(page->bytes, 0x77, PAGE_SIZE);
        page->writable = page->dirty = i % 4;
    }
}

/* ---- The file system ---- */

static uint32_t allocate(unsigned inode)
{
    if (!world_blocks_free)
        return 0;
    next_block += world_pieces && !unit_random_below(8) ? 3 : 0;
    for (;; next_block++) {
        if (next_block >= BLOCKS)
            next_block = 64;
        if (!world_owner[next_block])
            break;
    }
    world_blocks_free--;
    world_owner[next_block] = (uint8_t)inode;
    return next_block;
}

void world_put(unsigned inode, uint64_t page, uint8_t seed)
{
    uint32_t block = allocate(inode);
    world_files[inode].block[page] = block;
    for (unsigned i = 0; i < PAGE_SIZE; i++)
        world_disk[block][i] = world_stable[block][i] = (uint8_t)(seed + page * 7 + i);
}

int backend_map(uint64_t inode, uint64_t page, uint64_t pages, bool allocating,
                struct extent *extent)
{
    CHECK(inode && inode <= INODES && page < FILE_PAGES);
    uint32_t *block = world_files[inode].block;
    if (pages > FILE_PAGES - page)
        pages = FILE_PAGES - page;
    *extent = (struct extent){.first = page};
    if (!block[page] && allocating) {
        extent->fresh = true;
        for (; extent->pages < pages && !block[page + extent->pages]; extent->pages++) {
            uint32_t got = allocate((unsigned)inode);
            if (!got)
                break;
            block[page + extent->pages] = got;
            if (got != block[page] + extent->pages) { /* found again by the next call: put back */
                block[page + extent->pages] = 0;
                world_owner[got] = 0;
                world_blocks_free++;
                break;
            }
        }
        extent->sector = (uint64_t)block[page] * SECTORS;
        return extent->pages ? 0 : -ENOSPC;
    }
    extent->sector = (uint64_t)block[page] * SECTORS;
    while (extent->pages < pages &&
           (block[page] ? block[page + extent->pages] == block[page] + extent->pages
                        : !block[page + extent->pages]))
        extent->pages++;
    return 0;
}

/* Nothing may be on its way to a block that is freed. */
static void free_block(uint32_t *block)
{
    if (!*block)
        return;
    for (unsigned i = 0; i < TRANSFERS; i++)
        CHECK(!(ios[i].used && ios[i].operation == BLOCK_WRITE &&
                *block - ios[i].sector / SECTORS < ios[i].sectors / SECTORS));
    memset(world_disk[*block], 0xee, PAGE_SIZE);
    world_owner[*block] = 0;
    world_blocks_free++;
    *block = 0;
}

int backend_size(uint64_t inode, uint64_t *bytes)
{
    *bytes = world_files[inode].stored_size;
    return 0;
}

int backend_set_size(uint64_t inode, uint64_t bytes)
{
    CHECK(inode && inode <= INODES);
    struct world_file *file = &world_files[inode];
    if (bytes < file->stored_size) /* blocks behind a smaller size stay, as vfs has it */
        for (uint64_t i = (bytes + PAGE_SIZE - 1) / PAGE_SIZE; i < FILE_PAGES; i++)
            free_block(&file->block[i]);
    file->stored_size = bytes;
    return 0;
}

int backend_commit(uint64_t inode, bool data_only)
{
    (void)data_only;
    CHECK(inode <= INODES);
    return 0;
}

/* ---- The device ---- */

uint8_t *backend_data(uint32_t data_page)
{
    return data[data_page];
}

void backend_submit(uint32_t tag, uint32_t operation, uint64_t sector, uint64_t sectors,
                    uint32_t data_page)
{
    struct world_io io = {true, tag, operation, data_page, sector, sectors};
    CHECK(data_page + sectors / SECTORS <= DATA_PAGES);
    CHECK(tag < TRANSFERS && !ios[tag].used);
    for (unsigned i = 0; i < TRANSFERS; i++) /* no two at work on one data page or block */
        if (ios[i].used && ios[i].sectors && sectors) {
            CHECK(data_page >= ios[i].data_page + ios[i].sectors / SECTORS ||
                  ios[i].data_page >= data_page + sectors / SECTORS);
            CHECK(!(operation == BLOCK_WRITE && ios[i].operation == BLOCK_WRITE) ||
                  sector >= ios[i].sector + ios[i].sectors || ios[i].sector >= sector + sectors);
        }
    ios[tag] = io;
    world_under_way++;
    world_reads += operation == BLOCK_READ;
    world_writes += operation == BLOCK_WRITE;
    world_flushes += operation == BLOCK_FLUSH;
    for (unsigned block = 0; block < BLOCKS && operation == BLOCK_FLUSH; block++) {
        is_flushing[block] = unflushed[block];
        if (unflushed[block])
            memcpy(flushing[block], world_disk[block], PAGE_SIZE);
        unflushed[block] = false;
    }
    world_io_pages += sectors / SECTORS;
}

static void transfer(const struct world_io *io)
{
    for (uint64_t i = 0; i < io->sectors / SECTORS; i++) {
        uint64_t block = io->sector / SECTORS + i;
        CHECK(block < BLOCKS);
        if (io->operation == BLOCK_READ) {
            memcpy(data[io->data_page + i], world_disk[block], PAGE_SIZE);
            continue;
        }
        CHECK(world_owner[block]); /* not one that was freed */
        memcpy(world_disk[block], data[io->data_page + i], PAGE_SIZE);
        unflushed[block] = true;
    }
}

static void flush(void)
{
    for (unsigned block = 0; block < BLOCKS; block++)
        if (is_flushing[block])
            memcpy(world_stable[block], flushing[block], PAGE_SIZE);
}

void world_complete(unsigned which)
{
    unsigned i = 0;
    CHECK(world_under_way);
    for (which %= world_under_way;; i++)
        if (ios[i].used && !which--)
            break;
    struct world_io io = ios[i];
    bool fails = io.sectors && (world_dead || unit_random_below(100) < world_error_percent);
    if (!fails && io.sectors)
        transfer(&io);
    if (io.operation == BLOCK_FLUSH)
        flush();
    ios[i].used = false;
    world_under_way--;
    cache_completed(io.tag, fails ? -EIO : 0);
}

void world_complete_all(void)
{
    for (unsigned steps = 0; world_under_way; steps++) {
        CHECK(steps < 100000);
        world_complete((unsigned)unit_random_below(TRANSFERS));
    }
}

/* ---- Clients ---- */

void backend_answer(void *client, uint32_t tag, int error, uint64_t w0)
{
    CHECK(client == world_answers && tag < ANSWERS && !world_answers[tag].there);
    CHECK(error <= 0);
    world_answers[tag] = (struct world_answer){true, error, w0};
    if (world_answered)
        world_answered(tag);
}

void world_request(uint32_t tag, uint32_t operation, uint64_t w0, uint64_t w1, uint64_t w2,
                   uint64_t w3, uint64_t w4)
{
    world_answers[tag].there = false;
    cache_request(world_answers, tag, operation, (uint64_t[7]){w0, w1, w2, w3, w4});
}
