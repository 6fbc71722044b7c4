// sources: kernel/vm/slot.c kernel/vm/object.c kernel/vm/reclaim.c kernel/vm/region.c
// sources: kernel/vm/map.c kernel/arch/translation.c
// sources: tests/unit/stubs/vm.c tests/unit/arena.c kernel/mm/*.c
#include "vm.h"
#include "vm/region.h"

#define MODEL_PAGES 2000

static struct object *object;

/* ---- The model: a slot for every page, and which pages have a chunk ---- */

static slot model[MODEL_PAGES];
static bool chunk_exists[MODEL_PAGES / CHUNK_SMALL + 1]; /* by first index / CHUNK_SMALL */

static uint64_t size_of_chunks(void)
{
    return object->pages <= 64 ? 64 : 512;
}

static bool *exists_for(uint64_t index)
{
    return &chunk_exists[index / size_of_chunks() * size_of_chunks() / CHUNK_SMALL];
}

/* Pagers are told: there is contents to read. */
static bool is_resident(slot value)
{
    return (value & SLOT_STATE) == SLOT_RESIDENT || (value & SLOT_STATE) == SLOT_ZERO;
}

static bool model_has_frame(uint64_t index)
{
    return (model[index] & SLOT_STATE) == SLOT_RESIDENT;
}

/* ---- Comparing ---- */

/* Slots, counts and bitmap of the chunk at `first`. Returns its resident slots. */
static uint64_t check_chunk(const struct chunk *chunk, uint64_t first)
{
    uint64_t used = 0, resident = 0, tokens = 0, size = size_of_chunks();
    CHECK(chunk->object == object);
    CHECK_EQUAL(chunk->node.key, first);
    CHECK_EQUAL(chunk->size, size);
    for (uint64_t i = 0; i < size; i++) {
        slot value = first + i < object->pages ? model[first + i] : SLOT_EMPTY;
        CHECK_EQUAL(chunk->slots[i], value);
        CHECK_EQUAL(chunk->resident[i / 64] >> i % 64 & 1, is_resident(value));
        used += value != 0;
        resident += is_resident(value);
        tokens += (value & SLOT_STATE) == SLOT_TOKEN;
    }
    CHECK_EQUAL(chunk->used, used);
    CHECK_EQUAL(chunk->tokens, tokens);
    return resident;
}

static void compare(void)
{
    uint64_t resident = 0, frames = 0, chunks = 0, size = size_of_chunks();
    struct tree_node *node = tree_first(&object->chunks);
    for (uint64_t first = 0; first < object->pages; first += size) {
        if (!*exists_for(first))
            continue;
        CHECK(node);
        resident += check_chunk(tree_entry(node, struct chunk, node), first);
        node = tree_next(node);
        chunks++;
    }
    CHECK(!node);
    CHECK_EQUAL(object->resident, resident);
    for (uint64_t i = 0; i < object->pages; i++)
        frames += model_has_frame(i);
    CHECK_EQUAL(paid()->own, frames + (size == CHUNK_SLOTS ? chunks : 0));
}

/* What is answered about one page. */
static void check_page(uint64_t index)
{
    struct chunk *chunk = chunk_for(object, index, false);
    CHECK_EQUAL(chunk != NULL, *exists_for(index));
    CHECK(chunk == chunk_find(object, index));
    CHECK_EQUAL(object_page(object, index), model_has_frame(index) ? model[index] & SLOT_ADDRESS
                                            : is_resident(model[index]) ? zero_page
                                                                        : 0);
}

/* ---- Random operations ---- */

static struct chunk *chunk_there(uint64_t index)
{
    struct chunk *chunk = chunk_for(object, index, true);
    CHECK(chunk);
    *exists_for(index) = true;
    return chunk;
}

static void drop_frame(slot value)
{
    if ((value & SLOT_STATE) == SLOT_RESIDENT)
        pool_free_frame((value & SLOT_ADDRESS) >> PAGE_SHIFT);
}

/* Any slot value over any other, as supply and fault put them. */
static void random_set(void)
{
    uint64_t index = unit_random_below(object->pages);
    slot value = unit_random_below(128), old = model[index];
    struct chunk *chunk = chunk_there(index);
    if ((value & SLOT_STATE) == SLOT_RESIDENT)
        value |= object_frame(object, index) << PAGE_SHIFT;
    else if ((value & SLOT_STATE) == SLOT_TOKEN)
        value |= unit_random() << 12;
    else
        value &= SLOT_STATE | SLOT_BUSY;
    slot_set(chunk, index, value);
    drop_frame(old);
    model[index] = value;
}

static void random_slot_discard(void)
{
    uint64_t index = unit_random_below(object->pages);
    slot_discard(chunk_there(index), index);
    model[index] &= SLOT_BUSY;
}

/* As a pager's page_reclaim: a range inside one chunk. */
static void random_discard(void)
{
    uint64_t index = unit_random_below(object->pages), size = size_of_chunks(), count = 0;
    uint64_t room = size - index % size, pages = 1 + unit_random_below(room);
    bool used = false;
    for (uint64_t i = index; i < index + pages && i < object->pages; i++)
        if (model[i] & SLOT_STATE) {
            model[i] &= SLOT_BUSY;
            count++;
        }
    CHECK_EQUAL(object_discard(object, index, pages), count);
    for (uint64_t i = index - index % size; i < index + room && i < object->pages; i++)
        used |= model[i] != 0;
    *exists_for(index) &= used;
}

static void begin(uint64_t pages, uint64_t limit)
{
    if (memory_init())
        objects_init();
    memory_begin(limit);
    memset(model, 0, sizeof model);
    memset(chunk_exists, 0, sizeof chunk_exists);
    object = object_new(payer, OBJECT_PAGED, pages);
}

/* Destroys the object in steps, each of at most 64 pages and a chunk. */
static void end(void)
{
    if (object) {
        uint64_t before = paid()->own;
        while (!object_destroy_step(object)) {
            CHECK(before - paid()->own <= 65);
            before = paid()->own;
        }
        CHECK_EQUAL(object->resident, 0);
        CHECK_EQUAL(payer->object.refs, 2);
        object_free(object);
    }
    memory_end();
}

TEST(slots_keep_the_counts_and_the_bitmap_that_pagers_are_told)
{
    static const uint64_t sizes[] = {1, 63, 64, 65, 512, 513, MODEL_PAGES};
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        begin(sizes[i], UINT64_MAX);
        for (unsigned step = 0; step < 3000; step++) {
            unsigned what = (unsigned)unit_random_below(step / 300 % 2 ? 12 : 10);
            if (what < 7)
                random_set();
            else if (what < 9)
                random_slot_discard();
            else
                random_discard();
            check_page(unit_random_below(object->pages));
            if (step % 10 == 0)
                compare();
        }
        compare();
        end();
    }
}

TEST(an_object_ends_whatever_its_slots_say)
{
    begin(600, UINT64_MAX);
    for (slot value = 0; value < 64; value++)
        slot_set(chunk_there(value * 9), value * 9,
                 value | ((value & SLOT_STATE) == SLOT_RESIDENT
                              ? object_frame(object, value * 9) << PAGE_SHIFT
                              : 0));
    end();
}

TEST(a_frame_that_two_slots_name_goes_with_the_second)
{
    begin(100, UINT64_MAX);
    frame_number number = object_frame(object, 3);
    slot value = number << PAGE_SHIFT | SLOT_RESIDENT;
    frame_of(number)->refs++;
    slot_set(chunk_there(3), 3, value);
    slot_set(chunk_there(90), 90, value);
    slot_discard(object->last, 3);
    CHECK_EQUAL(frame_of(number)->refs, 1);
    CHECK_EQUAL(paid()->own, 2);
    CHECK_EQUAL(object_discard(object, 64, 30), 1);
    CHECK_EQUAL(paid()->own, 0);
    end();
}

TEST(nothing_is_found_beyond_an_object)
{
    begin(64, UINT64_MAX);
    slot_set(chunk_there(63), 63, SLOT_ZERO);
    CHECK_EQUAL(object_page(object, 63), zero_page);
    CHECK_EQUAL(object_page(object, 64), 0);
    CHECK_EQUAL(object_page(object, UINT64_MAX), 0);
    CHECK(!chunk_for(object, 64, false));
    end();
}

TEST(a_range_has_every_page_and_no_slot)
{
    begin(10, UINT64_MAX);
    object->kind = OBJECT_RANGE;
    object->base = 0x9000000;
    CHECK_EQUAL(object_page(object, 0), 0x9000000);
    CHECK_EQUAL(object_page(object, 9), 0x9009000);
    CHECK_EQUAL(object_page(object, 10), 0);
    CHECK_EQUAL(object_discard(object, 0, 10), 0);
    end();
}

/* ---- Wired objects ---- */

/* Every page there, zeroed, ready to be written; in steps of at most eight. */
static int64_t wire(uint64_t *done)
{
    int64_t result;
    do {
        uint64_t before = *done;
        result = object_wire_step(object, done);
        CHECK(*done - before <= 8);
    } while (result > 0);
    return result;
}

TEST(a_wired_object_has_every_page_from_the_start)
{
    static const uint64_t sizes[] = {0, 1, 7, 8, 64, 65, 600};
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint64_t done = 0;
        begin(sizes[i], UINT64_MAX);
        frame_number dirty = pool_alloc_frame(payer->pool, FRAME_PAGE, USE_KERNEL);
        memset(frame_address(dirty), 0xaa, PAGE_SIZE);
        pool_free_frame(dirty);
        CHECK_EQUAL(wire(&done), 0);
        CHECK_EQUAL(done, sizes[i]);
        CHECK_EQUAL(object->resident, sizes[i]);
        for (uint64_t index = 0; index < sizes[i]; index++) {
            slot value = *chunk_slot(chunk_for(object, index, false), index);
            CHECK_EQUAL(value & ~SLOT_ADDRESS, SLOT_RESIDENT | SLOT_WRITABLE | SLOT_DIRTY);
            static const char zeroes[PAGE_SIZE];
            CHECK(!memcmp(frame_address((value & SLOT_ADDRESS) >> 12), zeroes, PAGE_SIZE));
        }
        end();
    }
}

/* Limits of 0, 1, 2 … frames, and little and much room in the last frame of kernel objects: every
 * allocation is the one that fails once. */
TEST(wiring_fails_at_every_allocation_and_loses_nothing)
{
    for (uint64_t pages = 40; pages <= 600; pages += 560) {
        bool complete = false;
        for (uint64_t limit = 0; !complete;
             limit += pages > 64 && limit > 4 && limit < 500 ? 97 : 1)
            for (uint64_t pad = 0; pad<PAGE_SIZE; pad += pages> 64 ? 1000 : 100) {
                uint64_t done = 0;
                begin(pages, UINT64_MAX);
                object_free(object);
                CHECK_EQUAL(pool_charge_bytes(payer->pool, pad), 0);
                CHECK_EQUAL(pool_set_limit(payer->pool, limit), 0);
                object = object_new(payer, OBJECT_WIRED, pages);
                complete = object && wire(&done) == 0;
                CHECK(!object || object->resident == done);
                CHECK(!complete || done == pages);
                pool_release_bytes(payer->pool, pad);
                end();
            }
    }
}

/* The same for memory itself: the n-th frame is not there, once. */
TEST(wiring_goes_on_after_the_nth_frame_was_missing)
{
    for (uint64_t n = 1; n <= 70; n++) {
        uint64_t done = 0;
        begin(66, UINT64_MAX);
        buddy_fail_at(n);
        int64_t result = wire(&done);
        buddy_fail_at(0);
        CHECK(result == 0 || result == -ENOMEM);
        CHECK_EQUAL(object->resident, done);
        CHECK_EQUAL(wire(&done), 0);
        CHECK_EQUAL(done, 66);
        end();
    }
}
