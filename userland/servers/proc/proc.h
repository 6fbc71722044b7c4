/*
 * proc.h: what the files of the Linux personality share.
 *
 * proc is one thread in one loop (main.c): receive a message, find the program's thread by the
 * badge, carry the call out, reply and receive in one kernel call. It never waits for a program:
 * where a page of a client is absent, the answer is "fault on these addresses, then ask again"
 * (client.c). The kernel's region table is the truth about a program's memory; proc keeps none.
 *
 * A system call handler answers what Linux answers: a result or a negated errno. Two further
 * answers, outside both, are for the loop:
 */
#pragma once
#include "files.h"
#include "lib/native.h"
#include "linux.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ANSWER_RETRY INT64_MIN       /* thread->retry says which addresses; the call comes again */
#define ANSWER_NONE  (INT64_MIN + 1) /* no reply now: the thread is gone, or is answered later */

#define SYSTEM_CALLS 512 /* Linux's numbers end below; above is ENOSYS */

struct process;

/* What exec still has to write into a new space, and where the program begins. */
struct image {
    uint64_t entry, stack_pointer;
    struct image_part {
        struct image_part *next;
        uint64_t address, bytes, done;
        const void *contents; /* NULL: zeros */
    } * parts;
};

/* One thread of a program. Its address is the badge of the kernel's thread. */
struct thread {
    struct process *process;
    uint64_t request; /* the kernel's name for the message being served */
    handle handle;
    uint32_t tid;
    /* A call that was sent back for absent pages: how far it had come. All zero for a new call. */
    uint64_t progress; /* bytes done */
    uint64_t stage;    /* mmap.c: address already mapped */
    uint32_t retries;  /* in a row without getting any further */
    uint32_t retry_tag;
    uint64_t retry[6]; /* addresses; 0 ends */
    uint64_t signals_blocked, signals_pending; /* bit n-1: signal n */
    uint64_t robust_list, clear_child_tid;
    struct image *start; /* what KIND_START must still write into the space, or NULL */
};

/* How a signal is treated, as rt_sigaction gave it. */
struct signal_action {
    uint64_t handler, flags, mask;
};

struct descriptor {
    struct open_file *file; /* NULL: closed */
    bool close_on_exec;
};

struct limit {
    uint64_t current, maximum;
};

/* Where a program's memory may go; see layout.c. */
struct layout {
    uint64_t brk_start, brk_end; /* end: as the program said, not rounded */
    uint64_t bottom, top;        /* mmap chooses addresses in [bottom, top) */
    uint64_t next;               /* everything chosen so far lies at or above */
    uint64_t hole, hole_end;     /* freed most recently, above `next`; empty when equal */
};

struct process {
    uint32_t pid, parent;
    handle space, object, pool;
    struct thread *thread; /* programs have one thread: clone answers ENOSYS */
    struct layout layout;
    struct descriptor *descriptors;
    uint32_t descriptor_count;
    struct node *directory; /* current */
    char *path;             /* of the program, for messages and /proc/self/exe */
    struct signal_action actions[LINUX_SIGNALS];
    struct limit limits[LINUX_LIMITS];
    uint64_t start_time; /* ns since boot */
    uint64_t
        unknown_calls[SYSTEM_CALLS / 64 + 1]; /* bit by number: already reported; last: others */
};

/* Handles from root, and what the manifest asked for. */
struct configuration {
    handle self, anon, bundle, console, exit, programs;
    handle notification; /* reaches the loop; bits below */
    bool strace;
    bool pager_trusted; /* false: a program's own pager, which might never answer a call */
};
#define NOTIFY_SLEEPER 1
#define NOTIFY_CONSOLE 2
extern struct configuration configuration;

/* ---- The calls, from system_calls.def: linux_NAME(thread, one uint64_t for each argument) ---- */

#define ARGUMENTS_0
#define ARGUMENTS_1                             , uint64_t
#define ARGUMENTS_2                             , uint64_t, uint64_t
#define ARGUMENTS_3                             , uint64_t, uint64_t, uint64_t
#define ARGUMENTS_4                             , uint64_t, uint64_t, uint64_t, uint64_t
#define ARGUMENTS_5                             , uint64_t, uint64_t, uint64_t, uint64_t, uint64_t
#define ARGUMENTS_6                             , uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t
#define COUNT_(a, b, c, d, e, f, g, count, ...) count
#define COUNT(...)                              COUNT_(__VA_ARGS__, 6, 5, 4, 3, 2, 1, 0)
#define PASTE_(a, b)                            a##b
#define PASTE(a, b)                             PASTE_(a, b)
#define SYSTEM_CALL(number, name, handler, ...)                                                    \
    int64_t linux_##handler(struct thread *thread PASTE(ARGUMENTS_, COUNT(0, ##__VA_ARGS__)));
#include "system_calls.def"
#undef SYSTEM_CALL

/* system_calls.c. Carries a call out; a result, a negated errno or ANSWER_*. The arguments are
 * where the message has them, x2 .. x7: so on the short way nothing is moved. */
typedef int64_t system_call(struct thread *thread, uint64_t request, uint64_t a, uint64_t b,
                            uint64_t c, uint64_t d, uint64_t e, uint64_t f);
extern system_call *const system_calls[SYSTEM_CALLS];
int64_t system_call_unknown(struct thread *thread, uint32_t number);

/* strace.c. As system_calls[number], with a line in the log when the call is answered. */
int64_t system_call_traced(struct thread *thread, uint32_t number, const uint64_t arguments[6]);

/* The name of a negated errno: the kernel's and those of linux.h. */
const char *linux_error_name(int64_t error);

/* ---- client.c: memory of a program that waits for an answer ---- */

/*
 * 0 when all `bytes` were copied, -EFAULT, or ANSWER_RETRY: then the handler must answer that, and
 * will be called again with the same arguments. A handler that copies twice starts over; it must
 * not have changed anything yet, or remember in thread->progress how far it was.
 */
int64_t client_read(struct thread *thread, uint64_t address, void *own, size_t bytes);
int64_t client_write(struct thread *thread, uint64_t address, const void *own, size_t bytes);

/* The same from or to a long range: `*done` bytes of it are done already, and *done moves on even
 * when the answer is ANSWER_RETRY or -EFAULT. */
int64_t client_read_part(struct thread *thread, uint64_t address, void *own, size_t bytes,
                         uint64_t *done);
int64_t client_write_part(struct thread *thread, uint64_t address, const void *own, size_t bytes,
                          uint64_t *done);

/*
 * For long transfers, so that others get their turn: each time `done`, now `moved` bytes further,
 * passes a multiple of CLIENT_TURN the answer is ANSWER_RETRY, and the call comes again at once;
 * otherwise 0.
 */
#define CLIENT_TURN (64UL * 1024)
int64_t client_pause(struct thread *thread, uint64_t done, uint64_t moved);

/* A string with its end, at most `size` bytes in all: its length, -ENAMETOOLONG, -EFAULT or
 * ANSWER_RETRY. */
int64_t client_string(struct thread *thread, uint64_t address, char *own, size_t size);

/* ---- process.c ---- */

/* Starts a program that nobody is parent of. `arguments` and `environment` are NULL-ended. 0, or a
 * negated errno: then nothing runs. */
int64_t process_start(const char *path, char *const arguments[], char *const environment[]);

/* Ends a process: all its memory, its threads, its handles. `status` is 0..255, or 128 + signal. */
void process_end(struct process *process, uint32_t status);

/* Kills a space and closes what hung on it. Handles that are HANDLE_NONE are passed over. */
void process_drop_space(handle space, handle object, handle thread);

/* ---- runs.c: the programs of the manifest ---- */

/* What STATUS tells root. */
struct process_report {
    bool ended;
    uint32_t status; /* of the last program */
    uint64_t minor, major, started; /* of all together */
};
extern struct process_report process_report;

struct manifest;
struct space_statistics;

/* Starts the first `run` line. The manifest must stay. */
void runs_begin(const struct manifest *manifest);

/* The running program has ended and all that it had is given back: counts it, starts the next. */
void runs_ended(uint32_t pid, uint32_t status, const struct space_statistics *statistics);

/* Tells root that all is over, with this status. */
void runs_give_up(uint32_t status);

/* ---- exec.c ---- */

/*
 * Loads a program into a fresh space for `process` and begins a thread there. On success space,
 * object, layout, path and thread->handle are the new ones; what was there before is left to the
 * caller to drop. On failure nothing has changed; a negated errno. `arguments` and `environment`
 * are NULL-ended.
 */
int64_t exec_load(struct process *process, const char *path, char *const arguments[],
                  char *const environment[]);

/* KIND_START: writes the stack and the partial bss pages, sets the registers. 0 or ANSWER_RETRY;
 * ANSWER_NONE: it could not be done, and the process was ended. */
int64_t exec_start(struct thread *thread);

/* ---- image.c ---- */

/* Maps a program's segments and stack into process->space, sets process->layout, and prepares what
 * must be written there: *image, to be freed by the caller. 0, or a negated errno. */
int64_t image_map(struct process *process, const char *path, char *const arguments[],
                  char *const environment[], struct image **image);

/* NULL is allowed. */
void image_free(struct image *image);

/* ---- layout.c ---- */

/* Empties the layout: brk begins at `brk`, page aligned; mmap works below `top`. */
void layout_init(struct layout *layout, uint64_t brk, uint64_t top);

/* Maps [address, address + bytes), both page aligned, over the process's anonymous object; `file`
 * NULL or the regular file whose page `file_page` is at `address`. What lies beyond the end of the
 * file is reserved without access. 0 or a negated errno; on failure nothing is mapped. */
int64_t memory_map(struct process *process, uint64_t address, uint64_t bytes, uint64_t rights,
                   const struct node *file, uint64_t file_page);

/* ---- signal.c ---- */

/* KIND_EXCEPTION: reports and ends the process. */
void signal_exception(struct thread *thread, uint64_t kind, uint64_t address, uint64_t pc,
                      uint64_t syndrome);

/* Forgets handlers on exec: ignored signals stay ignored. */
void signal_exec(struct process *process);

/* ---- time.c ---- */

/* Nanoseconds since boot: the clock of sleep_until. */
uint64_t time_now(void);

/* KIND_NOTIFY of a sleeper: answers those whose time has come. */
void time_wake(void);

/* Forgets a sleeping thread that ends. */
void time_cancel(struct thread *thread);

/* ---- random.c ---- */

/* Not for cryptography: boards without a source of entropy start from the boot seed alone. */
void random_init(uint64_t seed);
void random_bytes(void *bytes, size_t count);
