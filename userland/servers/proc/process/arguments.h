/*
 * arguments.h: the strings that a program begins with.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct thread;

/* Strings with their ends, one after the other. All zero: none. */
struct strings {
    char *text;
    size_t bytes, room;
    uint32_t count;
};

struct arguments {
    struct strings argv, envp;
    struct strings instead; /* of the first of argv: what #! lines put there; or none */
    size_t most;            /* bytes of all strings and their pointers; beyond is E2BIG */
    uint64_t done;          /* pointers read: which string comes next */
    bool argv_read;
};

/* `stack_limit`: the process's RLIMIT_STACK. NULL: no memory. */
struct arguments *arguments_new(uint64_t stack_limit);
/* NULL is allowed. */
void arguments_free(struct arguments *arguments);

/* Appends a string of `length` bytes, without its end. 0, -E2BIG or -ENOMEM. */
int64_t arguments_add(struct arguments *arguments, struct strings *strings, const char *text,
                      size_t length);

/* Puts a string before all others of what stands for argv[0]. The same errors. */
int64_t arguments_put_first(struct arguments *arguments, const char *text, size_t length);

/* From the memory of a thread that waits for an answer; goes on where it stopped, also when the
 * answer was ANSWER_RETRY. 0, -E2BIG, -EFAULT, -ENOMEM. */
int64_t arguments_read(struct arguments *arguments, struct thread *thread, uint64_t argv,
                       uint64_t envp);
