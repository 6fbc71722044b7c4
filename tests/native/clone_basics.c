/*
 * clone_basics.c: one parent, one child: who sees what, and what it costs.
 */
#include "clone.h"

/* Fork of `pages` dirty pages; the child writes `written` of them; then everything is back. */
static void frames_of_a_fork(uint64_t pages, uint64_t written)
{
    struct process child;
    struct ledger before, forked;
    uint64_t copies;

    pages_write(&self, (struct pages){0, pages, 1});
    before = ledger_now();
    CHECK_IS(process_fork(&self, &child, 0), 0);
    forked = ledger_now();
    CHECK_IS(forked.page - before.page, 0);
    CHECK_IS(forked.table - before.table, 1);
    CHECK_IS(forked.slot - before.slot, (pages + 511) / 512);
    copies = answers.copies;
    CHECK_IS(pages_differ(&child, (struct pages){0, pages, 1}), 0);
    CHECK_IS(ledger_now().page - before.page, 0);
    pages_write(&child, (struct pages){0, written, 2});
    CHECK_IS(ledger_now().page - before.page, written);
    CHECK_IS(answers.copies - copies, written);
    CHECK_IS(pages_differ(&child, (struct pages){0, written, 2}), 0);
    CHECK_IS(pages_differ(&child, (struct pages){written, pages - written, 1}), 0);
    CHECK_IS(pages_differ(&self, (struct pages){0, pages, 1}), 0);
    process_end(&child);
    CHECK_IS(ledger_now().page, before.page);
    CHECK_IS(ledger_now().slot, before.slot);
    CHECK_IS(ledger_now().table, before.table);
    /* The last owner writes in place: nobody is asked, nothing is copied. */
    copies = answers.copies + answers.upgrades;
    pages_write(&self, (struct pages){0, pages, 3});
    CHECK_IS(answers.copies + answers.upgrades - copies, 0);
    CHECK_IS(ledger_now().page, before.page);
    CHECK_IS(pages_differ(&self, (struct pages){0, pages, 3}), 0);
    area_forget();
}

/* The parent writes first: its pages are the new ones, the child is the last owner of the old. */
static void parent_writes_first(void)
{
    struct process child;
    struct ledger before;

    pages_write(&self, (struct pages){0, 700, 1});
    before = ledger_now();
    CHECK_IS(process_fork(&self, &child, 0), 0);
    pages_write(&self, (struct pages){100, 500, 2});
    CHECK_IS(ledger_now().page - before.page, 500);
    pages_write(&child, (struct pages){0, 600, 3});
    CHECK_IS(ledger_now().page - before.page, 600);
    CHECK_IS(pages_differ(&child, (struct pages){0, 600, 3}), 0);
    CHECK_IS(pages_differ(&child, (struct pages){600, 100, 1}), 0);
    CHECK_IS(pages_differ(&self, (struct pages){0, 100, 1}), 0);
    CHECK_IS(pages_differ(&self, (struct pages){100, 500, 2}), 0);
    CHECK_IS(pages_differ(&self, (struct pages){600, 100, 1}), 0);
    process_end(&child);
    CHECK_IS(ledger_now().page, before.page);
    area_forget();
}

/* Forked again and again, every page written in between by both. */
static void forked_again(void)
{
    struct process child;
    struct ledger before = {0};

    for (uint64_t round = 0; round < 10; round++) {
        pages_write(&self, (struct pages){0, 600, round});
        if (!round)
            before = ledger_now();
        CHECK_IS(process_fork(&self, &child, 0), 0);
        pages_write(&child, (struct pages){0, 300, 100});
        CHECK_IS(pages_differ(&child, (struct pages){300, 300, round}), 0);
        CHECK_IS(pages_differ(&self, (struct pages){0, 600, round}), 0);
        if (round % 2)
            process_end(&child);
        pages_write(&self, (struct pages){0, 450, 200});
        CHECK_IS(pages_differ(&self, (struct pages){0, 450, 200}), 0);
        if (round % 2 == 0) {
            CHECK_IS(pages_differ(&child, (struct pages){300, 300, round}), 0);
            process_end(&child);
        }
    }
    CHECK_IS(ledger_now().page, before.page);
    area_forget();
}

/* A page that nobody wrote, one that only reads as zero, and one never touched. */
static void clean_pages(void)
{
    struct process child;

    CHECK_IS(page_supply_unasked(self.object, SUPPLY_ZERO, 0, 1, 0, 0), 0);
    CHECK_IS(page_supply_unasked(self.object, SUPPLY_ZERO | SUPPLY_WRITABLE, 1, 1, 0, 0), 0);
    CHECK_IS(page_supply_unasked(self.object, SUPPLY_ZERO, 2, 1, 0, 0), 0);
    struct ledger before = ledger_now();
    CHECK_IS(process_fork(&self, &child, 0), 0);
    pages_write(&child, (struct pages){0, 4, 1});
    CHECK_IS(ledger_now().page - before.page, 4);
    pages_write(&self, (struct pages){1, 3, 2});
    CHECK_IS(ledger_now().page - before.page, 4 + 2);
    CHECK_IS(pages_differ(&child, (struct pages){0, 4, 1}), 0);
    CHECK_IS(pages_differ(&self, (struct pages){1, 3, 2}), 0);
    CHECK_IS(*(volatile uint64_t *)AREA, 0);
    process_end(&child);
    CHECK_IS(ledger_now().page - before.page, 2);
    area_forget();
}

/* Regions without rights keep their contents; their rights, and what fork is to do, are cloned. */
static void holes(void)
{
    struct process child;
    struct region_facts facts = {0};

    pages_write(&self, (struct pages){0, 100, 1});
    CHECK_IS(region_protect(HANDLE_SPACE, AREA + 20 * PAGE_SIZE, 10, 0), 0);
    CHECK_IS(region_protect(HANDLE_SPACE, AREA + 40 * PAGE_SIZE, 10, MAP_READ), 0);
    CHECK_IS(region_protect(HANDLE_SPACE, AREA + 60 * PAGE_SIZE, 5, READ_WRITE | MAP_DONTFORK), 0);
    CHECK_IS(region_protect(HANDLE_SPACE, AREA + 65 * PAGE_SIZE, 5, READ_WRITE | MAP_WIPEONFORK),
             0);
    CHECK_IS(process_fork(&self, &child, 0), 0);
    CHECK_IS(region_query(child.space, AREA + 20 * PAGE_SIZE, &facts), 0);
    CHECK_IS(facts.start, AREA + 20 * PAGE_SIZE);
    CHECK_IS(facts.pages, 10);
    CHECK_IS(facts.map, 0);
    CHECK_IS(region_query(child.space, AREA + 60 * PAGE_SIZE, &facts), 0);
    CHECK_IS(facts.start, AREA + 65 * PAGE_SIZE);
    CHECK_IS(facts.map, READ_WRITE | MAP_WIPEONFORK);
    pages_write(&self, (struct pages){65, 5, 7});
    CHECK_IS(region_protect(child.space, AREA + 20 * PAGE_SIZE, 30, READ_WRITE), 0);
    CHECK_IS(pages_differ(&child, (struct pages){0, 60, 1}), 0);
    CHECK_IS(pages_differ(&child, (struct pages){65, 5, 1}), 5);
    pages_write(&child, (struct pages){0, 60, 2});
    CHECK_IS(region_protect(HANDLE_SPACE, AREA, 100, READ_WRITE), 0);
    CHECK_IS(pages_differ(&self, (struct pages){0, 65, 1}), 0);
    CHECK_IS(pages_differ(&self, (struct pages){65, 5, 7}), 0);
    process_end(&child);
    CHECK_IS(region_query(HANDLE_SPACE, AREA, &facts), 0);
    CHECK_IS(facts.pages, AREA_PAGES); /* joined again */
    area_forget();
}

static int64_t write_shared(uint64_t value)
{
    *(volatile uint64_t *)(SHARED + 3 * PAGE_SIZE) = value;
    *(volatile uint64_t *)(SHARED + 5 * PAGE_SIZE) = value;
    return 0;
}

/* Another object stays the same one in both: written by either, before the fork or after. */
static void shared_objects(void)
{
    struct process child, grandchild;
    handle shared = create_object(pager, 2, SHARED_PAGES, 0);
    struct ledger before;

    CHECK_IS(region_map(HANDLE_SPACE, SHARED, SHARED_PAGES, READ_WRITE, shared, 0, 0, 0), 0);
    *(volatile uint64_t *)(SHARED + 3 * PAGE_SIZE) = 1;
    before = ledger_now();
    CHECK_IS(process_fork(&self, &child, 0), 0);
    CHECK_IS(process_fork(&child, &grandchild, 0), 0);
    process_run(&grandchild, write_shared, 2);
    CHECK_IS(ledger_now().page - before.page, 1);
    CHECK_IS(*(volatile uint64_t *)(SHARED + 3 * PAGE_SIZE), 2);
    CHECK_IS(*(volatile uint64_t *)(SHARED + 5 * PAGE_SIZE), 2);
    process_end(&grandchild);
    process_run(&child, write_shared, 3);
    CHECK_IS(*(volatile uint64_t *)(SHARED + 5 * PAGE_SIZE), 3);
    process_end(&child);
    CHECK_IS(region_unmap(HANDLE_SPACE, SHARED, SHARED_PAGES, 0), 0);
    handle_close(shared);
}

/* The parent's object, shown at a second place, loses the right to be written there, too. */
static void seen_twice(void)
{
    volatile uint64_t *word = (volatile uint64_t *)(SHARED + PAGE_SIZE) + 5; /* page 5 */
    struct process child;

    CHECK_IS(region_map(HANDLE_SPACE, SHARED, 8, READ_WRITE, self.object, 4, 0, 0), 0);
    pages_write(&self, (struct pages){0, 20, 1});
    *word = *word; /* may be written at both places now */
    CHECK_IS(process_fork(&self, &child, 0), 0);
    *word = 12;
    CHECK_IS(pages_differ(&self, (struct pages){0, 20, 1}), 1);
    CHECK_IS(pages_differ(&child, (struct pages){0, 20, 1}), 0);
    pages_write(&child, (struct pages){4, 8, 3});
    CHECK_IS(*word, 12);
    CHECK_IS(pages_differ(&self, (struct pages){0, 20, 1}), 1);
    process_end(&child);
    CHECK_IS(region_unmap(HANDLE_SPACE, SHARED, 8, 0), 0);
    area_forget();
}

/* mremap: the same pages at another address, in tables at once; fork and writes go on there. */
static void moved(void)
{
    struct process child;
    struct space_statistics before = {0}, after = {0};
    uint64_t sum = 0, copies;

    pages_write(&self, (struct pages){0, 300, 1});
    CHECK_IS(process_fork(&self, &child, 0), 0);
    pages_write(&self, (struct pages){0, 10, 2});
    CHECK_IS(region_unmap(HANDLE_SPACE, AREA, 100, 0), 0);
    CHECK_IS(region_map(HANDLE_SPACE, SHARED, 100, READ_WRITE | MAP_POPULATE, self.object, 0, 0, 0),
             0);
    space_statistics(HANDLE_SPACE, &before);
    for (uint64_t i = 0; i < 100; i++)
        sum += *((volatile uint64_t *)(SHARED + i * PAGE_SIZE) + i) !=
               ((i < 10 ? 2ul : 1ul) << 32 | i);
    for (uint64_t i = 0; i < 10; i++)
        *(volatile uint64_t *)(SHARED + i * PAGE_SIZE) = 3; /* its own already */
    space_statistics(HANDLE_SPACE, &after);
    CHECK_IS(sum, 0);
    CHECK_IS(after.minor, before.minor);
    copies = answers.copies;
    *(volatile uint64_t *)(SHARED + 50 * PAGE_SIZE) = 3;
    CHECK_IS(answers.copies - copies, 1);
    CHECK_IS(pages_differ(&child, (struct pages){0, 300, 1}), 0);
    process_end(&child);
    CHECK_IS(process_fork(&self, &child, 0), 0);
    *(volatile uint64_t *)(SHARED + 50 * PAGE_SIZE) = 4;
    *(volatile uint64_t *)(SHARED + 51 * PAGE_SIZE) = 4;
    CHECK_IS(answers.copies - copies, 3);
    process_end(&child);
    CHECK_IS(region_unmap(HANDLE_SPACE, SHARED, 100, 0), 0);
    CHECK_IS(region_map(HANDLE_SPACE, AREA, 100, READ_WRITE, self.object, 0, 0, 0), 0);
    CHECK_IS(*(volatile uint64_t *)(AREA + 51 * PAGE_SIZE), 4);
    CHECK_IS(pages_differ(&self, (struct pages){100, 200, 1}), 0);
    area_forget();
}

void clone_basics(void)
{
    frames_of_a_fork(0, 0);
    frames_of_a_fork(1, 1);
    frames_of_a_fork(64, 3);
    frames_of_a_fork(4096, 37);
    parent_writes_first();
    forked_again();
    clean_pages();
    holes();
    shared_objects();
    seen_twice();
    moved();
}
