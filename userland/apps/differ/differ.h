/*
 * differ.h: what the parts of differ share.
 *
 * differ makes random steps out of a seed and prints one line or more for each: the call,
 * its result or error, sums of memory. The same program runs on Linux and on Pagoda; every
 * line must be the same. So nothing is printed that differs by nature (process ids,
 * addresses that the system chose, times), and everything that a step decides comes from
 * the seed and the number of the step alone: a step that is left out changes no other
 * step's decisions.
 */
#ifndef DIFFER_H
#define DIFFER_H

#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PAGE        4096UL
#define ARENA       ((char *)0x100000000)
#define ARENA_PAGES 256

enum group { MEMORY, FILES, PROCESS, SIGNAL, THREAD, GROUPS };

struct step {
    const char *name;
    void (*run)(void);
    unsigned weight;
    enum group group;
};

/* Each ends with an entry whose name is NULL. */
extern const struct step mapping_steps[], memory_steps[], look_steps[], file_steps[],
    pointer_steps[], fork_steps[], process_steps[], signal_steps[], fault_steps[], thread_steps[];

/* ---- random decisions (main.c) ---- */

unsigned pick(unsigned count); /* 0 .. count-1 */
int chance(unsigned percent);
uint64_t pick_word(void);
/* One random step of the groups in the set `groups` (bits 1 << GROUP), printed as its own line. */
void run_random_step(unsigned groups);

/* ---- output (output.c) ---- */

/* Adds to the line; printf's rules. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Ends the line, if anything is on it, and writes it with one call. */
void end_line(void);
/* Lines of this process begin with one more `letter` from now on. */
void become(char letter);
/* " = RESULT" of a call that answers 0 or a count; -1 says the error's name. */
long say_result(long result);
const char *error_name(int error);
extern const char *own_path;

/* ---- the arena (arena.c) ---- */

/* What differ believes about a page: enough to choose sensible steps. */
struct page {
    signed char rights;     /* PROT_*; -1: nothing is mapped */
    unsigned char kind;     /* KIND_* */
    unsigned short mapping; /* pages with one number came from one call */
};

enum {
    KIND_SHARED = 1,
    KIND_LOCKED = 2,
    KIND_ADVISED = 4,
    KIND_NOT_FORKED = 8,
    KIND_BEYOND = 16,
    KIND_TWICE = 32
};
/* KIND_TWICE: shared memory that may be shown at two places of the arena. KIND_BEYOND: shared
   memory that mremap has made longer than what it shows. Touching it is SIGBUS. */

extern struct page pages[ARENA_PAGES];

struct range {
    unsigned first, count;
};

struct range pick_range(unsigned most);
/* A range that some mapping holds wholly, when there is any. */
struct range pick_mapped(unsigned most);
/* Cuts a range where two mappings meet that look alike: whether they are one is the system's
 * affair. */
struct range cut_at_seam(struct range range);
static inline char *address_of(struct range range)
{
    return ARENA + range.first * PAGE;
}
void say_range(struct range range);
void say_rights(int rights);
int pick_rights(void);
/* Is an access for `need` (PROT_*) to this page sure to succeed? */
int may_touch(unsigned page, int need);
unsigned mapped_before_hole(struct range range);
void note_mapped(struct range range, int rights, int kind);
void note_unmapped(struct range range);
void note_rights(struct range range, int rights);
void note_kind(struct range range, int set, int clear);
void note_grown(struct range range, unsigned old_count);
void note_moved(struct range from, struct range to, int keep);

/* ---- memory that may not be there (access.c) ---- */

struct fault {
    int signal, code;
    uintptr_t address;
};

/* Reads or writes a word; 0, or the signal, with *fault filled in. */
int try_read(const volatile void *address, uint64_t *value, struct fault *fault);
int try_write(volatile void *address, uint64_t value, struct fault *fault);
void access_begin(void); /* installs the handler of SIGSEGV and SIGBUS */

/* Adds " sum XXXXXXXX" of the words that differ writes in those pages that should be readable. */
void say_sum(struct range range);
uint32_t sum_of(const char *area, size_t count);
/* Writes words out of `value` to each page of the range that should be writable; how many. */
unsigned fill(struct range range, uint64_t value);

#endif
