/*
 * fuzz.c: random native calls from many threads in several spaces, with whatever
 * handles, addresses and sizes come up. They unmap themselves, kill each other and
 * die; the kernel must not, and when all are gone every frame must be back.
 *
 * Boot arguments: seed= (printed; the same seed gives the same calls under icount),
 * lives= (how many spaces are thrown at the kernel, one after the other in each place).
 */
#include "lib/startup.h"
#include "support.h"

#define PLACES  4 /* spaces at a time */
#define THREADS 3 /* in each */
#define LIFE_NS 3000000
#define AREA    0x10000000ul

/* What each child holds, in this order from handle 1 on. */
static handle pool, endpoint, second_endpoint, note;

struct place {
    struct child child;
    handle object, paged, own_pool;
    bool alive;
};
static struct place places[PLACES];

/* ---- In the children: no data of the parent is there, only text and registers ---- */

static uint64_t pick(uint64_t *seed, const uint64_t *from, unsigned count)
{
    return from[random_next(seed) % count];
}

static uint64_t any_value(uint64_t *seed)
{
    static const uint64_t edges[] = {0, 1, 2, 3, 5, 7, 8, 31, 32, 63, 64, 511, 512, 4095, 4096,
                                     0x10000, 1ul << 31, 1ul << 36, 1ul << 47, 1ul << 48, ~0ul,
                                     ~0ul << 12, ~0ul >> 1, 1ul << 63};

    switch (random_next(seed) % 4) {
    case 0: /* a handle, probably */
        return random_next(seed) % 24;
    case 1: /* an address or a length, probably */
        return AREA + (random_next(seed) % 64 << PAGE_SHIFT);
    case 2:
        return random_next(seed) % 70;
    default:
        return pick(seed, edges, sizeof edges / sizeof edges[0]);
    }
}

/* Makes sense of the arguments of calls that otherwise wait for ever or make rings of handles. */
static void sensible(uint64_t number, uint64_t x[8], uint64_t *seed)
{
    if (number == SYSCALL_recv && random_next(seed) % 8)
        x[1] = 1; /* mostly a poll */
    if (number == SYSCALL_sleep_until)
        x[0] = now() + random_next(seed) % 100000;
    if (number == SYSCALL_region_map || number == SYSCALL_region_unmap || number == SYSCALL_region_protect) {
        x[1] = AREA + (random_next(seed) % 256 << PAGE_SHIFT);
        if (random_next(seed) % 4)
            x[2] = random_next(seed) % 300;
    }
    if (number == SYSCALL_handle_dup)
        x[3] = 0; /* a space that holds a handle to itself is kept by it: not what is tested here */
    if (number == SYSCALL_create && random_next(seed) % 4)
        x[0] = 1 + random_next(seed) % 7;
}

static void fuzz(uint64_t seed)
{
    for (;;) {
        uint64_t x[8], number = random_next(&seed) % 28;
        for (unsigned i = 0; i < 8; i++)
            x[i] = any_value(&seed);
        if (!(random_next(&seed) % 4))
            x[0] |= (random_next(&seed) & 0x1fff) << TAG_SHIFT;
        sensible(number, x, &seed);
        NATIVE_CALL(number, IN(0, x[0]) IN(1, x[1]) IN(2, x[2]) IN(3, x[3]) IN(4, x[4]) IN(5, x[5])
                                IN(6, x[6]) IN(7, x[7]));
        if (!(random_next(&seed) % 2048)) /* sometimes it hits nothing, and the space ends by itself */
            *(volatile char *)(AREA + (random_next(&seed) % 256 << PAGE_SHIFT)) = 1;
    }
}

/* ---- In the parent ---- */

/* Answers what the fuzzers ask, now rightly, now wrongly, and pages for them. */
static void answer(uint64_t seed)
{
    struct message message = {0};

    for (;;) {
        if (recv(seed & 1 ? endpoint : second_endpoint, 0, &message) < 0)
            continue;
        while (message.request) {
            uint64_t luck = random_next(&seed) % 16;
            handle from = seed & 1 ? endpoint : second_endpoint;
            int64_t error = 0;
            if (message_kind(&message) == KIND_FAULT)
                error = page_supply(from, luck ? SUPPLY_ZERO | SUPPLY_WRITABLE : SUPPLY_FAIL, message.w[1],
                                    1, 0, 0, &message);
            else
                error = reply_recv(from, 0, &message);
            if (error < 0)
                break; /* its client is gone, or the answer was wrong: on to the next */
        }
    }
}

static void give(struct place *place, handle what, uint64_t rights)
{
    handle_dup(what, rights, 0, place->child.space);
}

static void be_born(struct place *place, uint64_t *seed)
{
    place->own_pool = create_pool(pool, 0, 600);
    place->child = child_new(place->own_pool, LEVEL_PROGRAM, 0, 5 + random_next(seed) % 10);
    place->paged = create_object(endpoint, random_next(seed), 4096, place->own_pool);
    place->object = create_wired(4, place->own_pool);
    give(place, place->child.space, RIGHTS_ALL & ~RIGHT_DUP);
    give(place, place->child.thread, RIGHTS_ALL);
    give(place, place->own_pool, RIGHTS_ALL);
    give(place, endpoint, RIGHTS_ALL & ~(RIGHT_MANAGE | RIGHT_RECV));
    give(place, second_endpoint, RIGHT_WRITE | RIGHT_DUP);
    give(place, note, RIGHTS_ALL & ~RIGHT_MANAGE);
    give(place, place->paged, RIGHTS_ALL);
    give(place, place->object, RIGHTS_ALL);
    region_map(place->child.space, AREA, 64, MAP_READ | MAP_WRITE, place->paged, 0, 0, 0);
    child_run(&place->child, fuzz, random_next(seed) | 1);
    for (unsigned i = 1; i < THREADS; i++) {
        int64_t thread = thread_create(place->child.space, 0, 4, 0);
        thread_ctl(thread, THREAD_START, (uintptr_t)fuzz, LAYOUT_MESSAGE_PAGE - (i + 1) * PAGE_SIZE,
                   random_next(seed) | 1);
        handle_close(thread);
    }
    place->alive = true;
}

static void die(struct place *place)
{
    space_ctl(place->child.space, SPACE_KILL, 0, 0);
    handle_close(place->child.thread);
    handle_close(place->child.space);
    handle_close(place->paged);
    handle_close(place->object);
    handle_close(place->own_pool);
    place->alive = false;
}

int main(const struct startup *startup)
{
    uint64_t seed = argument("seed", 20260101) | 1, lives = argument("lives", 60), before, calls;

    (void)startup;
    say("fuzz seed=%llu lives=%llu\n", (unsigned long long)seed, (unsigned long long)lives);
    pool = create_pool(HANDLE_POOL, 0, 4000);
    endpoint = create_endpoint(LEVEL_ANON);
    second_endpoint = create_endpoint(LEVEL_ANON);
    note = create_notification(1, 0);
    thread_run(answer, 2 * random_next(&seed) + 1, 20);
    thread_run(answer, 2 * random_next(&seed), 20);
    be_born(&places[0], &seed); /* the first of its kind brings slabs and tables that stay */
    sleep_until(now() + LIFE_NS);
    die(&places[0]);
    before = frames_used();
    for (uint64_t life = 0; life < lives; life++) {
        struct place *place = &places[random_next(&seed) % PLACES];
        if (place->alive)
            die(place);
        be_born(place, &seed);
        sleep_until(now() + random_next(&seed) % LIFE_NS);
    }
    for (unsigned i = 0; i < PLACES; i++)
        if (places[i].alive)
            die(&places[i]);
    struct pool_facts facts = {0};
    CHECK_IS(pool_query(pool, &facts), 0);
    CHECK_IS(facts.used, 0);
    calls = frames_used();
    CHECK(calls <= before + 8); /* a slab or two may be cut differently; pages and tables may not stay */
    finish();
}
