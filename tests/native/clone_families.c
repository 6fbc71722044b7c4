/*
 * clone_families.c: deep and wide families, and who pays for them.
 */
#include "clone.h"

#define GENERATIONS 200
#define CHILDREN    500
#define PAGES       16

static struct process family[CHILDREN];

/* Each is the child of the one before, and wrote one page that those before it do not see. */
static void deep(bool oldest_first)
{
    struct ledger before;

    pages_write(&self, (struct pages){0, PAGES, 1});
    before = ledger_now();
    for (uint64_t i = 0; i < GENERATIONS; i++) {
        CHECK_IS(process_fork(i ? &family[i - 1] : &self, &family[i], 0), 0);
        pages_write(&family[i], (struct pages){i % PAGES, 1, 1000 + i});
    }
    CHECK_IS(ledger_now().page - before.page, GENERATIONS);
    for (uint64_t i = 0; i < GENERATIONS; i += 7)
        for (uint64_t page = 0; page < PAGES; page++) {
            uint64_t writer = i - (i - page) % PAGES; /* the last one up to i that wrote it */
            uint64_t salt = page <= i ? 1000 + writer : 1;
            CHECK_IS(pages_differ(&family[i], (struct pages){page, 1, salt}), 0);
        }
    for (uint64_t i = 0; i < GENERATIONS; i++)
        process_end(&family[oldest_first ? i : GENERATIONS - 1 - i]);
    CHECK_IS(ledger_now().page, before.page);
    CHECK_IS(pages_differ(&self, (struct pages){0, PAGES, 1}), 0);
    area_forget();
}

static void wide(void)
{
    struct ledger before;
    uint64_t written = 0, seed = 77;

    pages_write(&self, (struct pages){0, PAGES, 1});
    before = ledger_now();
    for (uint64_t i = 0; i < CHILDREN; i++) {
        CHECK_IS(process_fork(&self, &family[i], 0), 0);
        pages_write(&family[i], (struct pages){3, i % 3, i});
        written += i % 3;
    }
    CHECK_IS(ledger_now().page - before.page, written);
    for (uint64_t left = CHILDREN; left; left--) {
        uint64_t at = random_next(&seed) % left;
        process_end(&family[at]);
        family[at] = family[left - 1];
    }
    CHECK_IS(ledger_now().page, before.page);
    uint64_t asked = answers.copies + answers.upgrades;
    pages_write(&self, (struct pages){0, PAGES, 2});
    CHECK_IS(answers.copies + answers.upgrades, asked);
    area_forget();
}

void clone_generations(void)
{
    deep(true);
    deep(false);
    wide();
}

/* ---- Pools ---- */

static uint64_t used_by(handle pool)
{
    struct pool_facts facts = {0};

    CHECK_IS(pool_query(pool, &facts), 0);
    return facts.used;
}

/* The child's pool pays for what the child writes. A pool that everybody let go of stays until the
 * last page it paid for is free: here, pages that only a clone in another pool still has. */
static void outlived_pool(bool closed_first)
{
    struct process child, grandchild;
    struct ledger before = ledger_now(), between;
    handle first = create_pool(HANDLE_POOL, 0, 1000), second = create_pool(HANDLE_POOL, 0, 1000);

    CHECK_IS(process_fork(&self, &child, first), 0);
    pages_write(&child, (struct pages){0, 50, 5});
    CHECK(used_by(first) >= 50);
    CHECK_IS(process_fork(&child, &grandchild, second), 0);
    between = ledger_now();
    if (closed_first)
        handle_close(first);
    process_end(&child);
    if (!closed_first) {
        CHECK_IS(used_by(first), 50);
        handle_close(first);
    }
    CHECK_IS(ledger_now().pools, between.pools); /* still there */
    CHECK_IS(ledger_now().page, between.page);
    CHECK_IS(pages_differ(&grandchild, (struct pages){0, 50, 5}), 0);
    uint64_t asked = answers.copies + answers.upgrades;
    pages_write(&grandchild, (struct pages){0, 20, 6}); /* in place */
    CHECK_IS(answers.copies + answers.upgrades, asked);
    CHECK_IS(ledger_now().page, between.page);
    process_end(&grandchild);
    handle_close(second);
    CHECK_IS(ledger_now().pools, before.pools);
    CHECK_IS(ledger_now().page, before.page);
}

static int64_t write_each(uint64_t pages)
{
    for (uint64_t i = 0; i < pages; i++)
        *(volatile uint64_t *)(AREA + i * PAGE_SIZE) = 1;
    return 0;
}

/* A pool that cannot pay for a copy: the child hears of it, the parent keeps its page. */
static void exhausted_pool(void)
{
    handle pool = create_pool(HANDLE_POOL, 0, 1000), personality = create_endpoint(LEVEL_PROC);
    struct process child = {space_create(pool, LEVEL_ROOT, personality, 31),
                            create_object(pager, 1, AREA_PAGES, pool)};
    static struct worker worker = {.run = write_each, .argument = 50};
    struct message exception = {0};
    char *stack = pages_new(1);

    pages_write(&self, (struct pages){0, 50, 1});
    CHECK_IS(region_clone(self.space, child.space, self.object, child.object), 0);
    CHECK_IS(pages_differ(&child, (struct pages){0, 50, 1}), 0); /* it has its tables */
    handle thread = thread_create(child.space, 0, PRIORITY_ABOVE, 0);
    CHECK_IS(pool_limit(pool, used_by(pool) + 20), 0);
    CHECK_IS(worker_begin(thread, (uintptr_t)stack + PAGE_SIZE, &worker), 0);
    sleep_for(1);
    CHECK_IS(take(personality, &exception), KIND_EXCEPTION);
    CHECK_IS(exception.w[0], EXCEPTION_NO_MEMORY);
    CHECK(exception.w[1] > AREA && exception.w[1] < AREA + 50 * PAGE_SIZE);
    CHECK_IS(worker.done, 0);
    handle_close(thread);
    process_end(&child);
    handle_close(pool);
    handle_close(personality);
    pages_free(stack, 1);
    CHECK_IS(pages_differ(&self, (struct pages){0, 50, 1}), 0);
    area_forget();
}

void clone_pools(void)
{
    outlived_pool(true);
    outlived_pool(false);
    exhausted_pool();
}
