/*
 * start.h: how processes come and go. exec is in two parts: the new space is made while the old
 * one still runs (exec.c, image.c), and written to when its first thread asks (KIND_START).
 */
#pragma once
#include "process.h"

#define PROGRAM_PRIORITY 10 /* of their threads, in the kernel */

/* What exec still has to write into a new space, and where the program begins. */
struct image {
    uint64_t entry, stack_pointer;
    struct image_part {
        struct image_part *next;
        uint64_t address, bytes, done;
        const void *contents; /* NULL: zeros */
    } * parts;
};

/* ---- process.c ---- */

/* Starts a program that nobody is parent of. `arguments` and `environment` are NULL-ended. 0, or a
 * negated errno: then nothing runs. */
int64_t process_start(const char *path, char *const arguments[], char *const environment[]);

/* Frees a process that nobody has seen: in no list, without threads. */
void process_discard(struct process *process);

/* ---- runs.c: the programs of the manifest ---- */

/* What STATUS tells root. */
struct process_report {
    bool ended;
    uint32_t status;                /* of the last program */
    uint64_t minor, major, started; /* of all together */
};
extern struct process_report process_report;

struct manifest;

/* Starts the first `run` line. The manifest must stay. */
void runs_begin(const struct manifest *manifest);

/* The running program has ended, as its wait status says, and all processes with it; what they had
 * is given back: counts them, starts the next. */
void runs_ended(uint32_t wait_status);

/* Tells root that all is over, with this status. */
void runs_give_up(uint32_t status);

/* ---- exec.c ---- */

/*
 * Loads a program into fresh memory, charged to `pool`, and begins `thread` there. On success
 * process->memory and thread->handle are the new ones; what was there before is left to the caller
 * to drop. On failure nothing has changed; a negated errno. `arguments` and `environment` are
 * NULL-ended.
 */
int64_t exec_load(struct thread *thread, struct memory_pool *pool, const char *path,
                  char *const arguments[], char *const environment[]);

/* KIND_START: writes the stack and the partial bss pages, sets the registers. 0 or ANSWER_RETRY;
 * ANSWER_NONE: it could not be done, and the process was ended. */
int64_t exec_start(struct thread *thread);

/* ---- image.c ---- */

/* Maps a program's segments and stack into `memory`, sets its layout, and prepares what must be
 * written there: *image, to be freed by the caller. Names are looked up for `process`. 0, or a
 * negated errno. */
int64_t image_map(struct process *process, struct memory *memory, const char *path,
                  char *const arguments[], char *const environment[], struct image **image);

/* NULL is allowed. */
void image_free(struct image *image);
