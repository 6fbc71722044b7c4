/*
 * calls.h: every native call with bad arguments. Each check names the call, the
 * error and the arguments; what was seen is held against syscalls.def at the end:
 * a pair that no check reached fails the test, and so does one not listed there.
 */
#pragma once
#include "support.h"

/* The expression, a native call of that name, must fail with this error. */
#define FAILS(call, error, expression)                                                             \
    fails(SYSCALL_##call, error, (int64_t)(expression), #expression, __FILE_NAME__, __LINE__)
/* It must succeed; the value is the result. */
#define WORKS(expression) works((int64_t)(expression), #expression, __FILE_NAME__, __LINE__)

void fails(unsigned call, int error, int64_t result, const char *what, const char *file, int line);
int64_t works(int64_t result, const char *what, const char *file, int line);

/* ---- One handle of each kind, and what is wrong with handles ---- */

enum kind { SPACE, THREAD, ENDPOINT, NOTIFICATION, OBJECT, POOL, IRQ, SYSTEM, KINDS };

/* A fresh object of that kind: the only handle to it, all rights. */
handle make(enum kind kind);
/* A handle to a fresh object that was revoked. */
handle make_stale(enum kind kind);

/*
 * Gives `attempt` every kind of wrong handle: none, out of the table, closed, to every other kind,
 * stale, with all rights but each one in `needs`.
 */
void try_handles(unsigned call, enum kind kind, unsigned needs, int64_t (*attempt)(uint64_t),
                 const char *what);
#define TRY_HANDLES(call, kind, needs, attempt)                                                    \
    try_handles(SYSCALL_##call, kind, needs, attempt, #call)

/* A space that was killed; its handle is open. */
handle dead_space(void);

/* A space (no thread runs in it) charged to a pool that has nothing left; its table is full, too.
 */
struct starved {
    handle pool, space;
};
struct starved starved_space(void);
void starved_end(struct starved *starved);

/* Fills this program's own handle table, and empties it again. */
void table_fill(void);
void table_empty(void);

/* A region of one page whose pager is `endpoint`: touching it sends a fault there. */
struct paged {
    handle object;
    uintptr_t address;
};
struct paged paged_new(handle endpoint, uint64_t pages);
void paged_free(struct paged *paged, uint64_t pages);
int64_t touch(uint64_t address); /* for workers: writes there, returns 0 */

/* One call with an empty message, for workers. */
int64_t call_once(uint64_t endpoint);
int64_t send_once(uint64_t endpoint);
int64_t recv_once(uint64_t from);

/* ---- The groups ---- */
void message_calls(void);
void waiting_calls(void);
void handle_transfer_calls(void);
void thread_calls(void);
void space_calls(void);
void handle_calls(void);
void create_calls(void);
void region_calls(void);
void clone_calls(void);
void page_calls(void);
void copy_calls(void);
void storage_calls(void);
void small_calls(void);
