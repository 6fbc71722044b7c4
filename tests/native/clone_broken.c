/*
 * clone_broken.c: a clone that does not come to its end: memory runs out, or one
 * side is killed. The parent is as before, and nothing is lost.
 */
#include "clone.h"

#define PAGES 1100

/* Nothing of the attempt is left, and the parent writes in place. */
static void as_before(const struct ledger *before)
{
    uint64_t asked = answers.copies + answers.upgrades;

    CHECK_IS(ledger_now().page, before->page);
    CHECK_IS(ledger_now().slot, before->slot);
    CHECK_IS(pages_differ(&self, (struct pages){0, PAGES, 1}), 0);
    pages_write(&self, (struct pages){0, PAGES, 1});
    CHECK_IS(answers.copies + answers.upgrades - asked, 0);
    CHECK_IS(ledger_now().page, before->page);
}

/* Each allocation of a fork fails once. */
void clone_failures(void)
{
    struct process child;
    struct ledger before;
    int64_t error = -ENOMEM;
    uint64_t n;

    pages_write(&self, (struct pages){0, PAGES, 1});
    before = ledger_now();
    for (n = 1; error == -ENOMEM && n < 1000; n++) {
        debug(HANDLE_SYSTEM, DEBUG_FAIL_AT, n, 0);
        error = process_fork(&self, &child, 0);
        debug(HANDLE_SYSTEM, DEBUG_FAIL_AT, 0, 0);
        if (error)
            as_before(&before);
    }
    CHECK_IS(error, 0);
    CHECK(n > 10);
    process_end(&child);
    as_before(&before);
    area_forget();
}

/* ---- Killed in the middle ---- */

static struct process from, to;

static int64_t clone_now(uint64_t unused)
{
    (void)unused;
    return region_clone(from.space, to.space, from.object, to.object);
}

/* As often as the timer can: interrupts come in between, and the clone is whole. */
static void ticker(uint64_t unused)
{
    (void)unused;
    for (;;)
        sleep_until(now() + 3000);
}

void clone_interrupted(void)
{
    struct process child;
    struct ledger before;
    struct counters counters;
    uint64_t interrupts;
    handle thread = thread_run(ticker, 0, 31);

    pages_write(&self, (struct pages){0, AREA_PAGES, 1});
    before = ledger_now();
    debug(HANDLE_SYSTEM, DEBUG_COUNTERS, 0, 0);
    memcpy(&counters, (const void *)LAYOUT_MESSAGE_PAGE, sizeof counters);
    interrupts = counters.interrupts;
    CHECK_IS(process_fork(&self, &child, 0), 0);
    debug(HANDLE_SYSTEM, DEBUG_COUNTERS, 0, 0);
    memcpy(&counters, (const void *)LAYOUT_MESSAGE_PAGE, sizeof counters);
    CHECK(counters.interrupts > interrupts);
    thread_ctl(thread, THREAD_KILL, 0, 0, 0);
    handle_close(thread);
    CHECK_IS(pages_differ(&child, (struct pages){0, AREA_PAGES, 1}), 0);
    pages_write(&child, (struct pages){0, AREA_PAGES, 2});
    CHECK_IS(ledger_now().page - before.page, AREA_PAGES);
    CHECK_IS(pages_differ(&self, (struct pages){0, AREA_PAGES, 1}), 0);
    process_end(&child);
    CHECK_IS(ledger_now().page, before.page);
    area_forget();
}

enum victim { TO_SPACE, TO_OBJECT, FROM_SPACE, FROM_OBJECT, VICTIMS };

/* After `delay` ns of a clone something is closed under it. Returns what the call said. */
static int64_t kill_after(uint64_t delay, enum victim victim)
{
    struct worker worker;
    int64_t result;

    CHECK_IS(process_fork(&self, &from, 0), 0);
    to = (struct process){space_create(HANDLE_POOL, LEVEL_ROOT, 0, 31),
                          create_object(pager, 1, AREA_PAGES, 0)};
    worker_start(&worker, clone_now, 0, PRIORITY_BELOW);
    sleep_until(now() + delay);
    CHECK_IS(handle_close((handle[]){to.space, to.object, from.space, from.object}[victim]), 0);
    result = worker_finish(&worker);
    if (victim != TO_SPACE) {
        space_ctl(to.space, SPACE_KILL, 0, 0);
        handle_close(to.space);
    }
    if (victim != FROM_SPACE) {
        space_ctl(from.space, SPACE_KILL, 0, 0);
        handle_close(from.space);
    }
    if (victim != TO_OBJECT)
        handle_close(to.object);
    if (victim != FROM_OBJECT)
        handle_close(from.object);
    return result;
}

void clone_kills(void)
{
    unsigned half_way = 0;
    struct ledger before;

    pages_write(&self, (struct pages){0, PAGES, 1});
    before = ledger_now();
    for (enum victim victim = TO_SPACE; victim < VICTIMS; victim++)
        for (uint64_t delay = 2000; delay < 60000; delay += 1777) {
            int64_t result = kill_after(delay, victim);
            CHECK(result == 0 || result == -EBADF);
            half_way += result != 0;
            as_before(&before);
        }
    CHECK(half_way > 0);
    area_forget();
}
