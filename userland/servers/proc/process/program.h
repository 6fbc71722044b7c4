/*
 * program.h: files that can be executed: ELF files and scripts.
 */
#pragma once
#include "lib/elf.h"
#include <stdbool.h>
#include <stdint.h>

struct arguments;
struct entry;
struct node;
struct thread;

struct program {
    struct node *node;      /* a reference */
    const char *contents; /* all of the file, as long as nobody changes it */
    bool script; /* begins with #!: `elf` is not valid */
    struct elf elf;
};

/* Opens a path from a directory. 0 with a program to be closed, -EACCES, -ENOEXEC, or what looking
 * for the path answers. */
int64_t program_open(struct thread *thread, struct entry *from, const char *path, bool follow,
                     struct program *program);
void program_close(struct program *program);

/* The first line of a script names who reads it: *interpreter is its path (until the next call).
 * That, its argument if there is one, and `path` are put in place of argv[0]. 0, -ENOEXEC, -E2BIG,
 * -ENOMEM. */
int64_t program_interpreter(const struct program *program, struct arguments *arguments,
                            const char *path, const char **interpreter);
