// sources: userland/servers/proc/timer_heap.c
/*
 * The heap of proc's timers, against an unordered array that is searched.
 */
#include "../../userland/servers/proc/timer_heap.h"
#include "unit.h"
#include <stdlib.h>

#define TIMERS 300
#define ROUNDS 200000

static struct timer timers[TIMERS];

/* Every timer below another is not earlier than it, links lead back, and `count` can be reached. */
static unsigned check_below(const struct timer *timer)
{
    unsigned count = 1;
    const struct timer *before = timer;
    for (const struct timer *child = timer->child; child; child = child->next) {
        CHECK(child->previous == before);
        CHECK(child->deadline >= timer->deadline);
        CHECK(child->set);
        before = child;
        count += check_below(child);
    }
    return count;
}

static void check_heap(const struct timer *heap, unsigned count)
{
    if (!heap) {
        CHECK_EQUAL(count, 0);
        return;
    }
    CHECK(heap->previous == NULL && heap->next == NULL);
    CHECK_EQUAL(check_below(heap), count);
}

static uint64_t earliest_of_all(void)
{
    uint64_t earliest = UINT64_MAX;
    for (unsigned i = 0; i < TIMERS; i++)
        if (timers[i].set && timers[i].deadline < earliest)
            earliest = timers[i].deadline;
    return earliest;
}

TEST(an_empty_heap_takes_one_and_gives_it_back)
{
    struct timer *heap = NULL, one = {.deadline = 7};
    timer_heap_add(&heap, &one);
    CHECK(heap == &one && one.set);
    timer_heap_remove(&heap, &one);
    CHECK(heap == NULL && !one.set && !one.child && !one.next && !one.previous);
}

TEST(timers_come_in_the_order_of_their_deadlines)
{
    struct timer *heap = NULL;
    uint64_t last = 0;
    for (unsigned i = 0; i < TIMERS; i++) {
        timers[i] = (struct timer){.deadline = unit_random_below(1000)};
        timer_heap_add(&heap, &timers[i]);
    }
    for (unsigned left = TIMERS; left; left--) {
        struct timer *first = heap;
        check_heap(heap, left);
        CHECK(first->deadline >= last);
        last = first->deadline;
        timer_heap_remove(&heap, first);
    }
    CHECK(heap == NULL);
}

/* Set, taken back, come: in any order, many with the same deadline. */
TEST(any_row_of_operations_keeps_the_earliest_on_top)
{
    struct timer *heap = NULL;
    unsigned set = 0;
    for (unsigned i = 0; i < TIMERS; i++)
        timers[i] = (struct timer){0};
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct timer *timer = &timers[unit_random_below(TIMERS)];
        if (heap && unit_random_below(4) == 0)
            timer = heap;
        if (timer->set) {
            timer_heap_remove(&heap, timer);
            set--;
        } else {
            timer->deadline = unit_random_below(round % 2 ? 50 : UINT64_MAX);
            timer_heap_add(&heap, timer);
            set++;
        }
        CHECK(!heap == !set);
        if (round % 64 == 0) {
            check_heap(heap, set);
            CHECK(!heap || heap->deadline == earliest_of_all());
        }
    }
    while (heap)
        timer_heap_remove(&heap, heap);
}
