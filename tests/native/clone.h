/*
 * clone.h: forks of the test's own space. A process is a space and the object
 * whose pages are its own; all show one area at one address. Text, data and stacks
 * are wired objects, which clones share: what one writes there the others see.
 */
#pragma once
#include "support.h"

#define AREA         0x700000000000ul
#define AREA_PAGES   4608ul /* nine chunks */
#define SHARED       0x710000000000ul
#define SHARED_PAGES 8ul
#define READ_WRITE   (MAP_READ | MAP_WRITE)

struct process {
    handle space, object;
};
extern struct process self;

/* What the pager was asked, and how it answered. */
struct answers {
    uint64_t zeroes, copies, upgrades, failed;
};
extern volatile struct answers answers;
extern handle pager;

/* Makes a clone, all its memory paid by `pool`. On error nothing is left of it. */
int64_t process_fork(const struct process *from, struct process *to, handle pool);
void process_end(struct process *process);

/* Runs a function in a process until it returns; one at a time. */
int64_t process_run(const struct process *process, int64_t (*run)(uint64_t), uint64_t argument);

/* Pages of the area and what is in them: each its own number and a salt. */
struct pages {
    uint64_t first, count, salt;
};
void pages_write(const struct process *process, struct pages pages);
/* How many of them hold something else. */
uint64_t pages_differ(const struct process *process, struct pages pages);

struct ledger ledger_now(void);

/* Gives back all pages of the area of `self`. */
void area_forget(void);

void clone_basics(void);
void clone_generations(void);
void clone_failures(void);
void clone_interrupted(void);
void clone_kills(void);
void clone_pools(void);
void clone_races(void);
