/*
 * program.h: files that can be executed: ELF files and scripts.
 */
#pragma once
#include "lib/elf.h"
#include <stdbool.h>
#include <stdint.h>

struct arguments;
struct entry;
struct thread;

struct program {
    struct entry *entry;  /* a reference */
    const uint8_t *bytes; /* of the file, as many as its headers need */
    void *copy;           /* … a copy: the file lives in another server; or NULL */
    bool script;          /* begins with #!: `elf` is not valid */
    struct elf elf;
};

/* Opens a path as seen from an entry, or with `path` NULL that entry itself. 0 with a program to be
 * closed, -EACCES, -ENOEXEC, -ELOOP (a link that is not followed), or what looking for the path
 * answers. */
int64_t program_open(struct thread *thread, struct entry *from, const char *path, bool follow,
                     struct program *program);
void program_close(struct program *program);

/* The first line of a script names who reads it: *interpreter is its path (until the next call).
 * That, its argument if there is one, and `path` are put in place of argv[0]. 0, -ENOEXEC, -E2BIG,
 * -ENOMEM. */
int64_t program_interpreter(const struct program *program, struct arguments *arguments,
                            const char *path, const char **interpreter);
