/*
 * fuzz.h: what runs in the fuzzed spaces, and those who serve them.
 */
#pragma once
#include "support.h"

#define FUZZ_MEMORY 0x20000000ul     /* stacks and message pages of a space's threads */
#define FUZZ_AREA   0x700000000000ul /* where they map things */
#define FUZZ_CALLS  8                /* word of the board that counts calls */
#define FUZZ_WORKED 16               /* words that count those that worked, by number */

#define SPACES  4
#define THREADS 4 /* in each */

struct fuzzed {
    handle pool, space;
    handle threads[THREADS]; /* number `which` of space `one` has badge one * THREADS + which + 1 */
    bool alive;
};
extern struct fuzzed fuzzed[SPACES];
extern struct worker fuzz_servers[2]; /* pager, personality */

/* What the threads of a space remember together, behind their stacks. No lock: wrong is fine, too.
 */
#define FUZZ_RING  16
#define FUZZ_WORLD (FUZZ_MEMORY + THREADS * 4 * PAGE_SIZE)
enum fuzz_kind {
    FUZZ_SPACE,
    FUZZ_THREAD,
    FUZZ_ENDPOINT,
    FUZZ_NOTIFICATION,
    FUZZ_OBJECT,
    FUZZ_POOL,
    FUZZ_KINDS
};
struct fuzz_request {
    uint64_t request, index;
};
struct fuzz_world {
    uint32_t handles[FUZZ_KINDS][FUZZ_RING], next[FUZZ_KINDS];
    struct fuzz_request requests[FUZZ_RING];
};
void fuzz_remember(struct fuzz_world *world, enum fuzz_kind kind, uint32_t handle);

/* A thread's life: random calls until somebody ends it. `seed` is not 0. */
void fuzz_thread(uint64_t seed);

/* Servers of this space: mostly right, sometimes not at all. */
int64_t fuzz_pager(uint64_t endpoint);
int64_t fuzz_personality(uint64_t endpoint);
