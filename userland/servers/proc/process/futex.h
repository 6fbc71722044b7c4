/*
 * futex.h: threads that wait for a word of memory to change.
 */
#pragma once
#include <stdint.h>

struct thread;

/* What two futexes have in common exactly when they are the same word: private ones the memory and
 * the address, shared ones the object that is mapped and the place in it. */
struct futex_key {
    uint64_t what, where;
};

/* Of a thread that waits. */
struct futex_wait {
    struct futex_key key;
    uint32_t mask; /* FUTEX_*_BITSET */
};

/*
 * What a thread promised to do at its end: marks the locks it holds (robust list) and tells who
 * waits for it (CLONE_CHILD_CLEARTID). 0, or ANSWER_RETRY: its call must come again. May be done
 * twice.
 */
int64_t futex_thread_ends(struct thread *thread);

/* The same for a thread that is ended from outside, or at once: where the pages that it concerns
 * are not there at this moment nothing is written, because nobody is left to bring them in. */
void futex_thread_gone(struct thread *thread);

/* Wakes one that waits for a word with others than its own process. */
struct process;
void futex_wake_shared(struct process *process, uint64_t address);
