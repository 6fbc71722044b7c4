/*
 * clone.c: region_clone and what follows it: frames are counted exactly, before,
 * between and after. Here: the pager (anon's policy), processes, their pages.
 */
#include "clone.h"

#define STACK_PAGES 2

struct process self;
volatile struct answers answers;
handle pager;
static char *stack; /* of whoever runs in a clone */

static int64_t answer_as(const struct message *fault, uint64_t how)
{
    return page_supply_only(fault->request, how, fault->w[1], 1, 0, 0);
}

/* Zeros where nothing is; a copy of what is shared; to the last owner the page as it is. */
static int64_t answer(const struct message *fault)
{
    int64_t error;

    if (!(fault->head & FAULT_COW)) {
        answers.zeroes++;
        return answer_as(fault, SUPPLY_ZERO | (fault->head & FAULT_WRITE ? SUPPLY_WRITABLE : 0));
    }
    if (fault->head & FAULT_SOLE) {
        answers.upgrades++;
        error = answer_as(fault, SUPPLY_UPGRADE | SUPPLY_WRITABLE);
        if (error != -EAGAIN)
            return error;
    }
    answers.copies++;
    return answer_as(fault, SUPPLY_COPY | SUPPLY_WRITABLE);
}

static void pager_main(uint64_t from)
{
    for (;;) {
        struct message fault = {0};
        if (recv(from, 0, &fault))
            continue;
        if (answer(&fault)) {
            answers.failed++;
            answer_as(&fault, SUPPLY_FAIL | (uint64_t)ENOMEM << 32);
        }
    }
}

int64_t process_fork(const struct process *from, struct process *to, handle pool)
{
    int64_t space = space_create(pool, LEVEL_ROOT, 0, 31), object = -ENOMEM, error;

    if (space < 0)
        return space;
    object = create_object(pager, 1, AREA_PAGES, pool);
    error = object < 0 ? object : region_clone(from->space, space, from->object, object);
    *to = (struct process){space, object > 0 ? object : 0};
    if (error)
        process_end(to);
    return error;
}

void process_end(struct process *process)
{
    space_ctl(process->space, SPACE_KILL, 0, 0);
    handle_close(process->space);
    if (process->object)
        handle_close(process->object);
}

int64_t process_run(const struct process *process, int64_t (*run)(uint64_t), uint64_t argument)
{
    static struct worker worker;
    int64_t thread = thread_create(process->space, 0, PRIORITY_ABOVE, 0);

    worker = (struct worker){.run = run, .argument = argument};
    CHECK(thread > 0);
    CHECK_IS(worker_begin(thread, (uintptr_t)stack + STACK_PAGES * PAGE_SIZE, &worker), 0);
    for (uint64_t end = now() + 5000000000ul; !worker.done && now() < end;)
        sleep_until(now() + 1000);
    CHECK(worker.done);
    thread_ctl(thread, THREAD_KILL, 0, 0, 0);
    handle_close(thread);
    return worker.result;
}

static volatile uint64_t *word_of(uint64_t page)
{
    return (volatile uint64_t *)(AREA + page * PAGE_SIZE) + page % 512;
}

static int64_t run_write(uint64_t argument)
{
    const struct pages *pages = (const struct pages *)argument;

    for (uint64_t i = pages->first; i < pages->first + pages->count; i++)
        *word_of(i) = pages->salt << 32 | i;
    return 0;
}

static int64_t run_compare(uint64_t argument)
{
    const struct pages *pages = (const struct pages *)argument;
    int64_t differ = 0;

    for (uint64_t i = pages->first; i < pages->first + pages->count; i++)
        differ += *word_of(i) != (pages->salt << 32 | i);
    return differ;
}

void pages_write(const struct process *process, struct pages pages)
{
    if (process == &self)
        run_write((uint64_t)&pages);
    else
        process_run(process, run_write, (uint64_t)&pages);
}

uint64_t pages_differ(const struct process *process, struct pages pages)
{
    return (uint64_t)(process == &self ? run_compare((uint64_t)&pages)
                                       : process_run(process, run_compare, (uint64_t)&pages));
}

struct ledger ledger_now(void)
{
    struct ledger ledger;

    CHECK(ledger_balances(&ledger));
    return ledger;
}

void area_forget(void)
{
    CHECK(page_reclaim(self.object, 0, AREA_PAGES, RECLAIM_DISCARD) >= 0);
}

int main(const struct startup *startup)
{
    (void)startup;
    test_begin();
    stack = pages_new(STACK_PAGES); /* before all clones: they have it, too */
    pager = create_endpoint(LEVEL_ANON);
    thread_run(pager_main, pager, 25);
    self = (struct process){HANDLE_SPACE, create_object(pager, 1, AREA_PAGES, 0)};
    CHECK_IS(region_map(HANDLE_SPACE, AREA, AREA_PAGES, READ_WRITE, self.object, 0, 0, 0), 0);
    clone_basics();
    clone_generations();
    clone_failures();
    clone_interrupted();
    clone_kills();
    clone_pools();
    clone_races();
    finish();
}
