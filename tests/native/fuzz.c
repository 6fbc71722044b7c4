/*
 * fuzz.c: random native calls with biased random arguments, from several threads
 * in several spaces at once. Whatever they do, the kernel lives, nothing hangs,
 * and when all are dead everything is back where it was.
 *
 *   seed=N    what to do, printed and repeatable with -icount; rounds=N how long
 */
#include "fuzz.h"

struct fuzzed fuzzed[SPACES];
struct worker fuzz_servers[2];
static handle personality, pager, shared_endpoint, shared_note, bundle_part;
static uint64_t state;

static uint64_t chance(uint64_t below)
{
    return random_next(&state) % below;
}

/* A thread with a message page, a stack, and a seed of its own. */
static void thread_make(struct fuzzed *in, unsigned which)
{
    uintptr_t memory = FUZZ_MEMORY + which * 4 * PAGE_SIZE;
    int64_t thread = thread_create(in->space, chance(8) ? memory + 3 * PAGE_SIZE : 0, 1 + chance(9),
                                   (in - fuzzed) * THREADS + which + 1);

    in->threads[which] = 0;
    if (thread < 0)
        return;
    in->threads[which] = thread;
    if (chance(16) == 0)
        thread_ctl(thread, THREAD_BEGIN, 0, 0, 0); /* the personality will say how it goes on */
    else
        thread_ctl(thread, THREAD_START, (uintptr_t)fuzz_thread, memory + 3 * PAGE_SIZE,
                   random_next(&state) | 1);
}

/* Gives a handle, and tells the threads there what it is. */
static void give(const struct fuzzed *in, struct fuzz_world *world, handle which, uint64_t rights,
                 enum fuzz_kind kind)
{
    int64_t given = handle_dup(which, rights, chance(3), in->space);

    if (given > 0)
        fuzz_remember(world, kind, given);
}

/* What a space begins with: a few handles of each kind, to itself and to what all share. */
static void give_handles(const struct fuzzed *in, struct fuzz_world *world)
{
    /* What all share nobody may revoke, nor take the place of those who serve it. */
    uint64_t use = RIGHTS_ALL & ~(uint64_t)RIGHT_MANAGE, serve = use & ~(uint64_t)RIGHT_RECV;

    for (unsigned i = 0; i < 3; i++) {
        give(in, world, in->space, i ? random_next(&state) & RIGHTS_ALL : RIGHTS_ALL, FUZZ_SPACE);
        give(in, world, in->pool, i ? random_next(&state) & RIGHTS_ALL : RIGHTS_ALL, FUZZ_POOL);
        give(in, world, personality, serve, FUZZ_ENDPOINT);
        give(in, world, pager, serve, FUZZ_ENDPOINT);
        give(in, world, shared_endpoint, use, FUZZ_ENDPOINT);
        give(in, world, shared_note, use, FUZZ_NOTIFICATION);
        give(in, world, bundle_part, use, FUZZ_OBJECT);
    }
    for (unsigned i = 0; i < SPACES; i++) /* neighbours may reach into each other's spaces */
        if (fuzzed[i].alive && chance(2))
            give(in, world, fuzzed[i].space, RIGHTS_ALL, FUZZ_SPACE);
}

static void space_make(struct fuzzed *made)
{
    struct fuzz_world *world = (struct fuzz_world *)address_new(1);
    uint64_t pages = 4 * THREADS + 1;
    handle memory;

    debug(HANDLE_SYSTEM, DEBUG_FAIL_AT, 0, 0);
    *made = (struct fuzzed){.pool = create_pool(HANDLE_POOL, chance(2) * 50, 120 + chance(400))};
    made->space = space_create(made->pool, LEVEL_PROGRAM, chance(4) ? personality : 0, 9);
    CHECK((int)made->pool > 0 && (int)made->space > 0);
    made->alive = true;
    space_ctl(made->space, SPACE_NAME, 0x72657a7a7566, 0);
    CHECK_IS(child_show(made->space), 0);
    memory = create_wired(pages, made->pool);
    CHECK_IS(region_map(made->space, FUZZ_MEMORY, pages, MAP_READ | MAP_WRITE | MAP_POPULATE,
                        memory, 0, 0, 0),
             0);
    CHECK_IS(region_map(HANDLE_SPACE, (uintptr_t)world, 1, MAP_READ | MAP_WRITE, memory, pages - 1,
                        0, 0),
             0);
    give_handles(made, world);
    give(made, world, memory, RIGHTS_ALL & ~(uint64_t)RIGHT_MANAGE, FUZZ_OBJECT);
    handle_close(memory);
    for (unsigned i = 0; i < THREADS; i++) {
        thread_make(made, i);
        if (made->threads[i])
            give(made, world, made->threads[i], RIGHTS_ALL, FUZZ_THREAD);
    }
    CHECK_IS(region_unmap(HANDLE_SPACE, (uintptr_t)world, 1, 0), 0);
}

static void space_end(struct fuzzed *ended)
{
    if (!ended->alive)
        return;
    for (unsigned i = 0; i < THREADS; i++)
        if (ended->threads[i])
            CHECK_IS(handle_close(ended->threads[i]), 0);
    space_ctl(ended->space, SPACE_KILL, 0, 0);
    CHECK_IS(handle_close(ended->space), 0);
    CHECK_IS(handle_close(ended->pool), 0);
    ended->alive = false;
}

/* Sometimes the world changes under them. */
static void disturb(void)
{
    struct fuzzed *one = &fuzzed[chance(SPACES)];
    unsigned which = chance(THREADS);

    switch (chance(12)) {
    case 0:
        space_end(one);
        space_make(one);
        return;
    case 1:
    case 2:
        if (one->threads[which]) {
            thread_ctl(one->threads[which], THREAD_KILL, 0, 0, 0);
            handle_close(one->threads[which]);
        }
        thread_make(one, which);
        return;
    case 3:
        thread_ctl(one->threads[which], chance(2) ? THREAD_STOP : THREAD_CANCEL, 0, 0, 0);
        return;
    case 4:
        pool_limit(one->pool, 60 + chance(600));
        return;
    case 5:
        debug(HANDLE_SYSTEM, DEBUG_FAIL_AT, 1 + chance(50), 0);
        return;
    default: /* whoever got himself stopped, or waits for what never comes, goes on */
        thread_ctl(one->threads[which], THREAD_RESUME, 0, 0, 0);
        thread_ctl(one->threads[which], THREAD_CANCEL, 0, 0, 0);
    }
}

/* How much of it was more than an error value. */
static void report(uint64_t rounds)
{
    static const char *const names[] = {
#define CALL(number, name, ...) [number] = #name,
#include "entry/syscalls.def"
#undef CALL
    };
    uint64_t worked = 0;

    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        say("fuzz: %s worked %llu times\n", names[i], (unsigned long long)BOARD[FUZZ_WORKED + i]);
        worked += BOARD[FUZZ_WORKED + i];
    }
    say("fuzz: %llu calls, %llu worked\n", (unsigned long long)BOARD[FUZZ_CALLS],
        (unsigned long long)worked);
    CHECK(BOARD[FUZZ_CALLS] > rounds);
    CHECK(worked > BOARD[FUZZ_CALLS] / 10);
}

int main(const struct startup *startup)
{
    struct ledger ledger = {0};
    uint64_t rounds, seed, frames = 0;

    (void)startup;
    test_begin();
    seed = argument("seed", 1);
    rounds = argument("rounds", 3000);
    say("fuzz: seed=%llu rounds=%llu\n", (unsigned long long)seed, (unsigned long long)rounds);
    state = seed * 0x9e3779b97f4a7c15 | 1;
    for (unsigned pass = 0; pass < 2; pass++) { /* the first makes what stays */
        personality = create_endpoint(LEVEL_PROC);
        pager = create_endpoint(LEVEL_ANON);
        shared_endpoint = create_endpoint(LEVEL_PROGRAM);
        shared_note = create_notification(1, shared_endpoint);
        bundle_part = handle_dup(HANDLE_BUNDLE, RIGHT_READ | RIGHT_DUP, 0, 0);
        worker_start(&fuzz_servers[0], fuzz_pager, pager, PRIORITY_ABOVE);
        worker_start(&fuzz_servers[1], fuzz_personality, personality, PRIORITY_ABOVE);
        for (unsigned i = 0; i < SPACES; i++)
            space_make(&fuzzed[i]);
        for (uint64_t round = 0; round < (pass ? rounds : rounds / 10); round++) {
            sleep_until(now() + 200000);
            disturb();
        }
        debug(HANDLE_SYSTEM, DEBUG_FAIL_AT, 0, 0);
        for (unsigned i = 0; i < SPACES; i++)
            space_end(&fuzzed[i]);
        worker_kill(&fuzz_servers[0]);
        worker_kill(&fuzz_servers[1]);
        handle shared[] = {personality, pager, shared_endpoint, shared_note, bundle_part};
        for (unsigned i = 0; i < sizeof shared / sizeof *shared; i++)
            CHECK_IS(handle_close(shared[i]), 0);
        CHECK(ledger_balances(&ledger));
        say("fuzz: pass %u: %llu frames, %llu of them objects\n", pass,
            (unsigned long long)(ledger.total - ledger.free), (unsigned long long)ledger.slab);
        if (pass)
            CHECK(ledger.total - ledger.free <=
                  frames + 8); /* thread numbers may need one table more */
        frames = ledger.total - ledger.free;
    }
    report(rounds);
    finish();
}
