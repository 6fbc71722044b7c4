/*
 * support.h: what kernel tests share. Each test is a native program that runs in
 * place of the root server, alone, with all authority: nothing stands between it
 * and the kernel. It says what it sees through the kernel log and ends the
 * machine with its status.
 */
#pragma once
#include "lib/layout.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/native.h"
#include "lib/startup.h"
#include <stdbool.h>

/* One line for people and for tests/system to read. Only from a space's first thread. */
#define say(...) log_print(LOG_NOTICE, __VA_ARGS__)

/* Counts and reports; a test goes on after a failed check, so that one run tells all. */
#define CHECK(condition) check((condition), #condition, __FILE_NAME__, __LINE__)
/* Wanted and got, as values. */
#define CHECK_IS(got, wanted)                                                                      \
    check_is((int64_t)(got), (int64_t)(wanted), #got, __FILE_NAME__, __LINE__)
/* First of all: the test takes its place among the priorities; the board is mapped. */
void test_begin(void);
bool check(bool holds, const char *what, const char *file, int line);
bool check_is(int64_t got, int64_t wanted, const char *what, const char *file, int line);

/* Prints `N passed, N failed`, audits the ledger, ends the machine (status 0, or 1). */
_Noreturn void finish(void);

/* True when the ledger balances; says what does not otherwise. */
bool ledger_balances(struct ledger *ledger);

/* Frames that are not free right now. */
uint64_t frames_used(void);

/* Wired, zeroed memory of its own. */
void *pages_new(uint64_t pages);
void pages_free(void *address, uint64_t pages);

/* Room for `pages` that nothing is mapped at, with a hole behind it. */
uintptr_t address_new(uint64_t pages);

/* ---- Threads of this space ---- */

/*
 * A thread that runs a function and keeps what it returned. The test itself runs
 * at PRIORITY_TEST: a worker above it runs until it waits or is done before
 * worker_start returns, one below it runs while the test sleeps.
 */
#define PRIORITY_BELOW 5
#define PRIORITY_TEST  10
#define PRIORITY_ABOVE 20

struct worker {
    int64_t (*run)(uint64_t argument);
    uint64_t argument;
    volatile int64_t result;
    volatile bool done;
    handle thread;
    char *memory;  /* stack, then the message page */
    char *message; /* its message page */
};
void worker_start(struct worker *worker, int64_t (*run)(uint64_t), uint64_t argument,
                  unsigned priority);
/* The same without a message page. */
void worker_start_bare(struct worker *worker, int64_t (*run)(uint64_t), uint64_t argument,
                       unsigned priority);
/* Waits until it is done (or -ETIMEDOUT after seconds), ends it, and returns its result. */
int64_t worker_finish(struct worker *worker);
/* Ends it wherever it is. */
void worker_kill(struct worker *worker);

/* A thread running f(argument), for programs that never end theirs. Returns its handle. */
handle thread_run(void (*f)(uint64_t), uint64_t argument, unsigned priority);

/* What waits there now: its kind, with the FAULT_* flags; or the error. */
int64_t take(handle from, struct message *message);

/* ---- Other spaces ---- */

/*
 * A space that shows this program's text and constants, with data, stack and
 * message page of its own (all data starts as zeroes, initialised or not), and
 * the board. Give it handles by child_give or handle_dup, then start its thread.
 */
struct child {
    handle space, thread;
    struct worker *worker; /* on the board */
};
struct child child_new(handle pool, unsigned level, handle personality, unsigned priority);
/* For spaces and threads made by hand: shows text, constants and board; starts a worker (on the
 * board). */
int64_t child_show(handle space);
int64_t worker_begin(handle thread, uintptr_t stack_top, struct worker *worker);
/* For programs that never end theirs: runs f(argument). */
void child_run(const struct child *child, void (*f)(uint64_t), uint64_t argument);
/* As worker_start and worker_finish; finishing ends the space and closes its handles. */
void child_start(struct child *child, int64_t (*run)(uint64_t), uint64_t argument);
int64_t child_finish(struct child *child);
void child_kill(struct child *child);
/* A handle in the child's table, same rights. */
handle child_give(const struct child *child, handle which);

/* Pages that this program and all its children see at one address. */
#define BOARD_PAGES 16
#define BOARD       ((volatile uint64_t *)0x90000000) /* the first page is for tests */

/* ---- Time, arguments, chance ---- */

/* Counter in ns: with one instruction a ns under icount, instructions. */
uint64_t now(void);

/* Sleeps for `milliseconds`: everybody below runs. */
void sleep_for(uint64_t milliseconds);

/* Sleeps until the condition holds, 5 seconds at most. */
#define WAIT_FOR(condition)                                                                        \
    ({                                                                                             \
        uint64_t end_ = now() + 5000000000ul;                                                      \
        while (!(condition) && now() < end_)                                                       \
            sleep_for(1);                                                                          \
        CHECK(condition);                                                                          \
    })

/* The value of word NAME=VALUE in the boot arguments, or `otherwise`. */
uint64_t argument(const char *name, uint64_t otherwise);

/* xorshift: small, fast, the same everywhere; seed is never 0. */
uint64_t random_next(uint64_t *state);
