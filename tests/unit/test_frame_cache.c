// sources: kernel/mm/frame.c kernel/mm/buddy.c
// flags: -pthread
/* Several CPUs for once, as threads: an owner pushes and pops while others drain its cache. */
#include "mm/frame_cache.h"
#include "unit.h"
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define FRAMES 6 /* few, so that they meet often */
#define ROUNDS 300000

static struct frame frames[FRAMES];
static struct frame_cache cache;
static atomic_uint holders[FRAMES];  /* how many believe to have the frame: never more than one */
static atomic_uint returned[FRAMES]; /* stolen ones on their way back to the owner */
static atomic_uint contradictions, stolen;
static atomic_bool ended;

static void claim(const struct frame *frame)
{
    if (atomic_fetch_add(&holders[frame - frames], 1) != 0)
        atomic_fetch_add(&contradictions, 1);
}

static void give_back(const struct frame *frame)
{
    if (atomic_exchange(&returned[frame - frames], 1) != 0)
        atomic_fetch_add(&contradictions, 1);
}

static void *thief(void *unused)
{
    while (!ended) {
        unsigned at = 0;
        struct frame *frame;
        while ((frame = frame_cache_steal(&cache, &at))) {
            claim(frame);
            if (frame->state != FRAME_CACHED) /* the push must be seen with the entry */
                atomic_fetch_add(&contradictions, 1);
            atomic_fetch_add(&stolen, 1);
            atomic_fetch_sub(&holders[frame - frames], 1);
            give_back(frame);
        }
    }
    return unused;
}

static void push(unsigned i)
{
    frames[i].state = FRAME_RAW;
    atomic_fetch_sub(&holders[i], 1);
    while (
        !frame_cache_push(&cache, &frames[i], 1000 + i)) { /* full of entries that were drained */
        struct cached_frame popped = frame_cache_pop(&cache);
        if (popped.frame)
            give_back(popped.frame);
    }
}

TEST(a_frame_is_never_with_two_while_others_drain)
{
    pthread_t thieves[2];
    for (unsigned i = 0; i < FRAMES; i++)
        give_back(&frames[i]);
    for (unsigned i = 0; i < 2; i++)
        CHECK(pthread_create(&thieves[i], NULL, thief, NULL) == 0);
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < FRAMES; i++)
            if (atomic_exchange(&returned[i], 0)) {
                claim(&frames[i]);
                push(i);
            }
        struct cached_frame popped = frame_cache_pop(&cache);
        if (popped.frame) {
            claim(popped.frame);
            if (popped.number != 1000 + (frame_number)(popped.frame - frames))
                atomic_fetch_add(&contradictions, 1);
            push((unsigned)(popped.frame - frames));
        }
    }
    ended = true;
    for (unsigned i = 0; i < 2; i++)
        pthread_join(thieves[i], NULL);
    CHECK_EQUAL(contradictions, 0);
    CHECK(stolen > 0);
    uint64_t found = frame_cache_frames(&cache);
    for (unsigned i = 0; i < FRAMES; i++)
        found += returned[i];
    CHECK_EQUAL(found, FRAMES); /* none lost */
}

TEST(a_full_cache_refuses_and_an_empty_one_has_none)
{
    static struct frame many[FRAME_CACHE_SIZE + 1];
    memset(&cache, 0, sizeof cache);
    CHECK(frame_cache_pop(&cache).frame == NULL);
    for (unsigned i = 0; i < FRAME_CACHE_SIZE; i++)
        CHECK(frame_cache_push(&cache, &many[i], i + 1));
    CHECK(!frame_cache_push(&cache, &many[FRAME_CACHE_SIZE], 99));
    CHECK_EQUAL(many[FRAME_CACHE_SIZE].state, FRAME_KERNEL);
    CHECK_EQUAL(frame_cache_frames(&cache), FRAME_CACHE_SIZE);
    for (unsigned i = FRAME_CACHE_SIZE; i-- > 0;)
        CHECK_EQUAL(frame_cache_pop(&cache).number, i + 1);
    CHECK(frame_cache_pop(&cache).frame == NULL);
}
