/*
 * clone_races.c: the family changes between a fault and its answer. The test itself
 * is the pager here.
 */
#include "clone.h"

#define COPY (SUPPLY_COPY | SUPPLY_WRITABLE)
#define ZERO (SUPPLY_ZERO | SUPPLY_WRITABLE)

/* Pages at SHARED of this space and of its clone. */
struct family {
    handle pager, parent, child, space, thread;
    struct worker *worker;
    uint64_t frames; /* of pages, when it was made */
};

static struct worker writer; /* its stack, made before, is the clone's, too */
static char *writer_stack;

static volatile uint64_t *word_at(uint64_t page)
{
    return (volatile uint64_t *)(SHARED + page * PAGE_SIZE);
}

static int64_t write_page(uint64_t page)
{
    *word_at(page) = 100 + page;
    return (int64_t)*word_at(page);
}

static int64_t read_page(uint64_t page)
{
    return (int64_t)*word_at(page);
}

/* All pages of the parent are there, supplied as `how` says. */
static struct family family_new(uint64_t how)
{
    struct family family = {.pager = create_endpoint(LEVEL_ANON), .frames = ledger_now().page};
    handle zeroes = create_wired(1, 0);

    family.parent = create_object(family.pager, 1, SHARED_PAGES, 0);
    family.child = create_object(family.pager, 2, SHARED_PAGES, 0);
    family.space = space_create(HANDLE_POOL, LEVEL_ROOT, 0, 31);
    CHECK_IS(region_map(HANDLE_SPACE, SHARED, SHARED_PAGES, READ_WRITE, family.parent, 0, 0, 0), 0);
    for (uint64_t i = 0; i < SHARED_PAGES; i++)
        CHECK_IS(page_supply_unasked(family.parent, how, i, 1, how & 0xff ? zeroes : 0, 0), 0);
    if (how & SUPPLY_WRITABLE)
        for (uint64_t i = 0; i < SHARED_PAGES; i++)
            *word_at(i) = i;
    handle_close(zeroes);
    return family;
}

static void family_clone(struct family *family)
{
    CHECK_IS(region_clone(HANDLE_SPACE, family->space, family->parent, family->child), 0);
}

/* The clone runs this; it waits for its pager when this returns, also if a tick came between. */
static void child_begin(struct family *family, int64_t (*run)(uint64_t), uint64_t argument)
{
    family->thread = thread_create(family->space, 0, PRIORITY_ABOVE, 0);
    writer = (struct worker){.run = run, .argument = argument};
    CHECK_IS(worker_begin(family->thread, (uintptr_t)writer_stack + 2 * PAGE_SIZE, &writer), 0);
    sleep_for(1);
}

static void child_expect(struct family *family, int64_t result)
{
    sleep_for(1);
    CHECK(writer.done);
    CHECK_IS(writer.result, result);
    handle_close(family->thread);
}

static void family_free(struct family *family)
{
    CHECK_IS(region_unmap(HANDLE_SPACE, SHARED, SHARED_PAGES, 0), 0);
    space_ctl(family->space, SPACE_KILL, 0, 0);
    handle_close(family->space);
    handle_close(family->parent);
    handle_close(family->child);
    handle_close(family->pager);
    CHECK_IS(ledger_now().page, family->frames);
}

static struct message expect_fault(const struct family *family, uint64_t index, uint64_t flags)
{
    struct message fault = {0};

    CHECK_IS(take(family->pager, &fault), KIND_FAULT | flags);
    CHECK_IS(fault.w[1], index);
    return fault;
}

static int64_t answer(const struct message *fault, uint64_t how)
{
    return page_supply_only(fault->request, how, fault->w[1], 1, 0, 0);
}

/* The other side lets go after the question: a copy is still right, the page itself is as well. */
static void sole_meanwhile(uint64_t how)
{
    struct family family = family_new(ZERO);
    struct message fault;

    family_clone(&family);
    child_begin(&family, write_page, 3);
    fault = expect_fault(&family, 3, FAULT_WRITE | FAULT_COW);
    CHECK_IS(page_reclaim(family.parent, 0, SHARED_PAGES, RECLAIM_DISCARD), SHARED_PAGES);
    CHECK_IS(answer(&fault, how), 0);
    child_expect(&family, 103);
    CHECK_IS(ledger_now().page - family.frames, SHARED_PAGES);
    family_free(&family);
}

/* A clone is made after the question: who asked as the last owner is that no more. */
static void shared_meanwhile(void)
{
    struct family family = family_new(SUPPLY_COPY); /* read-only: the pager hears of each write */
    struct message fault;
    uint64_t frames;
    struct worker worker;

    worker_start(&worker, write_page, 2, PRIORITY_ABOVE);
    fault = expect_fault(&family, 2, FAULT_WRITE | FAULT_COW | FAULT_SOLE);
    family_clone(&family);
    CHECK_IS(answer(&fault, SUPPLY_UPGRADE | SUPPLY_WRITABLE), -EAGAIN);
    CHECK_IS(answer(&fault, COPY), 0);
    CHECK_IS(worker_finish(&worker), 102);
    frames = ledger_now().page;
    child_begin(&family, read_page, 2);
    child_expect(&family, 0);
    child_begin(&family, write_page, 2);
    fault = expect_fault(&family, 2, FAULT_WRITE | FAULT_COW | FAULT_SOLE);
    CHECK_IS(answer(&fault, SUPPLY_UPGRADE | SUPPLY_WRITABLE), 0);
    child_expect(&family, 102);
    CHECK_IS(ledger_now().page, frames);
    family_free(&family);
}

/* A page that was asked for when the clone was made: each side gets one of its own. */
static void absent_meanwhile(void)
{
    struct family family = family_new(ZERO);
    struct message fault, childs;
    struct worker worker;

    CHECK_IS(page_reclaim(family.parent, 5, 1, RECLAIM_DISCARD), 1);
    worker_start(&worker, write_page, 5, PRIORITY_ABOVE);
    fault = expect_fault(&family, 5, FAULT_WRITE);
    family_clone(&family);
    child_begin(&family, read_page, 5);
    childs = expect_fault(&family, 5, 0);
    CHECK_IS(childs.w[0], 2);
    CHECK_IS(answer(&fault, ZERO), 0);
    CHECK_IS(worker_finish(&worker), 105);
    CHECK_IS(answer(&childs, ZERO), 0);
    child_expect(&family, 0);
    family_free(&family);
}

/* Both sides write the same page at the same time: two copies, or one and the page itself. */
static void both_at_once(void)
{
    struct family family = family_new(ZERO);
    struct message parents, childs;
    struct worker worker;

    family_clone(&family);
    worker_start(&worker, write_page, 1, PRIORITY_ABOVE);
    parents = expect_fault(&family, 1, FAULT_WRITE | FAULT_COW);
    child_begin(&family, write_page, 1);
    childs = expect_fault(&family, 1, FAULT_WRITE | FAULT_COW);
    CHECK_IS(answer(&childs, COPY), 0);
    CHECK_IS(answer(&parents, COPY), 0);
    CHECK_IS(worker_finish(&worker), 101);
    child_expect(&family, 101);
    CHECK_IS(ledger_now().page - family.frames, SHARED_PAGES + 1);
    family_free(&family);
}

/* The child is killed while its copy is being made: the answer is too late, the page is the
 * parent's. */
static void killed_meanwhile(void)
{
    struct family family = family_new(ZERO);
    struct message fault;

    family_clone(&family);
    child_begin(&family, write_page, 1);
    fault = expect_fault(&family, 1, FAULT_WRITE | FAULT_COW);
    CHECK_IS(space_ctl(family.space, SPACE_KILL, 0, 0), 0);
    handle_close(family.thread);
    CHECK_IS(answer(&fault, COPY), -ESTALE);
    CHECK_IS(handle_close(family.child), 0);
    *word_at(1) = 7; /* in place: nobody else would answer */
    CHECK_IS(ledger_now().page - family.frames, SHARED_PAGES);
    family.child = create_object(family.pager, 2, SHARED_PAGES, 0);
    family_free(&family);
}

/* A zero page that both read: each that writes gets zeroes, nobody a copy. */
static void zero_pages(void)
{
    struct family family = family_new(SUPPLY_ZERO);
    struct message fault;

    family_clone(&family);
    child_begin(&family, read_page, 4);
    child_expect(&family, 0);
    child_begin(&family, write_page, 4);
    fault = expect_fault(&family, 4, FAULT_WRITE);
    CHECK_IS(answer(&fault, ZERO), 0);
    child_expect(&family, 104);
    CHECK_IS(*word_at(4), 0);
    CHECK_IS(ledger_now().page - family.frames, 1);
    family_free(&family);
}

void clone_races(void)
{
    writer_stack = pages_new(2);
    sole_meanwhile(COPY);
    sole_meanwhile(SUPPLY_UPGRADE | SUPPLY_WRITABLE);
    shared_meanwhile();
    absent_meanwhile();
    both_at_once();
    killed_meanwhile();
    zero_pages();
}
