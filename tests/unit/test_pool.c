// sources: kernel/mm/pool.c kernel/mm/pool_audit.c kernel/mm/buddy.c kernel/mm/frame.c
#include "arch/cpu.h"
#include "entry/abi.h"
#include "mm/buddy.h"
#include "mm/frame_cache.h"
#include "mm/pool.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>

#define FIRST  0x40000
#define TOTAL  3000
#define KERNEL 200
#define POOLS  12

void pool_ended(struct pool *pool) /* test_pool_end.c */
{
    (void)pool;
}

/* ---- A model: what each pool was charged itself; everything else is computed from that ---- */

struct model {
    bool exists;
    unsigned parent;
    uint64_t guaranteed, limit, own, bytes;
};
static struct model model[POOLS]; /* 0 is the root */
static uint64_t model_slab;
static struct pool pools[POOLS];

static struct pool *pool_at(unsigned i)
{
    return i ? &pools[i] : &root_pool;
}

static uint64_t frames_up(uint64_t bytes)
{
    return bytes / PAGE_SIZE + (bytes % PAGE_SIZE != 0);
}

static uint64_t model_used(const struct model *all, unsigned i)
{
    uint64_t used = all[i].own + frames_up(all[i].bytes), objects = 0;
    for (unsigned child = 1; child < POOLS; child++)
        if (all[child].exists && all[child].parent == i) {
            uint64_t below = model_used(all, child);
            used += below > all[child].guaranteed ? below : all[child].guaranteed;
        }
    for (unsigned any = 0; any < POOLS; any++)
        objects += all[any].exists ? frames_up(all[any].bytes) : 0;
    if (i == 0 && model_slab > objects)
        used += model_slab - objects;
    return used;
}

/* Would `after` be refused? Yes where a pool grew and stands above its limit now. */
static bool model_refuses(const struct model *after, unsigned charged)
{
    for (unsigned i = charged;; i = after[i].parent) {
        uint64_t used = model_used(after, i);
        if (used > model_used(model, i) && used > after[i].limit)
            return true;
        if (i == 0)
            return false;
    }
}

static void compare(void)
{
    for (unsigned i = 0; i < POOLS; i++)
        if (model[i].exists) {
            CHECK_EQUAL(pool_at(i)->used, model_used(model, i));
            CHECK_EQUAL(pool_at(i)->own, model[i].own + (i ? 0 : model_slab));
            CHECK_EQUAL(pool_at(i)->bytes, model[i].bytes);
            CHECK_EQUAL(pool_at(i)->limit, model[i].limit);
        }
}

static void start(void)
{
    memset(model, 0, sizeof model);
    memset(pools, 0, sizeof pools);
    model_slab = 0;
    pool_init_root(TOTAL, KERNEL);
    model[0] = (struct model){.exists = true, .limit = TOTAL, .own = KERNEL};
}

static unsigned pick(void)
{
    unsigned i = (unsigned)unit_random_below(POOLS);
    while (!model[i].exists)
        i = (i + 1) % POOLS;
    return i;
}

/* ---- Random operations, each with the outcome that the model foretells ---- */

static void random_charge(unsigned i)
{
    struct model after[POOLS];
    uint64_t frames = unit_random_below(unit_random_below(4) ? 20 : TOTAL);
    memcpy(after, model, sizeof model);
    after[i].own += frames;
    bool refused = model_refuses(after, i);
    CHECK_EQUAL(pool_charge(pool_at(i), frames), refused ? -ENOMEM : 0);
    if (!refused)
        memcpy(model, after, sizeof model);
}

static void random_charge_bytes(unsigned i)
{
    struct model after[POOLS];
    uint64_t bytes = unit_random_below(unit_random_below(4) ? 600 : 100000);
    memcpy(after, model, sizeof model);
    after[i].bytes += bytes;
    /* the root's waste shrinks as objects come, but only once the charge was granted */
    struct model frames[POOLS];
    memcpy(frames, model, sizeof model);
    frames[i].own += frames_up(after[i].bytes) - frames_up(model[i].bytes);
    bool refused = model_refuses(frames, i);
    CHECK_EQUAL(pool_charge_bytes(pool_at(i), bytes), refused ? -ENOMEM : 0);
    if (!refused)
        memcpy(model, after, sizeof model);
}

static void random_release(unsigned i)
{
    uint64_t own = i ? model[i].own : model[i].own - KERNEL;
    uint64_t frames = unit_random_below(own + 1), bytes = unit_random_below(model[i].bytes + 1);
    pool_release(pool_at(i), frames);
    pool_release_bytes(pool_at(i), bytes);
    model[i].own -= frames;
    model[i].bytes -= bytes;
}

static void random_slab(void)
{
    uint64_t frames = 1 + unit_random_below(4), before = model_used(model, 0);
    if (unit_random_below(2)) {
        model_slab += frames;
        uint64_t used = model_used(model, 0);
        bool refused = used > before && used > model[0].limit;
        CHECK_EQUAL(pool_charge_slab(frames), refused ? -ENOMEM : 0);
        if (refused)
            model_slab -= frames;
    } else if (model_slab >= frames) {
        pool_release_slab(frames);
        model_slab -= frames;
    }
}

static void random_create(unsigned parent)
{
    unsigned i = 1 + (unsigned)unit_random_below(POOLS - 1);
    if (model[i].exists)
        return;
    struct model after[POOLS];
    uint64_t guaranteed = unit_random_below(3) ? unit_random_below(300) : 0;
    uint64_t limit = unit_random_below(600);
    memcpy(after, model, sizeof model);
    after[i] = (struct model){true, parent, guaranteed, limit, 0, 0};
    int expected = guaranteed > limit ? -EINVAL : model_refuses(after, parent) ? -ENOMEM : 0;
    memset(pool_at(i), 0, sizeof(struct pool));
    CHECK_EQUAL(pool_init(pool_at(i), pool_at(parent), guaranteed, limit), expected);
    if (!expected)
        memcpy(model, after, sizeof model);
}

static void random_end(unsigned i)
{
    bool busy = i == 0 || model_used(model, i) || model[i].bytes;
    for (unsigned child = 1; child < POOLS; child++)
        busy |= model[child].exists && model[child].parent == i;
    CHECK_EQUAL(pool_fini(pool_at(i)), busy ? -EBUSY : 0);
    if (!busy)
        model[i].exists = false;
}

static void random_limit(unsigned i)
{
    uint64_t limit = unit_random_below(900);
    bool valid = limit >= model[i].guaranteed;
    if (i == 0)
        return;
    CHECK_EQUAL(pool_set_limit(pool_at(i), limit), valid ? 0 : -EINVAL);
    if (valid)
        model[i].limit = limit;
}

TEST(random_operations_agree_with_a_model_of_the_tree)
{
    for (unsigned run = 0; run < 20; run++) {
        start();
        for (unsigned step = 0; step < 1500; step++) {
            unsigned i = pick(), what = (unsigned)unit_random_below(20);
            if (what < 6)
                random_charge(i);
            else if (what < 9)
                random_charge_bytes(i);
            else if (what < 14)
                random_release(i);
            else if (what < 16)
                random_slab();
            else if (what < 18)
                random_create(i);
            else if (what < 19)
                random_end(i);
            else
                random_limit(i);
            compare();
        }
    }
}

TEST(a_guarantee_is_kept_when_the_parent_is_full)
{
    static struct pool server, program;
    start();
    CHECK_EQUAL(pool_init(&server, &root_pool, 64, 128), 0);
    CHECK_EQUAL(pool_init(&program, &root_pool, 0, UINT64_MAX), 0);
    CHECK_EQUAL(pool_charge(&program, TOTAL - KERNEL - 64), 0);
    CHECK_EQUAL(pool_charge(&program, 1), -ENOMEM);
    CHECK_EQUAL(program.refused, 1);
    CHECK_EQUAL(pool_charge(&server, 64), 0);
    CHECK_EQUAL(pool_charge(&server, 1), -ENOMEM);
    CHECK_EQUAL(pool_fini(&server), -EBUSY);
}

TEST(absurd_amounts_are_refused)
{
    start();
    CHECK_EQUAL(pool_charge(&root_pool, UINT64_MAX), -ENOMEM);
    CHECK_EQUAL(pool_charge_bytes(&root_pool, UINT64_MAX), -ENOMEM);
    CHECK_EQUAL(pool_init(&pools[1], &root_pool, UINT64_MAX, UINT64_MAX), -ENOMEM);
    compare();
}

TEST(releasing_more_than_was_charged_is_found)
{
    start();
    CHECK_EQUAL(pool_init(&pools[1], &root_pool, 10, 20), 0);
    CHECK_BUG(pool_release(&pools[1], 1), "more released");
    CHECK_BUG(pool_release_bytes(&pools[1], 1), "more released");
}

/* ---- With real frames ---- */

static frame_number held[TOTAL];
static unsigned held_count, held_by[POOLS];

static unsigned pool_of(frame_number number)
{
    const struct pool *pool = frame_of(number)->pool;
    return pool == &root_pool ? 0 : (unsigned)(pool - pools);
}

/* Memory once; the pools afresh for each test. */
static void start_with_frames(void)
{
    while (held_count) /* a test that failed left these */
        pool_free_frame(held[--held_count]);
    pool_settle();
    memset(held_by, 0, sizeof held_by);
    if (!bank_count) {
        frame_add_bank(FIRST, TOTAL, calloc(TOTAL, sizeof(struct frame)));
        buddy_init(FIRST + 1500); /* half of it HIGH */
        buddy_free_range(FIRST + KERNEL, TOTAL - KERNEL);
    }
    start();
    for (unsigned i = 1; i < POOLS; i++) {
        unsigned parent = (unsigned)unit_random_below(i);
        uint64_t guaranteed = unit_random_below(40);
        if (pool_init(pool_at(i), pool_at(parent), guaranteed, guaranteed + unit_random_below(900)))
            CHECK_EQUAL(pool_init(pool_at(i), &root_pool, 0, 100), 0);
    }
}

static void check_audit(void)
{
    uint64_t count;
    CHECK_EQUAL(pool_audit(&count), 0);
    CHECK_EQUAL(count, POOLS);
    for (unsigned i = 0; i < POOLS; i++)
        CHECK_EQUAL(pool_at(i)->own, held_by[i] + (i ? 0 : KERNEL));
    CHECK_EQUAL(pool_charged_frames(), TOTAL - buddy_free_frames());
    CHECK(root_pool.used >= TOTAL - buddy_free_frames());
}

static bool hold(unsigned i, enum frame_state state)
{
    struct object *object = state == FRAME_PAGE ? (struct object *)0x4321 : NULL;
    uint64_t index = state == FRAME_PAGE ? held_count : 0;
    int use = state == FRAME_PAGE ? USE_PAGE : USE_KERNEL;
    frame_number number = object ? pool_take(pool_at(i), state, use, object, index)
                                 : pool_alloc_frame(pool_at(i), state, use);
    if (!number) { /* nothing has changed */
        pool_settle();
        CHECK_EQUAL(pool_at(i)->own, held_by[i] + (i ? 0 : KERNEL));
        return false;
    }
    const struct frame *frame = frame_of(number);
    CHECK(frame->state == state && frame->pool == pool_at(i) && frame->refs == 1);
    CHECK(frame->order == 0 && frame->pins == 0);
    CHECK(frame->object == object && frame->index == index);
    held[held_count++] = number;
    held_by[i]++;
    return true;
}

static enum frame_state any_state(void)
{
    static const uint8_t states[] = {FRAME_TABLE, FRAME_SLOT, FRAME_PAGE};
    return states[unit_random_below(3)];
}

static void release(unsigned which)
{
    frame_number number = held[which];
    held[which] = held[--held_count];
    held_by[pool_of(number)]--;
    frame_of(number)->object = (struct object *)0x1234; /* as its owner may leave it */
    frame_of(number)->refs = 0;
    pool_free_frame(number);
}

static void release_all(void)
{
    while (held_count)
        release((unsigned)unit_random_below(held_count));
    check_audit();
    CHECK_EQUAL(buddy_free_frames(), TOTAL - KERNEL);
}

TEST(every_frame_is_charged_to_the_pool_it_names)
{
    start_with_frames();
    for (unsigned step = 0; step < 20000; step++) {
        stub_cpu = (unsigned)unit_random_below(CPUS_MAX);
        if (unit_random_below(100) < (step / 5000 % 2 ? 40u : 60u))
            hold((unsigned)unit_random_below(POOLS), any_state());
        else if (held_count)
            release((unsigned)unit_random_below(held_count));
        if (step % 500 == 0)
            check_audit();
    }
    release_all();
    for (stub_cpu = 0; stub_cpu < CPUS_MAX; stub_cpu++)
        buddy_drain(); /* the tests below play one CPU */
}

/* Of any zone: a table may still meet an empty LINEAR zone while there is HIGH memory. */
TEST(a_charge_that_was_granted_finds_a_frame)
{
    start_with_frames();
    /* The cache holds some, some are charged ahead; unless its children's guarantees are all it may
     * have. */
    CHECK(hold(1, FRAME_PAGE) || pool_at(1)->used == pool_at(1)->limit);
    while (hold(0, FRAME_PAGE))
        ;
    CHECK_EQUAL(root_pool.used, root_pool.limit);
    for (unsigned i = POOLS - 1; i > 0; i--) {
        while (hold(i, FRAME_PAGE))
            ;
        CHECK(pools[i].used >= pools[i].guaranteed);
    }
    CHECK_EQUAL(buddy_free_frames(),
                0); /* guarantees are the only frames that the root did not get */
    release_all();
}

/* ---- Frames charged ahead ---- */

/* Two pools that together may have all memory, on many CPUs: what one CPU charged ahead for one of
 * them is never missing to the other. */
TEST(what_is_charged_ahead_is_nobodys_loss)
{
    static struct pool left, right, both;
    start_with_frames();
    memset(&left, 0, sizeof left);
    memset(&right, 0, sizeof right);
    memset(&both, 0, sizeof both);
    CHECK_EQUAL(pool_init(&both, &root_pool, 0, 200), 0);
    CHECK_EQUAL(pool_init(&left, &both, 0, 150), 0);
    CHECK_EQUAL(pool_init(&right, &both, 0, 150), 0);
    static frame_number of_left[200], of_right[200];
    unsigned lefts = 0, rights = 0;
    for (stub_cpu = 0; stub_cpu < CPUS_MAX; stub_cpu++) /* each CPU keeps some for one of them */
        if (stub_cpu % 2)
            of_left[lefts++] = pool_alloc_frame(&left, FRAME_PAGE, USE_PAGE);
        else
            of_right[rights++] = pool_alloc_frame(&right, FRAME_PAGE, USE_PAGE);
    CHECK(both.used > lefts + rights); /* or this tests nothing */
    stub_cpu = 1;
    while ((of_left[lefts] = pool_alloc_frame(&left, FRAME_PAGE, USE_PAGE)))
        lefts++;
    CHECK_EQUAL(lefts, 150);
    while ((of_right[rights] = pool_alloc_frame(&right, FRAME_PAGE, USE_PAGE)))
        rights++;
    CHECK_EQUAL(rights, 50);
    CHECK(left.refused == 1 && right.refused == 1);
    pool_free_frame(of_left[--lefts]);
    CHECK_EQUAL(pool_charge(&right, 1), 0); /* nor to a charge */
    CHECK_EQUAL(pool_charge(&right, 1), -ENOMEM);
    pool_release(&right, 1);
    while (lefts)
        pool_free_frame(of_left[--lefts]);
    while (rights)
        pool_free_frame(of_right[--rights]);
    CHECK(pool_fini(&both) == -EBUSY); /* children */
    CHECK(!pool_fini(&left) && !pool_fini(&right) && !pool_fini(&both));
    for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++) /* none goes on naming a pool that has gone */
        CHECK(cpus[cpu].ahead.pool == NULL && cpus[cpu].ahead.frames == 0);
    for (stub_cpu = 0; stub_cpu < CPUS_MAX; stub_cpu++)
        buddy_drain();
    check_audit();
}

TEST(settled_pools_count_what_was_taken)
{
    start_with_frames();
    uint64_t used = root_pool.used;
    CHECK(hold(0, FRAME_PAGE));
    CHECK(root_pool.used > used + 1); /* ahead */
    pool_settle();
    CHECK_EQUAL(root_pool.used, used + 1);
    CHECK(hold(0, FRAME_PAGE) && hold(0, FRAME_TABLE));
    release(0);
    pool_settle();
    CHECK_EQUAL(root_pool.used, used + 2);
    release_all();
}

TEST(more_given_back_than_was_charged_ahead_is_found)
{
    start_with_frames();
    CHECK(hold(0, FRAME_PAGE));
    pool_release(&root_pool, TOTAL);
    CHECK_BUG(pool_settle(), "more released");
    cpus[0].ahead.frames -= TOTAL; /* as it was */
    release_all();
}

TEST(the_nth_frame_fails_for_every_n)
{
    start_with_frames();
    for (uint64_t n = 1; n <= 100; n++) {
        buddy_fail_at(n);
        for (uint64_t i = 1; i <= 100; i++)
            CHECK_EQUAL(hold(0, any_state()), i != n);
        check_audit();
        release_all();
    }
    buddy_fail_at(0);
}

TEST(the_audit_finds_planted_errors)
{
    uint64_t count;
    start_with_frames();
    CHECK(hold(0, FRAME_PAGE));
    struct frame *frame = frame_of(held[0]);
    struct pool *owner = frame->pool;

    frame->pool = &pools[4]; /* another pool's frame */
    CHECK_EQUAL(pool_audit(&count), 2);
    frame->pool = NULL;
    CHECK_EQUAL(pool_audit(&count), 2);
    frame->pool = owner;

    owner->used++; /* a count of its own */
    CHECK(pool_audit(&count) >= 1);
    owner->used--;
    pools[2].bytes += 3 * PAGE_SIZE;
    CHECK(pool_audit(&count) >= 1);
    pools[2].bytes -= 3 * PAGE_SIZE;

    frame->state = FRAME_FREE; /* a frame that is free and charged */
    CHECK(pool_audit(&count) >= 1);
    frame->state = FRAME_PAGE;

    frame_number lost = buddy_alloc(2, USE_KERNEL); /* frames nobody pays for */
    CHECK(pool_audit(&count) >= 1);
    buddy_free(lost, 2);
    release_all();
}

TEST(a_frame_freed_twice_is_found)
{
    start_with_frames();
    frame_number number = pool_alloc_frame(&root_pool, FRAME_PAGE, USE_PAGE);
    pool_free_frame(number);
    CHECK_BUG(pool_free_frame(number), "freed twice");
    CHECK_BUG(pool_free_frame(FIRST - 1), "outside of memory");
    number = buddy_alloc(1, USE_KERNEL);
    CHECK_BUG(pool_free_frame(number), "another order");
    buddy_free(number, 1);
    release_all();
}
