// sources: kernel/vm/slot.c kernel/vm/object.c kernel/vm/reclaim.c kernel/vm/region.c
// sources: kernel/vm/map.c kernel/arch/translation.c
// sources: tests/unit/stubs/vm.c tests/unit/arena.c kernel/mm/*.c
#include "entry/dispatch.h"
#include "task/space.h"
#include "vm.h"
#include "vm/fault.h"
#include "vm/region.h"

#define BASE    0x7ff80000ul
#define PAGES   2000
#define THREADS 40
#define HANDLE  1

static struct space space;
static struct object *object;
static struct thread caller, threads[THREADS];
static bool there[PAGES]; /* the model: pages with contents */

static void begin(void)
{
    if (memory_init()) {
        regions_init();
        objects_init();
    }
    memory_begin(UINT64_MAX);
    space = (struct space){.pool = payer};
    caller = (struct thread){.space = &space};
    object = object_new(payer, OBJECT_PAGED, PAGES);
    object->object.refs = 1;
    handle_give(&space.handles, HANDLE, &object->object, KERNEL_OBJECT_OBJECT, RIGHT_MANAGE);
    CHECK_EQUAL(translation_init(&space.translation, payer->pool), 0);
    CHECK_EQUAL(region_add(&space, BASE, PAGES * PAGE_SIZE, MAP_READ, 7, object, 0, NULL, 0), 0);
    memset(there, 0, sizeof there);
    memset(threads, 0, sizeof threads);
    stub_retried = stub_interrupts = 0;
    stub_retry = NULL;
}

static void end(void)
{
    stub_retry = NULL;
    region_free(region_at(&space, BASE));
    while (!object_destroy_step(object))
        ;
    CHECK(!object->waiters);
    payer->object.refs++; /* object_free gives up the object's; the test keeps its own */
    object_free(object);
    payer->object.refs--;
    while (!translation_destroy_step(&space.translation))
        ;
    memory_end();
}

static void supply(uint64_t first, uint64_t pages)
{
    for (uint64_t index = first; index < first + pages && index < PAGES; index++) {
        struct chunk *chunk = chunk_for(object, index, true);
        slot value = *chunk_slot(chunk, index);
        if (there[index])
            continue;
        value &= SLOT_BUSY;
        value |= unit_random_below(4) ? object_frame(object, index) << PAGE_SHIFT | SLOT_RESIDENT
                                      : SLOT_ZERO;
        slot_set(chunk, index, value);
        there[index] = true;
    }
    CHECK_EQUAL(region_populate(region_at(&space, BASE), BASE, PAGES, true), 0);
}

/* What is there is mapped; what is not, is not; the frames are those of what is there. */
static void compare(void)
{
    uint64_t count = 0;
    for (uint64_t index = 0; index < PAGES; index++) {
        CHECK_EQUAL(object_page(object, index) != 0, there[index]);
        CHECK_EQUAL(translation_lookup(&space.translation, BASE + index * PAGE_SIZE) &
                        ENTRY_ADDRESS,
                    object_page(object, index));
        count += there[index];
    }
    CHECK_EQUAL(object->resident, count);
    CHECK_EQUAL(space.resident, count);
}

static int64_t reclaim(uint64_t first, uint64_t pages)
{
    return call_until_done(call_page_reclaim, &caller,
                           (uint64_t[8]){HANDLE, first, pages, RECLAIM_DISCARD});
}

static uint64_t model_forget(uint64_t first, uint64_t pages)
{
    uint64_t count = 0;
    for (uint64_t index = first; index < first + pages; index++) {
        count += there[index];
        there[index] = false;
    }
    return count;
}

TEST(pages_taken_back_are_nowhere_any_more_and_all_others_stay)
{
    begin();
    for (unsigned step = 0; step < 200; step++) {
        stub_interrupts = (unsigned)unit_random_below(3);
        supply(unit_random_below(PAGES), unit_random_below(unit_random_below(4) ? 70 : 700));
        compare();
        uint64_t first = unit_random_below(PAGES);
        uint64_t pages = 1 + unit_random_below(PAGES - first);
        uint64_t count = model_forget(first, pages);
        CHECK_EQUAL(reclaim(first, pages), count);
        compare();
    }
    end();
}

/* ---- Cleaning ---- */

static struct space other; /* shows the object, too, from its page OTHER_FIRST on, writable */
#define OTHER_BASE  0x10000000ul
#define OTHER_FIRST 100

/* Writes to some pages that are there in frames, as faults would: dirty, and writable at once. */
static void write_some(bool dirty[PAGES])
{
    for (uint64_t index = OTHER_FIRST; index < PAGES; index++) {
        slot *at = there[index] ? chunk_slot(chunk_for(object, index, false), index) : NULL;
        if (!at || (*at & SLOT_STATE) != SLOT_RESIDENT || unit_random_below(3))
            continue;
        *at |= SLOT_WRITABLE | (unit_random_below(2) ? SLOT_DIRTY : 0);
        dirty[index] = *at & SLOT_DIRTY;
    }
    other.resident -= translation_clear(&other.translation, OTHER_BASE, PAGES - OTHER_FIRST);
    CHECK_EQUAL(
        region_populate(region_at(&other, OTHER_BASE), OTHER_BASE, PAGES - OTHER_FIRST, true), 0);
}

/* An entry is writable where the page is dirty, and nowhere else. */
static void compare_entries(const bool dirty[PAGES])
{
    for (uint64_t index = OTHER_FIRST; index < PAGES; index++) {
        uint64_t entry =
            translation_lookup(&other.translation, OTHER_BASE + (index - OTHER_FIRST) * PAGE_SIZE);
        CHECK_EQUAL(entry && !(entry & ENTRY_READONLY), dirty[index]);
        CHECK_EQUAL(entry & ENTRY_ADDRESS, object_page(object, index));
    }
}

TEST(cleaned_pages_are_told_once_and_writable_nowhere)
{
    static uint64_t words[MESSAGE_WORDS_MAX];
    bool dirty[PAGES] = {false};
    begin();
    other = (struct space){.pool = payer};
    caller.message_page = (char *)words;
    CHECK_EQUAL(translation_init(&other.translation, payer->pool), 0);
    CHECK_EQUAL(region_add(&other, OTHER_BASE, (PAGES - OTHER_FIRST) * PAGE_SIZE,
                           MAP_READ | MAP_WRITE, 7, object, OTHER_FIRST, NULL, 0),
                0);
    for (unsigned step = 0; step < 100; step++) {
        stub_interrupts = (unsigned)unit_random_below(3);
        supply(unit_random_below(PAGES), unit_random_below(300));
        write_some(dirty);
        compare_entries(dirty);
        uint64_t first = unit_random_below(PAGES), pages = 1 + unit_random_below(PAGES - first);
        memset(words, 0xaa, sizeof words);
        CHECK_EQUAL(call_until_done(call_page_reclaim, &caller,
                                    (uint64_t[8]){HANDLE, first, pages, RECLAIM_CLEAN}),
                    0);
        for (uint64_t i = 0; i < pages; i++) {
            slot value = object_slot(object, first + i);
            CHECK_EQUAL(words[i / 64] >> i % 64 & 1, dirty[first + i]);
            CHECK_EQUAL(value & (SLOT_WRITABLE | SLOT_DIRTY), 0);
            dirty[first + i] = false;
        }
        if (pages % 64)
            CHECK_EQUAL(words[pages / 64] >> pages % 64, 0);
        CHECK_EQUAL(words[(pages + 63) / 64], 0xaaaaaaaaaaaaaaaa);
        compare_entries(dirty);
        compare();
    }
    caller.message_page = NULL;
    region_free(region_at(&other, OTHER_BASE));
    while (!translation_destroy_step(&other.translation))
        ;
    end();
}

static int64_t resize(uint64_t pages)
{
    return call_until_done(call_page_reclaim, &caller,
                           (uint64_t[8]){HANDLE, pages, 0, RECLAIM_RESIZE});
}

TEST(what_lies_beyond_a_new_size_is_nowhere_any_more)
{
    begin();
    for (unsigned step = 0; step < 200; step++) {
        stub_interrupts = (unsigned)unit_random_below(3);
        supply(unit_random_below(PAGES), unit_random_below(unit_random_below(4) ? 70 : 700));
        uint64_t size = unit_random_below(PAGES + 1);
        CHECK_EQUAL(resize(size), 0);
        CHECK_EQUAL(object->pages, size);
        model_forget(size, PAGES - size);
        CHECK_EQUAL(resize(PAGES), 0);
        compare();
    }
    CHECK_EQUAL(resize(PAGES_MAX + 1), -EINVAL);
    end();
}

/* As region_unmap does it; nothing is mapped here. */
TEST(pages_nobody_maps_are_discarded_over_any_number_of_chunks)
{
    begin();
    for (unsigned step = 0; step < 200; step++) {
        supply(unit_random_below(PAGES), unit_random_below(500));
        uint64_t first = unit_random_below(PAGES), pages = unit_random_below(PAGES - first) + 1;
        space.resident -= translation_clear(&space.translation, BASE, PAGES);
        object_discard_unmapped(object, first, pages);
        model_forget(first, pages);
        CHECK_EQUAL(region_populate(region_at(&space, BASE), BASE, PAGES, true), 0);
        compare();
    }
    end();
}

TEST(bad_ranges_are_refused)
{
    begin();
    CHECK_EQUAL(reclaim(0, 0), -EINVAL);
    CHECK_EQUAL(reclaim(PAGES, 1), -EINVAL);
    CHECK_EQUAL(reclaim(0, PAGES + 1), -EINVAL);
    CHECK_EQUAL(reclaim(1, UINT64_MAX), -EINVAL);
    CHECK_EQUAL(reclaim(UINT64_MAX, 2), -EINVAL);
    CHECK_EQUAL(call_until_done(call_page_reclaim, &caller, (uint64_t[8]){HANDLE, 0, 1, 77}),
                -ENOSYS);
    CHECK_EQUAL(call_until_done(call_page_reclaim, &caller, (uint64_t[8]){9, 0, 1, 1}), -EBADF);
    CHECK_EQUAL(reclaim(0, PAGES), 0);
    end();
}

/* ---- Threads that wait for a page ---- */

static void wait_for(struct thread *thread, uint64_t index)
{
    struct chunk *chunk = chunk_for(object, index, true);
    slot_set(chunk, index, *chunk_slot(chunk, index) | SLOT_BUSY);
    fault_wait(thread, object, index);
    thread->state = THREAD_STATE_PAGE;
}

static uint64_t waiting(void)
{
    uint64_t count = 0;
    const struct thread *previous = NULL;
    for (const struct thread *at = object->waiters; at; previous = at, at = at->fault_next) {
        CHECK(at->fault_previous == previous && at->fault_object == object);
        CHECK(++count <= THREADS);
    }
    return count;
}

static void any_waiters(void)
{
    for (unsigned i = 0; i < THREADS; i++)
        wait_for(&threads[i], unit_random_below(PAGES));
}

/* Asks anew for the same page at once, as one does whose system call waits for it. */
static void ask_again(struct thread *thread)
{
    CHECK(stub_retried <= THREADS);
    wait_for(thread, thread->fault_index);
}

TEST(who_waits_for_a_page_that_is_taken_back_looks_again_once)
{
    for (unsigned round = 0; round < 50; round++) {
        begin();
        any_waiters();
        supply(0, PAGES);
        stub_retry = round % 2 ? ask_again : NULL;
        uint64_t first = unit_random_below(PAGES), pages = 1 + unit_random_below(PAGES - first);
        unsigned inside = 0;
        for (unsigned i = 0; i < THREADS; i++)
            inside += threads[i].fault_index - first < pages;
        CHECK_EQUAL(reclaim(first, pages), pages);
        CHECK_EQUAL(stub_retried, inside);
        CHECK_EQUAL(waiting(), stub_retry ? THREADS : THREADS - inside);
        for (unsigned i = 0; i < THREADS; i++)
            CHECK_EQUAL(threads[i].state == THREAD_STATE_READY,
                        !stub_retry && threads[i].fault_index - first < pages);
        end();
    }
}

TEST(a_page_that_comes_wakes_those_who_wait_for_it)
{
    begin();
    any_waiters();
    uint64_t index = threads[0].fault_index;
    threads[1].state = THREAD_STATE_ANSWER; /* asked itself: it hears from its pager */
    threads[1].fault_index = index;
    unsigned wanted = 0;
    for (unsigned i = 0; i < THREADS; i++)
        wanted += threads[i].fault_index == index && i != 1;
    object_wake(object, index);
    CHECK_EQUAL(stub_retried, wanted);
    object_wake(object, ~0ul);
    CHECK_EQUAL(stub_retried, THREADS - 1);
    CHECK_EQUAL(waiting(), 1);
    end();
    CHECK_EQUAL(stub_retried, THREADS);
}
