// sources: userland/servers/file/adopt.c userland/servers/file/ahead.c
// sources: userland/servers/file/chunk.c userland/servers/file/fill.c
// sources: userland/servers/file/inode.c userland/servers/file/job.c userland/servers/file/place.c
// sources: userland/servers/file/radix.c userland/servers/file/room.c userland/servers/file/size.c
// sources: userland/servers/file/sync.c userland/servers/file/transfer.c userland/lib/wired.c
// sources: tests/unit/file_world.c
// flags: -Iuserland -Iuserland/servers/file
/*
 * Programs at random read, write and map files, truncate and sync them, are killed, while the
 * device completes in any order and fails now and then. Beside it a model: bytes of each file. What
 * a program reads is what the model has; what a SYNC answered is on the medium; in the end all is.
 */
#include "file_world.h"
#include "pages.h"

enum { FILES = 5, PROGRAMS = 12, PAGES = 160 };
#define BYTES_MOST ((uint64_t)PAGES * PAGE_SIZE)

/* A file as it must be. `lock`: its size is being changed, nobody else may be about; `users`:
 * programs in the middle of an operation on it. */
static struct model {
    uint8_t bytes[PAGES * PAGE_SIZE];
    uint64_t size;
    uint64_t written[PAGES]; /* when a byte of the page was, by the clock of steps */
    bool lock;
    unsigned users;
    unsigned errors; /* of writes of this file, that SYNCs told of */
} models[FILES + 1];

enum what { IDLE, READ_MAP, WRITE_MAP, READ, WRITE, RESIZE, SYNC };
static struct program {
    enum what what;
    unsigned file;
    uint64_t at, bytes, size; /* bytes of the operation */
    bool asked;               /* a fault or request is under way */
    uint64_t began, request;
    unsigned tries;
} programs[PROGRAMS];

static uint64_t clock_now;
static bool with_errors;

static struct world_object *object_of(unsigned file)
{
    return world_object_of(cache_find(file)->object);
}

static void check_page(const struct model *model, const struct world_page *page, uint64_t number,
                       uint64_t from, uint64_t to)
{
    if (to > model->size)
        to = model->size;
    for (uint64_t at = from; at < to; at++) {
        uint8_t is = page->bytes ? page->bytes[at % PAGE_SIZE] : 0;
        if (is != model->bytes[at])
            CHECK_EQUAL(is + (number << 8), model->bytes[at] + (number << 8));
    }
}

static void write_bytes(struct model *model, struct world_page *page, uint64_t from, uint64_t to)
{
    for (uint64_t at = from; at < to; at++)
        page->bytes[at % PAGE_SIZE] = model->bytes[at] = (uint8_t)unit_random();
    page->dirty = true;
    model->written[from / PAGE_SIZE] = clock_now;
}

/* The part of an operation that lies in its first page. Done with it: on to the next. */
static void touch(struct program *program, struct world_page *page, bool write)
{
    struct model *model = &models[program->file];
    uint64_t number = program->at / PAGE_SIZE, end = (number + 1) * PAGE_SIZE;
    if (end > program->at + program->bytes)
        end = program->at + program->bytes;
    if (write) {
        if (program->what == WRITE && end > model->size)
            model->size = end;
        write_bytes(model, page, program->at, end < model->size ? end : model->size);
    } else if (!model->lock) {
        check_page(model, page, number, program->at, end);
    }
    program->bytes -= end - program->at;
    program->at = end;
    program->tries = 0;
}

static void finish(struct program *program)
{
    struct model *model = &models[program->file];
    model->users--;
    if (program->what == RESIZE)
        model->lock = false;
    program->what = IDLE;
}

/* A program that maps: it faults, or touches the page. */
static void step_map(struct program *program)
{
    static uint64_t requests; /* each has a number of its own: late answers are to be told apart */
    struct world_object *object = object_of(program->file);
    bool write = program->what == WRITE_MAP;
    uint64_t page = program->at / PAGE_SIZE;
    if (program->asked) {
        int end = world_supply_ends[program->request];
        if (!end) {
            if (!unit_random_below(200)) { /* killed */
                world_kill(object, page);
                program->asked = false;
                finish(program);
            }
            return;
        }
        program->asked = false;
        CHECK(end == 1 || end == -EINTR || (with_errors && end == -EIO) ||
              models[program->file].lock);
        if (end < 0 && end != -EINTR)
            return finish(program);
    }
    if (!program->bytes || page >= object->pages || program->at >= models[program->file].size)
        return finish(program);
    if (object->page[page].request)
        return; /* somebody else waits for it already: so does this one */
    program->request = ++requests % REQUESTS;
    if (!program->request || !world_access(object, page, write, program->request))
        program->asked = program->request;
    else
        touch(program, &object->page[page], write);
}

/* A program that reads or writes: what is missing is asked for. */
static void step_copy(struct program *program, unsigned number)
{
    struct world_object *object = object_of(program->file);
    struct model *model = &models[program->file];
    bool write = program->what == WRITE;
    if (program->asked) {
        if (!world_answers[number].there)
            return;
        program->asked = false;
        CHECK(program->tries++ < 1000);
        int error = world_answers[number].error;
        CHECK(!error || (with_errors && error == -EIO));
        if (error)
            return finish(program);
    }
    if (!program->bytes || (!write && program->at >= model->size))
        return finish(program);
    struct world_page *page = &object->page[program->at / PAGE_SIZE];
    bool there = page->bytes || (page->zero && !write);
    if (program->at / PAGE_SIZE < object->pages && there && (!write || page->writable) &&
        cache_find(program->file)->size >= (write ? program->at + program->bytes : 0)) {
        touch(program, page, write);
        return;
    }
    uint64_t first = program->at / PAGE_SIZE;
    uint64_t last = (program->at + program->bytes - 1) / PAGE_SIZE;
    bool whole = write && program->at >= model->size && !(program->at % PAGE_SIZE) &&
                 !(program->bytes % PAGE_SIZE);
    program->asked = true;
    world_request(number, FILE_FILL, program->file, first, last - first + 1,
                  (write ? FILE_FILL_WRITE : 0) | (whole ? FILE_FILL_WHOLE : 0),
                  write ? program->at + program->bytes : 0);
}

static void step_resize(struct program *program, unsigned number)
{
    struct model *model = &models[program->file];
    if (!program->asked) {
        if (model->users > 1)
            return;
        program->asked = true;
        world_request(number, FILE_RESIZE, program->file, program->size, 0, 0, 0);
    }
    if (!world_answers[number].there)
        return;
    program->asked = false;
    CHECK(!world_answers[number].error || (with_errors && program->size > model->size));
    if (!world_answers[number].error) {
        for (uint64_t at = program->size; at < model->size; at++)
            model->bytes[at] = 0;
        model->size = program->size;
    }
    finish(program);
}

/* What was not written since is on the medium as the model has it. */
static void check_stable(unsigned file, uint64_t until)
{
    struct model *model = &models[file];
    for (uint64_t page = 0; page * PAGE_SIZE < model->size; page++) {
        uint32_t block = world_files[file].block[page];
        if (model->written[page] > until)
            continue;
        for (unsigned i = 0; i < PAGE_SIZE && page * PAGE_SIZE + i < model->size; i++)
            CHECK_EQUAL(block ? world_stable[block][i] : 0, model->bytes[page * PAGE_SIZE + i]);
    }
}

/* At the moment of the answer: a cut of power now loses nothing of it. */
static void answered(uint32_t tag)
{
    if (tag < PROGRAMS && programs[tag].what == SYNC && !world_answers[tag].error &&
        !models[programs[tag].file].lock)
        check_stable(programs[tag].file, programs[tag].began);
}

static void step_sync(struct program *program, unsigned number)
{
    if (!program->asked) {
        program->asked = true;
        program->began = clock_now;
        world_request(number, FILE_SYNC, program->file, 0, 0, FILE_SYNC_METADATA, 0);
    }
    if (!world_answers[number].there)
        return;
    program->asked = false;
    CHECK(!world_answers[number].error || (with_errors && world_answers[number].error == -EIO));
    models[program->file].errors += world_answers[number].error != 0;
    finish(program);
}

static void begin(struct program *program)
{
    *program = (struct program){.file = 1 + (unsigned)unit_random_below(FILES)};
    struct model *model = &models[program->file];
    uint64_t sort = unit_random_below(100);
    program->what = sort < 20   ? READ_MAP
                    : sort < 45 ? WRITE_MAP
                    : sort < 65 ? READ
                    : sort < 90 ? WRITE
                    : sort < 95 ? RESIZE
                                : SYNC;
    if (model->lock) {
        program->what = IDLE;
        return;
    }
    program->at = unit_random_below(unit_random_below(3) ? model->size + 1 : BYTES_MOST - 1);
    program->bytes = 1 + unit_random_below(unit_random_below(4) ? 9000 : 40000);
    if (!unit_random_below(4))
        program->at &= ~(uint64_t)(PAGE_SIZE - 1);
    if (program->bytes > BYTES_MOST - program->at)
        program->bytes = BYTES_MOST - program->at;
    program->size = unit_random_below(BYTES_MOST);
    model->users++;
    if (program->what == RESIZE)
        model->lock = true;
}

static void step(unsigned number)
{
    struct program *program = &programs[number];
    switch (program->what) {
    case IDLE:
        begin(program);
        break;
    case READ_MAP:
    case WRITE_MAP:
        step_map(program);
        break;
    case READ:
    case WRITE:
        step_copy(program, number);
        break;
    case RESIZE:
        step_resize(program, number);
        break;
    case SYNC:
        step_sync(program, number);
        break;
    }
}

static void check_all(void)
{
    for (unsigned file = 1; file <= FILES; file++) {
        for (unsigned tries = 0;; tries++) { /* with errors: until one went well */
            world_request(PROGRAMS, FILE_SYNC, file, 0, 0, FILE_SYNC_METADATA, 0);
            world_complete_all();
            CHECK(world_answers[PROGRAMS].there && tries < 3);
            if (!world_answers[PROGRAMS].error)
                break;
        }
        check_stable(file, UINT64_MAX);
        CHECK_EQUAL(world_files[file].stored_size, models[file].size);
        world_request(PROGRAMS, FILE_FORGET, file, 0, 0, 0, 0);
        world_complete_all();
        CHECK(world_answers[PROGRAMS].there && !world_answers[PROGRAMS].error);
    }
    CHECK(cache_inodes() == 0 && cache_jobs() == 0 && world_frames == 0);
    CHECK(!cache.held && !cache.dirty && !cache.reading && !cache.writing);
}

static void play(uint64_t limit, unsigned error_percent, unsigned steps)
{
    world_reset(limit);
    world_pieces = true;
    world_error_percent = error_percent;
    with_errors = error_percent;
    world_answered = answered;
    memset(models, 0, sizeof models);
    memset(programs, 0, sizeof programs);
    for (unsigned file = 1; file <= FILES; file++) {
        struct inode *inode;
        struct model *model = &models[file];
        model->size = unit_random_below(BYTES_MOST);
        for (uint64_t page = 0; page * PAGE_SIZE < model->size; page++) {
            if (!unit_random_below(4))
                continue; /* a hole */
            world_put(file, page, (uint8_t)file);
            memcpy(model->bytes + page * PAGE_SIZE, world_disk[world_files[file].block[page]],
                   PAGE_SIZE);
        }
        memset(model->bytes + model->size, 0, BYTES_MOST - model->size);
        world_files[file].stored_size = model->size;
        CHECK_EQUAL(cache_open(file, 1, model->size, &inode), 0);
    }
    for (clock_now = 1; clock_now < steps; clock_now++) {
        step((unsigned)unit_random_below(PROGRAMS));
        if (world_under_way && !unit_random_below(3))
            world_complete((unsigned)unit_random_below(TRANSFERS));
        if (!unit_random_below(500)) {
            world_now += unit_random_below(TICK_PERIOD * 2);
            cache_tick();
        }
        CHECK(world_frames <= limit && cache.held + cache.reading <= limit);
        CHECK_EQUAL(cache.lost, 0);
    }
    world_error_percent = 0;
    for (unsigned left = 1000000; left; left--) { /* nothing hangs */
        bool busy = world_under_way;
        for (unsigned i = 0; i < PROGRAMS; i++) {
            busy |= programs[i].what != IDLE;
            if (programs[i].what != IDLE)
                step(i);
        }
        if (world_under_way)
            world_complete((unsigned)unit_random_below(TRANSFERS));
        if (!busy)
            break;
        CHECK(left > 1);
        clock_now++;
    }
    check_all();
}

TEST(contents_are_the_models_with_room_for_all)
{
    play(2000, 0, 40000);
}

TEST(contents_are_the_models_with_little_room)
{
    play(400, 0, 40000);
}

TEST(contents_are_the_models_in_hardly_any_room)
{
    play(256, 0, 40000);
}

TEST(a_device_that_fails_now_and_then_loses_nothing)
{
    play(500, 5, 40000);
}

TEST(frames_refused_now_and_then_are_no_harm)
{
    world_reset(300);
    play(300, 0, 100);
    for (unsigned round = 0; round < 20; round++) {
        play(300, 0, 500);
        world_refuse_frames = 1 + unit_random_below(300);
    }
}
