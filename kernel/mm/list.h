/*
 * list.h: lists through two members of what is in them: `next`, and `link`, which points to
 * whatever points to it. Leaving one needs no head, and no search.
 */
#pragma once

/* Puts `item` at the front of the list that begins at *head. */
#define list_enter(head, item, next, link)                                                         \
    do {                                                                                           \
        (item)->next = *(head);                                                                    \
        (item)->link = (head);                                                                     \
        if ((item)->next)                                                                          \
            (item)->next->link = &(item)->next;                                                    \
        *(head) = (item);                                                                          \
    } while (0)

#define list_leave(item, next, link)                                                               \
    do {                                                                                           \
        if ((item)->next)                                                                          \
            (item)->next->link = (item)->link;                                                     \
        *(item)->link = (item)->next;                                                              \
    } while (0)
