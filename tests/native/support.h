/*
 * support.h: what kernel tests share. Each test is a native program that runs in
 * place of the root server, alone, with all authority: nothing stands between it
 * and the kernel. It says what it sees through the kernel log and ends the
 * machine with its status.
 */
#pragma once
#include "lib/layout.h"
#include "lib/log.h"
#include "lib/native.h"
#include <stdbool.h>

/* One line for people and for tests/system to read. */
#define say(...) log_print(LOG_NOTICE, __VA_ARGS__)

/* Counts and reports; a test goes on after a failed check, so that one run tells all. */
#define CHECK(condition) check((condition), #condition, __FILE_NAME__, __LINE__)
/* Wanted and got, as values. */
#define CHECK_IS(got, wanted) check_is((int64_t)(got), (int64_t)(wanted), #got, __FILE_NAME__, __LINE__)
bool check(bool holds, const char *what, const char *file, int line);
bool check_is(int64_t got, int64_t wanted, const char *what, const char *file, int line);

/* Prints `N passed, N failed`, audits the ledger, ends the machine (status 0, or 1). */
_Noreturn void finish(void);

/* True when the ledger balances; says what does not otherwise. */
bool ledger_balances(struct ledger *ledger);

/* Frames charged to the root pool right now. */
uint64_t frames_used(void);

/* Wired, zeroed memory of its own. */
void *pages_new(uint64_t pages);

/* A thread in this space with stack and message page, running f(argument). Returns its handle. */
handle thread_run(void (*f)(uint64_t), uint64_t argument, unsigned priority);

/*
 * A space that shows this program's text and constants, with data, stack and
 * message page of its own (data and bss start as zeroes). Give it handles by
 * handle_dup, then child_run.
 */
struct child {
    handle space, thread;
};
struct child child_new(handle pool, unsigned level, handle personality, unsigned priority);
void child_run(const struct child *child, void (*f)(uint64_t), uint64_t argument);

/* Counter in ns: with one instruction a ns under icount, instructions. */
uint64_t now(void);

/* The value of word NAME=VALUE in the boot arguments, or `otherwise`. */
uint64_t argument(const char *name, uint64_t otherwise);

/* xorshift: small, fast, the same everywhere; seed is never 0. */
uint64_t random_next(uint64_t *state);
