/*
 * start.h: how programs begin. exec is in two parts: the new space is made while the old one still
 * runs (exec.c, image.c), and written to when its first thread asks (KIND_START).
 */
#pragma once
#include "process.h"

#define PROGRAM_PRIORITY 10 /* of their threads, in the kernel */

/* ---- process.c ---- */

/* Starts a program that nobody is parent of. `arguments` and `environment` are NULL-ended; the
 * first argument is the path. 0, or a negated errno: then nothing runs. */
int64_t process_start(char *const arguments[], char *const environment[]);

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

/* What is to run. The manifest must stay. */
void runs_prepare(const struct manifest *manifest);
/* Starts the first `run` line. */
void runs_begin(void);

/* What a program that was to start waited for is there (0), or failed: it is tried again. */
void runs_again(int64_t error);

/* The running program has ended, as its wait status says, and all processes with it; what they had
 * is given back: counts them, starts the next. */
void runs_ended(uint32_t wait_status);

/* Runs a program (these words, then `last`) before those of the manifest, with what it writes going
 * to the log; `ended` is told its wait status when all its processes have ended. 0 or a negated
 * errno: it cannot start. */
struct manifest_word;
int64_t runs_aside(const struct manifest_word *words, const char *last,
                   void (*ended)(uint32_t wait_status));
/* What descriptors 0 to 2 of a program that starts are: the path of a device. */
const char *runs_terminal(void);

/* Ends the running program and all others, and begins no further one. */
void runs_end_all(void);

/* Tells root that all is over, with this status. */
void runs_give_up(uint32_t status);

/* ---- exec.c ---- */

/* Loads the program at `path`, seen from `from`, into fresh memory that is charged to `pool`,
 * and begins `thread` there. On success process->memory and thread->handle are the new ones; what
 * was there before is left to the caller to drop. On failure nothing has changed; a negated errno,
 * or ANSWER_*. */
struct arguments;
struct exec_wanted {
    struct entry *from;
    const char *path; /* NULL: `from` itself */
    bool follow;      /* also a link at the end of the path */
    const char *name; /* AT_EXECFN, and what a script's interpreter is told */
    struct arguments *arguments;
};
int64_t exec_load(struct thread *thread, struct memory_pool *pool,
                  const struct exec_wanted *wanted);

/* KIND_START: writes the stack and the partial bss pages, sets the registers. 0 or ANSWER_RETRY;
 * ANSWER_NONE: it could not be done, and the process was ended. */
int64_t exec_start(struct thread *thread);

/* The thread's name is the last part of the program's path. */
void thread_name(struct thread *thread, const char *path);
