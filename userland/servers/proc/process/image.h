/*
 * image.h: an ELF file becomes an address space. The segments are mapped at once; what must be
 * written there, the stack and the rest of the last data page, is prepared, and written when the
 * new thread asks for its start (exec_start).
 */
#pragma once
#include "linux.h"
#include "process/facts.h"
#include <stddef.h>
#include <stdint.h>

struct arguments;
struct credentials;
struct memory;
struct program;
struct thread;

#define PROGRAM_HIGHEST (1UL << 47) /* of addresses that a program is linked to */

struct image {
    uint64_t entry, stack_pointer; /* where the first thread begins */
    /* For the auxiliary vector: */
    uint64_t program_entry, headers, linker, vdso;
    uint32_t header_bytes, header_count;
    struct program_facts facts;
    struct image_part {
        struct image_part *next;
        uint64_t address, bytes, done;
        const void *contents; /* NULL: zeros */
    } * parts;
};

/* ---- image.c ---- */

/* Maps an ELF program and the dynamic linker it names into `memory`, which is empty; sets its
 * layout, for this thread. `linker`: opened by the caller if program_interpreter() named one, else NULL. The image
 * is to be freed by the caller. NULL: *error. */
struct image *image_map(struct memory *memory, const struct program *program,
                        const struct program *linker, const struct arguments *arguments,
                        const struct thread *thread, const char *name, int64_t *error);

/* NULL is allowed. */
void image_free(struct image *image);

/* `contents` (wired memory, or NULL: zeros) are to be written there. They belong to the image from
 * now on, also on failure: -ENOMEM. */
int64_t image_add_part(struct image *image, uint64_t address, uint64_t bytes, void *contents);

/* ---- stack.c ---- */

/* Prepares the stack below `top`, a multiple of 16; needs image->vdso and all else that the
 * auxiliary vector tells. 0 or -ENOMEM. */
int64_t stack_build(struct image *image, const struct arguments *arguments,
                    const struct credentials *who, const char *name, uint64_t top);
