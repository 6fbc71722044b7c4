/*
 * timer_heap.c: a pairing heap (Fredman, Sedgewick, Sleator, Tarjan 1986): setting a timer is a few
 * instructions, and so is taking back one that did not come to its time, as most do not.
 */
#include "timer_heap.h"
#include <stddef.h>

/* Two heaps become one; either may be NULL. */
static struct timer *meld(struct timer *a, struct timer *b)
{
    if (!a || !b)
        return a ? a : b;
    if (b->deadline < a->deadline) {
        struct timer *smaller = b;
        b = a;
        a = smaller;
    }
    b->next = a->child;
    b->previous = a;
    if (a->child)
        a->child->previous = b;
    a->child = b;
    a->next = a->previous = NULL;
    return a;
}

/* Siblings become one heap: pairs from the left, then all from the right. */
static struct timer *meld_siblings(struct timer *first)
{
    struct timer *pairs = NULL, *heap = NULL;
    while (first) {
        struct timer *second = first->next, *rest = second ? second->next : NULL;
        first->next = first->previous = NULL;
        if (second)
            second->next = second->previous = NULL;
        struct timer *pair = meld(first, second);
        pair->next = pairs;
        pairs = pair;
        first = rest;
    }
    while (pairs) {
        struct timer *rest = pairs->next;
        pairs->next = NULL;
        heap = meld(heap, pairs);
        pairs = rest;
    }
    return heap;
}

void timer_heap_add(struct timer **heap, struct timer *timer)
{
    timer->set = true;
    *heap = meld(*heap, timer);
}

void timer_heap_remove(struct timer **heap, struct timer *timer)
{
    struct timer *below = meld_siblings(timer->child);
    if (timer == *heap) {
        *heap = below;
    } else {
        if (timer->previous->child == timer)
            timer->previous->child = timer->next;
        else
            timer->previous->next = timer->next;
        if (timer->next)
            timer->next->previous = timer->previous;
        *heap = meld(*heap, below);
    }
    timer->child = timer->next = timer->previous = NULL;
    timer->set = false;
}
